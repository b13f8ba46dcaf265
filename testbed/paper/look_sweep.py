"""What a radar sees against the look angle, from any site: a table, and curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import PointingError
from sim_core.geometry.footprint import BeamShape, footprint
from sim_core.geometry.motion import MotionModel
from testbed.errors import locate_errors
from testbed.paper import published
from testbed.paper.context import EPOCH_KEY, PaperContext
from testbed.paper.figures import beyond_figures as figures
from testbed.paper.look_geometry import LookGeometry
from testbed.paper.section import Row

FloatArray = npt.NDArray[np.float64]

_DEGREE = math.pi / 180.0
# Of the curves, between the smallest and the largest look angle of the settings.
_CURVE_LOOKS = 25


def look_of(context: PaperContext, model: MotionModel, look_deg: float) -> LookGeometry:
    """Look from the settings' site at the epoch of the tables, with the aperture of Table 4.

    Parameters
    ----------
    context : PaperContext
        Settings, epoch and side.
    model : MotionModel
        Covers the epoch and an hour around it.
    look_deg : float
        Look angle in degrees.

    Raises
    ------
    PointingError
        If the beam misses the Earth.
    """
    return LookGeometry.of(
        model,
        context.site,
        context.table_epoch(),
        look_deg * _DEGREE,
        context.table_side(),
        published.TABLE_4.aperture_s,
    )


@dataclass(frozen=True, slots=True, eq=False)
class LookSweep:
    """Looks of the settings and between them, with what their beam lights.

    Parameters
    ----------
    caption : str
        From where, when, with what.
    look_deg : ndarray of float64, shape (looks,)
        Look angles, rising.
    chosen : tuple of int
        Which of them are in the settings.
    looks : tuple of LookGeometry
        What is seen at each.
    area_m2 : ndarray of float64, shape (looks,)
        What the settings' beam lights at those of the settings; NaN between.
    prf_hz : float
        PRF of the radar.
    """

    caption: str
    look_deg: FloatArray
    chosen: tuple[int, ...]
    looks: tuple[LookGeometry, ...]
    area_m2: FloatArray
    prf_hz: float

    @classmethod
    def of(cls, context: PaperContext, model: MotionModel, prf_hz: float) -> LookSweep:
        """Look from the settings' site at the epoch of the tables.

        Parameters
        ----------
        context : PaperContext
            Settings, epoch and side.
        model : MotionModel
            Covers the epoch and an hour around it.
        prf_hz : float
            PRF of the radar, for the pulses in flight.

        Raises
        ------
        ConfigError
            If a beam misses the Earth or lights nothing.
        """
        settings = context.settings
        wanted = np.array(sorted(set(settings.look_angles_deg)))
        look_deg = np.union1d(wanted, np.linspace(wanted[0], wanted[-1], _CURVE_LOOKS))
        frame, _ = context.frame(context.table_epoch(), np.zeros(1), EPOCH_KEY)
        beam, side = settings.beam, context.table_side()
        with locate_errors(settings, "look_angles_deg", (PointingError,)):
            looks = tuple(look_of(context, model, one) for one in look_deg.tolist())
            # A footprint costs a second: only those of the table.
            area_m2 = np.full(look_deg.size, np.nan)
            chosen = tuple(int(one) for one in np.searchsorted(look_deg, wanted))
            for index in chosen:
                shape = BeamShape(
                    look_deg[index] * _DEGREE,
                    beam.half_range_deg * _DEGREE,
                    beam.half_azimuth_deg * _DEGREE,
                    beam.min_incidence_deg * _DEGREE,
                    beam.max_incidence_deg * _DEGREE,
                )
                area_m2[index] = footprint(frame, shape, side).area_m2
        caption = (
            f"From {settings.site.latitude_deg:g}°, {settings.site.longitude_deg:g}° of the Moon, "
            f"looking {side} at {context.table_epoch().utc_iso(0)} UTC: radar of Table 4 at "
            f"{prf_hz:g} Hz, beam of ±{beam.half_azimuth_deg:g}° × "
            f"±{beam.half_range_deg:g}°"
        )
        return cls(caption, look_deg, chosen, looks, area_m2, prf_hz)

    def quantities(self) -> tuple[tuple[str, str, FloatArray, str, int], ...]:
        """Return name, unit, values, reason and decimals of everything."""
        radar = published.TABLE_4
        bandwidth_hz = radar.chirp_rate_hz_per_s * radar.pulse_duration_s
        aperture_s = radar.aperture_s

        def each(value: Callable[[LookGeometry], float]) -> FloatArray:
            return np.array([value(one) for one in self.looks])

        return (
            ("slant range", "km", each(lambda one: 1e-3 * one.range_m), "To the ellipsoid.", 0),
            (
                "incidence", "°", each(lambda one: one.incidence_rad / _DEGREE),
                "Between the beam and the ellipsoid's normal.", 2,
            ),
            (
                "latitude", "°", each(lambda one: one.place.latitude_deg),
                "Geodetic, of what the beam's axis meets.", 2,
            ),
            (
                "longitude", "°", each(lambda one: one.place.longitude_deg),
                "The same.", 2,
            ),
            (
                "smallest delay", "s", each(lambda one: one.delay_min_s),
                "Two ways, with light time on both.", 6,
            ),
            (
                "Doppler rate", "Hz/s",
                each(lambda one: one.doppler_rate_hz_per_s(radar.carrier_hz, aperture_s)),
                "Mean over the aperture, at 23 GHz, without its sign.", 3,
            ),
            (
                "Doppler bandwidth", "Hz",
                each(lambda one: one.doppler_bandwidth_hz(radar.carrier_hz, aperture_s)),
                "Over the aperture of 100 s: the least PRF without folding.", 1,
            ),
            (
                "range migration", "cells", each(lambda one: one.migration_cells(radar)),
                "Over the aperture, the mean walk taken out; cells of 1 / 80 MHz.", 1,
            ),
            (
                "pulses in flight", "", each(lambda one: one.delay_min_s * self.prf_hz),
                f"Smallest delay times {self.prf_hz:g} Hz.", 0,
            ),
            (
                "range resolution on the ground", "m",
                each(lambda one: one.range_resolution_m(bandwidth_hz)),
                "At half power; in slant range over the sine of the incidence.", 2,
            ),
            (
                "azimuth resolution on the ground", "m",
                each(lambda one: one.azimuth_resolution_m(radar.carrier_hz, aperture_s)),
                "At half power, at equal range. At small incidence lines of equal range run askew "
                "to the track, which coarsens it.", 2,
            ),
            (
                "footprint", "10\N{SUPERSCRIPT FOUR} km\N{SUPERSCRIPT TWO}", self.area_m2 / 1e10,
                "Of the settings' beam within its limits of incidence, exact on the ellipsoid.", 1,
            ),
        )  # fmt: skip

    def rows(self) -> tuple[Row, ...]:
        """Return the table: every quantity at the looks of the settings."""
        return tuple(
            Row(
                f"look {self.look_deg[index]:g}°", name, unit, float(values[index]), None, why,
                decimals,
            )
            for name, unit, values, why, decimals in self.quantities()
            for index in self.chosen
        )  # fmt: skip

    def curves(self) -> tuple[figures.Curve, ...]:
        """Return what the figure shows."""
        values = {name: one for name, _, one, _, _ in self.quantities()}
        return (
            figures.Curve("Incidence", "incidence (°)", (("", values["incidence"]),)),
            figures.Curve("Ground place", "latitude (°)", (("", values["latitude"]),)),
            figures.Curve("Slant range", "range (1000 km)", (("", 1e-3 * values["slant range"]),)),
            figures.Curve("Doppler rate", "rate (Hz/s)", (("", values["Doppler rate"]),)),
            figures.Curve(
                "Range migration", "migration (cells)", (("", values["range migration"]),)
            ),
            figures.Curve(
                "Resolution on the ground",
                "width (m)",
                (
                    ("range", values["range resolution on the ground"]),
                    ("azimuth", values["azimuth resolution on the ground"]),
                ),
            ),
        )
