"""What fits, what does not, and whether what is proposed instead fits by itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.interface import Capabilities
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from testbed import cli
from testbed.config import Configuration, load_configuration
from testbed.plan.device_facts import DeviceFacts, common_spans, nearest_within, within
from testbed.plan.display import plan_data
from testbed.plan.host import HostFacts
from testbed.plan.planning import Plan, make_plan
from testbed.plan.scaled_file import changed_keys, write_scaled
from testbed.plan.scaling import UnscalableError, scale
from testbed.scenario import Scenario, build_scenario
from tests.testbed.experiments import changed


def facts(**changes: Any) -> DeviceFacts:
    """A device without limits, but for those that are given."""
    limits = {
        "min_sample_rate_hz": None,
        "max_sample_rate_hz": None,
        "dac_bits": 14,
        "adc_bits": 14,
        "max_window_samples": None,
        "max_total_samples": None,
        "window_granularity": 1,
        "timed": True,
        "radiates": False,
    }
    own = {name: changes.pop(name) for name in list(changes) if name in limits}
    return DeviceFacts("a device", Capabilities(**limits | own), **changes)


def status(plan: Plan) -> dict[str, str]:
    return {one.name: one.status for one in plan.findings}


def radio(configuration: Configuration, **changes: Any) -> Configuration:
    """The configuration on a radio that would transmit."""
    keys = {"driver": "soapy:driver=none_of_any_sort"}
    keys |= {f"soapy.{name}": value for name, value in changes.items()}
    return changed(configuration, {f"device.{name}": value for name, value in keys.items()})


# A radio of the class of a USRP B210.
B210: dict[str, Any] = {
    "sample_rates_hz": ((200e3, 61.44e6),),
    "frequencies_hz": ((50e6, 6e9),),
    "bandwidths_hz": ((200e3, 56e6),),
    "tx_gains_db": ((0.0, 89.75),),
    "formats": ("CS16", "CF32"),
    "software": False,
    "radiates": True,
}


def test_the_loopback_takes_everything(smoke: Configuration) -> None:
    plan = make_plan(smoke)
    assert plan.fits
    assert plan.proposal is None
    assert set(status(plan).values()) <= {"fits", "note"}
    # c / 2B of 80 MHz.
    assert plan.resolution.range_cell_m == pytest.approx(SPEED_OF_LIGHT_M_PER_S / 160e6, rel=1e-9)


def test_a_slower_radio_gets_a_narrower_chirp(smoke: Configuration) -> None:
    plan = make_plan(radio(smoke), device=facts(**B210))
    assert not plan.fits
    found = status(plan)
    assert found["sample rate"] == found["bandwidth of the filters"] == "does not fit"
    assert found["leave to transmit"] == found["attenuation"] == "to do"
    assert plan.proposal is not None
    scaled = plan.proposal.scaled.configuration
    assert scaled.receiver.sample_rate_hz == 61.44e6
    # 1.2 times oversampled, as before: 61.44 / 1.2 MHz.
    assert scaled.radar.bandwidth_hz == pytest.approx(51.2e6, rel=1e-3)
    assert scaled.radar.pulse_duration_s == smoke.radar.pulse_duration_s
    # The window is as long in time: 1024 samples at 96 MHz.
    assert scaled.receiver.window_samples == 656
    assert (scaled.radar.prf_hz, scaled.radar.aperture_s) == (600.0, 10.0)
    # Resolution goes with the bandwidth, by 80 / 51.2; that in azimuth stays.
    before, after = plan.resolution, plan.proposal.resolution
    assert after.range_cell_m / before.range_cell_m == pytest.approx(80 / 51.2, rel=1e-3)
    assert after.azimuth_cell_m == pytest.approx(before.azimuth_cell_m, rel=1e-3)


@pytest.mark.parametrize(
    ("memory", "prf", "aperture"),
    [
        # Doppler bandwidth 46.84 Hz over 10 s: the PRF may go down to 1.1 times that.
        (6000 * 1024, "as it is", "as it is"),
        (1 << 20, "lower", "as it is"),
        (1 << 18, "lower", "shorter"),
    ],
)
def test_less_memory_costs_prf_before_aperture(
    smoke: Configuration, memory: int, prf: str, aperture: str
) -> None:
    plan = make_plan(smoke, device=facts(max_total_samples=memory))
    if prf == "as it is":
        assert plan.fits
        return
    assert plan.proposal is not None
    scaled, after = plan.proposal.scaled.configuration, plan.proposal.resolution
    assert scaled.radar.prf_hz < 600.0
    assert (scaled.radar.aperture_s < 10.0) == (aperture == "shorter")
    assert scaled.radar.pulses * scaled.receiver.window_samples <= memory
    # Not below what range-Doppler processing needs, and not far above what there is room for.
    assert after.prf_hz >= 1.1 * after.doppler_bandwidth_hz
    assert after.replicas_s is None
    assert scaled.radar.pulses * scaled.receiver.window_samples > 0.9 * memory


def test_very_little_memory_costs_range_doppler(smoke: Configuration) -> None:
    # 42 cells at 4.68 Hz/s take 3.0 s and 14.0 Hz: at 1.1 times that, 46 pulses.
    plan = make_plan(smoke, device=facts(max_total_samples=43 * 1024))
    assert plan.proposal is not None
    assert plan.proposal.resolution.method == "deramp"
    assert any("de-ramping" in remark for remark in plan.proposal.scaled.remarks)


def test_replicas_stay_where_they_were_asked_for(repository: Path) -> None:
    paper = load_configuration(repository / "configs" / "paper_table4.yaml")
    plan = make_plan(paper, device=facts(max_total_samples=5000 * 1024))
    assert plan.proposal is not None
    assert plan.proposal.scaled.configuration.radar.prf_hz == 100.0
    # At half the aperture, and the same Doppler rate: PRF over rate, 100 Hz / 4.68 Hz/s.
    assert plan.proposal.resolution.replicas_s == pytest.approx(100 / 4.68, rel=1e-2)


def test_a_narrow_band_gets_a_longer_pulse(smoke: Configuration) -> None:
    plan = make_plan(smoke, device=facts(sample_rates_hz=((1e5, 4e6),)))
    assert plan.proposal is not None
    radar = plan.proposal.scaled.configuration.radar
    assert radar.bandwidth_hz is not None
    assert radar.pulse_duration_s is not None
    assert radar.bandwidth_hz * radar.pulse_duration_s >= 100.0 * (1 - 1e-3)


def test_windows_follow_the_granularity(smoke: Configuration) -> None:
    plan = make_plan(smoke, device=facts(window_granularity=96))
    assert status(plan)["window"] == "does not fit"
    assert plan.proposal is not None
    assert plan.proposal.scaled.changes["receiver.window_samples"] == 1056


@pytest.mark.parametrize(
    ("changes", "asked", "says"),
    [
        ({"full_duplex": False}, {}, "full duplex"),
        ({}, {"frequency_hz": 10e9}, "tuning"),
        ({}, {"tx_gain_db": 95.0}, "output gain"),
        ({"formats": ("CF32",)}, {}, "format"),
    ],
)
def test_what_no_smaller_experiment_changes(
    smoke: Configuration, changes: dict[str, Any], asked: dict[str, Any], says: str
) -> None:
    slow = changed(radio(smoke, **asked), {"receiver.sample_rate_hz": 96e6})
    plan = make_plan(slow, device=facts(**B210 | changes))
    assert status(plan)[says] == "does not fit"
    assert plan.proposal is None
    assert says in plan.obstacle


def test_a_radio_without_time_stamps_is_no_obstacle(smoke: Configuration) -> None:
    plan = make_plan(radio(smoke), device=facts(**B210 | {"timed": False}))
    assert status(plan)["time stamps"] == "note"
    # Without a gap: 4 bytes for each of 96 Msamples/s.
    link = next(one for one in plan.findings if one.name == "link to the radio")
    assert link.needed == "384 MB/s each way"


def test_levels_are_told_in_dbm(smoke: Configuration) -> None:
    wired = radio(
        smoke,
        transmit=True,
        attenuation_db=40.0,
        tx_power_dbm_at_full_scale=10.0,
        max_rx_power_dbm=-15.0,
    )
    plan = make_plan(wired, device=facts(**B210))
    levels = next(one for one in plan.findings if one.name == "levels")
    # +10 dBm at full scale, played at -3 dBFS, through 40 dB.
    assert levels.needed == "7 dBm out, -33 dBm in"
    assert "to do" not in status(plan).values()


def test_too_little_memory_is_said(smoke: Configuration) -> None:
    plan = make_plan(smoke, device=facts(max_total_samples=30 * 1024))
    assert plan.proposal is None
    assert "room for 30 pulses" in plan.obstacle


@pytest.fixture(scope="module")
def scenario(smoke: Configuration) -> Scenario:
    return build_scenario(smoke)


@given(
    rate_hz=st.floats(5e5, 2e8),
    granularity=st.sampled_from((1, 8, 96, 384)),
    memory=st.none() | st.integers(100_000, 10_000_000),
    echoes_per_s=st.floats(2e5, 1e8),
    disk=st.integers(10**6, 10**12),
)
def test_what_is_proposed_keeps_every_limit(
    scenario: Scenario,
    rate_hz: float,
    granularity: int,
    memory: int | None,
    echoes_per_s: float,
    disk: int,
) -> None:
    rates = ((1e5, float(round(rate_hz))),)
    device = facts(
        sample_rates_hz=rates,
        window_granularity=granularity,
        max_total_samples=memory,
        software=False,
        radiates=True,
    )
    host = HostFacts(10**10, disk, Path("runs"), echoes_per_s)
    try:
        scaled = scale(scenario, device, host).configuration
    except UnscalableError as error:
        assert "smaller experiment" in str(error) or "pulses" in str(error)
        return
    radar, receiver = scaled.radar, scaled.receiver
    assert within(receiver.sample_rate_hz, rates)
    assert radar.bandwidth_hz is not None
    assert receiver.sample_rate_hz >= 1.05 * radar.bandwidth_hz
    assert receiver.window_samples % granularity == 0
    samples = radar.pulses * receiver.window_samples
    assert samples <= (memory or samples)
    assert 8 * samples <= disk
    # Lowering a PRF that is too fast for this machine.
    assert radar.prf_hz * receiver.window_samples <= echoes_per_s


@pytest.mark.parametrize("rate_hz", [5e5, 20e6])
def test_what_is_proposed_fits(smoke: Configuration, rate_hz: float) -> None:
    device = facts(sample_rates_hz=((1e5, rate_hz),), window_granularity=16)
    plan = make_plan(smoke, device=device)
    assert plan.proposal is not None
    assert make_plan(plan.proposal.scaled.configuration, device=device).fits
    json.dumps(plan_data(plan), allow_nan=False)


def test_the_scaled_file_keeps_what_was_written(
    repository: Path, smoke: Configuration, tmp_path: Path
) -> None:
    device = facts(sample_rates_hz=((1e5, 48e6),), max_total_samples=1 << 20)
    proposal = make_plan(smoke, device=device).proposal
    assert proposal is not None
    path = tmp_path / "scaled.yaml"
    write_scaled(path, smoke, proposal.scaled.configuration, "a device")
    written = load_configuration(path)
    assert written == proposal.scaled.configuration
    assert make_plan(written, device=device).fits
    text, original = path.read_text(), (repository / "configs" / "smoke.yaml").read_text()
    kept = set(original.splitlines()) & set(text.splitlines())
    # All lines but one for each change.
    changes = changed_keys(smoke, written)
    assert len(set(original.splitlines()) - kept) == len(changes)
    assert "sample_rate_hz: 4.8e7               # was 96.0e6" in text


def test_a_file_in_another_style_is_written_anew(smoke: Configuration, tmp_path: Path) -> None:
    # All on one line: no line holds one key alone.
    path = tmp_path / "flow.yaml"
    path.write_text(json.dumps(smoke.resolved()))
    original = load_configuration(path)
    scaled = changed(original, {"radar.prf_hz": 100.0, "device.soapy.arguments": "driver=uhd"})
    new = tmp_path / "new.yaml"
    write_scaled(new, original, scaled, "a device")
    assert load_configuration(new) == scaled


def test_the_command_line(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    smoke = str(repository / "configs" / "smoke.yaml")
    assert cli.main(["plan", smoke]) == 0
    assert "FITS: smoke" in capsys.readouterr().out
    assert cli.main(["plan", smoke, "--json", "--out", str(tmp_path / "new")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fits"] is True
    assert not (tmp_path / "new").exists()
    assert cli.main(["plan", smoke, "--device", "soapy"]) == 2
    assert "names no radio" in capsys.readouterr().err
    existing = tmp_path / "there.yaml"
    existing.write_text("mine")
    assert cli.main(["plan", smoke, "--write", str(existing)]) == 0  # fits: nothing to write
    assert existing.read_text() == "mine"


def test_ranges() -> None:
    assert common_spans(((1, 5), (7, 9)), ((4, 8),)) == ((4, 5), (7, 8))
    assert common_spans((), ((4, 8),)) == ((4, 8),)
    assert within(3.0, ())
    assert within(5.0, ((1.0, 5.0),))
    assert not within(5.1, ((1.0, 5.0),))
    assert nearest_within(6.0, ((1.0, 5.0), (7.0, 9.0))) == 5.0
    assert nearest_within(0.5, ((1.0, 5.0), (7.0, 9.0))) == 1.0
