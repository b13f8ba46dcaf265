"""The curves of a report: cuts against theory, delay and Doppler, played and recorded pulse.

Every function takes values and returns a `matplotlib.figure.Figure`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
from matplotlib.figure import Figure

from testbed.report.figure_style import BLUE, GREEN, GREY, INK, TITLE, VERMILION, new_figure, quiet
from testbed.report.quantities import hertz, number, scale_for
from testbed.report.wording import minimum_place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sim_core.focusing.response.impulse_response import AxisResponse
    from sim_core.focusing.response.theory import AxisTheory
    from sim_core.focusing.sampling import AzimuthSampling
    from testbed.report.loop_comparison import LoopComparison
    from testbed.results import HistoryCurves, TargetResult

_CUT_FLOOR_DB = -45.0
_LEAST_CUT_FLOOR_DB = -100.0
_CUT_HALF_WIDTH_CELLS = 10.0
_CUT_TEXT_SHARE = 0.275
"""Part of a cut's height, at the top, that belongs to its numbers and its legend."""


def draw_cuts(target: TargetResult) -> Figure:
    """Draw the range and the azimuth cut of a response against theory.

    Parameters
    ----------
    target : TargetResult
        The target; its cuts are relative to its peak.

    Returns
    -------
    Figure
    """
    figure = new_figure(4.0)
    cuts = (
        ("Range", target.response.range, target.range_theory, target.range_irw_m),
        ("Azimuth", target.response.azimuth, target.azimuth_theory, target.azimuth_irw_m),
    )
    for column, (name, response, theory, irw_m) in enumerate(cuts):
        axes = figure.add_axes((0.068 + 0.5 * column, 0.13, 0.41, 0.76))
        _draw_cut(axes, response, theory)
        axes.set_title(f"{name} cut", **TITLE)
        axes.set_xlabel(f"{name.lower()} from the peak (cells)")
        axes.set_ylabel("level (dB)")
        width = f"IRW {number(response.irw_cells, 4, 'cells')}"
        if math.isfinite(irw_m):
            width += f" = {number(irw_m, 2, 'm')}"
        notes = (
            f"PSLR {number(response.pslr_db, 2, 'dB')} (theory {number(theory.pslr_db, 2)})",
            f"ISLR {number(response.islr_db, 2, 'dB')} (theory {number(theory.islr_db, 2)})",
            f"{width} (theory {number(theory.irw_cells, 4)})",
        )
        axes.text(
            0.015,
            0.98,
            "\n".join(notes),
            transform=axes.transAxes,
            va="top",
            fontsize=9,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2},
        )
        axes.legend(loc="upper right", fontsize=9, frameon=False, borderaxespad=0.2)
        quiet(axes, grid=True)
    return figure


def draw_history(
    history: HistoryCurves,
    delay_min_s: float,
    delay_min_transmit_s: float,
    sampling: AzimuthSampling,
) -> Figure:
    """Draw the delay against its minimum, and the Doppler frequency, over the aperture.

    Parameters
    ----------
    history : HistoryCurves
        The curves.
    delay_min_s, delay_min_transmit_s : float
        Smallest delay and its transmit time, seconds.
    sampling : AzimuthSampling
        Half the PRF is drawn where it cuts the Doppler history.

    Returns
    -------
    Figure
    """
    figure = new_figure(3.7)
    delay_axes = figure.add_axes((0.075, 0.14, 0.41, 0.74))
    above_s = history.delay_s - delay_min_s
    factor, unit = scale_for(_largest(above_s), "s", largest=1.0)
    delay_axes.plot(history.transmit_s, above_s / factor, color=BLUE)
    if math.isfinite(delay_min_transmit_s) and math.isfinite(delay_min_s):
        delay_axes.plot(delay_min_transmit_s, 0.0, "o", color=VERMILION, markersize=6)
        delay_axes.annotate(
            f"{number(delay_min_s, 9, 's')}\n{minimum_place(delay_min_transmit_s, history)}",
            (delay_min_transmit_s, 0.0),
            xytext=(0.5, 0.62),
            textcoords="axes fraction",
            ha="center",
            fontsize=9,
            color=INK,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.8},
        )
    delay_axes.set_title("Two-way delay above its minimum", **TITLE)
    delay_axes.set_ylabel(f"delay ({unit})")

    doppler_axes = figure.add_axes((0.575, 0.14, 0.41, 0.74))
    factor, unit = scale_for(_largest(history.doppler_hz), "Hz")
    doppler_axes.plot(history.transmit_s, history.doppler_hz / factor, color=BLUE)
    half_prf_hz = 0.5 * sampling.prf_hz
    if sampling.undersampled and math.isfinite(half_prf_hz):
        doppler_axes.axhspan(
            (sampling.doppler_centroid_hz - half_prf_hz) / factor,
            (sampling.doppler_centroid_hz + half_prf_hz) / factor,
            color=VERMILION,
            alpha=0.15,
            linewidth=0.0,
            label=f"one PRF: {hertz(sampling.prf_hz)}",
        )
        doppler_axes.legend(loc="upper right", fontsize=9, frameon=False)
    doppler_axes.set_title("Doppler frequency", **TITLE)
    doppler_axes.set_ylabel(f"Doppler ({unit})")
    for axes in (delay_axes, doppler_axes):
        axes.set_xlabel("transmit time from steering (s)")
        quiet(axes, grid=True)
    return figure


def draw_pulse(
    played: NDArray[np.complexfloating],
    recorded: NDArray[np.complexfloating],
    loop: LoopComparison,
    sample_rate_hz: float,
    bandwidth_hz: float,
) -> Figure:
    """Draw a pulse as it was played and recorded: waveform, spectrum and difference.

    Parameters
    ----------
    played, recorded : ndarray of complex, shape (window_samples,)
        The receive window before and after the chain; 1.0 is full scale.
    loop : LoopComparison
        The fit of one by the other, and what it leaves.
    sample_rate_hz : float
        Sample rate of both.
    bandwidth_hz : float
        Bandwidth of the waveform, marked in the spectrum.

    Returns
    -------
    Figure
    """
    figure = new_figure(5.6)
    time_s = np.arange(played.size) / sample_rate_hz
    factor, unit = scale_for(_largest(time_s), "s", largest=1.0)

    largest = max(_largest(np.abs(played)), _largest(np.abs(recorded)), 1e-9)
    envelope_axes = figure.add_axes((0.085, 0.60, 0.40, 0.33))
    envelope_axes.plot(time_s / factor, np.abs(recorded), color=VERMILION, label="recorded")
    envelope_axes.plot(time_s / factor, np.abs(played), "--", color=BLUE, label="played")
    envelope_axes.set_ylim(-0.05 * largest, 1.35 * largest)
    envelope_axes.set_title(f"Pulse {loop.pulse}: envelope", **TITLE)
    real_axes = figure.add_axes((0.585, 0.60, 0.40, 0.33))
    real_axes.plot(time_s / factor, recorded.real, color=VERMILION, linewidth=0.9, label="recorded")
    real_axes.plot(time_s / factor, played.real, "--", color=BLUE, linewidth=0.9, label="played")
    real_axes.set_ylim(-1.12 * largest, 1.52 * largest)
    real_axes.set_title(f"Pulse {loop.pulse}: real part", **TITLE)
    wave_axes = (envelope_axes, real_axes)
    for axes in wave_axes:
        axes.set_ylabel("of full scale")
        axes.legend(loc="upper right", fontsize=9, frameon=False, ncols=2)

    spectrum_axes = figure.add_axes((0.085, 0.095, 0.40, 0.34))
    frequency_hz = scipy.fft.fftshift(scipy.fft.fftfreq(played.size, 1.0 / sample_rate_hz))
    factor, unit = scale_for(0.5 * sample_rate_hz, "Hz")
    recorded_db, played_db = _spectra_db(recorded, played)
    spectrum_axes.plot(frequency_hz / factor, recorded_db, color=VERMILION, label="recorded")
    spectrum_axes.plot(frequency_hz / factor, played_db, "--", color=BLUE, label="played")
    for edge in (-0.5, 0.5):
        spectrum_axes.axvline(
            edge * bandwidth_hz / factor, color=GREY, linewidth=0.8, linestyle=":"
        )
    spectrum_axes.set_ylim(-70.0, 9.0)
    spectrum_axes.set_title(f"Spectrum; bandwidth {hertz(bandwidth_hz)} dotted", **TITLE)
    spectrum_axes.set_xlabel(f"frequency ({unit})")
    spectrum_axes.set_ylabel("level (dB)")
    spectrum_axes.legend(loc="lower center", fontsize=9, frameon=False, ncols=2)

    residual_axes = figure.add_axes((0.585, 0.095, 0.40, 0.34))
    factor, unit = scale_for(_largest(time_s), "s", largest=1.0)
    exponent = _exponent_of(_largest(np.abs(loop.residual)))
    scaled = loop.residual / 10.0**exponent
    residual_axes.plot(time_s / factor, scaled.real, color=BLUE, linewidth=0.7, label="real")
    residual_axes.plot(time_s / factor, scaled.imag, color=VERMILION, linewidth=0.7, label="imag")
    residual_axes.set_title(
        f"Nothing fitted: {loop.problem}"
        if loop.problem
        else f"Recorded minus fitted: {number(loop.residual_db, 1, 'dB')}",
        **TITLE,
    )
    residual_axes.set_ylabel(
        "of full scale" if exponent == 0 else f"$10^{{{exponent}}}$ of full scale"
    )
    residual_axes.margins(y=0.18)
    residual_axes.legend(loc="upper right", fontsize=9, frameon=False, ncols=2)
    for axes in (*wave_axes, residual_axes):
        axes.set_xlabel(f"time in the receive window ({unit})")
        axes.margins(x=0.01)
    for axes in (*wave_axes, spectrum_axes, residual_axes):
        quiet(axes, grid=True)
    return figure


def _draw_cut(axes: Axes, response: AxisResponse, theory: AxisTheory) -> None:
    cells = np.linspace(-_CUT_HALF_WIDTH_CELLS, _CUT_HALF_WIDTH_CELLS, 1601)
    axes.plot(response.offset_cells, response.level_db, color=BLUE, label="measured")
    with np.errstate(divide="ignore"):
        expected_db = theory.cut(cells)
    axes.plot(cells, expected_db, "--", color=VERMILION, linewidth=1.1, label="theory")
    axes.set_xlim(-_CUT_HALF_WIDTH_CELLS, _CUT_HALF_WIDTH_CELLS)
    shown = np.abs(response.offset_cells) <= _CUT_HALF_WIDTH_CELLS
    highest_db = float(np.max(response.level_db[shown], initial=0.0))
    floor_db = _cut_floor_db(response, theory)
    # Room above the highest, which need not be the peak, for the legend and the numbers.
    axes.set_ylim(floor_db, floor_db + (highest_db - floor_db) / (1.0 - _CUT_TEXT_SHARE))
    axes.set_xticks(range(-10, 11, 5))
    axes.set_yticks(range(int(floor_db) + 5, int(highest_db) + 1, 10))
    position = _side_lobe_position(response)
    if position is not None:
        axes.axhline(response.pslr_db, color=GREEN, linewidth=0.8, linestyle=":")
        # Outwards, where the side lobes fall; near the frame inwards, or it would leave it.
        rightwards = (position > 0.0) == (abs(position) < 0.5 * _CUT_HALF_WIDTH_CELLS)
        axes.annotate(
            number(response.pslr_db, 2, "dB"),
            (position, response.pslr_db),
            xytext=(22 if rightwards else -22, 9),
            textcoords="offset points",
            ha="left" if rightwards else "right",
            fontsize=9,
            color=GREEN,
            arrowprops={"arrowstyle": "-", "color": GREEN, "linewidth": 0.8},
        )


def _cut_floor_db(response: AxisResponse, theory: AxisTheory) -> float:
    """Choose the lowest level of a cut: below the side lobes of any taper."""
    lobes_db = [one for one in (response.pslr_db, theory.pslr_db) if math.isfinite(one)]
    below_db = 10.0 * math.floor((min(lobes_db, default=0.0) - 15.0) / 10.0) - 5.0
    return max(min(_CUT_FLOOR_DB, below_db), _LEAST_CUT_FLOOR_DB - 5.0)


def _side_lobe_position(response: AxisResponse) -> float | None:
    """Find the highest side lobe in the cut: the sample outside the main lobe nearest the PSLR."""
    if not math.isfinite(response.pslr_db) or not math.isfinite(response.irw_cells):
        return None
    on_left = response.pslr_left_db >= response.pslr_right_db
    side = -response.offset_cells if on_left else response.offset_cells
    outside = np.flatnonzero((side > response.irw_cells) & (side <= _CUT_HALF_WIDTH_CELLS))
    if not outside.size:
        return None
    distance = np.abs(response.level_db[outside] - response.pslr_db)
    # Of the two flanks that cross this level only the top of the lobe is a local maximum.
    levels = response.level_db[outside]
    inner = (levels[1:-1] >= levels[:-2]) & (levels[1:-1] >= levels[2:])
    tops = np.flatnonzero(inner) + 1
    if not tops.size:
        return None
    return float(response.offset_cells[outside[tops[np.argmin(distance[tops])]]])


def _spectra_db(
    recorded: NDArray[np.complexfloating], played: NDArray[np.complexfloating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Powers of two spectra in dB against the highest of the recorded one, or of the played."""
    powers = [
        np.abs(scipy.fft.fftshift(scipy.fft.fft(np.asarray(pulse, dtype=np.complex128)))) ** 2
        for pulse in (recorded, played)
    ]
    reference = _largest(powers[0]) or _largest(powers[1]) or 1.0
    with np.errstate(divide="ignore"):
        recorded_db, played_db = (10.0 * np.log10(power / reference) for power in powers)
    return recorded_db, played_db


def _largest(values: NDArray[np.floating]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _exponent_of(value: float) -> int:
    return math.floor(math.log10(value)) if value > 0.0 else 0
