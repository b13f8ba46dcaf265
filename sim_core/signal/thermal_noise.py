"""Thermal noise: circular complex Gaussian samples that depend on the seed and their place alone.

Philox is a counter-based generator: a bijection of a counter under a key, whose output for any
counter is there at once (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11, 2011).
The seed is the key; pulse and sample are the counter. So a sample's noise is the same in whatever
blocks, order or threads the pulses are made. Two of its four words make one complex sample by Box
and Muller's method: ``sqrt(-P ln u) exp(2j pi v)`` has the mean power P.
"""

import math

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.signal.phasor import phasor

# Multipliers and key increments of Philox4x32.
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUNDS = 10
# Last word of the counter: what the random numbers are for.
_THERMAL_NOISE = np.uint64(0x7E)
# Pairs of samples that are drawn together.
_CHUNK = 128


def add_thermal_noise(
    block: npt.NDArray[np.complex64], first_pulse: int, power: float, seed: int
) -> None:
    """Add noise to a block of pulses, in place.

    Parameters
    ----------
    block : ndarray of complex64, shape (pulses, window_samples)
        Samples, contiguous along each pulse.
    first_pulse : int
        Number of the block's first pulse, from 0 on.
    power : float
        Mean of the squared magnitude of the noise, 1 being full scale.
    seed : int
        0 to 2^64 - 1.

    Raises
    ------
    SamplingError
        If the power is negative or not finite, or the seed or the pulse out of range.
    """
    if not (math.isfinite(power) and power >= 0.0):
        raise SamplingError(
            f"{power} is no power of a noise", "give a finite power that is not negative"
        )
    if not 0 <= seed < 1 << 64:
        raise SamplingError(f"{seed} is no seed", "give a whole number from 0 to 2^64 - 1")
    if first_pulse < 0:
        raise SamplingError(f"{first_pulse} is no number of a pulse", "count pulses from 0")
    if power > 0.0:
        _add_noise(block, np.uint64(first_pulse), power, np.uint64(seed))


@numba.njit(cache=True, parallel=True)
def _add_noise(
    block: npt.NDArray[np.complex64], first_pulse: np.uint64, power: float, seed: np.uint64
) -> None:
    pulses, samples = block.shape
    for n in numba.prange(pulses):
        words = np.empty((4, _CHUNK), np.uint64)
        for pair in range(0, (samples + 1) // 2, _CHUNK):
            pulse = first_pulse + np.uint64(n)
            philox(np.uint64(pair), pulse & _LOW, pulse >> _HALF, _THERMAL_NOISE, seed, words)
            first = 2 * pair
            count = min(_CHUNK, (samples - first + 1) // 2)
            _add_normal(block[n, first::2][:count], words[0], words[1], power)
            _add_normal(block[n, first + 1 :: 2][:count], words[2], words[3], power)


@numba.njit(cache=True, error_model="numpy")
def philox(
    first: np.uint64,
    second: np.uint64,
    third: np.uint64,
    fourth: np.uint64,
    seed: np.uint64,
    words: npt.NDArray[np.uint64],
) -> None:
    """Fill columns with Philox4x32-10 of the counters (first + column, second, third, fourth).

    Parameters
    ----------
    first, second, third, fourth : uint64
        Words of the counter, below 2^32.
    seed : uint64
        Key.
    words : ndarray of uint64, shape (4, columns)
        Where the results go, each below 2^32.
    """
    for k in range(words.shape[1]):
        c0, c1, c2, c3 = first + np.uint64(k), second, third, fourth
        k0, k1 = seed & _LOW, seed >> _HALF
        for _ in range(_ROUNDS):
            p0, p1 = _MULTIPLIER_0 * c0, _MULTIPLIER_1 * c2
            c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
            k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
        words[0, k] = c0
        words[1, k] = c1
        words[2, k] = c2
        words[3, k] = c3


@numba.njit(cache=True, error_model="numpy")
def _add_normal(
    samples: npt.NDArray[np.complex64],
    radius_word: npt.NDArray[np.uint64],
    angle_word: npt.NDArray[np.uint64],
    power: float,
) -> None:
    for k in range(samples.size):
        # Half a step from zero keeps the logarithm finite; 4.8 times the rms are the most.
        radius = math.sqrt(-power * math.log((float(radius_word[k]) + 0.5) * 2.0**-32))
        cosine, sine = phasor(float(angle_word[k]) * 2.0**-32)
        samples[k] += complex(np.float32(radius * cosine), np.float32(radius * sine))
