"""The samples about a peak, interpolated between their places in both axes.

Interpolation is band-limited by `interpolation.KnabKernel`, about the centre of the chip's
spectrum, which need not be at zero.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image
from sim_core.focusing.interpolation import KnabKernel, interpolate
from sim_core.focusing.response.cut_metrics import SIDE_LOBE_EXTENT_CELLS, Cut
from sim_core.focusing.response.islr import FloatArray

ComplexArray = npt.NDArray[np.complex128]

# How far the chip reaches where the image allows: the widest convention of the side lobes
# (ISCE3's under a Hann taper) counts to 22 cells.
_REACH_CELLS = 24.0
# Half-size of the chip whose spectrum is centred, in cells: the main lobe and the next ones.
_CENTRING_CELLS = 12.0
# Below this spacing of the samples the interpolation has no gap in the spectrum to work with.
_LEAST_SAMPLES_PER_CELL = 1.05


@dataclass(frozen=True, slots=True)
class ImageAxis:
    """One axis of an image, with the density of its samples."""

    name: str
    start_s: float
    step_s: float
    size: int
    samples_per_cell: float

    @classmethod
    def azimuth_of(cls, image: Image) -> "ImageAxis":
        """Describe the rows of an image."""
        step_s = image.azimuth_step_s
        density = image.azimuth_cell_s / step_s
        return cls("azimuth", image.azimuth_start_s, step_s, image.samples.shape[0], density)

    @classmethod
    def range_of(cls, image: Image) -> "ImageAxis":
        """Describe the columns of an image."""
        step_s = image.range_step_s
        density = image.range_cell_s / step_s
        return cls("range", image.range_start_s, step_s, image.samples.shape[1], density)

    @property
    def end_s(self) -> float:
        """Coordinate of the last sample."""
        return self.start_s + (self.size - 1) * self.step_s

    def place(self, coordinate_s: float) -> float:
        """Return where a coordinate lies, in samples."""
        return (coordinate_s - self.start_s) / self.step_s

    def coordinate_s(self, place: float) -> float:
        """Return the coordinate of a place in samples."""
        return self.start_s + place * self.step_s

    def window(self, coordinate_s: float, half_cells: float) -> slice:
        """Return the samples within a distance of a coordinate, as far as there are any."""
        centre = self.place(coordinate_s)
        half = half_cells * self.samples_per_cell
        first, last = math.floor(centre - half), math.ceil(centre + half) + 1
        return slice(min(max(first, 0), self.size), min(max(last, 0), self.size))


@dataclass(frozen=True, slots=True, eq=False)
class Chip:
    """The samples about a peak, turned to the middle of their spectrum, and the peak in them.

    Both axes are pairs: azimuth (rows), then range (columns).

    Parameters
    ----------
    samples : ndarray of complex128, shape (rows, columns)
        The chip.
    axes : tuple of ImageAxis
        The image's axes.
    first : tuple of int
        Row and column of the image at which the chip begins.
    peak : ndarray of float64, shape (2,)
        Place of the interpolated peak in the chip, in samples.
    turns : ndarray of float64, shape (2,)
        What was taken out to centre the spectrum, in rad per sample.
    kernels : tuple of KnabKernel
        Interpolation along each axis.
    """

    samples: ComplexArray
    axes: tuple[ImageAxis, ImageAxis]
    first: tuple[int, int]
    peak: FloatArray
    turns: FloatArray
    kernels: tuple[KnabKernel, KnabKernel]

    @classmethod
    def about(cls, image: Image, row: int, column: int) -> "Chip":
        """Cut the chip about a sample out of the image and find the peak next to it.

        Parameters
        ----------
        image : Image
            The image.
        row, column : int
            A sample that is higher than its neighbours.

        Raises
        ------
        FocusingError
            If the samples are too sparse, or too few to the image's edge, or no numbers.
        """
        axes = (ImageAxis.azimuth_of(image), ImageAxis.range_of(image))
        rows, row_kernel = _extent(axes[0], row)
        columns, column_kernel = _extent(axes[1], column)
        samples = image.samples[rows, columns].astype(np.complex128)
        if not np.all(np.isfinite(samples)):
            raise FocusingError(
                "the image holds samples that are no numbers about the expected point",
                "check the recorded samples",
            )
        peak = np.array([row - rows.start, column - columns.start], dtype=np.float64)
        turns = _spectrum_centre(samples, peak, [axis.samples_per_cell for axis in axes])
        # From row to row a phase is known but for whole cycles, and far out there are some.
        lag_s = image.azimuth_start_s + row * image.azimuth_step_s
        expected = math.tau * image.band_rate_hz_per_s * lag_s * image.azimuth_step_s
        turns[0] += math.tau * round((expected - turns[0]) / math.tau)
        samples *= np.exp(-1j * turns[0] * np.arange(samples.shape[0]))[:, None]
        samples *= np.exp(-1j * turns[1] * np.arange(samples.shape[1]))
        kernels = (row_kernel, column_kernel)
        peak = _refine(samples, peak, kernels)
        return cls(samples, axes, (rows.start, columns.start), peak, turns, kernels)

    @property
    def row(self) -> float:
        """Row of the peak in the image."""
        return self.first[0] + float(self.peak[0])

    @property
    def column(self) -> float:
        """Column of the peak in the image."""
        return self.first[1] + float(self.peak[1])

    def value(self) -> complex:
        """Return the image's value at the peak."""
        turned = self.at_samples(self.peak[:1], self.peak[1:])
        return complex(turned[0, 0]) * complex(np.exp(1j * float(self.turns @ self.peak)))

    def at_cells(self, azimuth_cells: FloatArray, range_cells: FloatArray) -> ComplexArray:
        """Evaluate the chip at all pairs of offsets from the peak, in cells.

        Parameters
        ----------
        azimuth_cells : ndarray of float64, shape (m,)
        range_cells : ndarray of float64, shape (n,)

        Returns
        -------
        ndarray of complex128, shape (m, n)
            But for the turn that centres the spectrum.
        """
        return self.at_samples(
            self.peak[0] + azimuth_cells * self.axes[0].samples_per_cell,
            self.peak[1] + range_cells * self.axes[1].samples_per_cell,
        )

    def at_samples(self, row: FloatArray, column: FloatArray) -> ComplexArray:
        """Evaluate the chip at all pairs of places, in samples of the chip."""
        return _evaluate(self.samples, row, column, self.kernels)

    def reach_cells(self, axis: int) -> float:
        """Return how far from the peak the interpolation has all of its samples."""
        peak, size = float(self.peak[axis]), self.samples.shape[axis]
        room = min(peak, size - 1 - peak) - self.kernels[axis].half_length
        return float(room / self.axes[axis].samples_per_cell)

    def cut(self, axis: int) -> Cut:
        """Return the cut through the peak along azimuth (0) or range (1)."""
        other = 1 - axis
        across = _matrix(
            self.kernels[other], self.peak[other : other + 1], self.samples.shape[other]
        )[0]
        samples = self.samples @ across if axis == 0 else across @ self.samples
        peak, density = float(self.peak[axis]), self.axes[axis].samples_per_cell
        kernel = self.kernels[axis]
        return lambda offset_cells: interpolate(samples, peak + offset_cells * density, kernel)


def _extent(axis: ImageAxis, centre: int) -> tuple[slice, KnabKernel]:
    """Choose the samples about the peak along one axis, and the kernel that they allow."""
    if axis.samples_per_cell < _LEAST_SAMPLES_PER_CELL:
        raise FocusingError(
            f"{axis.samples_per_cell:.3g} samples per {axis.name} cell are too few to measure "
            "between them",
            "use 1.2 samples per cell or more",
        )
    extent = math.ceil((SIDE_LOBE_EXTENT_CELLS + 1.0) * axis.samples_per_cell)
    to_edge = min(centre, axis.size - 1 - centre)
    if to_edge < extent + 4:
        raise FocusingError(
            f"the point lies {to_edge / axis.samples_per_cell:.1f} cells from the image's edge in "
            f"{axis.name}, the measurement looks at {(extent + 4) / axis.samples_per_cell:.1f}",
            "bring the point nearer to the reference, or widen the image",
        )
    kernel = KnabKernel.for_oversampling(axis.samples_per_cell, to_edge - extent)
    reach = math.ceil((_REACH_CELLS + 1.0) * axis.samples_per_cell) + kernel.half_length
    return slice(max(0, centre - reach), min(axis.size, centre + reach + 1)), kernel


def _spectrum_centre(
    chip: ComplexArray, peak: FloatArray, samples_per_cell: list[float]
) -> FloatArray:
    """Return the centre of the chip's spectrum in both axes, in rad per sample."""
    half = np.ceil(_CENTRING_CELLS * np.array(samples_per_cell)).astype(int)
    low = np.maximum(peak.astype(int) - half, 0)
    part = chip[low[0] : int(peak[0]) + half[0] + 1, low[1] : int(peak[1]) + half[1] + 1]
    along_rows = np.vdot(part[:-1], part[1:])
    along_columns = np.vdot(part[:, :-1], part[:, 1:])
    return np.array([np.angle(along_rows), np.angle(along_columns)])


def _evaluate(
    chip: ComplexArray,
    row: FloatArray,
    column: FloatArray,
    kernels: tuple[KnabKernel, KnabKernel],
) -> ComplexArray:
    """Interpolate the chip at all pairs of rows and columns."""
    # Of a few places next to each other, most weights are zero.
    rows, columns = (
        _touched(kernel, place, size)
        for kernel, place, size in zip(kernels, (row, column), chip.shape, strict=True)
    )
    part = chip[rows, columns]
    result: ComplexArray = (
        _matrix(kernels[0], row - rows.start, part.shape[0])
        @ part
        @ _matrix(kernels[1], column - columns.start, part.shape[1]).T
    )
    return result


def _touched(kernel: KnabKernel, position: FloatArray, size: int) -> slice:
    """Return the samples, of so many, that have a weight at any of the places."""
    first = math.floor(float(np.min(position))) - kernel.half_length
    last = math.floor(float(np.max(position))) + kernel.half_length + 1
    return slice(min(max(first, 0), size), max(min(last, size), 0))


def _matrix(kernel: KnabKernel, position: FloatArray, size: int) -> FloatArray:
    """Write the kernel's weights as a matrix, shape (places, size)."""
    index, weight = kernel.weights(position)
    inside = (index >= 0) & (index < size)
    matrix = np.zeros((index.shape[0], size))
    place = np.broadcast_to(np.arange(index.shape[0])[:, None], index.shape)
    matrix[place[inside], index[inside]] = weight[inside]
    return matrix


def _refine(
    chip: ComplexArray, peak: FloatArray, kernels: tuple[KnabKernel, KnabKernel]
) -> FloatArray:
    """Find the highest point of the interpolated power, by parabolas on ever finer grids."""
    start = peak.copy()
    for step in (0.25, 0.1, 0.02, 0.005):
        grid = np.array([-step, 0.0, step])
        for _ in range(2):
            power = np.abs(_evaluate(chip, peak[0] + grid, peak[1] + grid, kernels)) ** 2
            peak = peak + step * np.array([_vertex(power[:, 1]), _vertex(power[1])])
            # A noisy neighbour must not carry the peak off: it is the highest sample's.
            peak = np.clip(peak, start - 1.0, start + 1.0)
    return peak


def _vertex(power: FloatArray) -> float:
    """Return the vertex of the parabola through three points, at most one step away."""
    bend = power[0] - 2.0 * power[1] + power[2]
    if bend >= 0.0:
        return float(np.sign(power[2] - power[0]))
    return float(np.clip(0.5 * (power[0] - power[2]) / bend, -1.0, 1.0))
