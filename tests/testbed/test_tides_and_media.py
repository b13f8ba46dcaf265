"""Tide, air and electrons, from the configuration and the command line to the delays and images."""

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from sim_core.focusing.focus import focus
from sim_core.focusing.response.impulse_response import measure
from testbed.config import Configuration
from testbed.delay_table import COLUMNS, DelayTable, write_delay_table
from testbed.errors import ConfigError, MoonechoError, OptionError
from testbed.image_formation import focus_settings
from testbed.options import DelayRequest, read_delay_request
from testbed.recording import Recording
from testbed.scenario import Scenario, build_scenario
from tests.testbed.experiments import changed, run

EVERYTHING: Mapping[str, Any] = {
    "geometry.relativity": "full",
    "tides.sub_daily_rotation": True,
    "tides.solid_earth": True,
    "media.troposphere.model": "standard",
    # Ten times a busy day: group and phase are then 0.16 range cells apart, three times the limit
    # of the verdict.
    "media.ionosphere.vertical_tec_tecu": 200.0,
}


@pytest.fixture(scope="module")
def plain(smoke: Configuration) -> Scenario:
    return build_scenario(smoke)


@pytest.fixture(scope="module")
def complete(smoke: Configuration) -> Scenario:
    return build_scenario(changed(smoke, EVERYTHING))


def test_nothing_is_on_by_default(smoke: Configuration, plain: Scenario) -> None:
    assert not plain.geometry.effects.any
    assert plain.envelope_lag_s == 0.0
    assert plain.targets[0].absorption_db == 0.0
    # The first two terms are what the light time is; all others are shown, and left out.
    included = [term.name for term in plain.budget() if term.included]
    assert included == ["light time", "motion during the light time"]


def test_the_delay_is_the_sum_of_the_budget(plain: Scenario, complete: Scenario) -> None:
    assert all(term.included for term in complete.budget())
    sizes_s = {term.name: term.size_s for term in complete.budget()}
    # What the lunar clock counts, tau (1 + rate), is among them; the phase is early by the
    # ionosphere.
    added_s = sum(sizes_s.values()) - sizes_s["light time"]
    added_s -= sizes_s["motion during the light time"] + 2.0 * sizes_s["ionosphere, group"]
    found_s = float(complete.reference.delay_s(0.0)) - float(plain.reference.delay_s(0.0))
    # The two scenes' aim points are of one look angle, but the Earth under it has turned by the
    # sub-daily terms: the same place on the Earth within centimetres. Delays rounded at 4e-16 s.
    assert found_s == pytest.approx(added_s, abs=2e-11)
    assert complete.envelope_lag_s == pytest.approx(2.0 * sizes_s["ionosphere, group"], rel=1e-9)


def test_a_run_with_everything_on_passes(smoke: Configuration, tmp_path: Path) -> None:
    result = run(changed(smoke, EVERYTHING), tmp_path / "run").result
    assert result.verdict == "pass"
    target = result.targets[0]
    # As without: the same tide, air and electrons are in the echo and in the reference.
    assert abs(target.range_error_cells) < 1e-3
    assert abs(target.azimuth_error_cells) < 1e-2
    assert abs(target.phase_error_deg) < 0.1


def test_envelope_and_phase_part_in_the_ionosphere(smoke: Configuration, tmp_path: Path) -> None:
    electrons = changed(smoke, {"media.ionosphere.vertical_tec_tecu": 200.0})
    result = run(electrons, tmp_path / "run").result
    scenario = build_scenario(electrons)
    assert scenario.envelope_lag_s == pytest.approx(4 * 200 * 2.5417e-12, rel=0.03)
    # Focused as if there were no electrons, the echo is late by the lag; its phase is not.
    recording = Recording.open(tmp_path / "run" / "recording.sigmf-meta")
    image = focus(
        recording,
        recording.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        scenario.reference,
        replace(focus_settings(scenario), chain_delay_s=0.0),
    )
    late = measure(image, 0.0, 0.0)
    assert late.peak_range_s == pytest.approx(scenario.envelope_lag_s, abs=1e-3 / 80e6)
    right = result.targets[0].response
    assert right.peak_range_s == pytest.approx(0.0, abs=1e-3 / 80e6)
    turned = math.remainder(late.peak_phase_rad - right.peak_phase_rad, math.tau)
    assert abs(math.degrees(turned)) < 0.1


def test_air_absorbs_what_the_recommendation_says(smoke: Configuration) -> None:
    clear, humid = (
        build_scenario(changed(smoke, {"media.troposphere.model": model}))
        for model in ("none", "standard")
    )
    # 0.5 dB straight up at 23 GHz (ITU-R P.676), both ways, in amplitude; the Moon is at 77 deg.
    ratio = abs(humid.signal.targets[0].amplitude / clear.signal.targets[0].amplitude)
    assert 20.0 * math.log10(ratio) == pytest.approx(-2 * 0.4965 / math.sin(1.29), rel=0.05)


def weather(pressure: object, temperature: object, humidity: object) -> dict[str, object]:
    return {
        "media.troposphere.model": "weather",
        "media.troposphere.pressure_hpa": pressure,
        "media.troposphere.temperature_k": temperature,
        "media.troposphere.humidity_percent": humidity,
    }


def test_measured_weather_is_taken(smoke: Configuration) -> None:
    dry, humid = (
        build_scenario(changed(smoke, weather(1000.0, 290.0, humidity)))
        for humidity in (0.0, 100.0)
    )
    added_s = float(humid.reference.delay_s(0.0) - dry.reference.delay_s(0.0))
    # Some 10 to 20 cm of wet delay, two ways.
    assert 0.5e-9 < added_s < 1.7e-9
    assert humid.targets[0].absorption_db > 2.0 * dry.targets[0].absorption_db


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (weather(-5.0, 290.0, 50.0), "media.troposphere.pressure_hpa"),
        (weather(1000.0, 15.0, 50.0), "media.troposphere.temperature_k"),
        (weather(1000.0, 290.0, 101.0), "media.troposphere.humidity_percent"),
        (weather(1000.0, 290.0, math.nan), "media.troposphere.humidity_percent"),
        (weather(None, 290.0, 50.0), "media.troposphere.pressure_hpa"),
        ({"media.troposphere.pressure_hpa": 1000.0}, "media.troposphere.pressure_hpa"),
        ({"media.troposphere.model": "wet"}, "media.troposphere.model"),
        ({"media.ionosphere.vertical_tec_tecu": -1.0}, "media.ionosphere.vertical_tec_tecu"),
        ({"media.ionosphere.vertical_tec_tecu": math.nan}, "media.ionosphere.vertical_tec_tecu"),
        ({"media.ionosphere.shell_height_m": 450.0}, "media.ionosphere.shell_height_m"),
        ({"tides.solid_earth": "yes"}, "tides.solid_earth"),
        ({"tides.sub_daily_rotation": 1}, "tides.sub_daily_rotation"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(
    smoke: Configuration, changes: Mapping[str, Any], key: str
) -> None:
    with pytest.raises(MoonechoError) as refusal:
        changed(smoke, changes)
    assert isinstance(refusal.value, ConfigError)
    assert refusal.value.key == key
    assert refusal.value.remedy
    if key.startswith("tides"):
        assert "true, false" in refusal.value.remedy


def test_a_low_moon_is_refused_where_there_is_air(smoke: Configuration) -> None:
    values = smoke.resolved()
    # 92 deg east of the point below the Moon, on the edge of what sees it.
    values["geometry"]["aim"] = {
        "ground": {"latitude_deg": 9.0, "longitude_deg": 77.0, "height_m": 0.0}
    }
    # The Doppler rate is small there: 40 azimuth cells take 21.5 s.
    values["radar"]["aperture_s"] = 30.0
    low = Configuration.from_resolved(values)
    build_scenario(low)
    with pytest.raises(ConfigError, match="mapping functions") as refusal:
        build_scenario(changed(low, {"media.troposphere.model": "standard"}))
    assert refusal.value.key == "media.troposphere.model"
    assert "3 deg" in refusal.value.remedy


def test_a_band_that_the_electrons_spread_is_refused(smoke: Configuration) -> None:
    wide = changed(smoke, {"radar.carrier_hz": 1e9, "media.ionosphere.vertical_tec_tecu": 50.0})
    with pytest.raises(ConfigError, match="spread a band") as refusal:
        build_scenario(wide)
    assert refusal.value.key == "media.ionosphere.vertical_tec_tecu"


def request(**options: Any) -> DelayRequest:
    given = {
        "site": "0,0", "target": "9,-15", "start": "2001-02-09T01:49:49", "duration": "20",
        "step": "5", "kernel": "de421", "relativity": "none", "carrier_hz": "2.3e10", "out": None,
    }  # fmt: skip
    return read_delay_request(**(given | options))


def columns(**options: Any) -> dict[str, np.ndarray]:
    table = DelayTable(request(**options))
    table.rows_not_visible()
    return dict(zip(COLUMNS, table.columns(table.transmit_s()), strict=True))


def test_the_table_has_what_is_switched_on() -> None:
    plain = columns()
    budget = {term.name: term for term in DelayTable(request()).budget()}
    names = {
        ("tides", "rotation"): ["sub-daily Earth rotation"],
        ("tides", "solid-earth"): ["solid Earth tide"],
        ("tides", "full"): ["sub-daily Earth rotation", "solid Earth tide"],
        ("troposphere", "standard"): ["troposphere, hydrostatic", "troposphere, wet"],
        ("tec", "20"): ["ionosphere, group"],
    }
    for (option, value), terms in names.items():
        found = columns(**{option: value})
        added_s = found["delay_s"] - plain["delay_s"]
        expected_s = sum(budget[name].size_s for name in terms)
        # The middle row, where the budget is taken; delays are rounded at 4e-16 s.
        assert added_s[2] == pytest.approx(expected_s, abs=3e-15), option
        both_s = found["downlink_s"] + found["uplink_s"]
        assert both_s == pytest.approx(found["delay_s"], abs=5e-16)


def test_rates_of_the_table_are_those_of_its_delays() -> None:
    options = {"tides": "full", "troposphere": "standard", "tec": "100", "relativity": "full"}
    plain, found = columns(), columns(**options)
    # From row to row: delays are rounded at 4e-16 s, which 5 s make 1e-16 of a rate.
    added_s = found["delay_s"] - plain["delay_s"]
    slope = np.diff(added_s) / 5.0
    rate = found["delay_rate"] - plain["delay_rate"]
    assert 0.5 * (rate[1:] + rate[:-1]) == pytest.approx(slope, abs=5e-16)


def test_doppler_is_the_carriers_and_delay_the_envelopes() -> None:
    plain, found = columns(), columns(tec="100")
    added = found["delay_rate"] - plain["delay_rate"]
    shift_hz = found["doppler_hz"] - plain["doppler_hz"]
    # The envelope comes later by as much as the phase comes earlier.
    assert shift_hz == pytest.approx(2.3e10 * added, rel=1e-3, abs=1e-9)


def test_the_budget_tells_at_the_terminal_what_is_assumed() -> None:
    printed = io.StringIO()
    write_delay_table(request(out=None), console=Console(file=printed, width=200))
    text = printed.getvalue()
    assert "shown for 20 TECU" in text
    assert "shown for the standard atmosphere" in text


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("troposphere", "humid", "no weather"),
        ("troposphere", "1000,290", "no weather"),
        ("troposphere", "-1000,290,50", "pressure"),
        ("troposphere", "1000,15,50", "temperature"),
        ("troposphere", "1000,290,150", "humidity"),
        ("troposphere", "1000,290,nan", "humidity"),
        ("troposphere", "1000,290,x", "not a number"),
        ("tec", "-1", "out of range"),
        ("tec", "nan", "out of range"),
        ("tec", "10 TECU", "plain number"),
    ],
)
def test_wrong_options_are_refused(option: str, value: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        request(**{option: value})


def test_a_table_with_rows_below_the_models_limit_is_refused_before_it_is_written() -> None:
    # The Moon sets in this table.
    table = DelayTable(request(target="9,50", duration="14400", step="600", troposphere="standard"))
    with pytest.raises(OptionError, match="mapping functions"):
        table.rows_not_visible()
