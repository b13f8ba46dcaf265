"""The main job through every generator and every digitizer on the simulated bench."""

import pytest

from benchmarks.visa_pairs import IDEAL, Outcome, play, play_pair
from drivers.simulators.laboratory import Laboratory
from drivers.simulators.models import MODELS
from testbed.config import Configuration
from testbed.scenario import Scenario, build_scenario

# Every family once: Tektronix, Keysight, Rohde & Schwarz.
PAIRS = [
    ("AWG5204", "MSO44"),
    ("AWG70002B", "MSO64B"),
    ("M8190A", "DSO-X 3104T"),
    ("M8195A", "DSOS204A"),
    ("N5182B", "DSO-X 6004A"),
    ("AWG5204", "DSO-X 6004A"),
    ("SMW200A", "RTO2044"),
]
# Noise and codes of 8 bits lie 50 dB below full scale, and compression takes them 48 dB further
# down: 1e-5 of the peak, 4e-4 dB of a side lobe at -13.3 dB. What is left is the tilt of an
# analogue bandwidth over the band, 0.1 dB at most between its ends, and the trigger's jitter.
PENALTY_DB = 0.03
# 3 dB (f/B)^2 of a Gaussian: 168 MHz of 1 GHz are 0.085 dB.
LOSS_DB = 0.1


@pytest.fixture(scope="module")
def scenario(instruments: Configuration) -> Scenario:
    return build_scenario(instruments)


@pytest.fixture(scope="module")
def ideal(scenario: Scenario) -> Outcome:
    return play(scenario, IDEAL)


def test_the_pairs_are_all_families() -> None:
    families = {model.place for model in MODELS}
    played = {name for pair in PAIRS for name in pair}
    assert {model.place for model in MODELS if model.name in played} == families


@pytest.mark.parametrize(("generator", "digitizer"), PAIRS)
def test_the_verdict_is_that_of_the_loopback(
    scenario: Scenario, ideal: Outcome, generator: str, digitizer: str
) -> None:
    outcome = play_pair(scenario, generator, digitizer)
    assert outcome.result.verdict == ideal.result.verdict == "pass"
    assert outcome.result.events == {}
    penalties = [one - best for one, best in zip(outcome.pslr_db, ideal.pslr_db, strict=True)]
    assert max(map(abs, penalties)) < PENALTY_DB
    peak, best = (one.result.targets[0] for one in (outcome, ideal))
    assert abs(peak.magnitude_error_db - best.magnitude_error_db) < LOSS_DB
    # The position of the trigger between samples is right to a few ps of jitter, 0.5 degrees of
    # 168 MHz.
    assert abs(peak.phase_error_deg - best.phase_error_deg) < 1.0


def test_without_the_common_reference_the_image_is_elsewhere(
    scenario: Scenario, ideal: Outcome
) -> None:
    """Forgetting the 10 MHz cable: 3 ppm of 1.1 ms are 3 ns, 0.3 cycles or more of what is played,
    and so many cells in azimuth."""
    with Laboratory(clock_error_ppm=3.0) as laboratory:
        settings = {"clock_reference": "internal", **laboratory.settings()}
        keys = {f"device.visa.{key}": value for key, value in settings.items()}
        outcome = play(scenario, {"device.driver": "visa", **keys})
    assert outcome.result.verdict == "fail"
    failed = {check.name for check in outcome.result.checks if not check.passed}
    assert "peak.azimuth_error_cells" in failed
