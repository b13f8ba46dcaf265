import math

import numba
import numpy as np
import pytest
import scipy.fft
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_core.errors import SamplingError
from sim_core.signal.thermal_noise import add_thermal_noise, philox


def noise(
    first_pulse: int, pulses: int, samples: int = 200, power: float = 1.0, seed: int = 3
) -> np.ndarray:
    block = np.zeros((pulses, samples), dtype=np.complex64)
    add_thermal_noise(block, first_pulse, power, seed)
    return block


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        # Known answers of philox4x32 with ten rounds, from its authors' Random123 distribution.
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (
            [0xFFFFFFFF] * 4,
            [0xFFFFFFFF] * 2,
            [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
        ),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_generator_gives_its_published_answers(
    counter: list[int], key: list[int], expected: list[int]
) -> None:
    words = np.zeros((4, 1), dtype=np.uint64)
    first, second, third, fourth = (np.uint64(word) for word in counter)
    philox(first, second, third, fourth, np.uint64(key[0] | key[1] << 32), words)
    assert [int(word) for word in words[:, 0]] == expected


def test_noise_is_circular_and_gaussian() -> None:
    found = noise(0, 256, 2048, power=0.25).ravel().astype(np.complex128) / 0.5
    n = found.size
    # Five standard deviations of each mean of n = 5e5 samples.
    assert abs(np.mean(found)) < 5.0 / math.sqrt(n)
    assert np.mean(np.abs(found) ** 2) == pytest.approx(1.0, abs=5.0 / math.sqrt(n))
    assert abs(np.mean(found**2)) < 5.0 * math.sqrt(2.0 / n)
    assert np.mean(np.abs(found) ** 4) == pytest.approx(2.0, abs=5.0 * math.sqrt(20.0 / n))
    # Kolmogorov and Smirnov's test of either part; the seed is fixed, so that this passes or not.
    for part in (found.real, found.imag):
        assert scipy.stats.kstest(part * math.sqrt(2.0), "norm").pvalue > 0.01


def test_noise_is_white_along_and_across_the_pulses() -> None:
    found = noise(0, 512, 512).astype(np.complex128)
    # Periodogram of the two-dimensional spectrum: exponential with mean 1, the largest of 2.6e5
    # of which lies above 25 once in 1e6 cases.
    power = np.abs(scipy.fft.fft2(found)) ** 2 / found.size
    assert np.max(power) < 25.0
    assert scipy.stats.kstest(power.ravel(), "expon").pvalue > 0.01


@settings(max_examples=30)
@given(
    st.integers(0, 2**40),
    st.integers(1, 20),
    st.integers(0, 19),
    st.sampled_from([1, 255, 256, 517]),
)
def test_a_pulse_has_its_noise_in_any_block(
    first: int, pulses: int, skipped: int, samples: int
) -> None:
    whole = noise(first, pulses, samples)
    part = noise(first + skipped % pulses, pulses - skipped % pulses, samples)
    assert np.array_equal(part, whole[skipped % pulses :])


def test_threads_change_nothing() -> None:
    many = noise(5, 64)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert np.array_equal(noise(5, 64), many)
    finally:
        numba.set_num_threads(threads)


def test_longer_windows_begin_with_the_same_noise() -> None:
    assert np.array_equal(noise(0, 3, 1000)[:, :333], noise(0, 3, 333))


def test_seeds_and_pulses_are_independent() -> None:
    # Correlations of 2e4 samples: 5 / sqrt(n).
    one = noise(0, 100, seed=1).ravel()
    for other in (noise(0, 100, seed=2), noise(100, 100, seed=1), noise(2**32, 100, seed=1)):
        assert abs(np.vdot(one, other)) / one.size < 5.0 / math.sqrt(one.size)


def test_noise_is_added() -> None:
    block = np.full((2, 7), 0.5 - 0.25j, dtype=np.complex64)
    add_thermal_noise(block, 0, 1e-4, 3)
    assert block - noise(0, 2, 7, power=1e-4) == pytest.approx(0.5 - 0.25j, abs=1e-7)
    still = np.full((2, 7), 0.5 - 0.25j, dtype=np.complex64)
    add_thermal_noise(still, 0, 0.0, 3)
    assert np.all(still == 0.5 - 0.25j)


@pytest.mark.parametrize(
    ("power", "seed", "first_pulse", "named"),
    [
        (-1.0, 0, 0, "no power"),
        (math.nan, 0, 0, "no power"),
        (math.inf, 0, 0, "no power"),
        (1.0, -1, 0, "no seed"),
        (1.0, 2**64, 0, "no seed"),
        (1.0, 0, -1, "no number of a pulse"),
    ],
)
def test_what_is_no_noise_is_refused(power: float, seed: int, first_pulse: int, named: str) -> None:
    with pytest.raises(SamplingError, match=named) as caught:
        noise(first_pulse, 2, power=power, seed=seed)
    assert caught.value.remedy
