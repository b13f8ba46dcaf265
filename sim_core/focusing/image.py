"""The focused image of a recording."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError

Method = Literal["range-doppler", "deramp", "back-projection"]


@dataclass(frozen=True, slots=True)
class SlantGridSettings:
    """Extent and spacing of an image, where they are not to follow from the recording.

    Back-projection and de-ramping form any part of the plane; what is None is chosen by them.
    Range-Doppler images have the extent and the spacing that their FFTs give.

    Parameters
    ----------
    azimuth_s, range_s : tuple of float or None
        First and last azimuth lag, and two-way delay against the reference.
    azimuth_step_s, range_step_s : float or None
        Spacing of rows and of columns; de-ramping keeps its own.
    """

    azimuth_s: tuple[float, float] | None = None
    range_s: tuple[float, float] | None = None
    azimuth_step_s: float | None = None
    range_step_s: float | None = None

    def __post_init__(self) -> None:
        for name, extent in (("azimuth lags", self.azimuth_s), ("delays", self.range_s)):
            if extent is not None and not -np.inf < extent[0] < extent[1] < np.inf:
                raise FocusingError(
                    f"an image of {name} from {extent[0]} to {extent[1]} s has no extent",
                    "give the first and the last, in s, in this order",
                )
        for step_s in (self.azimuth_step_s, self.range_step_s):
            if step_s is not None and not 0.0 < step_s < np.inf:
                raise FocusingError(
                    f"a spacing of {step_s} s is none", "give a positive spacing in s"
                )


@dataclass(frozen=True, slots=True)
class ReferenceBlocks:
    """How the azimuth reference of a range-Doppler image was renewed from place to place.

    Parameters
    ----------
    lag_edges_s : tuple of float
        Edges of the blocks of azimuth lag, each with a reference of its own; between the first and
        the last edge the references are those of the places in the image.
    skew_hz_per_s2 : float
        The rate of the Doppler rate that a cubic phase over the pulses took out.
    residual_rad : float
        Largest phase over the aperture that the references leave to a point on the ground.
    """

    lag_edges_s: tuple[float, ...]
    skew_hz_per_s2: float
    residual_rad: float


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
    method : {"range-doppler", "deramp", "back-projection"}
        How the image was formed.
    range_bandwidth_hz : float
        Bandwidth of the pulse; a range cell is its inverse, in s of two-way delay.
    azimuth_bandwidth_hz : float
        Doppler bandwidth of the aperture; an azimuth cell is its inverse, in s of lag.
    azimuth_ambiguity_s : float
        Distance at which replicas of a target stand: PRF over Doppler rate.
    full_azimuth_s : float
        Within +- this lag the whole Doppler band of a point was recorded and none of it is folded.
        It says nothing of the focus: see `references`.
    full_range_s : tuple of float
        Lowest and highest delay against the reference between which the receive windows held the
        whole echo of every pulse.
    band_rate_hz_per_s : float
        By how much the middle of the azimuth band of what lies at a lag rises with the lag: the
        Doppler rate with its sign changed. Beyond half the row rate over it the phase from row to
        row alone does not tell where the band is.
    references : ReferenceBlocks, optional
        How the azimuth reference of a range-Doppler image was renewed; None where one serves the
        whole image, so that points far from the reference point are defocused.
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
    band_rate_hz_per_s: float = 0.0
    references: ReferenceBlocks | None = None

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
