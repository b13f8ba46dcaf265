import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_core.focusing.interpolation import KnabKernel, interpolate


@given(
    seed=st.integers(0, 10_000),
    oversampling=st.floats(1.15, 3.0),
    position=st.floats(-0.5, 0.5),
)
@settings(max_examples=50, deadline=None)
def test_band_limited_signals_are_interpolated_to_the_noise_of_complex64(
    seed: int, oversampling: float, position: float
) -> None:
    generator = np.random.default_rng(seed)
    frequency = generator.uniform(-0.5, 0.5, 40) / oversampling
    amplitude = generator.standard_normal(40) + 1j * generator.standard_normal(40)
    place = np.arange(257)
    samples = np.exp(2j * np.pi * np.multiply.outer(place, frequency)) @ amplitude
    wanted = 128.0 + position
    exact = np.exp(2j * np.pi * wanted * frequency) @ amplitude
    kernel = KnabKernel.for_oversampling(oversampling, available=96)
    value = interpolate(samples, [wanted], kernel)[0]
    # exp(-16) = 1e-7 of the sum of the amplitudes, times a few.
    assert abs(value - exact) < 1e-6 * np.sum(np.abs(amplitude))


def test_samples_are_themselves() -> None:
    samples = (np.arange(64) + 1j).astype(np.complex128)
    kernel = KnabKernel.for_oversampling(1.2, 20)
    assert interpolate(samples, [31.0, 32.0], kernel) == pytest.approx(samples[31:33], abs=1e-12)


def test_a_short_stretch_of_samples_shortens_the_kernel() -> None:
    kernel = KnabKernel.for_oversampling(1.2, 10)
    assert kernel.half_length == 10
    assert kernel.decay < KnabKernel.for_oversampling(1.2, 60).decay


def test_beyond_the_ends_there_is_nothing() -> None:
    kernel = KnabKernel.for_oversampling(1.2, 20)
    samples = np.ones(64, dtype=np.complex128)
    assert interpolate(samples, [-60.0, 200.0], kernel) == pytest.approx([0.0, 0.0])
