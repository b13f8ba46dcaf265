"""The verdict of a run: measured values against the limits of its configuration.

A run *passes* when every limit is kept, *fails* when one is not, and is *inconclusive* when what
was measured says nothing about the chain: no peak, a peak too close to the noise, or pulses that
the device lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim_core.focusing.response.cut_metrics import ISLR_DEFINITION
from sim_core.focusing.response.impulse_response import AxisResponse, ImpulseResponse
from testbed.report.quantities import number
from testbed.report.wording import check_label
from testbed.results import Check, TargetResult, Verdict

MIN_SNR_DB = 20.0
"""Least ratio of the peak to the background of the image that supports a verdict.

The highest side lobe of an unweighted response stands 13.3 dB below its peak. With the noise 20 dB
below the peak that side lobe is less than 7 dB above the noise, and PSLR and ISLR describe the
noise rather than the chain.
"""

BREAKING_EVENTS: Mapping[str, str] = {
    "lost": "lost pulses",
    "late": "pulses that left late",
    "overflow": "receive overflows",
    "underflow": "transmit underflows",
    "timeout": "timeouts",
}
"""Kinds of events after which the samples of a pulse are not what was to be recorded, in words.
Such pulses are left out of the image."""

# So many pulses, as a part of all, may be left out before the image is of another aperture.
_SPARABLE_PULSES = 0.01

_CLIPPING_EVENTS: Mapping[str, str] = {
    "clipped_dac": "the DAC clipped",
    "clipped_adc": "the ADC clipped",
}

_UNITS: Mapping[str, str] = {"db": "dB", "cells": "cells", "deg": "degrees"}


class AxisLimits(Protocol):
    """Largest values that pass on one axis; None leaves the value unjudged."""

    @property
    def pslr_db(self) -> float | None:
        """Peak side-lobe ratio, dB."""
        ...

    @property
    def islr_db(self) -> float | None:
        """Integrated side-lobe ratio, dB, in the definition that the response names."""
        ...

    @property
    def irw_cells(self) -> float | None:
        """Half-power width of the main lobe, cells of 1/bandwidth."""
        ...


class PeakLimits(Protocol):
    """Largest magnitudes of the peak's errors that pass; None leaves the value unjudged."""

    @property
    def range_error_cells(self) -> float | None:
        """Error of the peak in range, cells of 1/bandwidth."""
        ...

    @property
    def azimuth_error_cells(self) -> float | None:
        """Error of the peak in azimuth, cells of 1/Doppler bandwidth."""
        ...

    @property
    def phase_error_deg(self) -> float | None:
        """Error of the peak's phase, degrees."""
        ...

    @property
    def magnitude_error_db(self) -> float | None:
        """Error of the peak's magnitude, dB."""
        ...


class Limits(Protocol):
    """The section ``limits`` of a configuration."""

    @property
    def range(self) -> AxisLimits:
        """Limits in range."""
        ...

    @property
    def azimuth(self) -> AxisLimits:
        """Limits in azimuth."""
        ...

    @property
    def peak(self) -> PeakLimits:
        """Limits of the peak's position and phase."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it rests on.

    Attributes
    ----------
    verdict : {"pass", "fail", "inconclusive"}
        The verdict.
    reasons : tuple of str
        Why it is not a pass; for a pass, what a person should know besides, such as clipping.
    checks : tuple of Check
        Every limit with its measured value.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]


def verify(
    target: TargetResult,
    limits: Limits,
    events: Mapping[str, int] | None = None,
    pulses: int = 0,
    doubts: Sequence[str] = (),
) -> Judgement:
    """Judge a target's response and the device's events.

    Parameters
    ----------
    target : TargetResult
        The target that the verdict is about. What could not be measured in it is NaN.
    limits : Limits
        The limits of the configuration.
    events : Mapping of str to int, optional
        In how many pulses there were device events, by kind.
    pulses : int, optional
        How many pulses there were in all; zero if that is not known.
    doubts : sequence of str, optional
        What else makes the response unfit to judge the chain by, such as why it could not be
        measured; each makes the run inconclusive.

    Returns
    -------
    Judgement
        *inconclusive* when the peak was not found, stands less than `MIN_SNR_DB` above the
        background,
        or the device lost, delayed or dropped more than one pulse in a hundred (fewer are left out
        of the image, and told); otherwise *fail* when a limit is not kept;
        otherwise *inconclusive* when a value that has a limit could not be measured;
        otherwise *pass*.
    """
    checks = check_limits(target, limits)
    counts = {kind: count for kind, count in (events or {}).items() if count > 0}
    losses = [
        f"the device reported {words}: {counts[kind]}"
        for kind, words in BREAKING_EVENTS.items()
        if kind in counts
    ]
    lost = sum(counts.get(kind, 0) for kind in BREAKING_EVENTS)
    spared = lost <= _SPARABLE_PULSES * pulses
    all_doubts = (
        *doubts,
        *_doubts(target, told=bool(doubts)),
        *([] if spared else losses),
    )
    unmeasured = [check for check in checks if math.isnan(check.measured)]
    broken = [check for check in checks if not check.passed and not math.isnan(check.measured)]
    notes = [f"{loss}, left out of the image" for loss in losses] if spared else []
    notes += [
        f"{words} in {_of_pulses(counts[kind], pulses)}"
        for kind, words in _CLIPPING_EVENTS.items()
        if kind in counts
    ]

    # A doubt comes first: limits that are broken, or kept, by a response of noise or with holes
    # in its aperture tell nothing about the chain.
    if all_doubts:
        return Judgement("inconclusive", (*all_doubts, *notes), checks)
    if broken:
        reasons = (*map(_broken_limit, broken), *map(_unmeasured_limit, unmeasured), *notes)
        return Judgement("fail", reasons, checks)
    if unmeasured:
        return Judgement("inconclusive", (*map(_unmeasured_limit, unmeasured), *notes), checks)
    return Judgement("pass", tuple(f"{words}; every limit is kept" for words in notes), checks)


def check_limits(target: TargetResult, limits: Limits) -> tuple[Check, ...]:
    """Compare each measured value that has a limit with it.

    Parameters
    ----------
    target : TargetResult
        The target that the verdict is about.
    limits : Limits
        The limits of the configuration.

    Returns
    -------
    tuple of Check
        In the order range, azimuth, peak. A value passes when it is at most its limit, an error
        of the peak when its magnitude is; NaN never passes.
    """
    checks: list[Check] = []
    axes = (
        ("range", target.response.range, target.range_theory, limits.range),
        ("azimuth", target.response.azimuth, target.azimuth_theory, limits.azimuth),
    )
    for axis, response, theory, axis_limits in axes:
        values = (
            ("pslr_db", response.pslr_db, theory.pslr_db, axis_limits.pslr_db),
            ("islr_db", response.islr_db, theory.islr_db, axis_limits.islr_db),
            ("irw_cells", response.irw_cells, theory.irw_cells, axis_limits.irw_cells),
        )
        checks.extend(
            Check(f"{axis}.{key}", measured, limit, expected, measured <= limit)
            for key, measured, expected, limit in values
            if limit is not None
        )
    errors = (
        ("range_error_cells", target.range_error_cells, limits.peak.range_error_cells),
        ("azimuth_error_cells", target.azimuth_error_cells, limits.peak.azimuth_error_cells),
        ("phase_error_deg", target.phase_error_deg, limits.peak.phase_error_deg),
        ("magnitude_error_db", target.magnitude_error_db, limits.peak.magnitude_error_db),
    )
    checks.extend(
        Check(f"peak.{key}", measured, limit, 0.0, abs(measured) <= limit)
        for key, measured, limit in errors
        if limit is not None
    )
    return tuple(checks)


def unmeasured_response() -> ImpulseResponse:
    """Return the response of a target whose peak was not found: every value is NaN.

    With it in its `TargetResult`, a run whose recording holds no echo still gets its verdict,
    *inconclusive*, and its report.
    """
    axis = AxisResponse(
        irw_cells=math.nan,
        irw_s=math.nan,
        pslr_db=math.nan,
        pslr_left_db=math.nan,
        pslr_right_db=math.nan,
        islr_db=math.nan,
        islr_definition=ISLR_DEFINITION,
        offset_cells=np.empty(0),
        level_db=np.empty(0),
    )
    return ImpulseResponse(
        range=axis,
        azimuth=axis,
        peak_range_s=math.nan,
        peak_azimuth_s=math.nan,
        peak_magnitude=math.nan,
        peak_phase_rad=math.nan,
        snr_db=math.nan,
    )


def unit_of(name: str) -> str:
    """Return the unit that the name of a value ends with: ``range.pslr_db`` is in dB."""
    return _UNITS.get(name.rpartition("_")[2], "")


def _doubts(target: TargetResult, *, told: bool) -> list[str]:
    """What makes the response unfit to judge the chain by; `told` if why is known already."""
    response = target.response
    doubts: list[str] = []
    position = (response.peak_range_s, response.peak_azimuth_s, response.peak_magnitude)
    if not all(map(math.isfinite, position)) or response.peak_magnitude <= 0.0:
        if not told:
            doubts.append(f"no peak was found where {target.name} is predicted")
    elif math.isnan(response.snr_db):
        doubts.append(f"the background of the peak of {target.name} could not be measured")
    elif response.snr_db < MIN_SNR_DB:
        doubts.append(
            f"the peak of {target.name} stands {response.snr_db:.1f} dB above the background; "
            f"a verdict needs {MIN_SNR_DB:g} dB"
        )
    return doubts


def _broken_limit(check: Check) -> str:
    unit = unit_of(check.name)
    beyond = (
        "outside its limit of \N{PLUS-MINUS SIGN}"
        if check.name.startswith("peak.")
        else "above its limit of "
    )
    # As many decimals as it takes to tell the value from its limit.
    decimals = next(
        (
            count
            for count in range(2, 9)
            if f"{abs(check.measured):.{count}f}" != f"{abs(check.limit):.{count}f}"
        ),
        9,
    )
    # As the table writes it, and all that tells it from what it is rounded to there.
    least = 2 if unit != "cells" else 4
    limit = number(check.limit, max(least, _decimals(check.limit)), unit)
    value = number(check.measured, max(least, decimals), unit)
    return f"{check_label(check.name)} is {value}, {beyond}{limit}"


def _unmeasured_limit(check: Check) -> str:
    return f"{check_label(check.name)} could not be measured"


def _decimals(value: float) -> int:
    """How many decimals a number as it was written has, up to nine."""
    return next(count for count in range(10) if round(value, count) == value or count == 9)


def _of_pulses(count: int, pulses: int) -> str:
    if pulses:
        return f"{count} of {pulses} pulses"
    return f"{count} pulse" if count == 1 else f"{count} pulses"
