"""The axes of slant images, which back-projection may lay anywhere and at any spacing."""

import math
from dataclasses import dataclass

import numpy as np

from sim_core.focusing.reference import FloatArray


@dataclass(frozen=True, slots=True)
class SlantAxes:
    """Even grids of azimuth lag and of two-way delay against the reference.

    Parameters
    ----------
    azimuth_start_s, azimuth_step_s : float
        Lag of the first row, and between rows.
    rows : int
        Number of rows.
    range_start_s, range_step_s : float
        Delay of the first column, and between columns.
    columns : int
        Number of columns.
    """

    azimuth_start_s: float
    azimuth_step_s: float
    rows: int
    range_start_s: float
    range_step_s: float
    columns: int

    @classmethod
    def about(
        cls, range_s: float, azimuth_s: float, half: tuple[float, float], step: tuple[float, float]
    ) -> "SlantAxes":
        """Lay axes about a point, which is one of their samples.

        Parameters
        ----------
        range_s, azimuth_s : float
            The point.
        half, step : tuple of float
            Half extent and spacing, of range and of lag, in s.
        """
        columns, rows = (
            math.ceil(extent / spacing) for extent, spacing in zip(half, step, strict=True)
        )
        return cls(
            azimuth_s - rows * step[1],
            step[1],
            2 * rows + 1,
            range_s - columns * step[0],
            step[0],
            2 * columns + 1,
        )

    def azimuth_s(self) -> FloatArray:
        """Return the lag of each row."""
        return self.azimuth_start_s + self.azimuth_step_s * np.arange(self.rows, dtype=np.float64)

    def range_s(self) -> FloatArray:
        """Return the delay of each column."""
        return self.range_start_s + self.range_step_s * np.arange(self.columns, dtype=np.float64)
