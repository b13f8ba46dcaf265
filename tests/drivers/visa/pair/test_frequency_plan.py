import math
from dataclasses import replace
from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.visa.instrument import CaptureSetup, DigitizerLimits, GeneratorLimits
from drivers.visa.pair.frequency_plan import (
    FrequencyPlan,
    choose_plan,
    folded_images,
    require_captured,
    total_db,
)
from drivers.visa.pair.settings import VisaSettings

RATE_HZ = 96e6
AWG = GeneratorLimits(300.0, 5e9, 16, 1, 1 << 31, 1, 100, (1e6, 6e9))
SCOPE = DigitizerLimits(4, 1e3, 6.25e9, 62_500_000, 1000, 12, 1e9, 5.0)
ADDRESSES = {"generator": "TCPIP::a::INSTR", "digitizer": "TCPIP::b::INSTR"}
# DAC at 384 MHz, band 48 to 144 MHz, images 240 to 336, 432 to 528, 624 to 720, 816 to 912...
HOLDING = FrequencyPlan(96e6, 4, 96e6, 96e6, 390e6, holds_samples=True)


def plan(
    generator: GeneratorLimits = AWG, digitizer: DigitizerLimits = SCOPE, **values: Any
) -> FrequencyPlan:
    return choose_plan(VisaSettings(**{**ADDRESSES, **values}), RATE_HZ, generator, digitizer)


def require_fits(made: FrequencyPlan) -> None:
    """What any plan for the three must keep."""
    low, high = made.capture_hz - 0.625 * RATE_HZ, made.capture_hz + 0.625 * RATE_HZ
    assert made.capture_hz == 0.0 or low >= 0.0
    assert high <= 0.5 * made.digitizer_rate_hz
    assert (made.playback_hz or 0.0) + 0.5 * RATE_HZ <= 0.4 * made.generator_rate_hz


def test_chosen_for_real_samples() -> None:
    made = plan()
    require_fits(made)
    assert made.factor == 4
    assert made.playback_hz == made.capture_hz == RATE_HZ


def test_chosen_for_a_generator_that_is_always_fast() -> None:
    made = plan(replace(AWG, min_sample_rate_hz=16e9, max_sample_rate_hz=65e9))
    require_fits(made)
    assert made.factor == 167  # 16.032e9
    # Band, and its second and third harmonics: nothing meets.
    assert made.playback_hz is not None
    low, high = made.playback_hz - RATE_HZ / 2, made.playback_hz + RATE_HZ / 2
    assert 2.0 * low > high
    assert made.generator_rate_hz - 3.0 * high > high


def test_chosen_for_i_and_q() -> None:
    made = plan(signal="iq", output_channels=(1, 2), input_channels=(1, 2))
    require_fits(made)
    assert (made.factor, made.playback_hz, made.capture_hz) == (2, None, 0.0)


def test_chosen_for_a_modulator() -> None:
    made = plan(signal="modulated", frequency_hz=500e6, output_power_dbm=0.0)
    require_fits(made)
    assert (made.factor, made.playback_hz, made.capture_hz) == (2, None, 500e6)


def test_generator_follows_an_intermediate_frequency() -> None:
    made = plan(frequency_hz=400e6)
    require_fits(made)
    assert made.factor == 12  # (400 + 48) / 0.4 = 1120 MHz


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"generator_rate_hz": 400e6},
            "generator_rate_hz = 4e\\+08 is no whole multiple.*384000000",
        ),
        ({"generator_rate_hz": 9.6e9}, "generator_rate_hz = 9.6e\\+09 is outside"),
        ({"generator_rate_hz": 288e6}, "generator_rate_hz = 2.88e\\+08 does not hold a band"),
        ({"frequency_hz": 50e6}, "frequency_hz = 5e\\+07 lies too near zero.*at least 6e\\+07"),
        ({"frequency_hz": 990e6}, "frequency_hz = 9.9e\\+08 puts the band up to.*9.52e\\+08"),
        ({"digitizer_rate_hz": 300e6}, "digitizer_rate_hz = 3e\\+08 does not fit.*3.12e\\+08"),
        ({"digitizer_rate_hz": 1e10}, "digitizer_rate_hz = 1e\\+10 does not fit"),
        (
            {"signal": "modulated", "frequency_hz": 7e9, "output_power_dbm": 0.0},
            "frequency_hz = 7e\\+09 is outside the generator's; use 1e\\+06 to 6e\\+09",
        ),
    ],
)
def test_refused_by_key(values: dict[str, Any], message: str) -> None:
    with pytest.raises(DeviceSettingsError, match=message):
        plan(**values)


def test_refused_by_instruments() -> None:
    with pytest.raises(DeviceSettingsError, match=r"3.84e\+08 \(chosen\) is outside"):
        plan(replace(AWG, max_sample_rate_hz=300e6))
    with pytest.raises(DeviceSettingsError, match="has no modulator"):
        plan(
            replace(AWG, frequency_hz=None),
            signal="modulated",
            frequency_hz=1e9,
            output_power_dbm=0.0,
        )
    with pytest.raises(DeviceSettingsError, match=r"frequency_hz = 9.6e\+07 \(chosen\)"):
        plan(digitizer=replace(SCOPE, bandwidth_hz=100e6))
    with pytest.raises(DeviceSettingsError, match="lower frequency_hz or the windows' rate"):
        plan(digitizer=replace(SCOPE, max_sample_rate_hz=300e6))


def test_digitizer_that_sets_less_than_was_asked_for_is_refused() -> None:
    require_captured(plan(), CaptureSetup(312e6, 1000, 1, 0.5))
    with pytest.raises(DeviceSettingsError, match=r"became 2.5e\+08 Hz in the digitizer"):
        require_captured(plan(), CaptureSetup(250e6, 1000, 1, 0.5))


def test_hold_of_the_dac_costs_what_its_upper_edge_loses() -> None:
    assert plan().band_gain == 1.0
    made = plan(replace(AWG, holds_samples=True))
    # 144 of 384 MHz: sin(3 pi / 8) / (3 pi / 8).
    assert made.band_gain == pytest.approx(0.784213, abs=1e-6)


def test_plan_fits_json() -> None:
    told = plan().as_dict()
    assert told["interpolation"] == 4
    assert told["generator_rate_hz"] == 384e6


def centres(record_rate_hz: float, bandwidth_hz: float) -> set[float]:
    return {image.centre_hz for image in folded_images(HOLDING, record_rate_hz, bandwidth_hz)}


def test_images_that_fold_onto_the_band() -> None:
    # 390 - (240 to 336) is 54 to 150; 480 - 390 = 90.
    assert {288e6, 480e6} <= centres(390e6, 1e9)
    # 500 - (240 to 336) is 164 to 260, beyond the filter's edge at 156; 500 - (432 to 528) reaches
    # up to 68, 624 - 500 is 124, 1000 - 912 is 88.
    assert 288e6 not in centres(500e6, 1e9)
    assert {480e6, 672e6, 864e6} <= centres(500e6, 1e9)
    # A digitizer that samples as fast as its bandwidth wants folds nothing onto a band so low.
    assert centres(40e9, 1e9) == set()


def test_level_is_that_of_the_hold_and_of_the_bandwidth() -> None:
    image = next(one for one in folded_images(HOLDING, 500e6, 1e9) if one.centre_hz == 480e6)
    # Its edges are at 432 and 528 MHz; the upper one is the stronger. The band's weakest edge has
    # sin(0.375 pi) / (0.375 pi); a Gaussian is 3 dB down at the bandwidth.
    held = abs(math.sin(1.375 * math.pi)) / 1.375 / (math.sin(0.375 * math.pi) / 0.375)
    expected_db = 20.0 * math.log10(held) - 3.0103 * 0.528**2
    assert image.level_db == pytest.approx(expected_db, abs=1e-3)


def test_strongest_come_first_and_add_up() -> None:
    images = folded_images(HOLDING, 390e6, 2e9)
    levels = [image.level_db for image in images]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] <= total_db(images) <= levels[0] + 10.0 * math.log10(len(images))
    assert total_db(()) == pytest.approx(-200.0)


def test_dac_that_does_not_hold_has_none() -> None:
    assert folded_images(replace(HOLDING, holds_samples=False), 390e6, 1e9) == ()


def test_i_and_q_fold_about_zero() -> None:
    plan = FrequencyPlan(96e6, 2, None, 0.0, 150e6, holds_samples=True)
    # 192 - 150 is 42; 384 - 450 is -66.
    assert {192e6, 384e6} <= {one.centre_hz for one in folded_images(plan, 150e6, 1e9)}
