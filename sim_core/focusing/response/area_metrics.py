"""Side lobes in both axes at once: the ratios of a point's whole neighbourhood.

The main lobe is the rectangle between the nulls of both cuts, the neighbourhood a square of 10
cells on either side of the peak in both axes.
"""

from dataclasses import dataclass

import numpy as np

from sim_core.focusing.response.chip import Chip
from sim_core.focusing.response.cut_metrics import SIDE_LOBE_EXTENT_CELLS, CutMetrics
from sim_core.focusing.response.islr import FloatArray, cell_edges, decibel, panel_nodes

AREA_ISLR_DEFINITION = (
    "rectangle from null to null in both axes, side lobes out to "
    f"+-{SIDE_LOBE_EXTENT_CELLS:g} cells in both"
)

# Grid on which the highest side lobe is looked for before it is refined.
_POINTS_PER_CELL = 8


@dataclass(frozen=True, slots=True)
class AreaResponse:
    """Two-dimensional measures of a point's response.

    Parameters
    ----------
    islr_db : float
        Energy of the neighbourhood outside of the main lobe's rectangle against that inside.
    islr_definition : str
        What it integrates over.
    pslr_db : float
        Highest maximum of the neighbourhood outside of the rectangle, against the peak.
    side_lobe_range_cells, side_lobe_azimuth_cells : float
        Where that is, against the peak.
    """

    islr_db: float
    islr_definition: str
    pslr_db: float
    side_lobe_range_cells: float
    side_lobe_azimuth_cells: float


def measure_area(chip: Chip, azimuth: CutMetrics, range_: CutMetrics) -> AreaResponse:
    """Measure the neighbourhood of a peak.

    Parameters
    ----------
    chip : Chip
        The samples about the peak.
    azimuth, range_ : CutMetrics
        Measures of the cuts through the peak, which bound its main lobe.

    Returns
    -------
    AreaResponse
        With NaN for the highest side lobe if there is no maximum but the main one.
    """
    peak = abs(chip.value()) ** 2
    azimuth_cells, range_cells, level = _highest_side_lobe(chip, azimuth, range_)
    return AreaResponse(
        islr_db=_area_islr_db(chip, azimuth, range_),
        islr_definition=AREA_ISLR_DEFINITION,
        pslr_db=decibel(level / peak),
        side_lobe_range_cells=range_cells,
        side_lobe_azimuth_cells=azimuth_cells,
    )


def _area_islr_db(chip: Chip, azimuth: CutMetrics, range_: CutMetrics) -> float:
    """Integrate the power over the neighbourhood and over the main lobe's rectangle."""
    nodes, weights, main = zip(
        *(_axis_nodes(metrics) for metrics in (azimuth, range_)), strict=True
    )
    value = chip.at_cells(nodes[0], nodes[1])
    power = value.real**2 + value.imag**2
    total = float(weights[0] @ power @ weights[1])
    inside = float((weights[0] * main[0]) @ power @ (weights[1] * main[1]))
    return decibel((total - inside) / inside)


def _axis_nodes(metrics: CutMetrics) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return nodes and weights along one axis, and 1 for the nodes in the main lobe."""
    left, right = metrics.null_left_cells, metrics.null_right_cells
    edges = cell_edges((-SIDE_LOBE_EXTENT_CELLS, left, right, SIDE_LOBE_EXTENT_CELLS))
    nodes, weights = panel_nodes(edges)
    return nodes, weights, ((nodes > left) & (nodes < right)).astype(np.float64)


def _highest_side_lobe(
    chip: Chip, azimuth: CutMetrics, range_: CutMetrics
) -> tuple[float, float, float]:
    """Return place and power of the highest maximum outside of the main lobe's rectangle."""
    steps = round(SIDE_LOBE_EXTENT_CELLS * _POINTS_PER_CELL)
    offset = np.arange(-steps - 1, steps + 2) / _POINTS_PER_CELL
    power = np.abs(chip.at_cells(offset, offset)) ** 2
    inner = power[1:-1, 1:-1]
    # A maximum, not just what is high beside the rectangle: that may be the main lobe's flank.
    maximum = np.ones(inner.shape, dtype=bool)
    for row in (0, 1, 2):
        for column in (0, 1, 2):
            if (row, column) != (1, 1):
                near = power[row : row + inner.shape[0], column : column + inner.shape[1]]
                maximum &= inner > near
    cells = offset[1:-1]
    main = np.logical_and.outer(
        (cells > azimuth.null_left_cells) & (cells < azimuth.null_right_cells),
        (cells > range_.null_left_cells) & (cells < range_.null_right_cells),
    )
    candidates = np.where(maximum & ~main, inner, 0.0)
    place = np.unravel_index(int(np.argmax(candidates)), candidates.shape)
    if not candidates[place] > 0.0:
        return np.nan, np.nan, np.nan
    return _refined(chip, float(cells[place[0]]), float(cells[place[1]]))


def _refined(chip: Chip, azimuth_cells: float, range_cells: float) -> tuple[float, float, float]:
    """Narrow a maximum down: the highest of ever finer grids of 5 x 5 points."""
    step = 1.0 / _POINTS_PER_CELL
    level = 0.0
    for _ in range(9):
        step *= 0.5
        grid = step * np.arange(-2.0, 3.0)
        power = np.abs(chip.at_cells(azimuth_cells + grid, range_cells + grid)) ** 2
        place = np.unravel_index(int(np.argmax(power)), power.shape)
        azimuth_cells += float(grid[place[0]])
        range_cells += float(grid[place[1]])
        level = float(power[place])
    return azimuth_cells, range_cells, level
