"""Which sections there are, what computes them, and what `--only` calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from testbed.errors import OptionError
from testbed.paper import (
    beyond_section,
    coverage_section,
    delay_section,
    doppler_section,
    hours_section,
    point_target_section,
    steering_section,
    track_section,
)
from testbed.paper.context import PaperContext
from testbed.paper.section import Section
from testbed.report.progress import Advance

Build = Callable[[PaperContext, Advance], Section]


@dataclass(frozen=True, slots=True)
class Part:
    """A section that can be asked for.

    Parameters
    ----------
    names : tuple of str
        What it is asked for by; the first is the key of its section.
    title : str
        What its bar says.
    build : callable
        Computes it.
    temporary_bytes : int
        What it needs at once in the folder for temporary files.
    """

    names: tuple[str, ...]
    title: str
    build: Build
    temporary_bytes: int = 0


PARTS = (
    Part(("table1",), "Table 1: angle of the track", track_section.build_table_1),
    Part(("figure1",), "Fig. 1: Doppler shift", doppler_section.build_figure_1),
    Part(("table2",), "Table 2: coverage of a beam", coverage_section.build_table_2),
    Part(("figure2",), "Fig. 2: latitudes of the strip", coverage_section.build_figure_2),
    Part(("figure3",), "Fig. 3: latitudes by incidence", coverage_section.build_figure_3),
    Part(("figure4",), "Fig. 4: hours of coverage", hours_section.build_figure_4),
    Part(("figure5",), "Fig. 5: distance", coverage_section.build_figure_5),
    Part(("table3",), "Table 3: smallest delay", delay_section.build_table_3),
    Part(
        ("table4", "figure6", "figure7"),
        "Table 4: point target",
        point_target_section.build_point_target,
        temporary_bytes=640 << 20,
    ),
    Part(("steering",), "Steering", steering_section.build_steering),
    Part(
        ("beyond",),
        "Beyond the paper",
        beyond_section.build_beyond,
        temporary_bytes=64 << 20,
    ),
)
"""All parts, in the order of the page."""


def chosen_parts(only: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts that `--only` names; all of them if it names none.

    Parameters
    ----------
    only : sequence of str
        Names, or several with commas between.

    Raises
    ------
    OptionError
        There is none of a name.
    """
    wanted = [name.strip() for text in only for name in text.split(",")]
    known = [name for part in PARTS for name in part.names]
    for name in wanted:
        if name not in known:
            raise OptionError("--only", name, "is none of the paper's", f"use {', '.join(known)}")
    if not wanted:
        return PARTS
    return tuple(part for part in PARTS if set(part.names) & set(wanted))
