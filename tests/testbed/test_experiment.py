"""The whole chain on real input: the bars the project sets itself, and what follows a change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from testbed.config import Configuration, load_configuration
from testbed.experiment import focus_recording
from testbed.history_file import load_delay_histories
from testbed.recording import Recording
from testbed.results import RunResult
from testbed.scenario import build_scenario
from tests.testbed.experiments import Run, changed, quiet, run

# Theory for an unweighted response. Range: closed form of the chirp's autocorrelation at a
# time-bandwidth product of 640; azimuth and the rest: sinc. ISLR null to null, +-10 cells.
RANGE_PSLR_DB, AZIMUTH_PSLR_DB = -13.27, -13.26
IRW_CELLS = 0.885892941
ISLR_DB = -10.158

PSLR_TOLERANCE_DB = 0.05
IRW_TOLERANCE = 0.005
ISLR_TOLERANCE_DB = 0.1
PEAK_TOLERANCE_CELLS = 0.05
PHASE_TOLERANCE_DEG = 2.0


@pytest.fixture(scope="module")
def quantised_run(point_target: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(point_target, tmp_path_factory.mktemp("quantised") / "run")


@pytest.fixture(scope="module")
def ideal_run(point_target: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Run:
    ideal = changed(
        point_target, {"device.loopback.dac_bits": None, "device.loopback.adc_bits": None}
    )
    return run(ideal, tmp_path_factory.mktemp("ideal") / "run")


@pytest.fixture(scope="module")
def paper_run(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    configuration = load_configuration(repository / "configs" / "paper_table4.yaml")
    return run(configuration, tmp_path_factory.mktemp("paper") / "run")


def assert_reaches_theory(result: RunResult) -> None:
    target = result.targets[0]
    across, along = target.response.range, target.response.azimuth
    assert across.pslr_db == pytest.approx(RANGE_PSLR_DB, abs=PSLR_TOLERANCE_DB)
    assert along.pslr_db == pytest.approx(AZIMUTH_PSLR_DB, abs=PSLR_TOLERANCE_DB)
    for axis in (across, along):
        assert axis.irw_cells == pytest.approx(IRW_CELLS, rel=IRW_TOLERANCE)
        assert axis.islr_db == pytest.approx(ISLR_DB, abs=ISLR_TOLERANCE_DB)
        assert "null to null" in axis.islr_definition
    assert abs(target.range_error_cells) < PEAK_TOLERANCE_CELLS
    assert abs(target.azimuth_error_cells) < PEAK_TOLERANCE_CELLS
    assert abs(target.phase_error_deg) < PHASE_TOLERANCE_DEG
    assert result.verdict == "pass"


def test_ideal_loopback_reaches_theory(ideal_run: Run) -> None:
    assert_reaches_theory(ideal_run.result)
    assert Recording.open(ideal_run.folder).capture_format == "cf32_le"


def test_converters_cost_less_than_a_tenth_of_a_decibel(quantised_run: Run, ideal_run: Run) -> None:
    real, ideal = (run.result.targets[0].response for run in (quantised_run, ideal_run))
    assert real.range.pslr_db == pytest.approx(ideal.range.pslr_db, abs=0.1)
    assert real.azimuth.pslr_db == pytest.approx(ideal.azimuth.pslr_db, abs=0.1)
    # They are there: what they add to a pulse is 12 bits' rounding, 20 log10(2^-12) = -72 dB and a
    # little; without them, single precision.
    assert -80.0 < quantised_run.report["loop"]["residual_db"] < -65.0
    assert ideal_run.report["loop"]["residual_db"] < -120.0
    assert Recording.open(quantised_run.folder).capture_format == "ci16_le"


def test_paper_table4_is_named_undersampled_and_still_focuses(paper_run: Run) -> None:
    assert_reaches_theory(paper_run.result)
    assert paper_run.result.image.method == "deramp"
    sampling = paper_run.report["sampling"]
    assert sampling["undersampled"] is True
    assert sampling["prf_hz"] == 100.0
    # The paper's digest: 468 Hz of Doppler over the aperture, replicas every PRF/rate = 21 s.
    assert sampling["doppler_bandwidth_hz"] == pytest.approx(468.0, abs=1.0)
    assert sampling["ambiguity_spacing_s"] == pytest.approx(21.4, abs=0.1)


def test_geometry_is_that_of_the_paper(paper_run: Run) -> None:
    geometry = paper_run.report["geometry"]
    # Table 3 prints 2.3356 s; our epoch was chosen for the distance that it implies.
    assert geometry["delay_min_s"] == pytest.approx(2.3356, abs=1e-4)
    # Rigorous steering: nearest when the bounce, not the transmission, is at time zero.
    assert geometry["delay_min_transmit_s"] == pytest.approx(-0.5 * 2.3357, abs=0.01)
    assert {term["name"] for term in geometry["delay_budget"]} >= {
        "light time",
        "Shapiro, Sun",
        "proper time of the lunar clock",
    }


def test_run_writes_everything_and_nothing_unfinished(smoke_run: Run) -> None:
    names = {path.name for path in smoke_run.folder.iterdir()}
    assert names == {
        "report.json",
        "report.html",
        "figures",
        "recording.sigmf-meta",
        "recording.sigmf-data",
        "geometry.nc",
        "image.nc",
    }
    assert not list(smoke_run.folder.rglob("*.part"))


def test_report_json_has_the_keys_that_programs_rely_on(smoke_run: Run) -> None:
    report = smoke_run.report
    assert report["verdict"] == "pass"
    assert isinstance(report["reasons"], list)
    for axis in ("range", "azimuth"):
        response = report["impulse_response"][axis]
        keys = {"pslr_db", "pslr_left_db", "pslr_right_db", "islr_db", "islr_definition"}
        assert keys | {"irw_cells", "irw_m", "theory"} <= set(response)
    assert {"range_error_cells", "azimuth_error_cells", "phase_error_deg", "snr_db"} <= set(
        report["peak"]
    )
    assert {"delay_min_s", "delay_min_transmit_s", "doppler_rate_hz_per_s", "delay_budget"} <= set(
        report["geometry"]
    )
    assert {"geometry", "record", "focus", "measure", "save", "report"} <= set(report["timing_s"])
    assert {"versions", "configuration_sha256", "kernels", "eop_span"} <= set(report["provenance"])


def test_saved_geometry_and_image_read_back(smoke_run: Run) -> None:
    with xarray.open_dataset(smoke_run.folder / "geometry.nc") as geometry:
        low_s = float(geometry.delay_s.min())
        # Sampled at 2001 instants of 10 s: the minimum is flat to 1e-13 s there.
        assert low_s == pytest.approx(smoke_run.result.delay_min_s, abs=1e-12)
    with xarray.open_dataset(smoke_run.folder / "image.nc") as image:
        power = image.image_real**2 + image.image_imag**2
        peak = power.argmax(...)
        assert abs(float(image.azimuth_s[peak["azimuth_s"]])) <= 0.5 / 46.0
        assert abs(float(image.range_s[peak["range_s"]])) <= 0.5 / 80e6


def test_saved_geometry_loads_as_the_histories_themselves(smoke_run: Run) -> None:
    path = smoke_run.folder / "geometry.nc"
    histories = load_delay_histories(path)
    assert list(histories)[:2] == ["scene reference point", "target 1"]
    with xarray.open_dataset(path) as geometry:
        for number in range(geometry.sizes["target"]):
            history = histories[f"target {number + 1}"]
            found_s = history.delay_s(geometry.transmit_s.values)
            np.testing.assert_array_equal(found_s, geometry.delay_s.values[number])
            assert history.error_s == float(geometry.delay_error_s[number])


def test_the_same_seed_gives_the_same_samples_and_another_does_not(
    smoke: Configuration, tmp_path: Path
) -> None:
    noisy = changed(smoke, {"device.loopback.noise_dbfs": -40.0})
    data = [
        (run(one, tmp_path / str(number)).folder / "recording.sigmf-data").read_bytes()
        for number, one in enumerate((noisy, noisy, changed(noisy, {"seed": 2})))
    ]
    assert data[0] == data[1]
    assert data[0] != data[2]


def test_signal_to_noise_ratio_is_that_of_a_matched_filter(
    smoke: Configuration, tmp_path: Path
) -> None:
    # Noise 20 dB above the distant side lobes of the target itself.
    noise_dbfs = -10.0
    noisy = changed(
        smoke,
        {
            "device.loopback.dac_bits": None,
            "device.loopback.adc_bits": None,
            "device.loopback.noise_dbfs": noise_dbfs,
            "focusing.method": "deramp",
        },
    )
    matched = run(noisy, tmp_path / "run").result
    # Amplitude 10^(-3/20) at every sample of every pulse, added in phase; noise in power.
    expected_db = -3.0 - noise_dbfs + 10.0 * np.log10(768 * matched.schedule.pulses)
    # The background is the median power of a finite image, good to 0.2 dB.
    assert matched.targets[0].response.snr_db == pytest.approx(expected_db, abs=0.3)
    other = focus_recording(
        tmp_path / "run", method="range-doppler", out_dir=tmp_path / "other", console=quiet()
    )
    assert other.targets[0].response.snr_db == pytest.approx(expected_db, abs=0.3)


def test_too_much_noise_is_inconclusive_and_not_a_pass(
    smoke: Configuration, tmp_path: Path
) -> None:
    drowned = changed(smoke, {"device.level_dbfs": -90.0, "device.loopback.noise_dbfs": -20.0})
    assert run(drowned, tmp_path / "run").result.verdict == "inconclusive"


def test_clipping_is_an_event_and_fails_or_warns(smoke: Configuration, tmp_path: Path) -> None:
    clipped = run(changed(smoke, {"device.loopback.gain_db": 12.0}), tmp_path / "run")
    assert clipped.report["events"]["clipped_adc"] == clipped.result.schedule.pulses
    assert "the ADC clipped in 6000 of 6000 pulses" in clipped.result.reasons[-1]


@pytest.mark.parametrize("delay_s", [5 / 96e6, 5.4 / 96e6], ids=["whole ticks", "fraction"])
def test_delay_of_the_chain_moves_the_peak_and_calibration_moves_it_back(
    smoke: Configuration, tmp_path: Path, delay_s: float
) -> None:
    delayed = changed(smoke, {"device.loopback.delay_s": delay_s})
    moved = run(delayed, tmp_path / "moved").result.targets[0]
    assert moved.range_error_cells == pytest.approx(delay_s * 80e6, abs=PEAK_TOLERANCE_CELLS)
    calibrated = changed(delayed, {"calibration.delay_s": delay_s})
    assert_reaches_theory_but_short(run(calibrated, tmp_path / "calibrated").result)


def test_a_forgotten_calibration_is_told_with_the_delay_that_is_missing(
    smoke: Configuration, tmp_path: Path
) -> None:
    # 26.7 cells: only side lobes reach into the window in which the target is looked for.
    forgotten = run(changed(smoke, {"device.loopback.delay_s": 333.3e-9}), tmp_path / "run")
    assert forgotten.result.verdict == "inconclusive"
    assert "26.7 cells (333.3 ns) later in range" in forgotten.result.reasons[0]
    assert "calibration.delay_s" in forgotten.result.reasons[0]
    assert forgotten.report["peak"]["range_error_cells"] is None
    assert all(check["measured"] is None for check in forgotten.report["checks"])


def test_noise_above_the_pulse_leaves_the_loop_unmeasured(
    smoke: Configuration, tmp_path: Path
) -> None:
    noisy = changed(
        smoke,
        {
            "device.level_dbfs": -30.0,
            "device.loopback.noise_dbfs": -10.0,
            "focusing.method": "deramp",
        },
    )
    report = run(noisy, tmp_path / "run").report
    # Six thousand pulses still lift the target out of the noise.
    assert report["verdict"] in ("pass", "fail")
    for key in ("gain_db", "phase_deg", "delay_s", "residual_db"):
        assert report["loop"][key] is None


def assert_reaches_theory_but_short(result: RunResult) -> None:
    """Bars of position and phase; a smoke run's aperture is too short for the azimuth's."""
    target = result.targets[0]
    assert abs(target.range_error_cells) < PEAK_TOLERANCE_CELLS
    assert abs(target.azimuth_error_cells) < PEAK_TOLERANCE_CELLS
    assert abs(target.phase_error_deg) < PHASE_TOLERANCE_DEG


def test_several_targets_are_found_where_they_are_predicted(
    smoke: Configuration, tmp_path: Path
) -> None:
    targets = [
        {"east_m": 0.0, "north_m": 0.0, "amplitude": 1.0},
        {"east_m": 600.0, "north_m": 0.0, "amplitude": 1.0, "phase_deg": 70.0},
        {"east_m": -900.0, "north_m": 150.0, "amplitude": 0.5, "phase_deg": -30.0},
    ]
    found = run(changed(smoke, {"scene.targets": targets}), tmp_path / "run").result.targets
    for target in found:
        assert abs(target.range_error_cells) < PEAK_TOLERANCE_CELLS
        assert abs(target.azimuth_error_cells) < PEAK_TOLERANCE_CELLS
        assert abs(target.phase_error_deg) < PHASE_TOLERANCE_DEG
    magnitudes = [target.response.peak_magnitude for target in found]
    # Far side lobes of one in the peak of another: below 1 % at these distances.
    assert magnitudes[2] / magnitudes[0] == pytest.approx(0.5, rel=0.01)


def test_a_target_by_coordinates_far_from_zero_doppler(
    smoke: Configuration, tmp_path: Path
) -> None:
    ground = {"latitude_deg": 5.0, "longitude_deg": -60.0}
    aimed = changed(smoke, {"geometry.aim": {"ground": ground}})
    result = run(aimed, tmp_path / "run").result
    assert abs(result.sampling.doppler_centroid_hz) > 30e3
    assert_reaches_theory_but_short(result)
    assert result.targets[0].response.range.pslr_db == pytest.approx(-13.27, abs=0.05)


def test_focus_of_the_recording_gives_the_same_image(smoke_run: Run, tmp_path: Path) -> None:
    again = focus_recording(
        smoke_run.folder, method=None, out_dir=tmp_path / "again", console=quiet()
    )
    np.testing.assert_array_equal(again.image.samples, smoke_run.result.image.samples)
    assert again.verdict == smoke_run.result.verdict


def test_both_methods_agree_on_one_recording(smoke_run: Run, tmp_path: Path) -> None:
    other = focus_recording(
        smoke_run.folder, method="deramp", out_dir=tmp_path / "deramp", console=quiet()
    )
    assert other.image.method == "deramp"
    ours, theirs = smoke_run.result.targets[0].response, other.targets[0].response
    assert theirs.range.pslr_db == pytest.approx(ours.range.pslr_db, abs=0.05)
    assert theirs.azimuth.pslr_db == pytest.approx(ours.azimuth.pslr_db, abs=0.05)
    assert theirs.peak_phase_rad == pytest.approx(ours.peak_phase_rad, abs=np.radians(2.0))


def test_full_relativity_focuses_as_well(smoke: Configuration, tmp_path: Path) -> None:
    relativistic = run(changed(smoke, {"geometry.relativity": "full"}), tmp_path / "run")
    assert relativistic.result.verdict == "pass"
    # The sum of the Shapiro delays, 47 ns here, is the largest of what is added.
    terms = {term["name"]: term for term in relativistic.report["geometry"]["delay_budget"]}
    relativity = [name for name in terms if name.startswith(("Shapiro", "station", "proper"))]
    assert len(relativity) == 5
    assert all(terms[name]["included"] for name in relativity)


def test_gain_of_the_chain_is_judged_unless_it_is_calibrated(
    smoke: Configuration, tmp_path: Path
) -> None:
    quiet_chain = changed(smoke, {"device.loopback.gain_db": -6.0})
    weak = run(quiet_chain, tmp_path / "weak").result
    assert weak.verdict == "fail"
    # 12 bits round a quarter of full scale by 1e-4 of it; edges between samples take 0.01 dB.
    assert weak.targets[0].magnitude_error_db == pytest.approx(-6.0, abs=0.02)
    known = run(changed(quiet_chain, {"calibration.gain_db": -6.0}), tmp_path / "known").result
    assert known.verdict == "pass"


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({}, "range-doppler"),
        # 1.05 times the Doppler bandwidth of 468 Hz: too little to measure a range-Doppler image.
        ({"radar.prf_hz": 490.0}, "deramp"),
        # 12 km east: its Doppler band leaves that of a PRF of 600 Hz.
        ({"scene.targets": [{"east_m": 12e3}], "receiver.window_samples": 2048}, "deramp"),
    ],
    ids=["as it is", "PRF to spare", "target off the band"],
)
def test_auto_takes_the_method_that_holds_all_targets(
    point_target: Configuration, changes: dict[str, Any], method: str
) -> None:
    assert build_scenario(changed(point_target, changes)).method == method


@pytest.mark.parametrize("method", ["range-doppler", "back-projection"])
def test_a_target_above_the_ground_is_where_it_is_predicted(
    smoke: Configuration, tmp_path: Path, method: str
) -> None:
    tower = changed(
        smoke,
        {
            "scene.targets": [{"east_m": 500.0, "north_m": -300.0, "up_m": 300.0}],
            "receiver.window_samples": 1664,
            "focusing.method": method,
        },
    )
    # Over 10 s a height of 300 m leaves 0.05 rad to range-Doppler, and nothing to back-projection.
    result = run(tower, tmp_path / "run").result
    assert result.verdict == "pass"
    assert abs(result.targets[0].azimuth_error_cells) < 0.01
    assert abs(result.targets[0].phase_error_deg) < 0.5
