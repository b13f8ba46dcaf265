"""Images as a screen can show them: block maxima of a whole image, an interpolated chip of a part.

Sixty thousand rows do not fit on a screen. Taking every hundredth of them would lose a point
target between two rows, so a whole image is reduced to the largest power in each block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim_core.focusing.ground_image import GroundImage
    from sim_core.focusing.image import Image

_MARGIN_CELLS = 16.0
"""Cells that are interpolated beyond those shown, so that the chip's edge stays out of sight."""

_LARGEST_CHIP_SAMPLES = 512
"""Most samples of a chip per axis before interpolation, for images that are sampled very finely."""

_POINTS_PER_CELL = 16.0
"""Interpolated points per cell, about one per pixel of the figure."""


@dataclass(frozen=True, slots=True, eq=False)
class DisplayImage:
    """Levels on a regular grid, with the axes that they stand on.

    Attributes
    ----------
    level_db : ndarray of float32, shape (rows, columns)
        Power against the largest of the picture, unless otherwise said, dB; minus infinity where
        there is none.
    column_edges, row_edges : tuple of float
        Outer edges of the first and the last column and row.
    """

    level_db: NDArray[np.float32]
    column_edges: tuple[float, float]
    row_edges: tuple[float, float]


def whole_image(image: Image, rows: int, columns: int) -> DisplayImage:
    """Reduce an image to a picture by the largest power in each block.

    Parameters
    ----------
    image : Image
        The focused image.
    rows, columns : int
        Most rows and columns of the picture; a smaller image keeps its size.

    Returns
    -------
    DisplayImage
        Axes in seconds: two-way delay and zero-Doppler time against the reference point.
    """
    samples = image.samples
    # Along the memory, or the file that it is mapped from: an image may be laid out row by row or
    # column by column.
    if is_by_rows(samples):
        power = _block_maxima(samples, rows, columns)
    else:
        power = _block_maxima(samples.T, columns, rows).T
    return DisplayImage(
        _level_db(power),
        _edges(image.range_start_s, image.range_step_s, samples.shape[1]),
        _edges(image.azimuth_start_s, image.azimuth_step_s, samples.shape[0]),
    )


def is_by_rows(samples: NDArray[np.complexfloating]) -> bool:
    """Tell whether the samples of a row lie together in memory, rather than those of a column."""
    return abs(samples.strides[0]) >= abs(samples.strides[1])


def ground_picture(image: GroundImage, size: int, distributed: bool) -> DisplayImage:
    """Reduce an image on the ground to a picture.

    Parameters
    ----------
    image : GroundImage
        The image.
    size : int
        Most rows and most columns of the picture; a smaller image keeps its size.
    distributed : bool
        Whether the ground reflects everywhere: then the mean power of each block is shown, which
        lessens the speckle, else the largest, which keeps points.

    Returns
    -------
    DisplayImage
        Axes in metres east and north; levels against a power of 1.
    """
    grid = image.grid
    power = _block_powers(image.samples, size, size, np.add if distributed else np.maximum)
    if distributed:
        heights, widths = (np.diff(_block_edges(edge, size)) for edge in image.samples.shape)
        power /= np.multiply.outer(heights, widths)
    with np.errstate(divide="ignore"):
        level_db = (10.0 * np.log10(power)).astype(np.float32)
    return DisplayImage(
        level_db,
        _edges(grid.east_start_m, grid.east_step_m, grid.columns),
        _edges(grid.north_start_m, grid.north_step_m, grid.rows),
    )


def chip_around(
    image: Image, range_s: float, azimuth_s: float, half_width_cells: float = 8.0
) -> DisplayImage:
    """Interpolate the surroundings of a point by zero-padding their spectrum.

    Parameters
    ----------
    image : Image
        The focused image.
    range_s, azimuth_s : float
        The point, on the axes of the image.
    half_width_cells : float
        Cells to show on each side; a range cell is 1/bandwidth, an azimuth cell 1/Doppler
        bandwidth. At the edge of the image the picture is narrower.

    Returns
    -------
    DisplayImage
        Axes in cells from the point.
    """
    range_axis = _ChipAxis.around(
        range_s,
        image.range_start_s,
        image.range_step_s,
        image.samples.shape[1],
        image.range_bandwidth_hz,
        half_width_cells,
    )
    azimuth_axis = _ChipAxis.around(
        azimuth_s,
        image.azimuth_start_s,
        image.azimuth_step_s,
        image.samples.shape[0],
        image.azimuth_bandwidth_hz,
        half_width_cells,
    )
    chip = image.samples[azimuth_axis.first : azimuth_axis.stop, range_axis.first : range_axis.stop]
    fine = _interpolate(chip, azimuth_axis.factor, axis=0)[azimuth_axis.shown()]
    fine = _interpolate(fine, range_axis.factor, axis=1)[:, range_axis.shown()]
    return DisplayImage(
        _level_db(fine.real**2 + fine.imag**2), range_axis.edges(), azimuth_axis.edges()
    )


@dataclass(frozen=True, slots=True)
class _ChipAxis:
    """Which samples of one axis a chip takes, and how finely it interpolates them."""

    first: int
    stop: int
    centre: float
    samples_per_cell: float
    factor: int
    half_width_cells: float

    @classmethod
    def around(
        cls,
        point_s: float,
        start_s: float,
        step_s: float,
        size: int,
        bandwidth_hz: float,
        half_width_cells: float,
    ) -> _ChipAxis:
        samples_per_cell = 1.0 / (bandwidth_hz * step_s)
        centre = min(max((point_s - start_s) / step_s, 0.0), size - 1.0)
        half = math.ceil((half_width_cells + _MARGIN_CELLS) * samples_per_cell)
        half = min(half, _LARGEST_CHIP_SAMPLES // 2)
        first = max(0, round(centre) - half)
        stop = min(size, round(centre) + half + 1)
        factor = max(1, math.ceil(_POINTS_PER_CELL / samples_per_cell))
        return cls(first, stop, centre, samples_per_cell, factor, half_width_cells)

    def shown(self) -> slice:
        """Interpolated samples within the half width of the point."""
        middle = (self.centre - self.first) * self.factor
        half = self.half_width_cells * self.samples_per_cell * self.factor
        stop = (self.stop - 1 - self.first) * self.factor + 1
        return slice(max(0, round(middle - half)), min(stop, round(middle + half) + 1))

    def edges(self) -> tuple[float, float]:
        """Outer edges of the shown samples in cells from the point."""
        shown = self.shown()
        step = 1.0 / (self.factor * self.samples_per_cell)
        middle = (self.centre - self.first) * self.factor
        return (shown.start - 0.5 - middle) * step, (shown.stop - 0.5 - middle) * step


def _block_maxima(
    samples: NDArray[np.complexfloating], rows: int, columns: int
) -> NDArray[np.float32]:
    """Largest power of each of at most ``rows`` x ``columns`` blocks."""
    return _block_powers(samples, rows, columns, np.maximum)


def _block_powers(
    samples: NDArray[np.complexfloating], rows: int, columns: int, combine: np.ufunc
) -> NDArray[np.float32]:
    """Combine the powers of each of at most ``rows`` x ``columns`` blocks."""
    row_edges = _block_edges(samples.shape[0], rows)
    column_starts = _block_edges(samples.shape[1], columns)[:-1]
    power = np.empty((row_edges.size - 1, column_starts.size), dtype=np.float32)
    # Block by block: the power of the whole image at once would double the memory of the run.
    for index, (first, stop) in enumerate(pairwise(row_edges)):
        block = samples[first:stop]
        squares = block.real**2
        squares += block.imag**2
        combine.reduceat(combine.reduce(squares, axis=0), column_starts, out=power[index])
    return power


def _interpolate(
    samples: NDArray[np.complexfloating], factor: int, axis: int
) -> NDArray[np.complexfloating]:
    """Interpolate along one axis; the magnitude is right, a linear phase may be added.

    The zeros belong into the emptiest part of the spectrum, which is not at half the sampling
    rate when the image has a Doppler centroid. The spectrum is therefore turned until its centre
    of power lies at frequency zero; that only changes the phase.
    """
    size = samples.shape[axis]
    if factor == 1 or size < 2:
        return samples
    spectrum = np.moveaxis(scipy.fft.fft(samples, axis=axis), axis, -1)
    power = np.sum(
        spectrum.real**2 + spectrum.imag**2, axis=tuple(range(spectrum.ndim - 1)), dtype=np.float64
    )
    turn = np.sum(power * np.exp(2j * np.pi * np.arange(size) / size))
    centre = round(float(np.angle(turn)) / (2.0 * np.pi) * size)
    spectrum = np.roll(spectrum, -centre, axis=-1)
    padded = np.zeros((*spectrum.shape[:-1], size * factor), dtype=spectrum.dtype)
    upper = (size + 1) // 2
    padded[..., :upper] = spectrum[..., :upper]
    padded[..., size * factor - (size - upper) :] = spectrum[..., upper:]
    fine = scipy.fft.ifft(padded, axis=-1, overwrite_x=True)
    return np.moveaxis(fine, -1, axis)


def _level_db(power: NDArray[np.floating]) -> NDArray[np.float32]:
    largest = float(power.max(initial=0.0))
    if not largest > 0.0:
        return np.full(power.shape, -np.inf, dtype=np.float32)
    with np.errstate(divide="ignore"):
        level_db: NDArray[np.float32] = (10.0 * np.log10(power / largest)).astype(np.float32)
    return level_db


def _block_edges(size: int, blocks: int) -> NDArray[np.int64]:
    return np.linspace(0, size, min(size, blocks) + 1).astype(np.int64)


def _edges(start: float, step: float, size: int) -> tuple[float, float]:
    return start - 0.5 * step, start + (size - 0.5) * step
