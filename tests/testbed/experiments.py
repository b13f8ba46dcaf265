"""Experiments as tests run them: a configuration with some keys replaced, through the chain."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from testbed.config import Configuration
from testbed.experiment import run_experiment
from testbed.results import RunResult


def quiet() -> Console:
    return Console(file=io.StringIO())


@dataclass(frozen=True)
class Run:
    folder: Path
    result: RunResult

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return document


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


def run(configuration: Configuration, folder: Path, *, resume: bool = False) -> Run:
    result = run_experiment(configuration, out_dir=folder, resume=resume, console=quiet())
    return Run(folder, result)
