import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BarycentricInterpolator

from sim_core.focusing.interpolation import (
    KnabKernel,
    interpolate,
    piecewise_cubic_weights,
)


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


@pytest.mark.parametrize(
    ("oversampling", "rms_db", "largest_db"),
    # What docs/algorithms/back-projection.md says, for a flat band.
    [(3, -81.6, -63.0), (4, -91.6, -73.0), (6, -105.6, -87.0)],
)
def test_piecewise_cubics_are_as_good_as_stated(
    oversampling: int, rms_db: float, largest_db: float
) -> None:
    weight = piecewise_cubic_weights(oversampling)
    fraction = np.linspace(0.0, 1.0, 101)
    angle = np.pi / oversampling * np.linspace(-1.0, 1.0, 401)
    kernel = (fraction[:, None] ** np.arange(4)) @ weight
    made = kernel @ np.exp(1j * np.multiply.outer(np.arange(8) - 3, angle))
    error = np.abs(made - np.exp(1j * np.multiply.outer(fraction, angle)))
    assert 20.0 * np.log10(np.sqrt(np.mean(error**2))) == pytest.approx(rms_db, abs=0.2)
    assert 20.0 * np.log10(np.max(error)) == pytest.approx(largest_db, abs=0.5)


def test_piecewise_cubics_beat_those_of_lagrange_by_far() -> None:
    """The cubic through four samples, at the same rate: 37 dB worse."""
    weight = piecewise_cubic_weights(4)
    fraction = np.linspace(0.0, 1.0, 33)
    angle = np.pi / 4.0 * np.linspace(-1.0, 1.0, 65)
    exact = np.exp(1j * np.multiply.outer(fraction, angle))

    def rms(kernel: np.ndarray, first: int) -> float:
        place = first + np.arange(kernel.shape[1])
        made = kernel @ np.exp(1j * np.multiply.outer(place, angle))
        return float(np.sqrt(np.mean(np.abs(made - exact) ** 2)))

    # scipy's Lagrange polynomials through the samples -1, 0, 1, 2.
    lagrange = np.stack(
        [BarycentricInterpolator([-1, 0, 1, 2], row)(fraction) for row in np.eye(4)]
    )
    powers = fraction[:, None] ** np.arange(4)
    assert rms(powers @ weight, -3) < 0.02 * rms(lagrange.T, -1)
