"""The focused image of a recording."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Method = Literal["range-doppler", "deramp"]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A complex image about the reference point, on even grids of azimuth lag and two-way delay.

    Both axes are relative to the reference point, which has its peak at (0, 0) with phase zero. A
    target whose delay history is that of the reference, only `lag` seconds later and `offset`
    seconds longer, peaks close to ``(lag, offset - walk * lag)``, where `walk` is the mean delay
    rate of the reference: removing the walk tilts the axes. `prediction.predict_peak` is exact.

    Parameters
    ----------
    samples : ndarray of complex64, shape (azimuth, range)
        A target of unit amplitude peaks at magnitude 1, whatever the windows. The memory order is
        not fixed: range-Doppler images are laid out column by column.
    azimuth_start_s, azimuth_step_s : float
        Azimuth lag of the first row, and between rows.
    range_start_s, range_step_s : float
        Two-way delay against the reference of the first column, and between columns.
    method : {"range-doppler", "deramp"}
        How the image was formed.
    range_bandwidth_hz : float
        Bandwidth of the pulse; a range cell is its inverse, in s of two-way delay.
    azimuth_bandwidth_hz : float
        Doppler bandwidth of the aperture; an azimuth cell is its inverse, in s of lag.
    azimuth_ambiguity_s : float
        Distance at which replicas of a target stand: PRF over Doppler rate.
    full_azimuth_s : float
        Within +- this lag the whole Doppler band of a point was recorded and none of it is folded.
        It says nothing of the focus: one azimuth reference serves the whole image, so points far
        from the reference point are defocused.
    full_range_s : tuple of float
        Lowest and highest delay against the reference between which the receive windows held the
        whole echo of every pulse.
    """

    samples: npt.NDArray[np.complex64]
    azimuth_start_s: float
    azimuth_step_s: float
    range_start_s: float
    range_step_s: float
    method: Method
    range_bandwidth_hz: float
    azimuth_bandwidth_hz: float
    azimuth_ambiguity_s: float
    full_azimuth_s: float
    full_range_s: tuple[float, float]

    @property
    def range_cell_s(self) -> float:
        """Range cell, 1 / bandwidth, in s of two-way delay."""
        return 1.0 / self.range_bandwidth_hz

    @property
    def azimuth_cell_s(self) -> float:
        """Azimuth cell, 1 / Doppler bandwidth, in s of lag."""
        return 1.0 / self.azimuth_bandwidth_hz

    def azimuth_s(self) -> npt.NDArray[np.float64]:
        """Azimuth lag of each row, shape (azimuth,)."""
        rows = np.arange(self.samples.shape[0], dtype=np.float64)
        return self.azimuth_start_s + self.azimuth_step_s * rows

    def range_s(self) -> npt.NDArray[np.float64]:
        """Two-way delay against the reference of each column, shape (range,)."""
        columns = np.arange(self.samples.shape[1], dtype=np.float64)
        return self.range_start_s + self.range_step_s * columns
