import numpy as np
import pytest
import scipy.fft

from sim_core.focusing.range_compression.columns import align_and_crop
from sim_core.focusing.range_doppler.azimuth_compression import _turn_columns


@pytest.mark.parametrize("gates", [15, 16])
def test_phase_polynomials_are_applied_by_differences(gates: int) -> None:
    generator = np.random.default_rng(0)
    spectra = (
        generator.standard_normal((gates, 5)) + 1j * generator.standard_normal((gates, 5))
    ).astype(np.complex64)
    polynomial = generator.uniform(-1.0, 1.0, (3, 5)) * np.array([[1.0], [1e-2], [1e-4]])
    factor = np.exp(1j * np.arange(5)).astype(np.complex64)
    image = np.empty((7, 5), dtype=np.complex64)
    align_and_crop(spectra, image, slice(0, 5), 4, polynomial, factor)
    k = scipy.fft.fftfreq(gates, 1.0 / gates)[:, None]
    cycles = ((polynomial[2] * k + polynomial[1]) * k + polynomial[0]) * k
    ranges = scipy.fft.ifft(spectra * np.exp(2j * np.pi * cycles), axis=0) * factor
    wanted = ranges[(4 + np.arange(7)) % gates]
    assert image == pytest.approx(wanted, abs=1e-6)


def test_columns_are_turned_by_the_square_of_the_doppler_frequency() -> None:
    """Phasors in segments against the exact phase of a change that bends as those of images do."""
    squared_hz2 = np.linspace(-350.0, 350.0, 29) ** 2
    columns = np.arange(700.0)
    # 0.016 rad a column at the edge of the band, and a tenth of the change over a scene bends.
    cycles = 2.1e-8 * (columns + columns**2 / 14000.0)
    image = np.ones((columns.size, squared_hz2.size), dtype=np.complex64)
    _turn_columns(image, squared_hz2, cycles)
    wanted = np.exp(2j * np.pi * np.multiply.outer(cycles, squared_hz2))
    # Chords over 32 columns leave 3.5e-10 cycles times 1.2e5 Hz^2.
    assert np.max(np.abs(image - wanted)) < 3e-4
