"""Drawings of what the paper could not do: aperture, PRF, and looks from any site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from testbed.report.figure_style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    TITLE,
    VERMILION,
    new_figure,
    quiet,
)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """A value of each case by two ways of steering.

    Parameters
    ----------
    title, label : str
        What it is, and its axis.
    moon_centre, rigorous : ndarray of float64, shape (cases,)
        The values.
    limit : ndarray of float64, shape (cases,), or None
        What could be had at best.
    """

    title: str
    label: str
    moon_centre: FloatArray
    rigorous: FloatArray
    limit: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A quantity against the look angle.

    Parameters
    ----------
    title, label : str
        What it is, and its axis.
    lines : tuple of (name, values)
        Values at the looks; the name is empty where there is one line.
    """

    title: str
    label: str
    lines: tuple[tuple[str, FloatArray], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PrfCurves:
    """What a PRF does, arrays of shape (prfs,).

    Parameters
    ----------
    prf_hz : ndarray of float64
        The PRFs.
    free_km, whole_km : ndarray of float64
        Widths on the ground: between replicas, and of unfolded Doppler bands.
    ambiguity_db : ndarray of float64
        Replicas of an even scene against the scene.
    doppler_bandwidth_hz, least_prf_hz : float
        Of the aperture, and above which range-Doppler applies.
    lit_km : float
        What the antenna hears within 3 dB.
    """

    prf_hz: FloatArray
    free_km: FloatArray
    whole_km: FloatArray
    ambiguity_db: FloatArray
    doppler_bandwidth_hz: float
    least_prf_hz: float
    lit_km: float


def draw_apertures(cases: Sequence[str], panels: Sequence[Bars]) -> Figure:
    """Draw what steering leaves of each case, side by side.

    Parameters
    ----------
    cases : sequence of str
        Names of the cases.
    panels : sequence of Bars
        Two of them.
    """
    figure = new_figure(4.0)
    place = np.arange(len(cases), dtype=np.float64)
    for index, panel in enumerate(panels):
        axes = figure.add_axes((0.07 + 0.5 * index, 0.25, 0.42, 0.64))
        axes.bar(place - 0.2, panel.moon_centre, 0.38, color=VERMILION, label="Moon's centre")
        axes.bar(place + 0.2, panel.rigorous, 0.38, color=BLUE, label="site (rigorous)")
        if panel.limit is not None:
            axes.hlines(
                panel.limit, place - 0.4, place + 0.4, color=INK, linewidth=1.4,
                label="whole aperture",
            )  # fmt: skip
        axes.set_xticks(place, cases)
        axes.set_xlabel("site (° latitude, ° longitude), look angle")
        axes.set_ylabel(panel.label)
        axes.set_title(panel.title, **TITLE)
        axes.set_ylim(0.0, 1.32 * float(np.nanmax((panel.moon_centre, panel.rigorous))))
        axes.legend(loc="upper left", fontsize=9, frameon=False, ncols=2)
        quiet(axes, grid=True)
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(visible=False, axis="x")
    return figure


def draw_prf(curves: PrfCurves) -> Figure:
    """Draw widths along the azimuth, and the replicas of a scene, against the PRF.

    Parameters
    ----------
    curves : PrfCurves
        The curves.
    """
    figure = new_figure(4.1)
    axes = figure.add_axes((0.07, 0.14, 0.42, 0.76))
    axes.plot(curves.prf_hz, curves.free_km, color=BLUE, label="between replicas")
    # Straight from the Doppler bandwidth on, which lies between the PRFs.
    first_hz, last_hz = float(curves.prf_hz[0]), float(curves.prf_hz[-1])
    axes.plot(
        (first_hz, curves.doppler_bandwidth_hz, last_hz),
        (0.0, 0.0, float(curves.whole_km[-1])),
        color=VERMILION,
        linestyle="--",
        label="Doppler band whole",
    )
    axes.axhline(
        curves.lit_km, color=GREEN, linestyle="-.", linewidth=1.1, label="heard by the antenna"
    )
    axes.set_ylabel("width along the azimuth (km)")
    axes.set_title("Swath along the azimuth", **TITLE)
    axes.set_ylim(0.0, 1.55 * max(curves.lit_km, float(curves.free_km.max())))
    other = figure.add_axes((0.57, 0.14, 0.405, 0.76))
    other.plot(curves.prf_hz, curves.ambiguity_db, color=BLUE)
    other.axhline(0.0, color=GREY, linewidth=0.8)
    other.set_ylabel("replicas against the scene (dB)")
    other.set_title("Azimuth ambiguities of an even scene", **TITLE)
    for each in (axes, other):
        each.axvspan(
            first_hz, curves.doppler_bandwidth_hz, color=VERMILION, alpha=0.10,
            linewidth=0.0, label="undersampled: de-ramping",
        )  # fmt: skip
        each.axvspan(
            curves.doppler_bandwidth_hz, curves.least_prf_hz, color=GREY, alpha=0.22,
            linewidth=0.0, label="below 1.1 × bandwidth: de-ramping",
        )  # fmt: skip
        each.set_xlim(first_hz, last_hz)
        each.set_xlabel("PRF (Hz)")
        quiet(each, grid=True)
    axes.legend(loc="upper left", fontsize=9, frameon=False)
    return figure


def draw_looks(look_deg: FloatArray, chosen: Sequence[int], curves: Sequence[Curve]) -> Figure:
    """Draw quantities against the look angle, three in a row.

    Parameters
    ----------
    look_deg : ndarray of float64, shape (looks,)
        Look angles.
    chosen : sequence of int
        Which of them are in the table, marked.
    curves : sequence of Curve
        The quantities.
    """
    rows = -(-len(curves) // 3)
    figure = new_figure(2.95 * rows)
    marked = list(chosen)
    for index, curve in enumerate(curves):
        row, column = divmod(index, 3)
        axes = figure.add_axes(
            (0.065 + 0.335 * column, 1.0 - (row + 1) / rows + 0.18 / rows, 0.255, 0.68 / rows)
        )
        for (name, values), colour, mark in zip(
            curve.lines, (BLUE, VERMILION, GREEN), ("o", "s", "^"), strict=False
        ):
            axes.plot(look_deg, values, color=colour, linewidth=1.2)
            axes.plot(
                look_deg[marked], values[marked], mark, color=colour, markersize=4,
                label=name or None,
            )  # fmt: skip
        if len(curve.lines) > 1:
            axes.set_ylim(bottom=0.0)
        if len(curve.lines) > 1:
            axes.legend(loc="best", fontsize=9, frameon=False)
        axes.set_xlabel("look angle (°)")
        axes.set_ylabel(curve.label)
        axes.set_title(curve.title, **TITLE)
        quiet(axes, grid=True)
    return figure
