"""Integrated side-lobe ratios: which stretch is the main lobe, and how far side lobes count.

The ratio of one and the same response differs by more than a decibel between the conventions in
use, so each is a value here, with a name to be told with the number.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Power: TypeAlias = Callable[[FloatArray], FloatArray]
"""Power of a cut at offsets from its peak, in cells."""

# The power of a cut holds one cycle in a cell: twelve nodes integrate it to the last digits.
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, slots=True)
class MainLobe:
    """Where the main lobe of a cut ends, in cells from the peak; left is negative."""

    irw_cells: float
    null_left_cells: float
    null_right_cells: float


@dataclass(frozen=True, slots=True)
class IslrDefinition:
    """One convention for the integrated side-lobe ratio.

    Parameters
    ----------
    name : str
        Short name, the key under which values are kept.
    description : str
        What is integrated, for people.
    main_lobe_irw : float or None
        Full width of the main lobe in half-power widths, about the peak; None from null to null.
    extent : float
        How far from the peak side lobes count, on either side; infinite only for theory.
    extent_unit : {"cells", "irw", "nulls"}
        Unit of the extent: cells of 1/bandwidth, half-power widths, or distances of the null of
        that side.
    over_total : bool
        Whether the side lobes are compared with all of the energy instead of the main lobe's.
    """

    name: str
    description: str
    main_lobe_irw: float | None = None
    extent: float = 10.0
    extent_unit: Literal["cells", "irw", "nulls"] = "cells"
    over_total: bool = False

    def limits_cells(self, lobe: MainLobe) -> tuple[float, float, float, float]:
        """Return where side lobes begin and the main lobe does, and where both end."""
        left, right = lobe.null_left_cells, lobe.null_right_cells
        if self.main_lobe_irw is not None:
            right = 0.5 * self.main_lobe_irw * lobe.irw_cells
            left = -right
        match self.extent_unit:
            case "cells":
                first, last = -self.extent, self.extent
            case "irw":
                first, last = -self.extent * lobe.irw_cells, self.extent * lobe.irw_cells
            case "nulls":
                first = self.extent * lobe.null_left_cells
                last = self.extent * lobe.null_right_cells
        return first, left, right, last


def _null_to_null(extent: float) -> IslrDefinition:
    return IslrDefinition(
        f"null-to-null-{extent:g}",
        f"null to null, side lobes out to +-{extent:g} cells of 1/bandwidth",
        extent=extent,
    )


def _iso(alpha: float, extent: float, reach: str) -> IslrDefinition:
    return IslrDefinition(
        f"iso-{alpha:g}-{extent:g}",
        f"ISO/TS 19159-3: main lobe {alpha:g} IRW wide, side lobes {reach}",
        main_lobe_irw=alpha,
        extent=extent,
    )


DEFAULT = _null_to_null(10.0)
"""The convention of limits and verdicts."""

MEASURED: tuple[IslrDefinition, ...] = (
    _null_to_null(5.0),
    DEFAULT,
    _null_to_null(20.0),
    IslrDefinition(
        "over-total-20",
        "null to null, side lobes out to +-20 cells of 1/bandwidth over main lobe and side lobes",
        extent=20.0,
        over_total=True,
    ),
    _iso(2.0, 20.0, "out to +-20 cells"),
    _iso(2.5, 20.0, "out to +-20 cells"),
    IslrDefinition(
        "isce3",
        "ISCE3: null to null, side lobes out to ten null distances beyond the nulls",
        extent=11.0,
        extent_unit="nulls",
    ),
    IslrDefinition(
        "perseo", "PERSEO, peak mask: null to null, side lobes out to +-10 IRW", extent_unit="irw"
    ),
    IslrDefinition(
        "perseo-resolution",
        "PERSEO, resolution mask: main lobe 2 IRW wide, side lobes out to +-10 IRW",
        main_lobe_irw=2.0,
        extent_unit="irw",
    ),
)
"""Conventions that are measured on images."""

THEORETICAL: tuple[IslrDefinition, ...] = (
    *MEASURED,
    IslrDefinition("null-to-null-inf", "null to null, all side lobes", extent=math.inf),
    IslrDefinition(
        "over-total-inf",
        "null to null, all side lobes over all of the energy",
        extent=math.inf,
        over_total=True,
    ),
    _iso(2.0, math.inf, "without end"),
    _iso(2.5, math.inf, "without end"),
)
"""Those, and the ones that need all of the response."""


def islr_db(
    power: Power,
    lobe: MainLobe,
    definitions: Sequence[IslrDefinition],
    reach_cells: float,
    total_energy: float = math.nan,
) -> dict[str, float]:
    """Evaluate several conventions on one cut.

    Parameters
    ----------
    power : callable
        Power of the cut at offsets in cells.
    lobe : MainLobe
        Its main lobe.
    definitions : sequence of IslrDefinition
        The conventions.
    reach_cells : float
        How far from the peak the cut is known.
    total_energy : float
        Energy of the whole cut, in units of `power` times cells, for infinite extents.

    Returns
    -------
    dict of str to float
        Ratio in dB by name; NaN where a main lobe or side lobes count that the cut does not reach.
    """
    limits = {one.name: one.limits_cells(lobe) for one in definitions}
    places = [edge for edges in limits.values() for edge in edges if abs(edge) <= reach_cells]
    energy_to = cumulative_energy(power, [place for place in places if math.isfinite(place)])
    result = {}
    for one in definitions:
        first, left, right, last = limits[one.name]
        if max(-left, right) > reach_cells:
            result[one.name] = math.nan
            continue
        if math.isinf(one.extent):
            whole = total_energy
        elif max(-first, last) <= reach_cells:
            whole = energy_to[last] - energy_to[first]
        else:
            whole = math.nan
        # A main lobe wider than the extent leaves no side lobes.
        main = min(energy_to[right] - energy_to[left], whole)
        side = whole - main
        result[one.name] = decibel(side / (whole if one.over_total else main))
    return result


def cumulative_energy(power: Power, places: Iterable[float]) -> dict[float, float]:
    """Integrate the power of a cut up to several places, from the first of them.

    Parameters
    ----------
    power : callable
        Power of the cut at offsets in cells.
    places : iterable of float
        Offsets in cells.

    Returns
    -------
    dict of float to float
        Energy between the lowest place and each.
    """
    edges = cell_edges(places)
    nodes, weights = panel_nodes(edges)
    panels = np.sum((weights * power(nodes)).reshape(-1, _NODE.size), axis=1)
    sums = np.concatenate(([0.0], np.cumsum(panels)))
    return dict(zip(edges.tolist(), sums.tolist(), strict=True))


def cell_edges(places: Iterable[float]) -> FloatArray:
    """Cut the stretch between the outermost places at all of them and at whole cells."""
    given = np.array(sorted(set(places)))
    whole = np.arange(math.ceil(given[0]), math.floor(given[-1]) + 1.0)
    edges: FloatArray = np.unique(np.concatenate((given, whole)))
    return edges


def panel_nodes(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre nodes and weights of panels between edges, no wider than a cell.

    Parameters
    ----------
    edges : ndarray of float64, shape (panels + 1,)
        Rising.

    Returns
    -------
    nodes, weights : ndarray of float64, shape (12 panels,)
    """
    half = 0.5 * np.diff(edges)[:, None]
    centre = 0.5 * (edges[1:] + edges[:-1])[:, None]
    return (centre + half * _NODE).ravel(), (half * _WEIGHT).ravel()


def decibel(power_ratio: float) -> float:
    """Express a ratio of powers in dB; nothing at all is minus infinity, NaN stays."""
    return 10.0 * math.log10(power_ratio) if power_ratio != 0.0 else -math.inf
