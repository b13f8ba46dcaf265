"""Against the published figures of continuous spectra, to the digits that are printed."""

import numpy as np
import pytest

from sim_core.focusing.theory import (
    azimuth_theory,
    chirp_power,
    point_response,
    range_theory,
)
from sim_core.focusing.window import NO_TAPER, Window, band_quadrature
from sim_core.signal.waveform import LinearChirp

TABLE = [
    # window, IRW, PSLR, ISLR null to null out to +-10 cells
    (NO_TAPER, 0.8859, -13.261, -10.158),
    (Window("generalized-hamming", alpha=0.75), 1.0005, -21.206, -16.748),
    (Window("hamming"), 1.3030, -42.675, -36.786),
    (Window("hann"), 1.4406, -31.467, -32.886),
    (Window("kaiser", beta=2.5), 1.0417, -20.938, -18.952),
    (Window("kaiser", beta=4.0), 1.1994, -29.940, -29.030),
    (Window("taylor", nbar=4, sidelobe_db=30.0), 1.1247, -30.307, -24.690),
    (Window("taylor", nbar=5, sidelobe_db=35.0), 1.1875, -35.220, -29.122),
]


@pytest.mark.parametrize(("window", "irw", "pslr", "islr"), TABLE)
def test_azimuth_theory_is_that_of_continuous_spectra(
    window: Window, irw: float, pslr: float, islr: float
) -> None:
    theory = azimuth_theory(window)
    assert theory.irw_cells == pytest.approx(irw, abs=6e-5)
    assert theory.pslr_db == pytest.approx(pslr, abs=6e-4)
    assert theory.islr_db == pytest.approx(islr, abs=6e-4)
    assert "10 cells" in theory.islr_definition


def test_the_sine_cardinal_is_known_to_ten_digits() -> None:
    theory = azimuth_theory(NO_TAPER)
    assert theory.irw_cells == pytest.approx(0.885892941379, abs=1e-8)
    assert theory.pslr_db == pytest.approx(-13.2614588841, abs=1e-8)


@pytest.mark.parametrize("product", [100.0, 640.0, 8000.0])
def test_a_pulse_compresses_to_its_autocorrelation(product: float) -> None:
    waveform = LinearChirp(1e13, float(np.sqrt(product / 1e13)))
    theory = range_theory(waveform, NO_TAPER)
    # Brute force: the overlap integral of the pulse with itself at the highest side lobe.
    u, weight = band_quadrature(int(product))
    offset = np.linspace(1.3, 1.6, 301)
    overlap = 1.0 - offset / product
    phase = 2.0 * np.pi * np.multiply.outer(offset * overlap, u)
    response = overlap * (np.cos(phase) @ weight)
    assert theory.pslr_db == pytest.approx(20 * np.log10(np.max(np.abs(response))), abs=2e-5)
    assert theory.pslr_db < azimuth_theory(NO_TAPER).pslr_db
    assert range_theory(LinearChirp(-1e13, waveform.duration_s), NO_TAPER) == theory


def test_the_tapered_pulse_keeps_the_skirts_of_its_spectrum() -> None:
    # The Fourier transform of the closed-form autocorrelation is the power spectrum.
    product = 640.0
    position = np.array([0.0, 0.2, 0.45, 0.5])
    x = np.linspace(-product, product, 2_560_001)
    autocorrelation = point_response(x, NO_TAPER, product)
    expected = [np.trapezoid(autocorrelation * np.cos(2 * np.pi * u * x), x) for u in position]
    assert chirp_power(position, product) == pytest.approx(expected, abs=1e-5)


def test_the_taper_approaches_its_own_response_with_the_product() -> None:
    window = Window("hann")
    limit = azimuth_theory(window)
    differences = [
        abs(range_theory(LinearChirp(1e13, t), window).pslr_db - limit.pslr_db)
        for t in (4e-6, 16e-6)
    ]
    # The skirts' share of the band falls with the root of the product: by 4 here.
    assert differences[1] < 0.5 * differences[0]


def test_a_cut_is_zero_at_its_peak_and_finite_at_its_nulls() -> None:
    level = range_theory(LinearChirp(1e13, 8e-6), NO_TAPER).cut([0.0, 1.0, -5.0])
    assert level[0] == 0.0
    assert np.all(np.isfinite(level))
