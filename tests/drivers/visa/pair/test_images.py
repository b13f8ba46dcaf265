import math
from dataclasses import replace

import pytest

from drivers.visa.pair.frequency_plan import FrequencyPlan
from drivers.visa.pair.images import folded_images, total_db

# DAC at 384 MHz, band 48 to 144 MHz, images 240 to 336, 432 to 528, 624 to 720, 816 to 912...
PLAN = FrequencyPlan(96e6, 4, 96e6, 96e6, 390e6, holds_samples=True)


def centres(record_rate_hz: float, bandwidth_hz: float) -> set[float]:
    return {image.centre_hz for image in folded_images(PLAN, record_rate_hz, bandwidth_hz)}


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
    image = next(one for one in folded_images(PLAN, 500e6, 1e9) if one.centre_hz == 480e6)
    # Its edges are at 432 and 528 MHz; the upper one is the stronger. The band's weakest edge has
    # sin(0.375 pi) / (0.375 pi); a Gaussian is 3 dB down at the bandwidth.
    held = abs(math.sin(1.375 * math.pi)) / 1.375 / (math.sin(0.375 * math.pi) / 0.375)
    expected_db = 20.0 * math.log10(held) - 3.0103 * 0.528**2
    assert image.level_db == pytest.approx(expected_db, abs=1e-3)


def test_strongest_come_first_and_add_up() -> None:
    images = folded_images(PLAN, 390e6, 2e9)
    levels = [image.level_db for image in images]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] <= total_db(images) <= levels[0] + 10.0 * math.log10(len(images))
    assert total_db(()) == pytest.approx(-200.0)


def test_dac_that_does_not_hold_has_none() -> None:
    assert folded_images(replace(PLAN, holds_samples=False), 390e6, 1e9) == ()


def test_i_and_q_fold_about_zero() -> None:
    plan = FrequencyPlan(96e6, 2, None, 0.0, 150e6, holds_samples=True)
    # 192 - 150 is 42; 384 - 450 is -66.
    assert {192e6, 384e6} <= {one.centre_hz for one in folded_images(plan, 150e6, 1e9)}
