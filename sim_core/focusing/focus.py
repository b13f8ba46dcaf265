"""From recorded samples to an image: the one way in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim_core.focusing import deramp, range_doppler
from sim_core.focusing.image import Image
from sim_core.focusing.range_compression import (
    Progress,
    SampleSource,
    compress_range,
    plan_gates,
)
from sim_core.focusing.reference import DelayFunction, FloatArray, Reference
from sim_core.focusing.sampling import (
    MethodChoice,
    azimuth_sampling,
    choose_method,
)
from sim_core.focusing.window import NO_TAPER, Window
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp


@dataclass(frozen=True, slots=True)
class FocusSettings:
    """How to focus.

    Parameters
    ----------
    method : {"auto", "range-doppler", "deramp"}
        ``auto`` takes range-Doppler where the PRF samples the Doppler band, else de-ramping.
    range_window, azimuth_window : Window
        Tapers over the band of the pulse and over the aperture.
    chain_delay_s : float
        Known delay of the chain from played to recorded samples, taken out.
    """

    method: MethodChoice = "auto"
    range_window: Window = NO_TAPER
    azimuth_window: Window = NO_TAPER
    chain_delay_s: float = 0.0


def focus(
    source: SampleSource,
    schedule: PulseSchedule,
    waveform: LinearChirp,
    carrier_hz: float,
    reference: DelayFunction,
    settings: FocusSettings,
    progress: Progress | None = None,
) -> Image:
    """Focus recorded samples about a reference point.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; `read` is called in order, from the calling thread only.
    schedule : PulseSchedule
        Ticks of the pulses and of their receive windows.
    waveform : LinearChirp
        Transmitted pulse.
    carrier_hz : float
        Carrier of the radar, whose phase the echoes have, whatever the laboratory's carrier is.
    reference : DelayFunction
        Two-way delay history of the reference point. Range-Doppler processing wants it beyond the
        aperture's ends by about ``(PRF / Doppler bandwidth - 1) / 2`` of the aperture.
    settings : FocusSettings
        Method, windows, known delay.
    progress : callable, optional
        Called with the fraction done, 0 to 1, from the calling thread.

    Returns
    -------
    Image
        The reference point peaks at (0, 0) with phase zero and, for a unit amplitude, magnitude 1.

    Raises
    ------
    FocusingError
        If the method cannot focus these data, or the windows do not hold the echoes.
    """
    sampling = azimuth_sampling(reference, schedule, carrier_hz)
    method = choose_method(sampling, settings.method)
    split = Reference.over(reference, schedule, carrier_hz)
    weight = pulse_taper(split, settings.azimuth_window)
    if method == "range-doppler":
        range_doppler.check_even_pulses(split)
        frame_s = split.walk * split.aperture.slow_time_s
        gain = range_doppler.peak_gain(split, weight)
    else:
        frame_s = split.pulse_delay_s()
        gain = float(np.sum(weight))
    gates = plan_gates(schedule, waveform, split, frame_s, settings.chain_delay_s)
    share = 0.6
    spectra = compress_range(
        source,
        schedule,
        waveform,
        split,
        frame_s,
        weight / gain,
        gates,
        settings.range_window,
        settings.chain_delay_s,
        _part(progress, 0.0, share),
    )
    azimuth_progress = _part(progress, share, 1.0)
    if method == "range-doppler":
        columns = range_doppler.compress_azimuth(spectra, split, gates, azimuth_progress)
        step_s = split.aperture.interval_s
        # Further out a point's Doppler band reaches beyond that of the PRF.
        spare_hz = sampling.prf_hz - sampling.doppler_bandwidth_hz
        full_azimuth_s = 0.5 * spare_hz / abs(sampling.doppler_rate_hz_per_s)
    else:
        columns = deramp.compress_azimuth(spectra, split, gates, azimuth_progress)
        step_s = deramp.lag_grid(split)[0]
        full_azimuth_s = 0.5 * step_s * columns.shape[1]
    return Image(
        samples=columns.T,
        azimuth_start_s=-(columns.shape[1] // 2) * step_s,
        azimuth_step_s=step_s,
        range_start_s=gates.first_column / schedule.sample_rate_hz,
        range_step_s=1.0 / schedule.sample_rate_hz,
        method=method,
        range_bandwidth_hz=waveform.bandwidth_hz,
        azimuth_bandwidth_hz=sampling.doppler_bandwidth_hz,
        azimuth_ambiguity_s=sampling.ambiguity_spacing_s,
        full_azimuth_s=full_azimuth_s,
        full_range_s=gates.full_range_s,
    )


def pulse_taper(reference: Reference, window: Window) -> FloatArray:
    """Weigh the pulses by a taper over the aperture's Doppler band.

    Every point is lit by the same pulses, so a taper over the pulses treats all points alike; one
    over the azimuth spectrum would be off the centre of the bands of all points but the reference.
    The azimuth spectrum inherits the taper, since time and frequency follow each other.

    Parameters
    ----------
    reference : Reference
        The reference point.
    window : Window
        Taper; its position is the Doppler frequency of the reference at the pulse.

    Returns
    -------
    ndarray of float64, shape (pulses,)
    """
    return window.weight(reference.place_in_band(reference.aperture.slow_time_s))


def _part(progress: Progress | None, start: float, stop: float) -> Callable[[float], None]:
    """Map the progress of a stage into that of the whole."""

    def report(fraction: float) -> None:
        if progress is not None:
            progress(start + (stop - start) * fraction)

    return report
