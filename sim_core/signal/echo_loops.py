"""The compiled loops of the exact synthesis, over the samples of one target's echoes."""

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from sim_core.signal.phasor import phasor
from sim_core.signal.pulse_shape import FloatArray
from sim_core.signal.waveform import LinearChirp, Waveform

# Samples of a pulse of any form that are evaluated together, term by term: what is between the
# terms stays in the fastest cache.
_CHUNK = 256


class CompiledPulse(NamedTuple):
    """A waveform for the compiled loops: the rate of a linear chirp, or polynomials.

    Polynomials are those of `PulseShape`, shapes (terms, segments); what is zero throughout has no
    terms. The rate is zero for what is no linear chirp.
    """

    duration_s: float
    chirp_rate_hz_per_s: float
    cycles: FloatArray
    real: FloatArray
    imag: FloatArray


def compiled_pulse(waveform: Waveform) -> CompiledPulse:
    """Prepare a waveform for `add_echo`."""
    if isinstance(waveform, LinearChirp):
        none = np.zeros((0, 0))
        return CompiledPulse(waveform.duration_s, waveform.chirp_rate_hz_per_s, none, none, none)
    shape = waveform.pulse_shape()
    cycles, real, imag = (
        np.ascontiguousarray(terms if np.any(terms) else terms[:0], dtype=np.float64)
        for terms in (shape.cycles, shape.amplitude.real, shape.amplitude.imag)
    )
    return CompiledPulse(shape.duration_s, 0.0, cycles, real, imag)


@numba.njit(cache=True, parallel=True)
def add_echo(
    block: npt.NDArray[np.complex64],
    window_offset_s: FloatArray,
    carrier_cycles: FloatArray,
    rate: FloatArray,
    acceleration: FloatArray,
    amplitude: npt.NDArray[np.complex128],
    sample_rate_hz: float,
    carrier_hz: float,
    pulse: CompiledPulse,
) -> None:
    """Add one target's echo to a block of windows."""
    samples = block.shape[1]
    half_s = 0.5 * pulse.duration_s
    for n in numba.prange(block.shape[0]):
        # Receive time x counts from the arrival of the pulse's centre, transmit time y from its
        # departure; y (1 + tau') + tau'' y^2 / 2 = x.
        stretch = 1.0 + rate[n]
        curvature = 0.5 * acceleration[n]
        centre_s = window_offset_s[n] + half_s
        begin_s = centre_s - half_s * stretch + curvature * half_s**2
        end_s = centre_s + half_s * stretch + curvature * half_s**2
        first = max(0, math.ceil(begin_s * sample_rate_hz))
        last = min(samples, math.ceil(end_s * sample_rate_hz))
        target = block[n, first : max(first, last)]
        slope, bend = rate[n] / stretch, curvature / stretch**3
        cycles = carrier_cycles[n] - math.floor(carrier_cycles[n])
        if pulse.chirp_rate_hz_per_s != 0.0:
            _add_chirp(
                target,
                first,
                sample_rate_hz,
                centre_s,
                slope,
                bend,
                cycles,
                carrier_hz,
                pulse.chirp_rate_hz_per_s,
                amplitude[n],
            )
        else:
            _add_shaped_pulse(
                target,
                first,
                sample_rate_hz,
                centre_s,
                slope,
                bend,
                cycles,
                carrier_hz,
                pulse.duration_s,
                pulse.cycles,
                pulse.real,
                pulse.imag,
                amplitude[n],
            )


# Functions of their own with numpy's error model: inside the parallel loop, or with checks for
# division by zero, the loops are not vectorised and take ten times as long.
@numba.njit(cache=True, error_model="numpy")
def _add_chirp(
    samples: npt.NDArray[np.complex64],
    first: int,
    sample_rate_hz: float,
    centre_s: float,
    slope: float,
    bend: float,
    cycles: float,
    carrier_hz: float,
    chirp_rate_hz_per_s: float,
    amplitude: complex,
) -> None:
    """Add the samples of a linear chirp, which begin at sample number `first` of the window."""
    for m in range(samples.size):
        x = (first + m) / sample_rate_hz - centre_s
        # x - y, formed without cancellation: what the carrier's phase needs.
        lag_s = x * slope + bend * x * x
        y = x - lag_s
        cosine, sine = phasor(cycles - carrier_hz * lag_s + 0.5 * chirp_rate_hz_per_s * y * y)
        real = amplitude.real * cosine - amplitude.imag * sine
        imag = amplitude.real * sine + amplitude.imag * cosine
        samples[m] += complex(np.float32(real), np.float32(imag))


@numba.njit(cache=True, error_model="numpy")
def _add_shaped_pulse(
    samples: npt.NDArray[np.complex64],
    first: int,
    sample_rate_hz: float,
    centre_s: float,
    slope: float,
    bend: float,
    cycles: float,
    carrier_hz: float,
    duration_s: float,
    phase_terms: FloatArray,
    real_terms: FloatArray,
    imag_terms: FloatArray,
    amplitude: complex,
) -> None:
    """Add the samples of a pulse of any form, term by term over a chunk of them at a time."""
    segments = real_terms.shape[1]
    number = np.empty(_CHUNK, np.uint32)
    work = np.empty((5, _CHUNK))
    for begin in range(0, samples.size, _CHUNK):
        count = min(_CHUNK, samples.size - begin)
        segment = number[:count]
        place, turned, phase, real, imag = (
            work[0, :count],
            work[1, :count],
            work[2, :count],
            work[3, :count],
            work[4, :count],
        )
        _locate(
            first + begin,
            sample_rate_hz,
            centre_s,
            slope,
            bend,
            cycles,
            carrier_hz,
            duration_s,
            segments,
            segment,
            place,
            turned,
        )
        _evaluate(phase_terms, segment, place, phase)
        _evaluate(real_terms, segment, place, real)
        _evaluate(imag_terms, segment, place, imag)
        _add_products(samples[begin : begin + count], amplitude, turned, phase, real, imag)


# Each loop is a function of its own: with all arrays in one, the compiler gives up proving that
# they do not overlap, and the whole takes twice as long.
@numba.njit(cache=True, error_model="numpy")
def _locate(
    first: int,
    sample_rate_hz: float,
    centre_s: float,
    slope: float,
    bend: float,
    cycles: float,
    carrier_hz: float,
    duration_s: float,
    segments: int,
    segment: npt.NDArray[np.uint32],
    place: FloatArray,
    turned: FloatArray,
) -> None:
    """Find the segment and the place in it of each sample, and the carrier's phase in cycles."""
    per_s = segments / duration_s
    last = segments - 1.0
    for m in range(place.size):
        x = (first + m) / sample_rate_hz - centre_s
        lag_s = x * slope + bend * x * x
        position = (x - lag_s + 0.5 * duration_s) * per_s
        number = np.floor(min(max(position, 0.0), last))
        segment[m] = np.uint32(number)
        place[m] = 2.0 * (position - number) - 1.0
        turned[m] = cycles - carrier_hz * lag_s


@numba.njit(cache=True, error_model="numpy")
def _evaluate(
    terms: FloatArray,
    segment: npt.NDArray[np.uint32],
    place: FloatArray,
    value: FloatArray,
) -> None:
    """Evaluate polynomials by Horner's rule, each place in the segment of its own."""
    value[:] = 0.0
    for k in range(terms.shape[0] - 1, -1, -1):
        row = terms[k]
        for m in range(place.size):
            value[m] = value[m] * place[m] + row[segment[m]]


@numba.njit(cache=True, error_model="numpy")
def _add_products(
    samples: npt.NDArray[np.complex64],
    amplitude: complex,
    turned: FloatArray,
    phase: FloatArray,
    real: FloatArray,
    imag: FloatArray,
) -> None:
    """Add target's amplitude times pulse's amplitude times phase."""
    for m in range(samples.size):
        cosine, sine = phasor(turned[m] + phase[m])
        a = amplitude.real * real[m] - amplitude.imag * imag[m]
        b = amplitude.real * imag[m] + amplitude.imag * real[m]
        samples[m] += complex(np.float32(a * cosine - b * sine), np.float32(a * sine + b * cosine))
