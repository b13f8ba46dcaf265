"""Echoes of scenes of many scatterers, by terms that add up before they are convolved.

The same signal as `echo_blocks` makes sample by sample, from the same delays: the echo of each
scatterer at its own place between two ticks, with hard edges where they belong, its own Doppler
shift and the phase of its own delay. The cost is some ten additions per scatterer and pulse,
instead of one evaluation of the pulse per sample.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import SamplingError
from sim_core.geometry.delay_field import DelayField
from sim_core.signal.pulse_delays import PulseDelays, pulse_delays
from sim_core.signal.pulse_expansion import PulseExpansion, expand_pulse
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.scene import Scene
from sim_core.signal.scene_echo_loops import spread_terms, sum_of_products
from sim_core.signal.waveform import Waveform

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex64]

# Working memory of the terms of some pulses, which are synthesised together; a cache holds it.
_GRID_BYTES = 8 << 20

# Transmit times at which differences of delays, and of their rates, are looked at: both are nearly
# straight lines.
_INSTANTS = 129
_RATE_INSTANTS = 9


@dataclass(frozen=True, slots=True, eq=False)
class _Scatterers:
    """What the compiled loop needs of a scene: arrays whose last axis is the scatterers'."""

    delay_series: FloatArray
    gain_series: FloatArray
    reflectivity: npt.NDArray[np.complex128]


def scene_echo_blocks(
    schedule: PulseSchedule,
    waveform: Waveform,
    carrier_hz: float,
    scene: Scene,
    field: DelayField,
    pulses_per_block: int,
    *,
    gain: FloatArray | None = None,
    envelope_lag_s: float = 0.0,
) -> Iterator[tuple[int, ComplexArray]]:
    """Synthesise the received signal of a scene, block by block.

    Parameters
    ----------
    schedule : PulseSchedule
        Transmit ticks and receive windows.
    waveform : Waveform
        The transmitted pulse.
    carrier_hz : float
        Carrier of the radar (not of the laboratory).
    scene : Scene
        The scatterers; reflectivity 1 is the full scale of the samples. What of an echo lies
        outside its window is cut off; see `require_scene_in_window`.
    field : DelayField
        Delays of all places of the scene.
    pulses_per_block : int
        Size of a block.
    gain : ndarray of float64, shape (scatterers, terms), optional
        Factor on each reflectivity, as Chebyshev series in transmit time over the field's span:
        `antenna.ApertureAntenna` makes them.
    envelope_lag_s : float
        How much later the envelope comes than the carrier's phase: what the ionosphere makes. Over
        a scene it is the same to 1e-12 s.

    Yields
    ------
    first_pulse : int
        Number of the block's first pulse.
    samples : ndarray of complex64, shape (pulses, window_samples)
        A new array each time.

    Raises
    ------
    DelayFieldError
        If the field does not cover the scene or the schedule.
    SamplingError
        If the sample rate is too low for the pulse, or the gain is not that of the scene.
    """
    synthesis = _plan(schedule, waveform, carrier_hz, scene, field, gain, envelope_lag_s)
    for first in range(0, schedule.pulses, pulses_per_block):
        stop = min(first + pulses_per_block, schedule.pulses)
        block = np.zeros((stop - first, schedule.window_samples), dtype=np.complex64)
        for begin in range(first, stop, synthesis.pulses_at_once):
            end = min(begin + synthesis.pulses_at_once, stop)
            synthesis.add_to(block[begin - first : end - first], begin)
        yield first, block


def require_scene_in_window(
    schedule: PulseSchedule, scene: Scene, field: DelayField, envelope_lag_s: float = 0.0
) -> None:
    """Refuse a scene of which an echo leaves the receive windows.

    Parameters
    ----------
    schedule : PulseSchedule
        The windows.
    scene : Scene
        The scatterers.
    field : DelayField
        Delays of all places of the scene.
    envelope_lag_s : float
        As for `scene_echo_blocks`.

    Raises
    ------
    SamplingError
        If an echo begins before its window or ends after it. Windows are in whole ticks: up to one
        sample less than there is counts as available.
    DelayFieldError
        If the field does not cover the scene or the schedule.
    """
    reference = pulse_delays(schedule, field.reference, 1.0, envelope_lag_s)
    series = field.time_coefficients(scene.east_m, scene.north_m, scene.up_m).T
    x = field.normalised_time(schedule.slow_time_s()[[0, -1]])
    differences = cheb.chebvander(np.linspace(x[0], x[1], _INSTANTS), series.shape[0] - 1)
    least_s = min(float(np.min(row @ series)) for row in differences)
    largest_s = max(float(np.max(row @ series)) for row in differences)
    rate_hz = schedule.sample_rate_hz
    early = math.ceil(-(float(np.min(reference.window_offset_s)) + least_s) * rate_hz)
    latest_s = float(np.max(reference.window_offset_s)) + largest_s + schedule.pulse_duration_s
    late = math.ceil(latest_s * rate_hz) - (schedule.window_samples - 1)
    if early > 0 or late > 0:
        samples, side = max((early, "before"), (late, "after"))
        raise SamplingError(
            f"echoes of the scene lie up to {samples} samples {side} their receive windows",
            f"lengthen the windows to {schedule.window_samples + 2 * samples} samples, or make the "
            "scene smaller",
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Synthesis:
    """All that is computed once for a scene and a schedule."""

    sample_rate_hz: float
    carrier_hz: float
    duration_s: float
    scatterers: _Scatterers
    reference: PulseDelays
    basis: FloatArray  # (pulses, terms): Chebyshev polynomials at the pulses' times
    slope: FloatArray  # (pulses, terms): their derivatives, per second
    expansion: PulseExpansion
    response: ComplexArray  # (length, terms): transforms of the expansion's terms
    ahead: int  # samples of the grids before the window

    @property
    def pulses_at_once(self) -> int:
        """Pulses whose grids fit into the working memory."""
        return max(2, _GRID_BYTES // self.response.nbytes)

    def add_to(self, block: ComplexArray, first: int) -> None:
        """Add the echoes of as many pulses as a block has, from number `first` on."""
        part = slice(first, first + block.shape[0])
        expansion, reference = self.expansion, self.reference
        grid = np.zeros((block.shape[0], *self.response.shape), dtype=np.complex64)
        spread_terms(
            grid,
            block,
            self.ahead,
            self.scatterers.delay_series,
            self.scatterers.gain_series,
            self.scatterers.reflectivity,
            self.basis[part],
            self.slope[part],
            reference.window_offset_s[part],
            reference.carrier_cycles[part],
            reference.rate[part],
            reference.acceleration[part],
            self.sample_rate_hz,
            self.carrier_hz,
            self.duration_s,
            expansion.coefficients,
            expansion.samples,
            expansion.middle_hz,
            expansion.half_doppler_hz,
            expansion.slide_ticks_per_hz,
        )
        spectra = scipy.fft.fft(grid, axis=1, workers=-1, overwrite_x=True)
        total = sum_of_products(spectra.astype(np.complex64, copy=False), self.response)
        echoes = scipy.fft.ifft(total, axis=1, workers=-1, overwrite_x=True)
        block += echoes[:, self.ahead : self.ahead + block.shape[1]]


def _plan(
    schedule: PulseSchedule,
    waveform: Waveform,
    carrier_hz: float,
    scene: Scene,
    field: DelayField,
    gain: FloatArray | None,
    envelope_lag_s: float,
) -> _Synthesis:
    """Evaluate the field at the scene and expand the pulse."""
    series = np.ascontiguousarray(
        field.time_coefficients(scene.east_m, scene.north_m, scene.up_m).T
    )
    gains = np.empty((0, scene.scatterers)) if gain is None else np.asarray(gain).T
    if gains.ndim != 2 or gains.shape[1] != scene.scatterers:
        raise SamplingError(
            f"gains of shape {gains.T.shape} are not those of {scene.scatterers} scatterers",
            "give a series in time for each",
        )
    terms = max(series.shape[0], gains.shape[0])
    x = field.normalised_time(schedule.slow_time_s())
    basis = np.asarray(cheb.chebvander(x, terms - 1), dtype=np.float64)
    per_second = 2.0 / (field.stop_s - field.start_s)
    derivatives = cheb.chebder(np.eye(series.shape[0])) * per_second
    slope = basis[:, : derivatives.shape[0]] @ derivatives
    reference = pulse_delays(schedule, field.reference, carrier_hz, envelope_lag_s)

    seen = slope[np.linspace(0, schedule.pulses - 1, _RATE_INSTANTS).astype(np.int64)]
    least = float(np.min(reference.rate)) + min(float(np.min(row @ series)) for row in seen)
    largest = float(np.max(reference.rate)) + max(float(np.max(row @ series)) for row in seen)
    middle = schedule.pulses // 2
    expansion = expand_pulse(
        waveform,
        schedule.sample_rate_hz,
        carrier_hz,
        (least, largest),
        float(reference.acceleration[middle]),
    )
    whole = expansion.coefficients[: expansion.samples]
    # An echo may begin before the window by all of its samples. What runs beyond the window's end
    # comes around to there, where nothing is read.
    ahead = expansion.coefficients.shape[0]
    length = scipy.fft.next_fast_len(schedule.window_samples + ahead)
    return _Synthesis(
        sample_rate_hz=schedule.sample_rate_hz,
        carrier_hz=carrier_hz,
        duration_s=waveform.duration_s,
        scatterers=_Scatterers(series, np.ascontiguousarray(gains), scene.reflectivity),
        reference=reference,
        basis=basis,
        slope=np.ascontiguousarray(slope),
        expansion=expansion,
        response=np.asarray(
            scipy.fft.fft(whole.reshape(expansion.samples, -1), length, axis=0)
        ).astype(np.complex64),
        ahead=ahead,
    )
