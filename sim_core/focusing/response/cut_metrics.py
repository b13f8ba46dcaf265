"""What is measured on one cut through a point response, the same for data and for theory.

Definitions, in cells (a cell is 1/bandwidth):

- IRW: width of the main lobe at exactly half of the peak's power (-3.0103 dB).
- Nulls: the first minima of the power on either side of the peak; the main lobe lies between them.
- PSLR: highest power between a null and 10 cells from the peak, against the peak's; left, right,
  and the larger of the two.
- Side lobes: all maxima of the power there, the secondary ones too.
- ISLR: energy of the side lobes against that of the main lobe, in the conventions of `islr`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.response import islr
from sim_core.focusing.response.islr import FloatArray, IslrDefinition, MainLobe, Power, decibel

SIDE_LOBE_EXTENT_CELLS = islr.DEFAULT.extent
ISLR_DEFINITION = islr.DEFAULT.description

# Grid on which lobes are looked for before they are refined: the narrowest lobe is a cell wide.
_POINTS_PER_CELL = 32
# Exactly 3 dB, which is not half of the power.
_THREE_DB = 10.0**-0.3

Cut: TypeAlias = Callable[[FloatArray], npt.NDArray[np.complex128]]
"""Complex response of a cut at offsets from its peak, in cells."""


@dataclass(frozen=True, slots=True)
class SideLobe:
    """A maximum beside the main lobe.

    Parameters
    ----------
    offset_cells : float
        Place against the peak; negative to the left.
    level_db : float
        Power against the peak's.
    """

    offset_cells: float
    level_db: float


@dataclass(frozen=True, slots=True)
class CutMetrics:
    """Measures of one cut; see the module for their definitions.

    Parameters
    ----------
    irw_cells, irw_3db_cells : float
        Width at half of the power, and at exactly -3 dB.
    null_left_cells, null_right_cells : float
        First nulls; the left one is negative.
    pslr_left_db, pslr_right_db : float
        Highest side lobe of either side.
    islr_db : mapping of str to float
        Integrated side-lobe ratios by the names of their conventions.
    side_lobes : tuple of SideLobe
        From left to right, out to the extent.
    equivalent_width_cells : float
        Width of the rectangle of the peak's height that holds the energy within the extent.
    """

    irw_cells: float
    irw_3db_cells: float
    null_left_cells: float
    null_right_cells: float
    pslr_left_db: float
    pslr_right_db: float
    islr_db: Mapping[str, float]
    side_lobes: tuple[SideLobe, ...]
    equivalent_width_cells: float

    @property
    def pslr_db(self) -> float:
        """Larger of the two sides' peak side-lobe ratios."""
        return max(self.pslr_left_db, self.pslr_right_db)


def measure_cut(
    cut: Cut,
    axis: str,
    definitions: Sequence[IslrDefinition] = islr.MEASURED,
    reach_cells: float = SIDE_LOBE_EXTENT_CELLS,
    total_energy: float = math.nan,
) -> CutMetrics:
    """Measure the main lobe and the side lobes of a cut.

    Parameters
    ----------
    cut : callable
        Complex response at offsets in cells from the peak; asked for offsets up to `reach_cells`,
        and 10 cells and one grid step.
    axis : str
        Name of the cut, for errors.
    definitions : sequence of IslrDefinition
        Conventions of the integrated side-lobe ratio.
    reach_cells : float
        How far the cut is known; 10 cells at least.
    total_energy : float
        Energy of the whole cut over the peak's power, in cells, for infinite extents.

    Returns
    -------
    CutMetrics

    Raises
    ------
    FocusingError
        If there is no main lobe: no half-power point or no null within 10 cells.
    """
    peak = abs(complex(cut(np.zeros(1))[0])) ** 2

    def power(x: FloatArray) -> FloatArray:
        value = cut(x)
        result: FloatArray = (value.real**2 + value.imag**2) / peak
        return result

    steps = int(SIDE_LOBE_EXTENT_CELLS * _POINTS_PER_CELL) + 1
    offset = np.arange(-steps, steps + 1) / _POINTS_PER_CELL
    level = power(offset)
    right = _one_side(power, offset[steps:], level[steps:], axis)
    left = _one_side(lambda x: power(-x), -offset[steps::-1], level[steps::-1], axis)
    lobe = MainLobe(left.half_power + right.half_power, -left.null, right.null)
    extent = SIDE_LOBE_EXTENT_CELLS
    energy_to = islr.cumulative_energy(power, (-extent, extent))
    return CutMetrics(
        irw_cells=lobe.irw_cells,
        irw_3db_cells=left.three_db + right.three_db,
        null_left_cells=lobe.null_left_cells,
        null_right_cells=lobe.null_right_cells,
        pslr_left_db=decibel(left.highest),
        pslr_right_db=decibel(right.highest),
        islr_db=islr.islr_db(power, lobe, definitions, max(reach_cells, extent), total_energy),
        side_lobes=(
            *(SideLobe(-x, decibel(p)) for x, p in reversed(left.lobes)),
            *(SideLobe(x, decibel(p)) for x, p in right.lobes),
        ),
        equivalent_width_cells=energy_to[extent],
    )


@dataclass(frozen=True, slots=True)
class _Side:
    half_power: float
    three_db: float
    null: float
    highest: float
    lobes: tuple[tuple[float, float], ...]


def _one_side(power: Power, offset: FloatArray, level: FloatArray, axis: str) -> _Side:
    """Measure from the peak outwards; `offset` rises from zero."""
    below = np.flatnonzero(level < 0.5)
    rising = np.flatnonzero(np.diff(level) > 0.0)
    # A minimum above half power is a dent in the main lobe, not a null.
    rising = rising[rising >= below[0]] if below.size else rising[:0]
    if rising.size == 0 or rising[0] + 2 >= offset.size:
        raise FocusingError(
            f"the {axis} cut has no main lobe: its power does not fall below half and to a null "
            f"within {SIDE_LOBE_EXTENT_CELLS:g} cells of the peak",
            "check that the target is where it is expected and that the data are focused",
        )
    turn = int(rising[0])
    null = float(_minima(power, offset[turn - 1 : turn], offset[turn + 1 : turn + 2])[0])
    outside = level[turn:-1]
    tops = turn + 1 + np.flatnonzero((outside[1:-1] > outside[:-2]) & (outside[1:-1] > outside[2:]))
    places = _minima(lambda x: -power(x), offset[tops - 1], offset[tops + 1])
    places = places[places <= SIDE_LOBE_EXTENT_CELLS]
    # The highest power may be where the extent cuts a lobe off.
    levels = power(np.append(places, SIDE_LOBE_EXTENT_CELLS))
    return _Side(
        half_power=_crossing(power, offset, level, 0.5),
        three_db=_crossing(power, offset, level, _THREE_DB),
        null=null,
        highest=float(np.max(levels)),
        lobes=tuple(zip(places.tolist(), levels[:-1].tolist(), strict=True)),
    )


def _crossing(power: Power, offset: FloatArray, level: FloatArray, threshold: float) -> float:
    """Find where the power first falls to a threshold, by narrowing into tenths."""
    outer = int(np.argmax(level < threshold))
    inner_cells, outer_cells = float(offset[outer - 1]), float(offset[outer])
    for _ in range(8):
        x = np.linspace(inner_cells, outer_cells, 11)
        place = int(np.argmax(power(x) < threshold))
        inner_cells, outer_cells = float(x[max(place, 1) - 1]), float(x[max(place, 1)])
    return 0.5 * (inner_cells + outer_cells)


def _minima(power: Power, low: FloatArray, high: FloatArray) -> FloatArray:
    """Find one minimum in each bracket, by narrowing to the neighbours of the lowest of eleven."""
    each = np.arange(low.size)
    for _ in range(7):
        x = np.linspace(low, high, 11, axis=-1)
        place = np.argmin(power(x.ravel()).reshape(x.shape), axis=-1)
        low, high = x[each, np.maximum(place - 1, 0)], x[each, np.minimum(place + 1, 10)]
    return 0.5 * (low + high)
