import math

import pytest

from sim_core.errors import RadarEquationError
from sim_core.signal.link_budget import (
    LinkBudget,
    ground_cell_m2,
    noise_rms,
    system_temperature_k,
)

# A made-up radar on the Moon: 1 kW into 20 m by 4 m at 23 GHz, 3 dB of noise figure.
MOON = LinkBudget(
    transmit_power_w=1e3,
    transmit_gain=5.917e6,
    receive_gain=5.917e6,
    carrier_hz=23e9,
    distance_m=3.6e8,
    cross_section_m2=1e6,
    noise_bandwidth_hz=96e6,
    noise_temperature_k=579.6,
    system_loss_db=2.0,
    absorption_db=0.5,
)


@pytest.mark.parametrize(
    ("budget", "published_db"),
    [
        # The examples of MATLAB's radareqsnr; a pulse of tau has the noise bandwidth 1 / tau.
        (LinkBudget(1e6, 1e2, 1e2, 1e9, 50e3, 1.0, 5e6, 290.0), 5.5868),
        (LinkBudget(1e6, 1e4, 1e4, 10e9, 100e3, 0.5, 1e6, 300.0, 3.0), 14.3778),
        # Its bistatic one: 50 km out, 75 km back, so their geometric mean.
        (LinkBudget(1e6, 1e4, 1e2, 10e9, math.sqrt(50e3 * 75e3), 1.0, 1e6, 290.0), 9.0547),
    ],
)
def test_published_examples(budget: LinkBudget, published_db: float) -> None:
    # Printed to 5e-5 dB.
    assert budget.snr_db == pytest.approx(published_db, abs=1e-4)


def test_published_example_of_an_image() -> None:
    # MATLAB's radareqsarsnr: gains of range and azimuth processing of 29.8 and 42.7 dB beyond a
    # rectangular pulse of 0.05 us; its antenna gain is 20 dB, its temperature 290 K.
    budget = LinkBudget(5e3, 1e2, 1e2, 5.3e9, 50e3, 1.0, 20e6, 290.0)
    image_db = budget.image_snr_db(10.0**2.98 / 20e6, 10**4) + 2.7
    assert image_db == pytest.approx(34.5704, abs=1e-4)


def test_budget_by_hand() -> None:
    # 30 + 2 * 67.72 - 37.70 + 60 - 32.98 - 342.25 - 2.5 dB: 5.4e-20 W, against kTB = 7.7e-13 W.
    assert MOON.noise_power_w == pytest.approx(1.380649e-23 * 579.6 * 96e6)
    received_w = 1e3 * 5.917e6**2 * MOON.wavelength_m**2 * 1e6 / (4 * math.pi) ** 3 / 3.6e8**4
    assert MOON.received_power_w == pytest.approx(received_w / 10**0.25, rel=1e-12)
    assert MOON.snr_db == pytest.approx(10 * math.log10(received_w / 7.682e-13) - 2.5, abs=1e-3)


def test_terms_add_up() -> None:
    assert sum(term.db for term in MOON.terms()) == pytest.approx(MOON.snr_db)
    terms = MOON.image_terms(8e-6, 60_000, 1.0, 0.5)
    # 768 samples and 60 000 pulses, less the windows.
    gain_db = 10 * math.log10(768 * 60_000) - 1.5
    assert sum(term.db for term in terms) == pytest.approx(MOON.snr_db + gain_db)
    assert [term.name for term in terms[: len(MOON.terms())]] == [t.name for t in MOON.terms()]


def test_compression_does_not_depend_on_the_receivers_band() -> None:
    # Energy against noise density: P T / k T_s.
    wide = LinkBudget(1e3, 1e4, 1e4, 10e9, 1e5, 1.0, 200e6, 500.0)
    narrow = LinkBudget(1e3, 1e4, 1e4, 10e9, 1e5, 1.0, 20e6, 500.0)
    assert wide.image_snr_db(1e-5, 100) == pytest.approx(narrow.image_snr_db(1e-5, 100))


def test_noise_equivalent_sigma_zero() -> None:
    image_db = MOON.image_snr_db(8e-6, 60_000)
    cell_m2 = ground_cell_m2(80e6, math.radians(30.0), 5.0)
    # c / 2B = 1.874 m, twice that on the ground.
    assert cell_m2 == pytest.approx(2.0 * 299792458.0 / 160e6 * 5.0)
    nesz_db = MOON.noise_equivalent_sigma_zero_db(image_db, cell_m2)
    ground = LinkBudget(
        1e3, 5.917e6, 5.917e6, 23e9, 3.6e8, cell_m2 * 10 ** (nesz_db / 10), 96e6, 579.6, 2.0, 0.5
    )
    assert ground.image_snr_db(8e-6, 60_000) == pytest.approx(0.0, abs=1e-9)


def test_stated_ratio() -> None:
    assert MOON.with_snr_db(-12.5).snr_db == pytest.approx(-12.5)
    # 20 dB is a factor of ten in amplitude.
    assert noise_rms(20.0, 0.7) == pytest.approx(0.07)


def test_system_temperature() -> None:
    # MATLAB's systemp(5, 300) is 948.6833 K: antenna and reference at 300 K; here that is 290 K.
    assert system_temperature_k(290.0, 5.0) * 300.0 / 290.0 == pytest.approx(948.6833, abs=1e-4)
    assert system_temperature_k(150.0, 0.0) == 150.0


@pytest.mark.parametrize("name", ["transmit_power_w", "distance_m", "noise_temperature_k"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_refuses_what_no_radar_has(name: str, value: float) -> None:
    values = {
        "transmit_power_w": 1.0,
        "transmit_gain": 1.0,
        "receive_gain": 1.0,
        "carrier_hz": 1.0,
        "distance_m": 1.0,
        "cross_section_m2": 1.0,
        "noise_bandwidth_hz": 1.0,
        "noise_temperature_k": 1.0,
    }
    with pytest.raises(RadarEquationError, match=name):
        LinkBudget(**{**values, name: value})


def test_refuses_losses_that_gain() -> None:
    with pytest.raises(RadarEquationError, match="absorption_db"):
        LinkBudget(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, absorption_db=-1.0)
    with pytest.raises(RadarEquationError, match="noise figure"):
        system_temperature_k(290.0, -1.0)
    with pytest.raises(RadarEquationError, match="pulses"):
        MOON.image_terms(8e-6, 0)
    with pytest.raises(RadarEquationError, match="incidence_rad"):
        ground_cell_m2(80e6, 0.0, 5.0)
