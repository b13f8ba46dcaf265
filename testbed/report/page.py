"""report.html: one file that a person reads, the verdict first, nothing fetched from anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from testbed.report.markup import Markup, flatten, table, tag
from testbed.report.page_frame import (
    PageFigure,
    complete_page,
    figure_markup,
    navigation,
    section,
)
from testbed.report.page_tables import (
    budget_table,
    islr_table,
    link_table,
    metrics_table,
    peak_table,
    shape_table,
)
from testbed.report.quantities import hertz, measured, number, seconds
from testbed.report.target_tables import summary_table, targets_table
from testbed.report.wording import (
    VERDICT_WORDS,
    check_label,
    event_label,
    image_sentences,
    mark_of,
    minimum_place,
    predicted_orientation,
    sampling_sentences,
)
from testbed.verification import unit_of

if TYPE_CHECKING:
    from testbed.report.loop_comparison import LoopComparison
    from testbed.results import Check, RunResult, Verdict

_Section: TypeAlias = tuple[str, str, list[Markup]]
"""Key, title and content of a part of the page."""


def build_page(
    result: RunResult,
    document: Mapping[str, Any],
    loop: LoopComparison,
    figures: Sequence[PageFigure],
) -> str:
    """Write the page of a run.

    Parameters
    ----------
    result : RunResult
        What the run found.
    document : Mapping
        The content of ``report.json``: device, provenance, files and configuration are shown from
        there, as plain values.
    loop : LoopComparison
        The played against the recorded pulse.
    figures : sequence of PageFigure
        The figures; one whose key is missing is left out of the page.

    Returns
    -------
    str
        A complete HTML document that refers to nothing outside itself.
    """
    pictures = {figure.key: figure_markup(figure) for figure in figures}
    sections = (
        ("checks", "Limits", _limits(result)),
        ("image", "Image", _image(result, pictures)),
        ("response", "Impulse response", _response(result, pictures)),
        *_targets(result, pictures),
        ("sampling", "Azimuth sampling", _sampling(result)),
        ("geometry", "Delay and Doppler", _geometry(result, pictures)),
        *_link(result),
        ("loop", "Played and recorded", _loop(result, loop, pictures)),
        ("device", "Device", _device(document)),
        ("timing", "Timing", _timing(document["timing_s"])),
        ("provenance", "Provenance", _provenance(document)),
        ("configuration", "Configuration", _configuration(document)),
    )
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", "moonecho run: ", result.name),
            _verdict(result),
            navigation([(key, title) for key, title, _ in sections]),
        ),
        "\n",
        tag("main", *(section(*one) for one in sections)),
        _footer(document),
    )
    return complete_page(f"{VERDICT_WORDS[result.verdict]}: {result.name}", body)


def _verdict(result: RunResult) -> Markup:
    if result.verdict == "inconclusive":
        summary = "the limits are not judged"
    else:
        passed = sum(check.passed for check in result.checks)
        summary = f"{passed} of {len(result.checks)} limits kept"
    if result.sampling.undersampled:
        summary += (
            "; under-sampled in azimuth: Doppler bandwidth "
            f"{hertz(result.sampling.doppler_bandwidth_hz)}, PRF {hertz(result.sampling.prf_hz)}"
        )
    reasons = tag("ul", *(tag("li", reason) for reason in result.reasons))
    return tag(
        "div",
        tag("p", VERDICT_WORDS[result.verdict], class_="word"),
        tag("p", summary),
        reasons if result.reasons else Markup(),
        class_=f"verdict {result.verdict}",
        role="status",
    )


def _limits(result: RunResult) -> list[Markup]:
    rows = [
        (
            check_label(check.name),
            measured(check.measured, unit_of(check.name), show_unit=True),
            "" if check.theory is None else measured(check.theory, unit_of(check.name)),
            _limit(check),
            _mark(check, result.verdict),
        )
        for check in result.checks
    ]
    if not rows:
        return [tag("p", "The configuration sets no limits.")]
    subject = result.targets[0].name if result.targets else "no target"
    return [
        table(
            f"Measured values of {subject} against theory and the configuration's limits",
            ("Check", "Measured", "Theory", "Limit", "Result"),
            rows,
            numeric=(1, 2, 3),
            class_="checks",
        )
    ]


def _limit(check: Check) -> str:
    sign = (
        "\N{PLUS-MINUS SIGN}"
        if check.name.startswith("peak.")
        else "\N{LESS-THAN OR EQUAL TO}\N{NO-BREAK SPACE}"
    )
    return f"{sign}{measured(check.limit, unit_of(check.name))}"


def _mark(check: Check, verdict: Verdict) -> Markup:
    colour, word = mark_of(check, verdict)
    return tag("span", word, class_=f"mark {colour}")


def _image(result: RunResult, pictures: Mapping[str, Markup]) -> list[Markup]:
    return [
        pictures.get("image", Markup()),
        *(tag("p", sentence) for sentence in image_sentences(result.quality)),
        pictures.get("ground", Markup()),
    ]


def _response(result: RunResult, pictures: Mapping[str, Markup]) -> list[Markup]:
    if not result.targets:
        return [tag("p", "The scene has no target.")]
    first = result.targets[0]
    return [
        pictures.get("cuts", Markup()),
        metrics_table(first, result.image, result.window_loss_db),
        peak_table(first),
        tag(
            "details",
            tag("summary", "More measures: widths, phase over the band, ISLR by convention"),
            shape_table(first),
            islr_table(first),
        ),
    ]


def _targets(result: RunResult, pictures: Mapping[str, Markup]) -> list[_Section]:
    """Return the section of many targets; none of a single one."""
    if len(result.targets) < 2:
        return []
    content = [
        pictures.get("targets", Markup()),
        summary_table(result.targets),
        targets_table(result.targets),
    ]
    return [("targets", "Targets", content)]


def _link(result: RunResult) -> list[_Section]:
    if not result.link_budget:
        return []
    return [("link", "Link budget", [link_table(result.link_budget, result.window_loss_db)])]


def _sampling(result: RunResult) -> list[Markup]:
    sampling = result.sampling
    sentences = sampling_sentences(sampling, result.image.method)
    first, *others = sentences
    style = "note doubt" if sampling.undersampled else "note"
    return [
        tag("div", tag("p", tag("strong", first)), tag("p", " ".join(others)), class_=style),
        table(
            "Doppler spectrum of the aperture",
            ("Bandwidth", "Centroid", "Rate", "PRF", "Replicas every"),
            [
                (
                    hertz(sampling.doppler_bandwidth_hz, 5),
                    hertz(sampling.doppler_centroid_hz, 5),
                    number(sampling.doppler_rate_hz_per_s, 4, "Hz/s"),
                    hertz(sampling.prf_hz, 6),
                    seconds(sampling.ambiguity_spacing_s, 5),
                )
            ],
            class_="cards",
        ),
    ]


def _geometry(result: RunResult, pictures: Mapping[str, Markup]) -> list[Markup]:
    sentence = (
        f"The two-way delay is smallest, {number(result.delay_min_s, 9, 's')}, for what leaves "
        f"{minimum_place(result.delay_min_transmit_s, result.history)} from the moment of steering."
    )
    notes = [tag("p", f"{note}.") for note in predicted_orientation(result.provenance)]
    content = [tag("p", sentence), *notes, pictures.get("history", Markup())]
    if result.delay_budget:
        content.append(budget_table(result.delay_budget, _carrier_hz(result.configuration)))
    return content


def _carrier_hz(configuration: Mapping[str, Any]) -> float | None:
    radar = configuration.get("radar")
    carrier = radar.get("carrier_hz") if isinstance(radar, Mapping) else None
    return float(carrier) if isinstance(carrier, (int, float)) else None


def _loop(result: RunResult, loop: LoopComparison, pictures: Mapping[str, Markup]) -> list[Markup]:
    schedule = result.schedule
    sentence = (
        f"{schedule.pulses} pulses, windows of {schedule.window_samples} samples at "
        f"{hertz(schedule.sample_rate_hz, 5)}. Pulse {loop.pulse}, in the middle of the aperture, "
        "came back as below; gain, phase and delay of the chain are fitted and taken out before "
        "the difference."
    )
    picture = pictures.get("pulse", Markup())
    if loop.problem:
        note = tag("div", tag("p", f"Not measurable: {loop.problem}."), class_="note doubt")
        return [tag("p", sentence), picture, note]
    rows = [
        (
            number(loop.gain_db, 3, "dB"),
            number(loop.phase_deg, 3, "°"),
            _loop_delay(loop.delay_s),
            number(loop.residual_db, 2, "dB"),
        )
    ]
    return [
        tag("p", sentence),
        picture,
        table(
            "The chain from the played to the recorded pulse",
            ("Gain", "Phase", "Delay", "Difference to signal"),
            rows,
            class_="cards",
        ),
    ]


def _loop_delay(delay_s: float) -> str:
    # Below a picosecond the fit of one pulse finds its own rounding.
    return "below 1 ps" if abs(delay_s) < 1e-12 else seconds(delay_s, 4)


def _device(document: Mapping[str, Any]) -> list[Markup]:
    events = document["events"]
    if any(events.values()):
        rows = [(event_label(kind), count) for kind, count in events.items()]
        reported = table("Device events", ("Event", "Count"), rows)
    else:
        reported = tag("p", "The device reported no events: nothing clipped, late or lost.")
    device = dict(document["device"])
    if "read_back" in device:
        # What was said to instruments is a file of its own, and hundreds of lines.
        told = device["read_back"].items()
        device["read_back"] = {key: value for key, value in told if key != "commands"}
    return [reported, _settings("Settings and read-backs", device)]


def _timing(timing_s: Mapping[str, float | None]) -> list[Markup]:
    known = {stage: spent or 0.0 for stage, spent in timing_s.items()}
    if not known:
        return [tag("p", "No stage was timed.")]
    longest = max(known.values()) or 1.0
    rows = [
        (
            stage.replace("_", " "),
            number(spent, 2, "s"),
            tag("span", class_="bar", style=f"width:{100.0 * spent / longest:.1f}%"),
        )
        for stage, spent in known.items()
    ]
    return [
        table(
            "Wall-clock time by stage", ("Stage", "Time", ""), rows, numeric=(1,), class_="timing"
        )
    ]


def _provenance(document: Mapping[str, Any]) -> list[Markup]:
    return [
        _settings("Where the numbers come from", document["provenance"]),
        _settings("Files of this run", document["files"]),
    ]


def _configuration(document: Mapping[str, Any]) -> list[Markup]:
    text = json.dumps(document["configuration"], indent=2, ensure_ascii=False)
    return [tag("details", tag("summary", "Complete resolved configuration"), tag("pre", text))]


def _settings(caption: str, values: Mapping[str, Any]) -> Markup:
    rows = [(key, _shown(value)) for key, value in flatten(values)]
    if not rows:
        return tag("p", f"{caption}: none.")
    return table(caption, ("Key", "Value"), rows, class_="settings")


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    return str(value)


def _footer(document: Mapping[str, Any]) -> Markup:
    digest = document["provenance"].get("configuration_sha256")
    parts = [f"Schema {document['schema_version']} of report.json"]
    if digest:
        parts.append(f"configuration {digest}")
    return tag("footer", " \N{MIDDLE DOT} ".join(parts))
