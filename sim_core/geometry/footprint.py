"""What a beam lights of the Earth: its outline on the ellipsoid, and the area inside.

A beam is a rectangle of angles in the frame of the zero-Doppler plane: look angles off the
direction to the Earth's centre inside that plane, azimuth angles out of it. What it lights is
bounded further by the smallest and the largest incidence angle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import PointingError
from sim_core.geometry.earth_ellipsoid import ellipsoid_normal, meet_ellipsoid
from sim_core.geometry.pointing import Side
from sim_core.geometry.steering import ZeroDopplerFrame, signed_look_angle_rad

FloatArray = npt.NDArray[np.float64]

EARTH_AREA_M2 = 510065621724088.44
"""Area of the WGS84 ellipsoid (closed form of an oblate spheroid)."""

# Of strips between kinks, and of each strip: what is integrated is smooth by substitution there.
_LOOK_NODES, _AZIMUTH_NODES = 64, 48

_LOOKS_TRIED = 513
_OUTLINE_POINTS = 128

# Halvings of a bracket: of a fraction of a degree 1e-16 is left.
_HALVINGS = 46

# Steps towards the steepest point of a strip: 1e-6 of its width is left, and of the smallest
# incidence the square of that.
_GOLDEN_STEPS = 28
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


@dataclass(frozen=True, slots=True)
class BeamShape:
    """A rectangle of angles, and the incidence angles that are of use.

    Parameters
    ----------
    look_angle_rad : float
        Of the beam's middle, off the direction to the Earth's centre in the zero-Doppler plane.
    half_look_rad, half_azimuth_rad : float
        To the edges: in the plane, and out of it.
    min_incidence_rad, max_incidence_rad : float
        Between the ray and the ellipsoid's normal.

    Raises
    ------
    PointingError
        If the angles are none that a beam has.
    """

    look_angle_rad: float
    half_look_rad: float
    half_azimuth_rad: float
    min_incidence_rad: float = 0.0
    max_incidence_rad: float = 0.5 * math.pi

    def __post_init__(self) -> None:
        quarter = 0.5 * math.pi
        if not (0.0 < self.half_look_rad < quarter and 0.0 < self.half_azimuth_rad < quarter):
            raise PointingError(
                f"a beam of {math.degrees(self.half_look_rad):g} by "
                f"{math.degrees(self.half_azimuth_rad):g} deg to its edges is none",
                "give half-widths above 0 and below 90 deg",
            )
        if not abs(self.look_angle_rad) < quarter:
            raise PointingError(
                f"a look angle of {math.degrees(self.look_angle_rad):g} deg leads away from the "
                "Earth",
                "give less than 90 deg; the Earth's radius is 0.9 to 1.0 deg wide from the Moon",
            )
        if not 0.0 <= self.min_incidence_rad < self.max_incidence_rad <= quarter:
            raise PointingError(
                f"incidence angles of {math.degrees(self.min_incidence_rad):g} to "
                f"{math.degrees(self.max_incidence_rad):g} deg leave no ground",
                "give a smallest and a larger one between 0 and 90 deg",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """What a beam lights.

    Parameters
    ----------
    area_m2 : float
        On the ellipsoid.
    outlines_m : tuple of ndarray of float64, shape (points, 3)
        Closed lines around its parts, Earth-fixed, first point not repeated. There are two where
        the smallest incidence angle cuts the beam in two.
    """

    area_m2: float
    outlines_m: tuple[FloatArray, ...]

    @property
    def share_of_earth(self) -> float:
        """Its area against that of the ellipsoid."""
        return self.area_m2 / EARTH_AREA_M2


def footprint(frame: ZeroDopplerFrame, beam: BeamShape, side: Side, instant: int = 0) -> Footprint:
    """Return what a beam lights of the Earth.

    The area is the integral of ``s^2 / cos(i)`` over solid angle (s slant range, i incidence), by
    Gauss's rule in both angles, each strip from edge to edge of what is lit: nothing is counted in
    pixels.

    Parameters
    ----------
    frame : ZeroDopplerFrame
        Where the radar is and how its zero-Doppler plane lies.
    beam : BeamShape
        The beam.
    side : {"north", "south"}
        Which way it is turned.
    instant : int
        Which of the frame's epochs is meant.

    Returns
    -------
    Footprint

    Raises
    ------
    PointingError
        If it lights nothing.
    """
    rays = _Rays.of(frame, side, instant)
    nodes, weights = np.polynomial.legendre.leggauss(_LOOK_NODES)
    phase = 0.5 * math.pi * nodes
    area_m2 = 0.0
    for lowest, highest in _lit_looks(rays, beam):
        # A sine takes the square-root edges out of the integrand, at limits and at the limb.
        look = 0.5 * (lowest + highest) + 0.5 * (highest - lowest) * np.sin(phase)
        weight = 0.25 * math.pi * (highest - lowest) * np.cos(phase) * weights
        for start, stop in _lit_azimuths(rays, beam, look):
            area_m2 += float(weight @ _strips(rays, look, start, stop))
    return Footprint(area_m2, _outlines(rays, beam))


@dataclass(frozen=True, slots=True, eq=False)
class _Rays:
    """Rays from the radar by their angles."""

    origin_m: FloatArray
    along: FloatArray
    inward: FloatArray
    across: FloatArray

    @classmethod
    def of(cls, frame: ZeroDopplerFrame, side: Side, instant: int) -> _Rays:
        return cls(
            frame.position_m[instant],
            frame.along[instant],
            frame.inward[instant],
            float(signed_look_angle_rad(1.0, side)) * frame.northward[instant],
        )

    def directions(self, look: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return unit vectors, shape (..., 3)."""
        in_plane = np.cos(look)[..., None] * self.inward + np.sin(look)[..., None] * self.across
        return np.asarray(
            np.cos(azimuth)[..., None] * in_plane + np.sin(azimuth)[..., None] * self.along
        )

    def meet(self, look: FloatArray, azimuth: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return slant ranges in m (NaN where the Earth is missed), and incidence angles.

        Where a ray misses, the angle is above 90 deg, the more the farther away it passes.
        """
        ray = self.directions(*np.broadcast_arrays(look, azimuth))
        point = meet_ellipsoid(self.origin_m, ray)
        slant_m = np.asarray(np.linalg.norm(point - self.origin_m, axis=-1))
        cosine = -np.einsum("...i,...i->...", ray, ellipsoid_normal(point))
        off_centre = np.arccos(-(ray @ self.origin_m) / np.linalg.norm(self.origin_m))
        missed = np.isnan(slant_m)
        incidence = np.where(
            missed, 0.5 * math.pi + off_centre, np.arccos(np.clip(cosine, 0.0, 1.0))
        )
        return slant_m, incidence

    def incidence(self, look: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return incidence angles; see `meet`."""
        return self.meet(look, azimuth)[1]

    def steepest(self, look: FloatArray, half_azimuth_rad: float) -> FloatArray:
        """Return where on each strip of one look angle the incidence is smallest."""
        start = np.full(look.shape, -half_azimuth_rad)
        stop = np.full(look.shape, half_azimuth_rad)
        for _ in range(_GOLDEN_STEPS):
            reach = _GOLDEN * (stop - start)
            left, right = stop - reach, start + reach
            to_left = self.incidence(look, left) < self.incidence(look, right)
            start, stop = np.where(to_left, start, left), np.where(to_left, right, stop)
        return np.asarray(0.5 * (start + stop))


def _crossing(
    rays: _Rays, look: FloatArray, inner: FloatArray, outer: FloatArray, limit_rad: float
) -> FloatArray:
    """Return where the incidence passes a limit between two azimuths, outer if it does not."""
    below, above = inner.copy(), outer.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        inside = rays.incidence(look, middle) <= limit_rad
        below, above = np.where(inside, middle, below), np.where(inside, above, middle)
    within = rays.incidence(look, outer) <= limit_rad
    return np.where(within, outer, below)


def _lit_azimuths(
    rays: _Rays, beam: BeamShape, look: FloatArray
) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Return what of each strip is lit, as pieces (start, stop): one, or one on either side."""
    steepest = rays.steepest(look, beam.half_azimuth_rad)
    edges = []
    for sign in (-1.0, 1.0):
        edge = np.full(look.shape, sign * beam.half_azimuth_rad)
        inner = _crossing(rays, look, steepest, edge, beam.min_incidence_rad)
        too_steep = rays.incidence(look, steepest) < beam.min_incidence_rad
        outer = _crossing(rays, look, steepest, edge, beam.max_incidence_rad)
        edges.append((np.where(too_steep, inner, steepest), outer))
    (left_inner, left_outer), (right_inner, right_outer) = edges
    if np.array_equal(left_inner, right_inner):
        return ((left_outer, right_outer),)
    return (left_outer, left_inner), (right_inner, right_outer)


def _lit_looks(rays: _Rays, beam: BeamShape) -> tuple[tuple[float, float], ...]:
    """Return ranges of look angles in each of which the same edges bound what is lit.

    Where another edge takes over, the integrand has a kink, at which Gauss's rule must stop.
    """
    look = np.linspace(
        beam.look_angle_rad - beam.half_look_rad,
        beam.look_angle_rad + beam.half_look_rad,
        _LOOKS_TRIED,
    )
    kind = _bounds(rays, beam, look)
    change = np.flatnonzero(np.diff(kind))
    below, above = look[change], look[change + 1]
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        same = _bounds(rays, beam, middle) == kind[change]
        below, above = np.where(same, middle, below), np.where(same, above, middle)
    starts = np.concatenate((look[:1], above))
    stops = np.concatenate((below, look[-1:]))
    kinds = kind[np.concatenate((change, [look.size - 1]))]
    found = tuple(
        (float(start), float(stop))
        for start, stop, one in zip(starts, stops, kinds, strict=True)
        if one
    )
    if not found:
        raise PointingError(
            f"a beam at a look angle of {math.degrees(beam.look_angle_rad):g} deg lights nothing "
            f"of the Earth between incidence angles of {math.degrees(beam.min_incidence_rad):g} "
            f"and {math.degrees(beam.max_incidence_rad):g} deg",
            "lower the look angle, or widen the limits",
        )
    return found


def _bounds(rays: _Rays, beam: BeamShape, look: FloatArray) -> npt.NDArray[np.int64]:
    """Name by a number what bounds the lit part of each strip; 0 where nothing is lit."""
    steepest = rays.incidence(look, rays.steepest(look, beam.half_azimuth_rad))
    edge = np.full(look.shape, beam.half_azimuth_rad)
    left, right = rays.incidence(look, -edge), rays.incidence(look, edge)
    lit = (steepest <= beam.max_incidence_rad) & (np.maximum(left, right) >= beam.min_incidence_rad)
    number = 1 + (steepest < beam.min_incidence_rad) * (
        1 + (left < beam.min_incidence_rad) + 2 * (right < beam.min_incidence_rad)
    )
    number = 4 * number + (left > beam.max_incidence_rad) + 2 * (right > beam.max_incidence_rad)
    return np.where(lit, number, 0)


def _strips(rays: _Rays, look: FloatArray, start: FloatArray, stop: FloatArray) -> FloatArray:
    """Integrate over azimuth: the area per look angle of each strip, m^2 per radian."""
    nodes, weights = np.polynomial.legendre.leggauss(_AZIMUTH_NODES)
    phase = 0.5 * math.pi * nodes
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    azimuth = middle[:, None] + half[:, None] * np.sin(phase)
    slant_m, incidence = rays.meet(look[:, None], azimuth)
    density = slant_m**2 * np.cos(azimuth) / np.cos(incidence)
    # A strip that is empty but for rounding may hold a ray that misses.
    density = np.where(np.isfinite(density), density, 0.0)
    return np.asarray(0.5 * math.pi * half * (density @ (np.cos(phase) * weights)))


def _outlines(rays: _Rays, beam: BeamShape) -> tuple[FloatArray, ...]:
    """Return lines around the lit parts, their points dense where they bend."""
    pieces = _lit_looks(rays, beam)
    bend = 0.5 - 0.5 * np.cos(np.linspace(0.0, math.pi, _OUTLINE_POINTS))
    look = np.concatenate([start + (stop - start) * bend for start, stop in pieces])
    lines = []
    for start, stop in _lit_azimuths(rays, beam, look):
        # Up one side, across, down the other, and back: the ends may be edges of the beam.
        ends = [start[end] + (stop[end] - start[end]) * bend[1:-1] for end in (-1, 0)]
        azimuths = np.concatenate((start, ends[0], stop[::-1], ends[1][::-1]))
        looks = np.concatenate(
            (look, np.full(bend.size - 2, look[-1]), look[::-1], np.full(bend.size - 2, look[0]))
        )
        slant_m, _ = rays.meet(looks, azimuths)
        points = rays.origin_m + slant_m[:, None] * rays.directions(looks, azimuths)
        lines.append(points[np.isfinite(slant_m)])
    return tuple(lines)
