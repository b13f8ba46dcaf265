"""Moon, Earth-Moon barycentre and Sun from a kernel of positions (.bsp).

Kernels give bodies relative to each other: Moon and Earth to their barycentre, that and the Sun to
the solar system's. What is wanted is added up along the shortest way, coefficient by coefficient,
so that nothing is lost to the size of the vectors on the way.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim_core.errors import KernelError
from sim_core.geometry.granules import (
    Granules,
    Span,
    combine,
    coverage,
    cut_out,
    on_one_grid,
    require_covered,
)
from sim_core.geometry.kernel_file import J2000_FRAME, KernelFile, Segment, Series, series_of

SOLAR_SYSTEM, BARYCENTRE, SUN, MOON, EARTH = 0, 3, 10, 301, 399
"""SPICE's numbers of the bodies."""

BODY_NAMES: Mapping[int, str] = {
    SOLAR_SYSTEM: "solar-system barycentre",
    BARYCENTRE: "Earth-Moon barycentre",
    SUN: "Sun",
    MOON: "Moon",
    EARTH: "Earth",
}
WANTED = ((MOON, EARTH), (BARYCENTRE, SOLAR_SYSTEM), (SUN, SOLAR_SYSTEM))
"""Bodies and what they are wanted relative to."""

# The Earth lies on the line through Moon and barycentre, or the barycentre is none. Rounding makes
# 1e-9 m of it, and ephemerides that were fitted anew some 1e-4 m.
_OFF_THE_LINE_M = 1e-3
# Perigee and apogee are 3.564e8 and 4.067e8 m.
_MOON_DISTANCE_M = (3.4e8, 4.2e8)

_METRE_PER_KM = 1e3

Way = tuple[tuple[float, tuple[Series, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """What a kernel of positions gives for a span.

    Attributes
    ----------
    moon : Granules
        Moon from the Earth's centre, m.
    barycentre, sun : Granules
        Earth-Moon barycentre and Sun from the solar-system barycentre, m.
    earth_share : float
        The Earth's distance from the Earth-Moon barycentre over that from the Moon, as the kernel's
        own series have it.
    """

    moon: Granules
    barycentre: Granules
    sun: Granules
    earth_share: float


class PositionKernel:
    """A kernel of positions, with its ways from body to body.

    Parameters
    ----------
    kernel : KernelFile
        An SPK.

    Attributes
    ----------
    kernel : KernelFile
    span : Span
        From the first to the last instant at which it has all that is wanted.

    Raises
    ------
    KernelError
        If one of the bodies is missing, or only there in a form or frame that is not read, or if
        they have no time in common.
    """

    def __init__(self, kernel: KernelFile) -> None:
        self.kernel = kernel
        self._ways = {pair: _way(kernel, *pair) for pair in WANTED}
        self._earth = _way(kernel, EARTH, BARYCENTRE)
        covered = [
            coverage(pieces) for way in (*self._ways.values(), self._earth) for _, pieces in way
        ]
        self.span = Span(
            max(spans[0].start_s for spans in covered), min(spans[-1].stop_s for spans in covered)
        )

        if self.span.start_s >= self.span.stop_s:
            raise KernelError(
                f"{kernel.label} has Moon, Earth and Sun at no common time",
                "use a kernel that has all of them",
            )

    def positions(self, wanted: Span) -> Positions:
        """Read what holds for a span.

        Parameters
        ----------
        wanted : Span
            The span.

        Raises
        ------
        EpochError
            If the kernel does not cover it.
        KernelError
            If its numbers cannot be those of Moon and Earth.
        """
        moon, barycentre, sun = (self._sum(pair, way, wanted) for pair, way in self._ways.items())
        earth = self._sum((EARTH, BARYCENTRE), self._earth, wanted)
        self._require_distance(moon)
        return Positions(moon, barycentre, sun, self._earth_share(moon, earth))

    def _sum(self, pair: tuple[int, int], way: Way, wanted: Span) -> Granules:
        terms = []
        for sign, pieces in way:
            what = BODY_NAMES.get(pair[0], str(pair[0]))
            require_covered(self.kernel.label, what, coverage(pieces), wanted)
            terms.append(cut_out(pieces, wanted).scaled(sign * _METRE_PER_KM))
        return combine(self.kernel.label, terms)

    def _require_distance(self, moon: Granules) -> None:
        # At the middle of a granule the even terms remain, with alternating signs.
        signs = np.array((1.0, 0.0, -1.0, 0.0))[np.arange(moon.coefficients.shape[2]) % 4]
        distance_m = np.linalg.norm(moon.coefficients @ signs, axis=1)
        low, high = _MOON_DISTANCE_M
        wrong = ~((low <= distance_m) & (distance_m <= high))
        if wrong.any():
            raise KernelError(
                f"{self.kernel.label} has the Moon {distance_m[wrong][0]:.6g} m from the Earth",
                f"its unit is the km and its distance {low:g} to {high:g} m: get another kernel",
            )

    def _earth_share(self, moon: Granules, earth: Granules) -> float:
        """Return the ratio of two parallel vectors, Earth from barycentre and Earth from Moon."""
        whole, part = (
            one.coefficients for one in on_one_grid(self.kernel.label, [moon, earth.scaled(-1.0)])
        )
        share = float(np.sum(whole * part) / np.sum(whole * whole))
        # The sum of the sizes of its terms bounds a Chebyshev series.
        off_m = float(np.abs(part - share * whole).sum(axis=2).max())
        if not (0.0 < share < 1.0 and off_m < _OFF_THE_LINE_M):
            raise KernelError(
                f"{self.kernel.label} has Earth and Moon {off_m:.3g} m off a line through its "
                "Earth-Moon barycentre",
                "use a kernel whose Earth, Moon and barycentre come from one ephemeris",
            )
        return share


def _way(kernel: KernelFile, body: int, centre: int) -> Way:
    """Return the segments that lead from a centre to a body, with their signs, by few steps."""
    steps = _shortest(kernel, body, centre, usable=True)
    if steps is None:
        wanted = f"{BODY_NAMES[body]} ({body}) relative to {BODY_NAMES[centre]} ({centre})"
        remedy = "use a planetary kernel such as de440.bsp, with bodies 3, 10, 301 and 399"
        steps = _shortest(kernel, body, centre, usable=False)
        if steps is None:
            held = sorted({segment.subject for segment in kernel.segments})
            bodies = ", ".join(map(str, held[:12])) + (", ..." if len(held) > 12 else "")
            raise KernelError(
                f"{kernel.label} lacks {wanted}; its bodies are {bodies or 'none'}", remedy
            )
        refused = next(
            one for _, pair in steps for one in _of_pair(kernel, pair) if not _is_usable(one)
        )
        raise KernelError(
            f"{kernel.label} has the body {refused.subject} relative to {refused.centre} in "
            + (
                f"frame {refused.frame}, not in J2000 (1)"
                if refused.frame != J2000_FRAME
                else f"segments of type {refused.data_type}, not of type 2 or 3 (Chebyshev series)"
            ),
            remedy,
        )
    return tuple(
        (sign, tuple(series_of(kernel, one) for one in _of_pair(kernel, pair)))
        for sign, pair in steps
    )


def _is_usable(segment: Segment) -> bool:
    return segment.frame == J2000_FRAME and segment.data_type in {2, 3}


def _of_pair(kernel: KernelFile, pair: tuple[int, int | None]) -> list[Segment]:
    return [one for one in kernel.segments if (one.subject, one.centre) == pair]


def _shortest(
    kernel: KernelFile, body: int, centre: int, usable: bool
) -> list[tuple[float, tuple[int, int]]] | None:
    """Search the pairs of a kernel breadth first; a pair is usable if all its segments are."""
    pairs = {(one.subject, one.centre) for one in kernel.segments if one.centre is not None}
    if usable:
        pairs -= {(one.subject, one.centre or 0) for one in kernel.segments if not _is_usable(one)}
    reached: dict[int, list[tuple[float, tuple[int, int]]]] = {centre: []}
    queue = deque([centre])
    while queue:
        here = queue.popleft()
        if here == body:
            return reached[here]
        for subject, origin in sorted(pairs):
            for sign, start, end in ((1.0, origin, subject), (-1.0, subject, origin)):
                if start == here and end not in reached:
                    reached[end] = [*reached[here], (sign, (subject, origin))]
                    queue.append(end)
    return None
