"""The samples of a pulse as a short series in where it begins between two ticks and in its Doppler.

Sample l of an echo whose leading edge arrives a part phi of a tick before a tick is the pulse at
``(l + phi)`` ticks. Between its edges a pulse is smooth, and within one tick a band of 0.8 of the
sample rate turns by a fraction of a cycle: so that sample is a polynomial of degree 7 in phi, to
1e-6. The Doppler shift of an echo against the middle of a scene is a slow function of the same
kind. Hence echoes add up term by term, and one convolution per term makes samples of them - with
hard edges, and everything that aliases from them, where the transform of the pulse's spectrum would
have to be cut off (Ruiz-Antolin and Townsend, SIAM J. Sci. Comput. 40, A529 (2018), do the same
for non-uniform transforms).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import SamplingError
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes, series_along
from sim_core.signal.pulse_shape import PulseShape
from sim_core.signal.waveform import Waveform

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

# Root mean square error of an expansion against the pulse's own: -90 dB.
_TOLERANCE = 3e-5

# What is tried, cheapest first: terms in place (eight fill the processor's registers) and Doppler.
_DEGREES = (8, 16, 24)
_ORDERS = (1, 2, 3, 4, 6)


@dataclass(frozen=True, slots=True, eq=False)
class EchoModel:
    """How an echo of a pulse with a delay's rate and acceleration looks, sample by sample.

    Parameters
    ----------
    shape : PulseShape
        The pulse.
    sample_rate_hz, carrier_hz : float
        Sample clock; carrier of the radar.
    acceleration : float
        Second derivative of the delay, in 1/s.
    """

    shape: PulseShape
    sample_rate_hz: float
    carrier_hz: float
    acceleration: float

    def sample(self, tick: FloatArray, rate: FloatArray | float) -> ComplexArray:
        """Evaluate the echo at ticks since the arrival of its leading edge.

        Parameters
        ----------
        tick : ndarray of float64
            Whole and fractional ticks. The pulse's first and last polynomials are continued beyond
            its edges.
        rate : float or ndarray of float64
            First derivative of the delay; broadcast.

        Returns
        -------
        ndarray of complex128
            The pulse times the turning of the carrier, which is zero at the pulse's centre.
        """
        half_s = 0.5 * self.shape.duration_s
        curvature = 0.5 * self.acceleration
        stretch = 1.0 + rate
        # As in `echo`: x counts from the arrival of the pulse's centre, y from its departure.
        x = tick / self.sample_rate_hz - half_s * stretch + curvature * half_s**2
        lag_s = x * rate / stretch + curvature / stretch**3 * x * x
        phase, amplitude = _continued(self.shape, x - lag_s + half_s)
        return np.asarray(amplitude * np.exp(2j * np.pi * (phase - self.carrier_hz * lag_s)))


def _continued(shape: PulseShape, time_s: FloatArray) -> tuple[FloatArray, ComplexArray]:
    """Return phase in cycles and amplitude, the end polynomials continued beyond the edges."""
    position = time_s * (shape.segments / shape.duration_s)
    segment = np.clip(np.floor(position).astype(np.int64), 0, shape.segments - 1)
    place = 2.0 * (position - segment) - 1.0
    cycles, amplitude = np.zeros(place.shape), np.zeros(place.shape, dtype=np.complex128)
    for row in shape.cycles[::-1]:
        cycles = cycles * place + row[segment]
    for level in shape.amplitude[::-1]:
        amplitude = amplitude * place + level[segment]
    return cycles, amplitude


@dataclass(frozen=True, slots=True, eq=False)
class PulseExpansion:
    """Samples of an echo as a series in its place between ticks and in its Doppler shift.

    Sample l is ``sum c[l, q, d] T_d(z) T_q(w)``, w being the shift against `middle_hz` in units of
    `half_doppler_hz`, and z the place phi, slid by the shift, from -1 to 1.

    Parameters
    ----------
    coefficients : ndarray of complex128, shape (most samples, orders, degrees)
        For the samples that every echo has, and those that it may have besides.
    samples : int
        How many every echo has.
    middle_hz, half_doppler_hz : float
        Span of Doppler shifts, those of the carrier.
    slide_ticks_per_hz : float
        How far the place is slid: a linear chirp that is shifted in frequency is one that comes at
        another time, and needs no terms in Doppler at all.
    error : float
        Root mean square error at held-out places and shifts, against the pulse's own.
    """

    coefficients: ComplexArray
    samples: int
    middle_hz: float
    half_doppler_hz: float
    slide_ticks_per_hz: float
    error: float


def expand_pulse(
    waveform: Waveform,
    sample_rate_hz: float,
    carrier_hz: float,
    rates: tuple[float, float],
    acceleration: float,
) -> PulseExpansion:
    """Expand the samples of a pulse's echoes.

    Parameters
    ----------
    waveform : Waveform
        The pulse.
    sample_rate_hz : float
        Rate of the sample clock.
    carrier_hz : float
        Carrier of the radar.
    rates : tuple of float
        Least and largest derivative of the delay among the echoes.
    acceleration : float
        Second derivative of the delay, that of all echoes, in 1/s.

    Returns
    -------
    PulseExpansion

    Raises
    ------
    SamplingError
        If the sample rate is too low for the pulse's band, or the pulse too short.
    """
    low, high = rates
    ends = [-carrier_hz * rate / (1.0 + rate) for rate in (high, low)]
    middle_hz = 0.5 * (ends[0] + ends[1])
    # A scene without extent has no span; 1 mHz does no harm.
    half_hz = max(0.5 * (ends[1] - ends[0]), 1e-3)
    model = EchoModel(waveform.pulse_shape(), sample_rate_hz, carrier_hz, acceleration)
    ticks = waveform.duration_s * sample_rate_hz
    samples = math.floor(ticks * (1.0 + low))
    if samples < 2:
        raise SamplingError(
            f"a pulse of {waveform.duration_s:g} s has {samples} samples", "sample it faster"
        )
    most = math.ceil(ticks * (1.0 + high)) + 1
    slide = waveform.doppler_coupling_s_per_hz * sample_rate_hz

    def values(place: FloatArray, shift: FloatArray) -> ComplexArray:
        """Evaluate all samples at places z and shifts w, shape (samples, shifts, places)."""
        doppler_hz = shift[:, None] * half_hz
        widest = abs(slide) * half_hz
        phi = 0.5 + (0.5 + widest) * place[None, :] - slide * doppler_hz
        slope = -(middle_hz + doppler_hz) / carrier_hz
        tick = np.arange(most)[:, None, None] + phi
        return model.sample(tick, slope / (1.0 - slope))

    held_out = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 16))
    exact = values(held_out[0], held_out[1])
    level = float(np.sqrt(np.mean(np.abs(exact) ** 2)))
    for degrees in _DEGREES:
        for orders in _ORDERS:
            at_nodes = values(chebyshev_nodes(degrees), chebyshev_nodes(orders))
            series = _complex_series(_complex_series(at_nodes, 1), 2)
            in_place = cheb.chebvander(held_out[0], degrees - 1)
            in_shift = cheb.chebvander(held_out[1], orders - 1)
            found = np.einsum("lqd,pd,sq->lsp", series, in_place, in_shift, optimize=True)
            error = float(np.sqrt(np.mean(np.abs(found - exact) ** 2))) / level
            if error < _TOLERANCE:
                return PulseExpansion(series, samples, middle_hz, half_hz, slide, error)
    raise SamplingError(
        f"the band of {waveform.bandwidth_hz:g} Hz is too wide for {sample_rate_hz:g} samples per "
        "second, or the Doppler shifts too large for the pulse",
        f"sample it at {1.2 * waveform.bandwidth_hz:g} Hz at least, shorten the pulse, or "
        "synthesise a smaller scene",
    )


def _complex_series(values: ComplexArray, axis: int) -> ComplexArray:
    return np.asarray(series_along(values.real, axis) + 1j * series_along(values.imag, axis))
