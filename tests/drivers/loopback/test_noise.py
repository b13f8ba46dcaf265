import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from drivers.loopback.noise import PULSES_PER_CHUNK, ReceiverNoise

WINDOW = 32  # samples
PULSES = 5 * PULSES_PER_CHUNK + 3


def test_is_complex_white_gaussian_of_the_given_rms() -> None:
    rms = 0.01
    pulses, window = 2000, 256
    values = ReceiverNoise(rms, 1, window, 2).draw(0, pulses)
    noise = values.view(np.complex64).astype(np.complex128)
    # The mean power of n complex values scatters by 1 / sqrt(n) of itself; 5 of those.
    scatter = 1.0 / np.sqrt(noise.size)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(rms**2, rel=5 * scatter)
    assert np.abs(np.mean(noise)) < 5 * scatter * rms
    # Circular: I and Q of equal power, and not correlated.
    assert np.abs(np.mean(noise**2)) < 5 * scatter * rms**2
    # White along a window and from pulse to pulse, the boundary of a chunk included.
    for first, second in (
        (noise[:, 1:], noise[:, :-1]),
        (noise[1:], noise[:-1]),
        (noise[PULSES_PER_CHUNK:], noise[:-PULSES_PER_CHUNK]),
    ):
        assert np.abs(np.vdot(first, second)) < 5 * np.sqrt(first.size) * rms**2
    sample = values.ravel()[:20_000] / (rms / np.sqrt(2.0))
    assert scipy.stats.kstest(sample, "norm").pvalue > 0.001


@given(st.lists(st.integers(1, 2 * PULSES_PER_CHUNK), min_size=1), st.integers(1, 3))
def test_does_not_depend_on_blocks_or_threads(sizes: list[int], threads: int) -> None:
    whole = ReceiverNoise(1.0, 42, WINDOW, 1).draw(0, PULSES)
    noise = ReceiverNoise(1.0, 42, WINDOW, threads)
    first = 0
    for size in sizes:
        count = min(size, PULSES - first)
        if count == 0:
            break
        np.testing.assert_array_equal(noise.draw(first, count), whole[first : first + count])
        first += count


def test_seed_decides() -> None:
    first, again, other = (ReceiverNoise(1.0, seed, WINDOW, 1).draw(0, 4) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_largest_seed() -> None:
    assert np.isfinite(ReceiverNoise(1.0, (1 << 63) - 1, WINDOW, 1).draw(0, 1)).all()
