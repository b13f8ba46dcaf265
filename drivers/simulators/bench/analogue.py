"""What a signal goes through between a DAC and an ADC.

A DAC's samples are interpolated to the instants of another clock by one kernel that holds all that
is linear on the way: reconstruction, the droop of a zero-order hold, and the bandwidths of output
and input. All of it has zero phase: count the group delay of a real filter to the cable's.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numba import njit
from numpy.typing import NDArray
from scipy import special

Samples = NDArray[np.float32] | NDArray[np.complex64]
"""Voltages, or the complex envelope of a carrier."""

# Kaiser's formulas for a stop band of 105 dB between 0.4 and 0.6 of the sample rate, where the
# images of 0.4 begin, ask for 34 taps.
_STOP_BAND_DB = 105.0
_HALF_TAPS = 18
# Between phases the kernel is interpolated linearly: at 0.4 of the rate that leaves
# (0.8 pi / phases)^2 / 8 = 3e-6, or -110 dB.
_PHASES = 512
# What a Gaussian has beyond as many of its standard deviations is 1e-7 of it.
_GAUSSIAN_REACH = 5.5
LARGEST_HELD_SPREAD = 1.3
"""In samples. A Gaussian as wide leaves less than -89 dB of the images, which begin at 0.6 of the
rate: there the droop is all that a hold does."""

_NOISE_BLOCK = 1 << 16
_SAMPLES_PER_TASK = 1 << 16
# Word of the counter that says what the numbers are for.
_INPUT_NOISE = 2


def gaussian_spread_s(bandwidth_hz: float) -> float:
    """Return the standard deviation of the impulse response of a Gaussian filter, s.

    Parameters
    ----------
    bandwidth_hz : float
        Where its response is 3 dB (half the power) down, as oscilloscopes are specified.
    """
    return math.sqrt(math.log(2.0)) / (2.0 * math.pi * bandwidth_hz)


@lru_cache(maxsize=32)
def kernel(
    sample_rate_hz: float,
    spread_s: float,
    carrier_hz: float,
    zero_order_hold: bool,
) -> Samples:
    """Tabulate the kernel between a generator's samples and a digitizer's instants.

    Parameters
    ----------
    sample_rate_hz : float
        Of the generator.
    spread_s : float
        Standard deviation of the Gaussian impulse response on the way, 0 for none; see
        :func:`gaussian_spread_s`. Variances of filters in line add up.
    carrier_hz : float
        Of what the samples are the complex envelope of; 0 for real samples.
    zero_order_hold : bool
        Whether the DAC holds its samples, which costs sinc(f / rate).

    Returns
    -------
    float32 or complex64 array, shape (phases + 1, taps)
        Row r is for instants r / phases of a sample behind tap ``taps / 2 - 1``.
    """
    spread = spread_s * sample_rate_hz
    reach = _HALF_TAPS + math.ceil(_GAUSSIAN_REACH * spread) + int(zero_order_hold)
    place = np.arange(-reach * _PHASES, reach * _PHASES) / _PHASES
    inside = np.clip(1.0 - (place / _HALF_TAPS) ** 2, 0.0, None)
    beta = 0.1102 * (_STOP_BAND_DB - 8.7)
    values = np.sinc(place) * special.i0(beta * np.sqrt(inside)) / special.i0(beta)
    values[np.abs(place) >= _HALF_TAPS] = 0.0
    spectrum = scipy.fft.fft(scipy.fft.ifftshift(values))
    baseband = scipy.fft.fftfreq(place.size, 1.0 / _PHASES)
    frequency = baseband + carrier_hz / sample_rate_hz
    if spread:
        spectrum *= np.exp(-2.0 * (math.pi * spread * frequency) ** 2)
    if zero_order_hold:
        # A modulator stands behind its DACs: these hold the envelope.
        spectrum *= np.sinc(baseband)
    response = np.append(scipy.fft.fftshift(scipy.fft.ifft(spectrum)), 0.0)
    row = np.arange(_PHASES + 1)[:, np.newaxis]
    tap = np.arange(1 - reach, reach + 1)[np.newaxis, :]
    table = response[row + (reach - tap) * _PHASES]
    result: Samples = table.astype(np.complex64) if carrier_hz else table.real.astype(np.float32)
    result.setflags(write=False)
    return result


# Sums may be reordered, so that they vectorise; nothing here is infinite or not a number.
@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _between(samples: NDArray[Any], table: NDArray[Any], at: float, zero: Any) -> Any:
    """Give the value at a fraction of a sample; ``zero`` is that of the samples' type."""
    phases = table.shape[0] - 1
    taps = table.shape[1]
    whole = math.floor(at)
    first = int(whole) - taps // 2 + 1
    begin = max(0, -first)
    end = min(taps, samples.size - first)
    phase = (at - whole) * phases
    row = min(int(phase), phases - 1)
    share = np.float32(phase - row)
    lower = table[row]
    upper = table[row + 1]
    here = zero
    there = zero
    for k in range(begin, end):
        value = samples[first + k]
        here += value * lower[k]
        there += value * upper[k]
    return here + share * (there - here)


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _add_real(
    samples: NDArray[Any],
    table: NDArray[Any],
    position: float,
    step: float,
    gain: float,
    out: NDArray[np.float32],
) -> None:
    scale = np.float32(gain)
    for n in range(out.size):
        out[n] += scale * _between(samples, table, position + n * step, np.float32(0.0))


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _add_modulated(
    samples: NDArray[Any],
    table: NDArray[Any],
    position: float,
    step: float,
    gain: float,
    cycles: float,
    cycles_step: float,
    out: NDArray[np.float32],
) -> None:
    for n in range(out.size):
        envelope = _between(samples, table, position + n * step, np.complex64(0.0))
        turn = cycles + n * cycles_step
        angle = 2.0 * math.pi * (turn - math.floor(turn))
        out[n] += np.float32(gain * (envelope.real * math.cos(angle)
                                     - envelope.imag * math.sin(angle)))  # fmt: skip


@njit(cache=True, nogil=True)
def _add_held(
    samples: NDArray[Any],
    spread: float,
    position: float,
    step: float,
    gain: float,
    out: NDArray[np.float32],
) -> None:
    reach = 6.0 * spread
    scale = 1.0 / (spread * math.sqrt(2.0)) if spread > 0.0 else 0.0
    for n in range(out.size):
        # A sample is held from half an interval before its instant: a hold's delay is the cable's.
        at = position + n * step + 0.5
        first = math.floor(at - reach)
        held = samples[first] if 0 <= first < samples.size else np.float32(0.0)
        value = float(held)
        for k in range(first + 1, math.floor(at + reach) + 1):
            after = samples[k] if 0 <= k < samples.size else np.float32(0.0)
            value += 0.5 * float(after - held) * math.erfc((k - at) * scale)
            held = after
        out[n] += np.float32(gain * value)


def add_interpolated(
    samples: Samples,
    sample_rate_hz: float,
    table: Samples,
    start_s: float,
    interval_s: float,
    gain: float,
    carrier_hz: float,
    out: NDArray[np.float32],
    carrier_cycles: float = 0.0,
) -> None:
    """Add what a DAC's samples are at other instants; there is silence around them.

    Parameters
    ----------
    samples : float32 or complex64 array, shape (samples,)
        The first one at time 0; complex ones are the envelope of a carrier.
    sample_rate_hz : float
        Theirs.
    table : array
        Of :func:`kernel`.
    start_s, interval_s : float
        First instant, and from one to the next.
    gain : float
        Of voltages.
    carrier_hz : float
        Of the envelope.
    out : float32 array
        What is added to.
    carrier_cycles : float
        Phase of the carrier at time 0.
    """
    step = interval_s * sample_rate_hz
    carrier_step = math.fmod(carrier_hz * interval_s, 1.0)

    def add(first: int) -> None:
        target = out[first : first + _SAMPLES_PER_TASK]
        position = start_s * sample_rate_hz + first * step
        if np.iscomplexobj(samples):
            cycles = math.fmod(carrier_hz * start_s, 1.0) + first * carrier_step + carrier_cycles
            _add_modulated(samples, table, position, step, gain, cycles, carrier_step, target)
        else:
            _add_real(samples, table, position, step, gain, target)

    in_blocks(add, out.size, _SAMPLES_PER_TASK)


def add_held(
    samples: Samples,
    sample_rate_hz: float,
    spread_s: float,
    start_s: float,
    interval_s: float,
    gain: float,
    out: NDArray[np.float32],
) -> None:
    """Add what a DAC that holds its samples puts out, its droop and its images.

    Parameters
    ----------
    samples, sample_rate_hz, start_s, interval_s, gain, out
        As in :func:`add_interpolated`; real samples.
    spread_s : float
        As in :func:`kernel`. What it takes grows with it: :data:`LARGEST_HELD_SPREAD`.
    """
    step = interval_s * sample_rate_hz

    def add(first: int) -> None:
        target = out[first : first + _SAMPLES_PER_TASK]
        position = start_s * sample_rate_hz + first * step
        _add_held(samples, spread_s * sample_rate_hz, position, step, gain, target)

    in_blocks(add, out.size, _SAMPLES_PER_TASK)


def add_noise(rms: float, seed: int, stream: Sequence[object], out: NDArray[np.float32]) -> None:
    """Add white Gaussian noise that depends on the seed and the stream, and on nothing else.

    Parameters
    ----------
    rms : float
        Of the noise.
    seed : int
        0 to 2^63 - 1.
    stream : sequence
        What tells this stretch of noise from every other, as it prints.
    out : float32 array
        What is added to.
    """
    name = zlib.crc32(repr(tuple(stream)).encode())

    def add(first: int) -> None:
        block = out[first : first + _NOISE_BLOCK]
        counter = np.array([0, first // _NOISE_BLOCK, 0, _INPUT_NOISE], np.uint64)
        philox = np.random.Philox(counter=counter, key=np.array([seed, name], np.uint64))
        noise = np.random.Generator(philox).standard_normal(block.size, dtype=np.float32)
        noise *= np.float32(rms)
        block += noise

    in_blocks(add, out.size, _NOISE_BLOCK)


def in_blocks(work: Callable[[int], None], samples: int, block: int) -> None:
    """Call ``work`` with the first sample of each block, in as many threads as there are cores.

    Threads, and not numba's own: those must not be entered from two servers at once.
    """
    starts = range(0, samples, block)
    if len(starts) < 2:
        for first in starts:
            work(first)
        return
    with ThreadPoolExecutor(min(len(starts), os.cpu_count() or 1)) as pool:
        for _ in pool.map(work, starts):
            pass
