"""Chebyshev series of kernels, cut out for a span, joined, combined, and made a table.

Kernels count seconds, and nothing obliges their granules to begin on a day or to last a whole
number of them. Here granules keep their exact origin and length as fractions; only the table at the
end has them in days, and its coefficients are moved by what the days cannot express.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import erfa
import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from sim_core.errors import EpochError, KernelError
from sim_core.geometry.chebyshev import ChebyshevTable
from sim_core.geometry.epoch import J2000_DAY, SECONDS_PER_DAY, Epoch
from sim_core.geometry.kernel_file import Series, describe

FloatArray = npt.NDArray[np.float64]

_J2000 = Epoch(J2000_DAY - 0.5, 0.5 * SECONDS_PER_DAY)

# ERFA's calendar begins here, in -4799; DE441 begins earlier.
_FIRST_CALENDAR_DAY = -68569.0

# Granules of different lengths are cut to a common one; no kernel of planets needs more parts.
_MOST_PARTS = 64


class Span(NamedTuple):
    """A span of time, TDB seconds since J2000.

    The seconds only choose granules: that they resolve 1e-7 s does not matter.
    """

    start_s: float
    stop_s: float

    @classmethod
    def between(cls, start: Epoch, stop: Epoch) -> "Span":
        """Return the span between two epochs."""
        return cls(start.seconds_since(_J2000), stop.seconds_since(_J2000))


@dataclass(frozen=True, slots=True, eq=False)
class Granules:
    """Chebyshev series on granules that follow each other without a gap.

    Attributes
    ----------
    origin_s : Fraction
        Start of the first granule, TDB seconds since J2000.
    granule_s : Fraction
        Length of a granule.
    coefficients : ndarray of float64, shape (granules, components, degree + 1)
        Series of each granule over -1 to 1.
    """

    origin_s: Fraction
    granule_s: Fraction
    coefficients: FloatArray

    def scaled(self, factor: float) -> "Granules":
        """Return the same series times a factor."""
        return replace(self, coefficients=factor * self.coefficients)


def coverage(pieces: Sequence[Series]) -> list[Span]:
    """Return the spans that segments cover together, in order of time."""
    covered: list[Span] = []
    for piece in sorted(pieces, key=lambda piece: piece.start_s):
        if covered and piece.start_s <= covered[-1].stop_s:
            last = covered.pop()
            covered.append(Span(last.start_s, max(last.stop_s, piece.stop_s)))
        else:
            covered.append(Span(piece.start_s, piece.stop_s))
    return covered


def require_covered(label: str, what: str, covered: Sequence[Span], wanted: Span) -> None:
    """Raise unless spans cover another one.

    Parameters
    ----------
    label : str
        What the user calls the kernel.
    what : str
        What it holds: ``Moon``.
    covered : sequence of Span
        What it covers, in order of time; at least one.
    wanted : Span
        What is wanted.

    Raises
    ------
    EpochError
        If a part of it is before, after, or in a gap, which is named.
    """
    if any(one.start_s <= wanted.start_s and wanted.stop_s <= one.stop_s for one in covered):
        return
    first, last = covered[0].start_s, covered[-1].stop_s
    problem = f"{label} does not cover TDB Julian dates {_days(*wanted)} ({what})"
    remedy = f"choose an epoch between {_days(first, last, ' and ')}"
    for before, after in itertools.pairwise(covered):
        if wanted.start_s < after.start_s and wanted.stop_s > before.stop_s:
            gap = _days(before.stop_s, after.start_s)
            raise EpochError(f"{problem}: it has a gap from {gap}", f"{remedy}, outside the gap")
    raise EpochError(problem, remedy)


def cut_out(pieces: Sequence[Series], wanted: Span) -> Granules:
    """Read the granules that hold a span, and one more on either side where there is one.

    Parameters
    ----------
    pieces : sequence of Series
        Segments of one and the same quantity, in the order of their file. They cover the span.
    wanted : Span
        The span.

    Returns
    -------
    Granules
        Where segments overlap, each granule is that of the last of them that covers it.

    Raises
    ------
    KernelError
        If several segments share the span, and their granules do not fall on one grid.
    """
    relevant = [
        piece
        for piece in pieces
        if piece.start_s <= wanted.stop_s and piece.stop_s >= wanted.start_s
    ]
    last = relevant[-1]
    if last.start_s <= wanted.start_s and wanted.stop_s <= last.stop_s:
        relevant = [last]
    for piece in relevant:
        offset = (piece.origin_s - last.origin_s) / last.granule_s
        if piece.granule_s != last.granule_s or offset.denominator != 1:
            raise KernelError(
                f"{piece.kernel.label} changes the length or the grid of its granules within TDB "
                f"Julian dates {_days(*wanted)}: {describe(piece.segment)}",
                "choose an epoch away from the change, or merge the segments on one grid",
            )
    origin_s, granule_s = last.origin_s, last.granule_s
    first = math.floor((Fraction(wanted.start_s) - origin_s) / granule_s) - 1
    stop = max(math.ceil((Fraction(wanted.stop_s) - origin_s) / granule_s), first + 2) + 1
    source = np.full(stop - first, -1)
    # A granule that a segment may be used for only in part counts less than a whole one.
    for whole in (False, True):
        for number, piece in enumerate(relevant):
            low, high = _granules_of(piece, origin_s, whole)
            source[max(low - first, 0) : max(high - first, 0)] = number
    held = np.flatnonzero(source >= 0)
    source = source[held[0] : held[-1] + 1]
    first += int(held[0])
    blocks = []
    for begin, end in _runs(source):
        piece = relevant[source[begin]]
        shift = int((origin_s - piece.origin_s) / granule_s)
        blocks.append(piece.coefficients(first + begin + shift, end - begin))
    return Granules(origin_s + first * granule_s, granule_s, np.concatenate(_same_degree(blocks)))


def on_one_grid(label: str, series: Sequence[Granules]) -> list[Granules]:
    """Bring series to the same granules, over the span that they share.

    Parameters
    ----------
    label : str
        What the user calls the kernel that they come from.
    series : sequence of Granules
        With granules of one length on one grid they stay as they are. Otherwise all are cut to the
        largest common granule: a part of a polynomial is a polynomial of the same degree, so only
        the rounding of its coefficients is lost, 1e-16 of the largest (0.1 um for the Moon), and
        the joints between the parts are as large.

    Raises
    ------
    KernelError
        If there is no common granule worth the name.
    """
    granule_s = series[0].granule_s
    for one in series[1:]:
        granule_s = _common_divisor(granule_s, one.granule_s)
        granule_s = _common_divisor(granule_s, abs(one.origin_s - series[0].origin_s))
    parts = [one.granule_s / granule_s for one in series]
    if max(parts) > _MOST_PARTS:
        lengths = ", ".join(f"{float(one.granule_s):g} s" for one in series)
        raise KernelError(
            f"the granules of the bodies of {label} ({lengths}) have no common grid",
            "use a kernel whose granules are of equal length, or of lengths that divide each other",
        )
    cut = [_subdivided(one, int(count)) for one, count in zip(series, parts, strict=True)]
    start_s = max(one.origin_s for one in cut)
    stop_s = min(one.origin_s + len(one.coefficients) * granule_s for one in cut)
    count = int((stop_s - start_s) / granule_s)
    chosen = []
    for one in cut:
        first = int((start_s - one.origin_s) / granule_s)
        chosen.append(one.coefficients[first : first + count])
    return [Granules(start_s, granule_s, block) for block in _same_degree(chosen)]


def combine(label: str, series: Sequence[Granules]) -> Granules:
    """Return the sum of series, over the span that they share; see `on_one_grid`."""
    same = on_one_grid(label, series)
    return replace(same[0], coefficients=np.sum([one.coefficients for one in same], axis=0))


def chebyshev_table(granules: Granules) -> ChebyshevTable:
    """Make a table of granules.

    Parameters
    ----------
    granules : Granules
        Series with their exact origin and length.

    Returns
    -------
    ChebyshevTable
        Origin and length in days. Where a double cannot hold them, a granule's place is off by up
        to 4e-5 s, by which the Moon moves 4 cm; so its series is moved by as much:
        ``p(x + e) = p(x) + e p'(x)`` with e below 1e-9, whose square is nothing.
    """
    day_s = Fraction(SECONDS_PER_DAY)
    start_day = float(Fraction(J2000_DAY) + granules.origin_s / day_s)
    granule_days = float(granules.granule_s / day_s)
    start_off_s = granules.origin_s - (Fraction(start_day) - Fraction(J2000_DAY)) * day_s
    length_off_s = granules.granule_s - Fraction(granule_days) * day_s
    coefficients = granules.coefficients
    if start_off_s or length_off_s:
        late_s = float(start_off_s) + float(length_off_s) * np.arange(len(coefficients))
        step = -2.0 * late_s / float(granules.granule_s)
        slopes = chebyshev.chebder(coefficients, axis=2)
        coefficients = coefficients.copy()
        coefficients[:, :, : slopes.shape[2]] += step[:, np.newaxis, np.newaxis] * slopes
    return ChebyshevTable(start_day, granule_days, np.ascontiguousarray(coefficients))


def julian_date(second: float) -> str:
    """Write an instant, in TDB seconds since J2000, as a Julian date and a calendar date."""
    day = J2000_DAY + second / SECONDS_PER_DAY
    if day < _FIRST_CALENDAR_DAY:
        return f"{day:.3f}"
    year, month, date, _ = erfa.jd2cal(day, 0.0)
    return f"{day:.3f} ({int(year):04d}-{int(month):02d}-{int(date):02d})"


def _days(start_s: float, stop_s: float, to: str = " to ") -> str:
    return f"{julian_date(start_s)}{to}{julian_date(stop_s)}"


def _granules_of(piece: Series, origin_s: Fraction, whole: bool) -> tuple[int, int]:
    """Return which granules of a grid a segment has, as first and one past the last."""
    first = (piece.origin_s - origin_s) / piece.granule_s
    low, high = int(first), int(first) + piece.granules
    if whole:
        low = max(low, math.ceil((Fraction(piece.start_s) - origin_s) / piece.granule_s))
        high = min(high, math.floor((Fraction(piece.stop_s) - origin_s) / piece.granule_s))
    return low, max(low, high)


def _runs(values: npt.NDArray[np.int_]) -> list[tuple[int, int]]:
    """Return first and one past the last index of each run of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), values.size]
    return list(itertools.pairwise(edges))


def _same_degree(blocks: Sequence[FloatArray]) -> list[FloatArray]:
    """Fill up series with zeros to the highest degree among them."""
    terms = max(block.shape[2] for block in blocks)
    return [np.pad(block, ((0, 0), (0, 0), (0, terms - block.shape[2]))) for block in blocks]


def _common_divisor(a: Fraction, b: Fraction) -> Fraction:
    """Return the largest fraction of which two fractions are multiples."""
    denominator = math.lcm(a.denominator, b.denominator)
    return Fraction(math.gcd(int(a * denominator), int(b * denominator)), denominator)


def _subdivided(granules: Granules, parts: int) -> Granules:
    """Cut each granule into equal parts, each with the same polynomial over its own span."""
    if parts == 1:
        return granules
    terms = granules.coefficients.shape[2]
    index = np.arange(terms, dtype=np.longdouble)
    pi = np.longdouble("3.14159265358979323846264338328")
    angle = pi * (index + np.longdouble(0.5)) / terms
    nodes = np.cos(angle)
    # Values at the Chebyshev nodes of a part determine its series: a discrete cosine transform.
    analysis = 2 * np.cos(index[:, np.newaxis] * angle) / terms
    analysis[0] /= 2
    pieces = [
        granules.coefficients
        @ (analysis @ chebyshev.chebvander((2 * part + 1 + nodes) / parts - 1, terms - 1))
        .astype(np.float64)
        .T
        for part in range(parts)
    ]
    stacked = np.stack(pieces, axis=1).reshape(-1, *granules.coefficients.shape[1:])
    return Granules(granules.origin_s, granules.granule_s / parts, stacked)
