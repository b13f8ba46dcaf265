"""Write the report of a run into its folder: figures, page, and last the machine-readable part.

``report.json`` comes last, so a program that finds it finds everything that it names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.atomic_file import write_atomically
from testbed.errors import OutputError
from testbed.report.document import build_document, to_json
from testbed.report.loop_comparison import LoopComparison, compare_pulses
from testbed.report.page import build_page
from testbed.report.page_frame import PageFigure, PagePanel
from testbed.report.quantities import hertz, number, seconds
from testbed.report.target_figures import targets_csv
from testbed.report.wording import has_scatterers, minimum_place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim_core.focusing.image import Image
    from testbed.report.figure_style import PanelBox
    from testbed.results import RunResult

FIGURES_FOLDER = "figures"
CSV_NAME = "targets.csv"
JSON_NAME = "report.json"
PAGE_NAME = "report.html"
STAGE = "report"
"""Key in `RunResult.timing_s` of the time that this module takes."""


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """Where the report of a run lies.

    Attributes
    ----------
    json : Path
        The machine-readable report.
    page : Path
        The page for people.
    figures : tuple of Path
        The figures of the page as PNG files.
    """

    json: Path
    page: Path
    figures: tuple[Path, ...]


def write_report(
    result: RunResult,
    folder: Path,
    files: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> WrittenReport:
    """Write ``report.json``, ``report.html``, ``figures/*.png``, of several targets a table.

    Parameters
    ----------
    result : RunResult
        What the run found. Its ``timing_s`` gets the key `STAGE` if it has none: the time from
        this call to the writing of the page.
    folder : Path
        The folder of the run; it must exist.
    files : Mapping of str to str, optional
        Other files of the run by what they are, as names relative to the folder.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    WrittenReport

    Raises
    ------
    OutputError
        If a file cannot be written. None is left half-written under its final name.
    """
    from testbed.report.figure_style import to_pngs

    started_s = time.perf_counter()
    advance = progress or (lambda done, total: None)
    schedule = result.schedule
    loop = compare_pulses(
        result.played_pulse, result.recorded_pulse, schedule.sample_rate_hz, schedule.pulses // 2
    )
    drawings = _drawings(result, loop)
    steps = len(drawings) + 1
    figure_folder = folder / FIGURES_FOLDER
    _make_folder(figure_folder)

    figures: list[PageFigure] = []
    paths: list[Path] = []
    for number_done, (key, drawing) in enumerate(drawings.items()):
        advance(number_done, steps)
        whole, parts = to_pngs(drawing.draw(), drawing.panels)
        panels = tuple(
            PagePanel(png, box.right - box.left)
            for png, box in zip(parts, drawing.panels, strict=True)
        )
        figures.append(PageFigure(key, panels, drawing.alt, drawing.caption))
        paths.append(figure_folder / f"{key}.png")
        write_atomically(paths[-1], whole)
    advance(len(drawings), steps)

    named = dict(files or {})
    named |= {"report": JSON_NAME, "page": PAGE_NAME}
    named |= {f"figure_{figure.key}": f"{FIGURES_FOLDER}/{figure.key}.png" for figure in figures}
    if len(result.targets) > 1:
        named["targets"] = CSV_NAME
        write_atomically(folder / CSV_NAME, targets_csv(result.targets).encode("utf-8"))
    if STAGE not in result.timing_s:
        timing_s = {**result.timing_s, STAGE: time.perf_counter() - started_s}
        result = replace(result, timing_s=timing_s)
    document = build_document(result, loop, named)
    written = WrittenReport(folder / JSON_NAME, folder / PAGE_NAME, tuple(paths))
    write_atomically(written.page, build_page(result, document, loop, figures).encode("utf-8"))
    write_atomically(written.json, to_json(document).encode("utf-8"))
    advance(steps, steps)
    return written


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            folder,
            f"the folder cannot be made: {error.strerror or error}",
            "name another output folder with --out",
        ) from error


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A figure to be: what draws it, its panels, its text for who cannot see it, its caption."""

    draw: Callable[[], Figure]
    panels: Sequence[PanelBox]
    alt: str
    caption: str


def _drawings(result: RunResult, loop: LoopComparison) -> dict[str, _Drawing]:
    """List the figures by key."""
    # matplotlib takes half a second to load: only a run that gets this far waits for it.
    from testbed.report.curve_figures import draw_cuts, draw_history, draw_pulse
    from testbed.report.figure_style import HALVES, QUARTERS
    from testbed.report.image_figure import IMAGE_PANELS, draw_image
    from testbed.report.map_figures import GROUND_PANELS, draw_ground, draw_targets, ground_note

    first = result.targets[0] if result.targets else None
    name = "the middle of the scene" if first is None else first.name
    sampling = result.sampling
    left = loop.problem or f"what is left after the fit, {number(loop.residual_db, 1, 'dB')}"
    others = ", the other targets by smaller rings" if len(result.targets) > 1 else ""
    drawings = {
        "image": _Drawing(
            lambda: draw_image(result.image, first, result.targets[1:]),
            IMAGE_PANELS,
            f"Focused image: the surroundings of {name} within 8 cells, and the whole image with "
            "that part marked.",
            f"Around the target: {name}, interpolated, in dB below its peak; the cross is where "
            "it is predicted. Whole image: each pixel the largest of its block, with the "
            f"surroundings of the target circled{others}. {_whole_band_sentence(result.image)}",
        ),
        "history": _Drawing(
            lambda: draw_history(
                result.history, result.delay_min_s, result.delay_min_transmit_s, sampling
            ),
            HALVES,
            f"Two-way delay over the aperture, smallest "
            f"{minimum_place(result.delay_min_transmit_s, result.history)}, with "
            f"{seconds(result.delay_min_s, 7)}; "
            f"Doppler frequency over the aperture, {hertz(sampling.doppler_bandwidth_hz)} wide.",
            "Against transmit time on the radar's clock; zero is the moment of steering and the "
            "middle of the aperture.",
        ),
        "pulse": _Drawing(
            lambda: draw_pulse(
                result.played_pulse,
                result.recorded_pulse,
                loop,
                result.schedule.sample_rate_hz,
                result.image.range_bandwidth_hz,
            ),
            QUARTERS,
            f"Pulse {loop.pulse} as played and recorded: envelope, real part, spectrum, and "
            f"{left}.",
            f"Played (dashed) and recorded (solid) receive window of pulse {loop.pulse}. "
            + (
                f"Nothing is fitted: {loop.problem}."
                if loop.problem
                else "The difference is what gain, phase and delay do not explain."
            ),
        ),
    }
    if first is not None:
        response = first.response
        drawings["cuts"] = _Drawing(
            lambda: draw_cuts(first),
            HALVES,
            f"Cuts through {first.name} against theory. Range: PSLR "
            f"{number(response.range.pslr_db, 2, 'dB')}, theory "
            f"{number(first.range_theory.pslr_db, 2, 'dB')}. Azimuth: PSLR "
            f"{number(response.azimuth.pslr_db, 2, 'dB')}, theory "
            f"{number(first.azimuth_theory.pslr_db, 2, 'dB')}.",
            "Interpolated cuts through the peak, 0 dB at the peak; the dotted line is the "
            "highest side lobe.",
        )
    if len(result.targets) > 1:
        drawings["targets"] = _Drawing(
            lambda: draw_targets(result.targets),
            HALVES,
            f"Map of {len(result.targets)} targets, coloured by how far their PSLR is off theory, "
            "in range and in azimuth.",
            "East and north of the scene's reference point. The worst is ringed; a cross is a "
            "target that could not be measured.",
        )
    ground = result.ground
    if ground is not None:
        distributed = has_scatterers(result.configuration)
        drawings["ground"] = _Drawing(
            lambda: draw_ground(ground, result.targets, distributed),
            GROUND_PANELS,
            f"Image on the ground, {ground.grid.columns} x {ground.grid.rows} pixels, east to the "
            "right and north up.",
            f"East and north of the scene's reference point; {ground.grid.columns} x "
            f"{ground.grid.rows} pixels of {ground.grid.east_step_m:g} m x "
            f"{ground.grid.north_step_m:g} m on the {ground.grid.surface}. "
            f"{ground_note(result.targets, distributed)}",
        )
    return drawings


def _whole_band_sentence(image: Image) -> str:
    last_range_s = image.range_start_s + (image.samples.shape[1] - 1) * image.range_step_s
    last_azimuth_s = image.azimuth_start_s + (image.samples.shape[0] - 1) * image.azimuth_step_s
    lowest_s, highest_s = image.full_range_s
    # A line within a sample of the edge cannot be told from the edge.
    everywhere = (
        lowest_s <= image.range_start_s + image.range_step_s
        and highest_s >= last_range_s - image.range_step_s
        and image.full_azimuth_s
        >= max(-image.azimuth_start_s, last_azimuth_s) - image.azimuth_step_s
    )
    where = "Everywhere in it" if everywhere else "Within the dotted lines"
    band = f"{where} the whole Doppler band and the whole pulse of a target were recorded"
    if image.method != "range-doppler" or image.references is not None:
        return f"{band}."
    return (
        f"{band}; far from the reference point targets are defocused all the same, because one "
        "azimuth reference serves the whole image."
    )
