"""Doppler shift over the near side and what it is made of: Fig. 1, and eqs 4 to 6."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.geometry.doppler_map import (
    DopplerMap,
    SiteGrid,
    doppler_map,
    doppler_series,
    site_grid,
)
from sim_core.geometry.moon_over_earth import SIDEREAL_MONTH_S, MoonOverEarth
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.visibility import elevation_angles
from testbed.paper import published
from testbed.paper.context import PaperContext
from testbed.paper.figures import doppler_figures as figures
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.paper.sidereal_year import (
    VELOCITIES,
    half_circle_deg,
    recession_m_per_s,
    year_motion,
)
from testbed.report.progress import Advance
from testbed.report.quantities import number, quantity

FloatArray = npt.NDArray[np.float64]

_DAY_S = 86400.0
_SPLIT_INSTANTS = 4000
# Steps of an hour miss extremes of the rate by 1.2 uHz/s, of 48 that sites differ by; a third of it
# by 0.1.
_FINER = 3


def build_figure_1(context: PaperContext, advance: Advance) -> Section:
    """Map the Doppler shift over the near side, and split it.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of maps done.
    """
    settings, carrier_hz = context.settings, published.FIGURE_1_CARRIER_HZ
    model, moon = year_motion(context, _FINER)
    step_deg = settings.fineness.doppler_grid_deg
    grid = site_grid(model.ephemeris, half_circle_deg(step_deg), half_circle_deg(step_deg))
    site, centre = _maps(moon, grid, carrier_hz, advance)
    recession_hz = -2.0 * carrier_hz / SPEED_OF_LIGHT_M_PER_S * recession_m_per_s(moon)
    zero_deg = _zero_longitude(grid.longitude_deg, centre, 0.0)
    turned_deg = _zero_longitude(grid.longitude_deg, centre, float(site.shift_hz.mean.mean()))
    split = _split(context, carrier_hz)
    advance(3, 3)
    largest = float(np.abs(centre.shift_hz.mean - site.shift_hz.mean).max())
    carrier = f"{carrier_hz / 1e9:g} GHz"
    begin = settings.year_start_utc
    return Section(
        "figure1",
        "Fig. 1: Doppler shift over the near side",
        (
            f"Mean over the sidereal year from {begin}, antenna to the Earth's centre, {carrier}. "
            "By the velocity of the site it is the same everywhere to "
            f"{np.ptp(site.shift_hz.mean):.2f} Hz, because the shift is the derivative of a "
            "distance and its mean is what the distance has gained: "
            f"{number(recession_hz, 1)} Hz here, since a year is no whole number of the Moon's "
            "months.",
            "The paper's pattern, zero near longitude 0 and growing to the limbs, appears with the "
            "velocity of the Moon's centre: what the site's own 4.6 m/s would take away stays in, "
            f"{largest:.0f} Hz at the limb, as the sine of the longitude and the cosine of the "
            "latitude.",
            "The shift is the sum of what the Moon's motion and what the Earth's rotation make of "
            f"it (eqs 4 to 6). For the site of the settings and the point 0° N 0° E the parts add "
            f"up to the whole within {quantity(split.closure_hz, 'Hz', 1)} of "
            f"{split.largest_hz:.0f} Hz over the month.",
            *context.sight_text(split.earth_up, "month", "the rest is left out"),
        ),
        (
            PaperTable(
                "figure1",
                "Fig. 1 in numbers: mean shift",
                (
                    Row(
                        "velocity of the Moon's centre",
                        "longitude of the zero, on the equator",
                        "deg",
                        zero_deg,
                        0.0,
                        f"The year's mean recession adds {number(recession_hz, 1)} Hz everywhere, "
                        "which moves the zero.",
                        decimals=1,
                    ),
                    Row(
                        "the same, less the mean of the site's velocity",
                        "longitude of the zero, on the equator",
                        "deg",
                        turned_deg,
                        0.0,
                        "Without the recession the zero stands where the paper has it.",
                        decimals=1,
                    ),
                    *_mean_rows("velocity of the Moon's centre", centre, "The paper's map."),
                    *_mean_rows(
                        "velocity of the site",
                        site,
                        "Rigorous: the same everywhere, so that the paper's map cannot be of it.",
                    ),
                ),
            ),
        ),
        (
            PaperFigure(
                "figure1",
                lambda: figures.draw_mean_shift(
                    grid.latitude_deg,
                    grid.longitude_deg,
                    centre.shift_hz.mean,
                    site.shift_hz.mean,
                ),
                "Two maps of the Moon's near side, one with a pattern from limb to limb, one even, "
                "and their profiles along the equator",
                f"Fig. 1: mean Doppler shift over a sidereal year, {carrier}, antenna to the "
                "Earth's centre: with the velocity of the Moon's centre (the paper's map) and with "
                "that of the site (rigorous).",
            ),
            PaperFigure(
                "doppler_year",
                lambda: figures.draw_year(grid.latitude_deg, grid.longitude_deg, site),
                "Four maps of the near side: largest and smallest shift, mean and steepest rate",
                f"Extremes of the shift and its rate over the same year, velocity of the site, "
                f"{carrier}. The rate is that of the point of the ground before the Earth's "
                "centre; it hardly depends on the site. Where lines bend, another month holds the "
                "extreme.",
            ),
            PaperFigure(
                "doppler_split",
                lambda: figures.draw_split(
                    split.days, split.whole_hz, split.moon_hz, split.earth_hz, split.in_sight
                ),
                "Doppler shift and its two parts against time, over a month and over three days",
                f"The shift of the point 0° N 0° E and its parts (eqs 4 to 6), {carrier}. Shaded: "
                "when the point sees the Moon.",
            ),
        ),
        {
            "recession_hz": recession_hz,
            "mean_hz": {
                velocity: {
                    "smallest": float(one.shift_hz.mean.min()),
                    "largest": float(one.shift_hz.mean.max()),
                }
                for velocity, one in zip(VELOCITIES, (site, centre), strict=True)
            },
            "extremes_hz": [
                float(site.shift_hz.smallest.min()),
                float(site.shift_hz.largest.max()),
            ],
            "rate_hz_per_s": [
                float(site.rate_hz_per_s.smallest.min()),
                float(site.rate_hz_per_s.largest.max()),
            ],
            "split_closure_hz": split.closure_hz,
            "grid": {
                "latitude_deg": grid.latitude_deg.tolist(),
                "longitude_deg": grid.longitude_deg.tolist(),
                "moon_centre_mean_hz": np.round(centre.shift_hz.mean, 3).tolist(),
                "site_mean_hz": np.round(site.shift_hz.mean, 3).tolist(),
            },
        },
        f"the paper's pattern, up to {largest:.0f} Hz at the limbs, is that of the velocity of the "
        "Moon's centre; by the velocity of the site the mean is "
        f"{number(recession_hz, 1)} Hz everywhere.",
    )


def _maps(
    moon: MoonOverEarth, grid: SiteGrid, carrier_hz: float, advance: Advance
) -> list[DopplerMap]:
    maps = []
    for done, velocity in enumerate(VELOCITIES):
        maps.append(doppler_map(moon, grid, carrier_hz, velocity_of=velocity))
        advance(done + 1, len(VELOCITIES) + 1)
    return maps


def _mean_rows(label: str, of: DopplerMap, why: str) -> list[Row]:
    return [
        Row(label, f"{name} of the near side", "Hz", value, None, why, decimals=2)
        for name, value in (
            ("smallest", float(of.shift_hz.mean.min())),
            ("largest", float(of.shift_hz.mean.max())),
        )
    ]


def _zero_longitude(longitude_deg: FloatArray, of: DopplerMap, offset_hz: float) -> float:
    """Return where the mean shift less an offset vanishes on the grid's middle latitude."""
    along = of.shift_hz.mean[of.shift_hz.mean.shape[0] // 2] - offset_hz
    # To the limbs it falls or rises without a turn.
    if along[-1] < along[0]:
        along, longitude_deg = along[::-1], longitude_deg[::-1]
    return float(np.interp(0.0, along, longitude_deg))


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """Shift of a point of the ground and its parts over a month; NaN while the Earth is set."""

    days: FloatArray
    whole_hz: FloatArray
    moon_hz: FloatArray
    earth_hz: FloatArray
    in_sight: npt.NDArray[np.bool_]
    earth_up: npt.NDArray[np.bool_]

    @property
    def closure_hz(self) -> float:
        return float(np.nanmax(np.abs(self.whole_hz - self.moon_hz - self.earth_hz)))

    @property
    def largest_hz(self) -> float:
        return float(np.nanmax(np.abs(self.whole_hz)))


def _split(context: PaperContext, carrier_hz: float) -> _Split:
    elapsed_s = np.linspace(0.0, SIDEREAL_MONTH_S, _SPLIT_INSTANTS)
    model, moon = context.moon(context.year_start, elapsed_s)
    aim, site = EarthPoint(0.0, 0.0), context.settings.site
    # A grid is on the sphere; the height of a site changes its Doppler shift by 1e-5.
    grid = site_grid(model.ephemeris, site.latitude_deg, site.longitude_deg)
    series = doppler_series(moon, grid, carrier_hz, aim)
    _, above = elevation_angles(model, context.site, aim, context.year_start, elapsed_s)
    earth_up = context.in_sight(model, moon)
    whole_hz, moon_hz, earth_hz = (
        np.where(earth_up, one[0, 0], np.nan)
        for one in (series.shift_hz, series.moon_hz, series.earth_hz)
    )
    return _Split(elapsed_s / _DAY_S, whole_hz, moon_hz, earth_hz, above > 0.0, earth_up)
