"""What is measured on one cut through a point response, the same for data and for theory.

Definitions, in cells (a cell is 1/bandwidth):

- IRW: width of the main lobe at exactly half of the peak's power (-3.0103 dB).
- Nulls: the first minima of the power on either side of the peak; the main lobe lies between them.
- PSLR: highest power between a null and 10 cells from the peak, against the peak's; left, right,
  and the larger of the two.
- ISLR: energy from the nulls out to 10 cells on both sides, against the energy between the nulls.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError

SIDE_LOBE_EXTENT_CELLS = 10.0
ISLR_DEFINITION = "null to null, side lobes out to +-10 cells of 1/bandwidth"

# Grid on which lobes are looked for before they are refined: the narrowest lobe is a cell wide.
_POINTS_PER_CELL = 32
# Gauss-Legendre nodes per cell: the power of a cut holds one cycle in a cell.
_NODES_PER_CELL = 12


Cut: TypeAlias = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.complex128]]
"""Complex response of a cut at offsets from its peak, in cells."""


@dataclass(frozen=True, slots=True)
class CutMetrics:
    """Measures of one cut; see the module for their definitions."""

    irw_cells: float
    null_left_cells: float
    null_right_cells: float
    pslr_left_db: float
    pslr_right_db: float
    islr_db: float

    @property
    def pslr_db(self) -> float:
        """Larger of the two sides' peak side-lobe ratios."""
        return max(self.pslr_left_db, self.pslr_right_db)


def measure_cut(cut: Cut, axis: str, extent_cells: float = SIDE_LOBE_EXTENT_CELLS) -> CutMetrics:
    """Measure the main lobe and the side lobes of a cut.

    Parameters
    ----------
    cut : callable
        Complex response at offsets in cells from the peak; asked for offsets up to
        `extent_cells` and one grid step beyond.
    axis : str
        Name of the cut, for errors.
    extent_cells : float
        How far from the peak side lobes count.

    Returns
    -------
    CutMetrics

    Raises
    ------
    FocusingError
        If there is no main lobe: no half-power point or no null within the extent.
    """
    steps = int(extent_cells * _POINTS_PER_CELL) + 1
    offset = np.arange(-steps, steps + 1) / _POINTS_PER_CELL

    def power(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        value = cut(x)
        result: npt.NDArray[np.float64] = value.real**2 + value.imag**2
        return result

    level = power(offset)
    peak = float(power(np.zeros(1))[0])
    right = _one_side(power, offset[steps:], level[steps:], peak, axis, extent_cells)
    left = _one_side(
        lambda x: power(-x), -offset[steps::-1], level[steps::-1], peak, axis, extent_cells
    )
    main = _energy(power, -left.null, right.null)
    side = _energy(power, -extent_cells, -left.null) + _energy(power, right.null, extent_cells)
    return CutMetrics(
        irw_cells=left.half_power + right.half_power,
        null_left_cells=-left.null,
        null_right_cells=right.null,
        pslr_left_db=_decibel(left.highest / peak),
        pslr_right_db=_decibel(right.highest / peak),
        islr_db=_decibel(side / main),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    half_power: float
    null: float
    highest: float


def _one_side(
    power: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    offset: npt.NDArray[np.float64],
    level: npt.NDArray[np.float64],
    peak: float,
    axis: str,
    extent_cells: float,
) -> _Side:
    """Measure from the peak outwards; `offset` rises from zero."""
    below = np.flatnonzero(level < 0.5 * peak)
    rising = np.flatnonzero(np.diff(level) > 0.0)
    # A minimum above half power is a dent in the main lobe, not a null.
    rising = rising[rising >= below[0]] if below.size else rising[:0]
    if rising.size == 0 or rising[0] + 2 >= offset.size:
        raise FocusingError(
            f"the {axis} cut has no main lobe: its power does not fall below half and to a null "
            f"within {extent_cells:g} cells of the peak",
            "check that the target is where it is expected and that the data are focused",
        )
    half_power = _crossing(power, offset[below[0] - 1], offset[below[0]], 0.5 * peak)
    turn = int(rising[0])
    null = _minimum(power, offset[turn - 1], offset[turn + 1])
    outside = slice(turn, offset.size - 1)
    place = turn + int(np.argmax(level[outside]))
    top = _minimum(lambda x: -power(x), offset[place - 1], offset[place + 1])
    # The highest side lobe may be cut off by the null's or the extent's end.
    top = min(max(top, null), extent_cells)
    return _Side(half_power, null, float(power(np.array([top]))[0]))


def _crossing(
    power: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    inner: float,
    outer: float,
    threshold: float,
) -> float:
    """Find where the power falls to a threshold, by bisection into tenths."""
    for _ in range(8):
        x = np.linspace(inner, outer, 11)
        place = int(np.argmax(power(x) < threshold))
        inner, outer = float(x[max(place, 1) - 1]), float(x[max(place, 1)])
    return 0.5 * (inner + outer)


def _minimum(
    power: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    low: float,
    high: float,
) -> float:
    """Find a minimum between two places, by narrowing to the neighbours of the lowest of eleven."""
    for _ in range(9):
        x = np.linspace(low, high, 11)
        place = int(np.argmin(power(x)))
        low, high = float(x[max(place - 1, 0)]), float(x[min(place + 1, 10)])
    return 0.5 * (low + high)


def _energy(
    power: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    start: float,
    stop: float,
) -> float:
    """Integrate the power over a stretch of the cut."""
    nodes = max(16, math.ceil(_NODES_PER_CELL * abs(stop - start)))
    x, weight = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * (stop - start) * float(weight @ power(start + 0.5 * (stop - start) * (x + 1.0)))


def _decibel(power_ratio: float) -> float:
    return 10.0 * math.log10(power_ratio) if power_ratio > 0.0 else -math.inf
