"""One run of `moonecho paper` with coarse settings, for all tests that look at what it wrote."""

import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from testbed.paper.command import JSON_NAME, PAGE_NAME, reproduce
from testbed.paper.registry import chosen_parts
from testbed.paper.section import Section
from testbed.paper.settings import load_paper_settings

COARSE = """\
search_years: {first: 2008, last: 2008}
fineness:
  doppler_grid_deg: 15
  doppler_step_s: 21600
  hours_grid_deg: 10
  hours_step_s: 7200
  steering_step_s: 600
  nodal_step_days: 5
"""
"""Quick settings: only maps and series suffer. Table 3 holds best in 2008."""


@dataclass(frozen=True)
class Reproduction:
    """What a run has written, and what it said."""

    folder: Path
    said: str
    sections: tuple[Section, ...]

    @cached_property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / JSON_NAME).read_text("utf-8"))
        return document

    @property
    def page(self) -> str:
        return (self.folder / PAGE_NAME).read_text("utf-8")

    def rows(self, table: str, quantity: str) -> list[dict[str, Any]]:
        return [one for one in self.document["tables"][table] if one["quantity"] == quantity]

    def data(self, section: str) -> dict[str, Any]:
        data: dict[str, Any] = self.document["sections"][section]["data"]
        return data

    def drawn(self, figure: str) -> Figure:
        """Draw a figure once more, to look at its curves."""
        [found] = [one for each in self.sections for one in each.figures if one.key == figure]
        return found.draw()


def reproduced(folder: Path, settings: str, only: str) -> Reproduction:
    """Compute parts of the paper with the settings of a YAML text."""
    path = folder / "settings.yaml"
    path.write_text(settings)
    said = io.StringIO()
    out = folder / "out"
    console = Console(file=said, width=120)
    written = reproduce(load_paper_settings(path), chosen_parts([only]), out, console)
    return Reproduction(out, said.getvalue(), written.sections)
