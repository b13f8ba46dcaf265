"""Words that the page and the terminal share: names of checks, verdicts, events, sampling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from testbed.report.quantities import hertz, number, seconds
from testbed.report.target_figures import is_measured, summarise_targets

if TYPE_CHECKING:
    from sim_core.focusing.sampling import AzimuthSampling
    from testbed.results import Check, HistoryCurves, ImageQuality, RunResult, Verdict

VERDICT_WORDS: Mapping[str, str] = {
    "pass": "PASS",
    "fail": "FAIL",
    "inconclusive": "INCONCLUSIVE",
}

_METRIC_LABELS: Mapping[str, str] = {
    "pslr_db": "PSLR",
    "islr_db": "ISLR",
    "irw_cells": "IRW",
    "range_error_cells": "range error",
    "azimuth_error_cells": "azimuth error",
    "phase_error_deg": "phase error",
    "magnitude_error_db": "magnitude error",
}

_EVENT_WORDS: Mapping[str, str] = {
    "clipped_dac": "DAC clipped",
    "clipped_adc": "ADC clipped",
}


def check_label(name: str) -> str:
    """Name a check as a person does: ``range.pslr_db`` is ``Range PSLR``."""
    group, _, metric = name.partition(".")
    return f"{group.capitalize()} {_METRIC_LABELS.get(metric, metric)}"


def mark_of(check: Check, verdict: Verdict) -> tuple[Verdict, str]:
    """Say in a word what became of a limit, and which verdict's colour it has.

    An inconclusive run judges nothing: a limit that noise has broken, or kept, is neither.
    """
    if math.isnan(check.measured):
        return "inconclusive", "no value"
    if verdict == "inconclusive":
        return "inconclusive", "not judged"
    return ("pass", "pass") if check.passed else ("fail", "FAIL")


def minimum_place(transmit_s: float, history: HistoryCurves) -> str:
    """Say where in the aperture the delay is smallest: at an instant, or at one of its ends."""
    when = number(transmit_s, 3, "s")
    if not history.transmit_s.size:
        return f"at {when}"
    for name, end_s in (("start", history.transmit_s[0]), ("end", history.transmit_s[-1])):
        # An end is where the search stops, so it is met to rounding.
        if abs(transmit_s - float(end_s)) < 1e-6:
            return f"at the {name} of the aperture, {when}"
    return f"at {when}"


def event_label(kind: str) -> str:
    """Name a kind of device event: ``clipped_adc`` is ``ADC clipped``."""
    return _EVENT_WORDS.get(kind, kind.replace("_", " "))


def events_sentence(events: Mapping[str, int]) -> str:
    """Say in one line which events the device reported, or that there were none."""
    counts = [f"{event_label(kind)} {count}" for kind, count in events.items() if count]
    return ", ".join(counts) if counts else "none"


def sampling_sentences(sampling: AzimuthSampling, method: str) -> tuple[str, ...]:
    """Say whether the PRF samples the Doppler bandwidth, and what follows if it does not.

    Parameters
    ----------
    sampling : AzimuthSampling
        Doppler bandwidth against PRF.
    method : str
        How the image was focused.

    Returns
    -------
    tuple of str
        One to three sentences, the finding first.
    """
    bandwidth = hertz(sampling.doppler_bandwidth_hz)
    prf = hertz(sampling.prf_hz)
    spacing = seconds(sampling.ambiguity_spacing_s)
    replicas = (
        f"Replicas of a point stand every {spacing} in azimuth "
        f"(PRF over a Doppler rate of {number(sampling.doppler_rate_hz_per_s, 3, 'Hz/s')})."
    )
    if sampling.undersampled:
        factor = _ratio(sampling.doppler_bandwidth_hz, sampling.prf_hz)
        return (
            f"Under-sampled in azimuth: the Doppler bandwidth of {bandwidth} is {factor} times "
            f"the PRF of {prf}.",
            replicas,
            f"Focused by {method}, which holds for scenes narrower than that spacing.",
        )
    factor = _ratio(sampling.prf_hz, sampling.doppler_bandwidth_hz)
    return (
        f"Sampled in azimuth: the PRF of {prf} is {factor} times the Doppler bandwidth of "
        f"{bandwidth}.",
        replicas,
        f"Focused by {method}.",
    )


def image_sentences(quality: ImageQuality) -> tuple[str, ...]:
    """Say what is in an image besides its targets.

    Parameters
    ----------
    quality : ImageQuality
        What was found.

    Returns
    -------
    tuple of str
        A sentence on the highest spur and one on the azimuth replicas, each if it was measured.
    """
    sentences = []
    spur = quality.spur
    if spur is not None:
        sentences.append(
            f"The highest response that is no target's stands at {number(spur.level_db, 1, 'dB')} "
            f"against the highest target, with {number(spur.excess_db, 1, 'dB')} of it above the "
            f"envelope of the targets' side lobes, {seconds(spur.range_s)} in delay and "
            f"{seconds(spur.azimuth_s)} in azimuth from the reference point; noise as strong as "
            f"the image's background would reach {number(spur.noise_peak_db, 1, 'dB')}."
        )
    if not math.isnan(quality.azimuth_ambiguity_db):
        sentences.append(
            "The azimuth replicas of the first target in the image hold "
            f"{number(quality.azimuth_ambiguity_db, 1, 'dB')} of its energy, background included."
        )
    return tuple(sentences)


def target_sentences(result: RunResult) -> tuple[str, ...]:
    """Say how the worst of several targets did; nothing of a single one.

    Parameters
    ----------
    result : RunResult
        What the run found.

    Returns
    -------
    tuple of str
        None for a single target; else the worst side lobe and the worst errors.
    """
    targets = result.targets
    if len(targets) < 2:
        return ()
    summary = summarise_targets(targets)
    measured = sum(map(is_measured, targets))
    if not measured:
        return (f"{len(targets)} targets, none measured",)
    worst = {axis: summary[f"{axis}.pslr_deviation_db"] for axis in ("range", "azimuth")}
    axis = max(worst, key=lambda one: abs(worst[one].worst))
    place = {
        name: summary[f"peak.{name}_error_{unit}"]
        for name, unit in (("range", "cells"), ("azimuth", "cells"), ("phase", "deg"))
    }
    in_place = max(("range", "azimuth"), key=lambda one: abs(place[one].worst))
    count = f"{len(targets)} targets" + (
        "" if measured == len(targets) else f", {measured} of them measured"
    )
    return (
        f"{count}: worst PSLR off theory by {number(worst[axis].worst, 3, 'dB')} in {axis} "
        f"({worst[axis].worst_target})",
        f"Worst errors: {number(place[in_place].worst, 4, 'cells')} in {in_place} "
        f"({place[in_place].worst_target}), {number(place['phase'].worst, 2, 'degrees')} of phase "
        f"({place['phase'].worst_target})",
    )


def has_scatterers(configuration: Mapping[str, Any]) -> bool:
    """Tell whether a run's configuration puts scatterers behind its targets."""
    scene = configuration.get("scene")
    return isinstance(scene, Mapping) and scene.get("scatterers") is not None


def predicted_orientation(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """Say that the Earth orientation of a run is predicted, if it is.

    Parameters
    ----------
    provenance : Mapping
        Of the run.

    Returns
    -------
    tuple of str
        One sentence or none.
    """
    span = provenance.get("eop_span")
    if not isinstance(span, Mapping) or not span.get("predicted"):
        return ()
    return (
        "Earth orientation: predicted values; run again when they are published for a delay to "
        "better than some metres",
    )


def _ratio(value: float, unit: float) -> str:
    return number(value / unit if unit else math.inf, 2)
