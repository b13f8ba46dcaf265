"""Against the published figures of continuous spectra, to the digits that are printed."""

import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.response.theory import azimuth_theory, range_theory
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER, Window, band_quadrature

TABLE = [
    # window, IRW, first null, PSLR, ISLR infinite, +-5 and +-10 cells, loss
    (Window("generalized-hamming"), 1.0005, 1.2247, -21.206, -15.934, -17.724, -16.748, -0.23),
    (Window("hamming"), 1.3030, 2.0000, -42.675, -34.358, -40.561, -36.786, -1.34),
    (Window("hann"), 1.4406, 2.0000, -31.467, -32.884, -32.922, -32.886, -1.76),
    (Window("kaiser", beta=2.5), 1.0417, 1.2780, -20.938, -18.434, -19.534, -18.952, -0.36),
    (Window("kaiser", beta=4.0), 1.1994, 1.6190, -29.940, -28.463, -29.676, -29.030, -0.96),
    (Window("taylor"), 1.1247, 1.5094, -30.307, -23.348, -26.436, -24.690, -0.69),
    (
        Window("taylor", nbar=5, sidelobe_db=35.0),
        *(1.1875, 1.6696, -35.220, -27.418, -31.424, -29.122, -0.93),
    ),
]


@pytest.mark.parametrize(
    ("window", "irw", "null", "pslr", "infinite", "five", "ten", "loss"),
    TABLE,
    ids=lambda value: value.name if isinstance(value, Window) else "",
)
def test_azimuth_theory_is_that_of_continuous_spectra(
    window: Window,
    irw: float,
    null: float,
    pslr: float,
    infinite: float,
    five: float,
    ten: float,
    loss: float,
) -> None:
    theory = azimuth_theory(window)
    assert theory.irw_cells == pytest.approx(irw, abs=6e-5)
    assert theory.null_right_cells == pytest.approx(null, abs=6e-5)
    assert theory.null_left_cells == pytest.approx(-null, abs=6e-5)
    assert theory.pslr_db == pytest.approx(pslr, abs=6e-4)
    assert theory.islr_by_name_db["null-to-null-inf"] == pytest.approx(infinite, abs=6e-4)
    assert theory.islr_by_name_db["null-to-null-5"] == pytest.approx(five, abs=6e-4)
    assert theory.islr_by_name_db["null-to-null-10"] == pytest.approx(ten, abs=6e-4)
    assert theory.islr_db == theory.islr_by_name_db["null-to-null-10"]
    assert "10 cells" in theory.islr_definition
    assert window.snr_loss_db == pytest.approx(loss, abs=5e-3)


def test_the_sine_cardinal_is_known_to_ten_digits() -> None:
    theory = azimuth_theory(NO_TAPER)
    assert theory.irw_cells == pytest.approx(0.885892941379, abs=1e-8)
    assert theory.irw_3db_cells == pytest.approx(0.884486779253, abs=1e-8)
    assert theory.pslr_db == pytest.approx(-13.2614588841, abs=1e-8)
    highest = max(theory.side_lobes, key=lambda lobe: (lobe.level_db, lobe.offset_cells))
    assert highest.offset_cells == pytest.approx(1.4302966531, abs=1e-5)
    published = {
        "null-to-null-inf": (-9.6804077814, 1e-8),
        "over-total-inf": (-10.1243800320, 1e-8),
        "null-to-null-5": (-10.694, 6e-4),
        "null-to-null-10": (-10.158, 6e-4),
        "null-to-null-20": (-9.913, 6e-4),
        "perseo": (-10.216, 6e-4),
        "isce3": (-10.113, 6e-4),
        "iso-2-inf": (-9.623, 6e-4),
        "iso-2.5-inf": (-9.715, 6e-4),
    }
    for name, (value, digits) in published.items():
        assert theory.islr_by_name_db[name] == pytest.approx(value, abs=digits), name


@pytest.mark.parametrize("product", [100.0, 400.0, 640.0, 8000.0])
def test_a_pulse_compresses_to_its_autocorrelation(product: float) -> None:
    waveform = LinearChirp(1e13, math.sqrt(product / 1e13))
    theory = range_theory(waveform)
    # Brute force: the overlap integral of the pulse with itself at the highest side lobe.
    u, weight = band_quadrature(int(product))
    offset = np.linspace(1.3, 1.6, 301)
    overlap = 1.0 - offset / product
    phase = 2.0 * np.pi * np.multiply.outer(offset * overlap, u)
    response = overlap * (np.cos(phase) @ weight)
    assert theory.pslr_db == pytest.approx(20 * np.log10(np.max(np.abs(response))), abs=2e-5)
    assert theory.pslr_db < azimuth_theory(NO_TAPER).pslr_db
    assert range_theory(LinearChirp(-1e13, waveform.duration_s)).pslr_db == theory.pslr_db


def test_the_taper_approaches_its_own_response_with_the_product() -> None:
    window = Window("hann")
    limit = azimuth_theory(window)
    differences = [
        abs(range_theory(LinearChirp(1e13, t), window).pslr_db - limit.pslr_db)
        for t in (4e-6, 16e-6)
    ]
    # The skirts' share of the band falls with the root of the product: by 4 here.
    assert differences[1] < 0.5 * differences[0]


def test_pulses_that_fill_the_aperture_make_its_response() -> None:
    pulses = 6000
    place = (np.arange(pulses) + 0.5) / pulses - 0.5
    for window in (NO_TAPER, Window("kaiser", beta=2.5)):
        full, theirs = azimuth_theory(window), azimuth_theory(window, place)
        assert theirs.pslr_db == pytest.approx(full.pslr_db, abs=1e-4)
        assert theirs.islr_db == pytest.approx(full.islr_db, abs=1e-4)
        assert theirs.irw_cells == pytest.approx(full.irw_cells, abs=1e-6)
        # Pulses repeat the response without end.
        assert math.isnan(theirs.islr_by_name_db["null-to-null-inf"])


def test_a_gap_has_the_response_of_two_apertures() -> None:
    # Without the middle fifth: sinc(x) - sinc(x / 5) / 5, over what is left.
    pulses = 10_000
    place = (np.arange(pulses) + 0.5) / pulses - 0.5
    theory = azimuth_theory(NO_TAPER, place, np.abs(place) > 0.1)
    x = np.linspace(0.0, 10.0, 20_001)
    expected = np.abs(np.sinc(x) - 0.2 * np.sinc(0.2 * x)) / 0.8
    # 10 000 pulses for an integral.
    assert 10.0 ** (theory.cut(x) / 20.0) == pytest.approx(expected, abs=1e-6)
    beyond = x > theory.null_right_cells
    assert theory.pslr_db == pytest.approx(20 * np.log10(expected[beyond].max()), abs=1e-3)
    assert theory.pslr_db > azimuth_theory(NO_TAPER).pslr_db + 2.0
    assert "8000 pulses" in theory.reference


def test_a_cut_is_zero_at_its_peak_and_finite_at_its_nulls() -> None:
    level = range_theory(LinearChirp(1e13, 8e-6)).cut([0.0, 1.0, -5.0])
    assert level[0] == 0.0
    assert np.all(np.isfinite(level))


@pytest.mark.parametrize(
    ("position", "weight", "problem"),
    [
        (None, [1.0], "without places"),
        ([0.0, 0.1], [1.0], "1 weights for 2 pulses"),
        ([0.0, 0.1], [0.0, 0.0], "sum 0"),
    ],
)
def test_pulses_that_make_no_aperture_are_refused(
    position: list[float] | None, weight: list[float], problem: str
) -> None:
    with pytest.raises(FocusingError, match=problem):
        azimuth_theory(NO_TAPER, position, weight)


def test_a_rate_must_hold_the_band() -> None:
    waveform = LinearChirp(1e13, 8e-6)
    with pytest.raises(FocusingError, match="does not hold"):
        range_theory(waveform, sample_rate_hz=60e6)
