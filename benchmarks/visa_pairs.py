"""What each generator and each digitizer cost the image, on the simulated bench.

Plays one experiment through every pair and compares its impulse response with that of the same
experiment through a loopback with ideal converters. Prints the tables of
docs/instruments/README.md.

    python -m benchmarks.visa_pairs [configs/instruments.yaml] [--all]
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drivers.errors import DriverError
from drivers.simulators.laboratory import Laboratory
from drivers.simulators.models import MODELS
from testbed.config import Configuration, load_configuration
from testbed.errors import ConfigError
from testbed.evaluation import evaluate
from testbed.experiment import record
from testbed.report.progress import RunProgress
from testbed.results import RunResult
from testbed.scenario import Scenario, build_scenario

IDEAL = {"device.driver": "loopback", "device.loopback.dac_bits": None,
         "device.loopback.adc_bits": None}  # fmt: skip

# What a table of all pairs plays: 96 windows, as few as resolve a point in azimuth.
SHORT = {"radar.aperture_s": 4.0, "radar.prf_hz": 24.0, "limits.peak.magnitude_error_db": 0.2}
MODES = ("record", "segments")

# Every generator and every digitizer once; those of one maker together where it goes.
PAIRS = (
    ("AWG5204", "MSO44"),
    ("AWG70002B", "MSO64B"),
    ("AWG5204", "MSO58"),
    ("M8190A", "DSO-X 3104T"),
    ("M8190A", "DSO-X 6004A"),
    ("M8195A", "DSOS204A"),
    ("N5182B", "DSO-X 6004A"),
    ("SMW200A", "RTO2044"),
    ("SMBV100B", "RTO2044"),
)


@dataclass(frozen=True)
class Outcome:
    """A run through one pair."""

    result: RunResult
    seconds: float

    @property
    def pslr_db(self) -> tuple[float, float]:
        """In range and in azimuth."""
        response = self.result.targets[0].response
        return response.range.pslr_db, response.azimuth.pslr_db


def changed(configuration: Configuration, changes: Mapping[str, Any]) -> Configuration:
    """Return a configuration with the values of some dotted keys replaced."""
    values = configuration.resolved()
    for key, value in changes.items():
        *sections, name = key.split(".")
        section = values
        for one in sections:
            section = section[one]
        section[name] = value
    return Configuration.from_resolved(values)


def play(scenario: Scenario, changes: Mapping[str, Any]) -> Outcome:
    """Record and judge a scenario with another device."""
    configuration = changed(scenario.configuration, changes)
    other = replace(scenario, configuration=configuration)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, RunProgress(show=False) as progress:
        recording = record(other, Path(folder), progress)
        result = evaluate(other, recording, progress, Path(folder))
    return Outcome(result, time.perf_counter() - began)


def play_pair(
    scenario: Scenario, generator: str, digitizer: str, capture: str | None = None
) -> Outcome:
    """Record and judge a scenario through a simulated pair, by default as its models like it."""
    with Laboratory(generator, digitizer) as laboratory:
        settings = laboratory.settings() | ({} if capture is None else {"capture": capture})
        keys = {f"device.visa.{key}": value for key, value in settings.items()}
        return play(scenario, {"device.driver": "visa", **keys})


def main() -> None:
    """Play through all pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", nargs="?", type=Path, default=Path("configs/instruments.yaml"))
    parser.add_argument("--all", action="store_true", help="every generator with every digitizer")
    options = parser.parse_args()
    configuration = load_configuration(options.config)
    if options.all:
        configuration = changed(configuration, SHORT)
    scenario = build_scenario(configuration)
    ideal = play(scenario, IDEAL).pslr_db
    print(f"Ideal converters: PSLR {ideal[0]:.3f} dB in range, {ideal[1]:.3f} dB in azimuth.\n")
    if options.all:
        for capture in MODES:
            print_matrix(scenario, ideal, capture)
        return
    print("| generator | digitizer | PSLR penalty, range | azimuth | peak | phase | verdict |")
    print("|---|---|---|---|---|---|---|")
    for generator, digitizer in PAIRS:
        print(row(scenario, ideal, generator, digitizer), flush=True)


def names_of(kind: str) -> list[str]:
    """Return the models that are simulated."""
    return [model.name for model in MODELS if model.kind == kind]


def print_matrix(scenario: Scenario, ideal: tuple[float, float], capture: str) -> None:
    """Print the penalties of every generator with every digitizer, 0.001 dB."""
    digitizers = names_of("digitizer")
    print(f"| {capture} | {' | '.join(digitizers)} |")
    print("|---" * (len(digitizers) + 1) + "|")
    for generator in names_of("generator"):
        print(f"| {generator} |", end="", flush=True)
        for digitizer in digitizers:
            print(f" {cell(scenario, ideal, generator, digitizer, capture)} |", end="", flush=True)
        print()
    print()


def cell(
    scenario: Scenario, ideal: tuple[float, float], generator: str, digitizer: str, capture: str
) -> str:
    """Return the penalties in range and in azimuth, and the verdict if it is no pass."""
    try:
        outcome = play_pair(scenario, generator, digitizer, capture)
    except (DriverError, ConfigError) as error:
        return str(error)
    pairs = zip(outcome.pslr_db, ideal, strict=True)
    penalties = " / ".join(f"{1e3 * (measured - best):+.0f}" for measured, best in pairs)
    verdict = outcome.result.verdict
    return penalties if verdict == "pass" else f"{penalties} {verdict}"


def row(scenario: Scenario, ideal: tuple[float, float], generator: str, digitizer: str) -> str:
    """Return one row of the table."""
    try:
        outcome = play_pair(scenario, generator, digitizer)
    except (DriverError, ConfigError) as error:
        return f"| {generator} | {digitizer} | {error} | | | | |"
    target = outcome.result.targets[0]
    penalty = [measured - best for measured, best in zip(outcome.pslr_db, ideal, strict=True)]
    return (
        f"| {generator} | {digitizer} | {penalty[0]:+.3f} dB | {penalty[1]:+.3f} dB "
        f"| {target.magnitude_error_db:+.3f} dB | {target.phase_error_deg:+.2f}° "
        f"| {outcome.result.verdict}, {outcome.seconds:.1f} s |"
    )


if __name__ == "__main__":
    main()
