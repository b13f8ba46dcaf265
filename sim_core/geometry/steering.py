"""Two-axis attitude steering into the zero-Doppler plane, as time series.

The zero-Doppler plane is normal to the track: the velocity B of the radar over the turning Earth
(eq. 3 of the paper). Yaw and pitch turn an antenna that looks at the Earth's centre into that
plane; the look angle is the roll inside it. Everything is geometric and of one instant, which is
the moment of reflection: what is aimed at has its smallest delay for what leaves half a delay
before. The angles leave out the 3e-6 rad (0.7 arc seconds) by which the light from a Moon that
moves by 1 km/s against the Earth has to be led.

Conventions, sources and figures: docs/algorithms/steering.md.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sim_core.errors import PointingError
from sim_core.geometry.earth_ellipsoid import (
    ellipsoid_normal,
    geodetic_coordinates,
    meet_ellipsoid,
)
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.lunar_orientation import mean_earth_to_principal_axes
from sim_core.geometry.moon_over_earth import MoonOverEarth, SiteMotion, moon_over_earth
from sim_core.geometry.motion import MotionModel, site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import LunarSite

FloatArray = npt.NDArray[np.float64]

# Whose velocity the track is of: that of the site (rigorous), or that of the Moon's centre, which
# leaves out the site's own 4.6 m/s (what the paper's Table 3 shows).
TrackVelocity = Literal["site", "moon_centre"]


@dataclass(frozen=True, slots=True, eq=False)
class ZeroDopplerFrame:
    """Where a radar is and how its zero-Doppler plane lies, Earth-fixed axes, shape (epochs, 3).

    A beam at the look angle `a` (north positive) and the azimuth `b` off the plane (forward
    positive) has the direction ``cos b (cos a inward + sin a northward) + sin b along``. Together
    the three unit vectors are orthogonal.

    Attributes
    ----------
    position_m : ndarray of float64
        Site from the Earth's centre.
    along : ndarray of float64
        Of the track: normal of the zero-Doppler plane. To the west, mostly.
    inward : ndarray of float64
        Direction to the Earth's centre, projected into the plane. Look angles count from it. (The
        centre itself lies up to 0.2 deg off the plane.)
    northward : ndarray of float64
        In the plane, normal to `inward`, on the side of the Earth's north pole.
    along_per_s, inward_per_s, northward_per_s : ndarray of float64
        Their rates.
    """

    position_m: FloatArray
    along: FloatArray
    inward: FloatArray
    northward: FloatArray
    along_per_s: FloatArray
    inward_per_s: FloatArray
    northward_per_s: FloatArray

    def beam(self, look_angle_rad: npt.ArrayLike, azimuth_rad: npt.ArrayLike = 0.0) -> FloatArray:
        """Return directions of beams.

        Parameters
        ----------
        look_angle_rad : array_like of float
            Angle in the plane off `inward`, positive to the north; broadcast against (epochs,), so
            that shape (looks, 1) makes directions of shape (looks, epochs, 3).
        azimuth_rad : array_like of float
            Angle off the plane, positive along the track; broadcast in the same way.

        Returns
        -------
        ndarray of float64, shape (..., epochs, 3)
            Unit vectors from the site, Earth-fixed axes.
        """
        look, azimuth = _columns(look_angle_rad), _columns(azimuth_rad)
        in_plane = np.cos(look) * self.inward + np.sin(look) * self.northward
        return np.asarray(np.cos(azimuth) * in_plane + np.sin(azimuth) * self.along)

    def ground(self, look_angle_rad: npt.ArrayLike, azimuth_rad: npt.ArrayLike = 0.0) -> FloatArray:
        """Return where beams meet the WGS84 ellipsoid.

        Parameters
        ----------
        look_angle_rad, azimuth_rad : array_like of float
            As for `beam`.

        Returns
        -------
        ndarray of float64, shape (..., epochs, 3)
            Earth-fixed positions in m; NaN where a beam misses the Earth.
        """
        return meet_ellipsoid(self.position_m, self.beam(look_angle_rad, azimuth_rad))


def _columns(angle_rad: npt.ArrayLike) -> FloatArray:
    return np.asarray(angle_rad, dtype=np.float64)[..., None]


def zero_doppler_frame(motion: SiteMotion, velocity_of: TrackVelocity = "site") -> ZeroDopplerFrame:
    """Return how the zero-Doppler plane of a site lies at many instants.

    Parameters
    ----------
    motion : SiteMotion
        Of the site over the Earth.
    velocity_of : {"site", "moon_centre"}
        Whose velocity makes the track; ``B = V + R x W_e`` with the velocity V of the site or of
        the Moon's centre, and R of the site in both cases.

    Returns
    -------
    ZeroDopplerFrame
    """
    track, track_rate = motion.velocity_m_per_s, motion.acceleration_m_per_s2
    if velocity_of == "moon_centre":
        track = track - motion.own_velocity_m_per_s
        track_rate = track_rate - motion.own_acceleration_m_per_s2
    along, along_per_s = _unit(track, track_rate)
    centre, centre_per_s = _unit(-motion.position_m, -motion.velocity_m_per_s)
    off = _dot(centre, along)
    off_per_s = _dot(centre_per_s, along) + _dot(centre, along_per_s)
    inward, inward_per_s = _unit(
        centre - off * along, centre_per_s - off_per_s * along - off * along_per_s
    )
    # The track leads westwards, always: that, and the way to the centre, make this one north.
    northward = np.cross(inward, along)
    northward_per_s = np.cross(inward_per_s, along) + np.cross(inward, along_per_s)
    return ZeroDopplerFrame(
        motion.position_m, along, inward, northward, along_per_s, inward_per_s, northward_per_s
    )


@dataclass(frozen=True, slots=True, eq=False)
class Steering:
    """Where an antenna on the Moon is pointed, arrays of shape (epochs,).

    Attributes
    ----------
    site : LunarSite
        Of the radar.
    epoch : Epoch
        Zero of the times.
    elapsed_s : ndarray of float64
        Instants of reflection, in s of TDB from the epoch.
    look_angle_rad : ndarray of float64
        Angle in the plane off the direction to the Earth's centre, positive to the north.
    velocity_of : {"site", "moon_centre"}
        Whose velocity makes the track.
    azimuth_rad, elevation_rad : ndarray of float64
        Of the beam in the site's sky: from lunar north (mean-Earth pole) clockwise, without steps
        of a turn; above the plane normal to the Moon's radius. Near the zenith an azimuth turns
        fast; where the Earth stands there, `yaw_rad` and `pitch_rad` are better commands.
    azimuth_rad_per_s, elevation_rad_per_s : ndarray of float64
        Their rates.
    yaw_rad, pitch_rad : ndarray of float64
        The two axes of attitude steering, against an antenna that looks at the Earth's centre with
        its edge to the west (normal to that direction and to the Earth's axis): yaw about
        the direction to the centre, positive from west to north; then pitch, positive away from
        the Earth. They do not depend on the look angle. ``pi/2 + pitch_rad`` is the angle between
        the track and the direction to the Earth's centre (Table 1 of the paper).
    yaw_rad_per_s, pitch_rad_per_s : ndarray of float64
        Their rates.
    aim_m : ndarray of float64, shape (epochs, 3)
        Where the beam's axis meets the WGS84 ellipsoid, ITRS; NaN where it misses the Earth, as
        all that follows.
    latitude_rad, longitude_rad : ndarray of float64
        Geodetic coordinates of that point.
    range_m : ndarray of float64
        From the site to it.
    incidence_rad : ndarray of float64
        Of the beam on the ground: from the ellipsoid's normal.
    """

    site: LunarSite
    epoch: Epoch
    elapsed_s: FloatArray
    look_angle_rad: FloatArray
    velocity_of: TrackVelocity
    azimuth_rad: FloatArray
    elevation_rad: FloatArray
    azimuth_rad_per_s: FloatArray
    elevation_rad_per_s: FloatArray
    yaw_rad: FloatArray
    pitch_rad: FloatArray
    yaw_rad_per_s: FloatArray
    pitch_rad_per_s: FloatArray
    aim_m: FloatArray
    latitude_rad: FloatArray
    longitude_rad: FloatArray
    range_m: FloatArray
    incidence_rad: FloatArray


def signed_look_angle_rad(look_angle_rad: npt.ArrayLike, side: Side) -> FloatArray:
    """Return look angles with their side as a sign: north positive, south negative."""
    angle = np.asarray(look_angle_rad, dtype=np.float64)
    return angle if side == "north" else -angle


def steer(
    model: MotionModel,
    site: LunarSite,
    epoch: Epoch,
    elapsed_s: npt.ArrayLike,
    look_angle_rad: npt.ArrayLike,
    side: Side,
    velocity_of: TrackVelocity = "site",
) -> Steering:
    """Steer an antenna into the zero-Doppler plane at many instants.

    Parameters
    ----------
    model : MotionModel
        Covers the instants.
    site : LunarSite
        Of the radar.
    epoch : Epoch
        Zero of the times.
    elapsed_s : array_like of float, shape (epochs,)
        Instants of reflection, in s of TDB from the epoch.
    look_angle_rad : array_like of float, scalar or shape (epochs,)
        Angle off the direction to the Earth's centre. A fixed one makes a strip; one per instant
        follows anything else.
    side : {"north", "south"}
        Which way the beam is turned.
    velocity_of : {"site", "moon_centre"}
        Whose velocity makes the track: rigorous, or as in the paper.

    Returns
    -------
    Steering

    Raises
    ------
    EpochError
        If an instant is not finite or the model does not cover it.
    PointingError
        If a look angle is not within 0 to 90 deg.
    """
    moon = moon_over_earth(model, epoch, elapsed_s)
    return steer_along(model, moon, site, look_angle_rad, side, velocity_of)


def steer_along(
    model: MotionModel,
    moon: MoonOverEarth,
    site: LunarSite,
    look_angle_rad: npt.ArrayLike,
    side: Side,
    velocity_of: TrackVelocity = "site",
) -> Steering:
    """Do what `steer` does on a Moon whose motion is at hand.

    Parameters
    ----------
    model : MotionModel
        Of which `moon` was made.
    moon : MoonOverEarth
        At the instants.
    site, look_angle_rad, side, velocity_of
        As for `steer`.

    Returns
    -------
    Steering

    Raises
    ------
    PointingError
        If a look angle is not within 0 to 90 deg.
    """
    angle = np.asarray(look_angle_rad, dtype=np.float64)
    if not ((angle >= 0.0) & (angle <= 0.5 * math.pi)).all():  # refuses NaN as well
        raise PointingError(
            "a look angle is not within 0 to 90 deg", "give it positive, and the side by name"
        )
    look = np.broadcast_to(signed_look_angle_rad(angle, side), moon.elapsed_s.shape)
    motion = moon.site_motion(site_station(model.ephemeris, site))
    frame = zero_doppler_frame(motion, velocity_of)
    beam = frame.beam(look)
    azimuth, azimuth_per_s, elevation, elevation_per_s = _sky_angles(
        model, moon, site, beam, _beam_per_s(frame, look, moon.elapsed_s)
    )
    yaw, yaw_per_s, pitch, pitch_per_s = _attitude(motion, frame)
    aim_m = meet_ellipsoid(motion.position_m, beam)
    latitude_rad, longitude_rad = geodetic_coordinates(aim_m)
    return Steering(
        site=site,
        epoch=moon.epoch,
        elapsed_s=moon.elapsed_s,
        look_angle_rad=look,
        velocity_of=velocity_of,
        azimuth_rad=np.unwrap(azimuth % (2.0 * math.pi)),
        elevation_rad=elevation,
        azimuth_rad_per_s=azimuth_per_s,
        elevation_rad_per_s=elevation_per_s,
        yaw_rad=yaw,
        pitch_rad=pitch,
        yaw_rad_per_s=yaw_per_s,
        pitch_rad_per_s=pitch_per_s,
        aim_m=aim_m,
        latitude_rad=latitude_rad,
        longitude_rad=longitude_rad,
        range_m=np.linalg.norm(aim_m - motion.position_m, axis=-1),
        incidence_rad=np.arccos(-np.sum(ellipsoid_normal(aim_m) * beam, axis=-1)),
    )


def _beam_per_s(frame: ZeroDopplerFrame, look: FloatArray, elapsed_s: FloatArray) -> FloatArray:
    """Return the rates of beams in the plane; those of the look angle by differences."""
    cosine, sine = _columns(np.cos(look)), _columns(np.sin(look))
    per_s = cosine * frame.inward_per_s + sine * frame.northward_per_s
    if look.size > 1 and np.ptp(look) > 0.0:
        turning = _columns(np.gradient(look, elapsed_s))
        per_s = per_s + turning * (cosine * frame.northward - sine * frame.inward)
    return np.asarray(per_s)


def _sky_angles(
    model: MotionModel,
    moon: MoonOverEarth,
    site: LunarSite,
    beam: FloatArray,
    beam_per_s: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return azimuth and elevation of beams in the sky of a site, each followed by its rate."""
    north_east_up = site.east_north_up()[[1, 0, 2]]
    local = np.array(
        [mean_earth_to_principal_axes(model.ephemeris, axis) for axis in north_east_up]
    )
    axes, axes_per_s = moon.axes @ local.T, moon.axes_per_s @ local.T
    in_sky = np.einsum("kij,ki->kj", axes, beam)
    per_s = np.einsum("kij,ki->kj", axes_per_s, beam) + np.einsum("kij,ki->kj", axes, beam_per_s)
    return _two_angles(in_sky, per_s)


def _attitude(
    motion: SiteMotion, frame: ZeroDopplerFrame
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return yaw and pitch of the track against the direction to the Earth's centre, and rates."""
    outward, outward_per_s = _unit(motion.position_m, motion.velocity_m_per_s)
    pole = np.array((0.0, 0.0, 1.0))
    north, north_per_s = _unit(
        pole - _dot(outward, pole) * outward,
        -_dot(outward_per_s, pole) * outward - _dot(outward, pole) * outward_per_s,
    )
    west = np.cross(outward, north)
    west_per_s = np.cross(outward_per_s, north) + np.cross(outward, north_per_s)
    axes = ((west, west_per_s), (north, north_per_s), (outward, outward_per_s))
    seen = np.stack([_dot(frame.along, axis)[:, 0] for axis, _ in axes], axis=1)
    seen_per_s = np.stack(
        [
            _dot(frame.along_per_s, axis)[:, 0] + _dot(frame.along, axis_per_s)[:, 0]
            for axis, axis_per_s in axes
        ],
        axis=1,
    )
    return _two_angles(seen, seen_per_s)


def _two_angles(
    direction: FloatArray, direction_per_s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return a direction's angle about the third axis from the first, and the one towards it.

    Each is followed by its rate. Arguments have shape (epochs, 3).
    """
    x, y, z = direction.T
    vx, vy, vz = direction_per_s.T
    flat = np.hypot(x, y)
    return np.arctan2(y, x), (x * vy - y * vx) / flat**2, np.arctan2(z, flat), vz / flat


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return inner products as a column, shape (epochs, 1)."""
    return np.asarray(np.sum(a * b, axis=-1, keepdims=True))


def _unit(vector: FloatArray, per_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return unit vectors and their rates."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    unit = vector / length
    return unit, (per_s - _dot(unit, per_s) * unit) / length
