"""The response of a point in an image: width, side lobes, position and phase of its peak.

Every value is interpolated: the peak, the half-power points, the nulls and the side lobes lie
between the samples. Interpolation is band-limited by `interpolation.KnabKernel`, about the centre
of the chip's spectrum, which need not be at zero. Definitions: `cut_metrics`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.cut_metrics import (
    ISLR_DEFINITION,
    SIDE_LOBE_EXTENT_CELLS,
    CutMetrics,
    measure_cut,
)
from sim_core.focusing.image import Image
from sim_core.focusing.interpolation import KnabKernel, interpolate

FloatArray = npt.NDArray[np.float64]

# What the stored cuts show, and how finely.
_CUT_EXTENT_CELLS = 16.0
_CUT_POINTS_PER_CELL = 16
# Half-size of the chip whose spectrum is centred, in cells: the main lobe and the next ones.
_CENTRING_CELLS = 12.0
# The background begins beyond the side lobes that are still seen in a noise-free image.
_BACKGROUND_CELLS = 20.0
_BACKGROUND_SAMPLES = 1_000_000
# Rows, or columns, whose magnitudes are looked at together: some 10 MB.
_ROWS_AT_ONCE = 1024
# Below this spacing of the samples the interpolation has no gap in the spectrum to work with.
_LEAST_SAMPLES_PER_CELL = 1.05


@dataclass(frozen=True, slots=True, eq=False)
class AxisResponse:
    """Measures of the cut through the peak along one axis.

    Parameters
    ----------
    irw_cells, irw_s : float
        Half-power width in cells of 1/bandwidth and in s.
    pslr_db, pslr_left_db, pslr_right_db : float
        Highest side lobe against the peak: of both sides, below and above the peak's position.
    islr_db : float
        Energy of the side lobes against that of the main lobe.
    islr_definition : str
        What `islr_db` integrates over.
    offset_cells, level_db : ndarray of float64, shape (points,)
        The interpolated cut about the peak, 0 dB at the peak.
    """

    irw_cells: float
    irw_s: float
    pslr_db: float
    pslr_left_db: float
    pslr_right_db: float
    islr_db: float
    islr_definition: str
    offset_cells: FloatArray
    level_db: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ImpulseResponse:
    """Measures of a point's response.

    Parameters
    ----------
    range, azimuth : AxisResponse
        The cuts through the interpolated peak.
    peak_range_s, peak_azimuth_s : float
        Position of the peak in the image's coordinates.
    peak_magnitude, peak_phase_rad : float
        Its value; 1 and 0 for a perfect reference point of unit amplitude.
    snr_db : float
        Power of the peak against that of the background (noise, quantisation, distant side lobes;
        in an image without noise their floor), which is taken from the samples more than
        20 cells away in range *and* azimuth (less in a small image) as their median power over
        ln 2, so that other targets do not count; infinite where the background is zero.
    """

    range: AxisResponse
    azimuth: AxisResponse
    peak_range_s: float
    peak_azimuth_s: float
    peak_magnitude: float
    peak_phase_rad: float
    snr_db: float


def measure(
    image: Image,
    expected_range_s: float = 0.0,
    expected_azimuth_s: float = 0.0,
    search_cells: float = 8.0,
) -> ImpulseResponse:
    """Measure the response of the point that is expected at a place.

    Parameters
    ----------
    image : Image
        The image, with 1.2 samples per cell or more.
    expected_range_s, expected_azimuth_s : float
        Where the point is expected; see `prediction.predict_peak`.
    search_cells : float
        Half-size of the search window: the highest sample within this distance of the expected
        place, in both axes, is taken as the point. It must be a peak, that is, higher than its
        neighbours, which may lie outside of the window, and than its side lobes.

    Returns
    -------
    ImpulseResponse

    Raises
    ------
    FocusingError
        If the place is not in the image, or too close to its edge, or has no main lobe, or if
        what is highest there is no peak but the flank or a side lobe of one that lies elsewhere.
    """
    azimuth = _Axis.of_azimuth(image)
    range_ = _Axis.of_range(image)
    row, column = _highest(
        image, azimuth, range_, expected_azimuth_s, expected_range_s, search_cells
    )
    expected_s = (expected_azimuth_s, expected_range_s)
    if not _is_highest_of_neighbours(image, row, column):
        raise _no_peak(image, azimuth, range_, expected_s, search_cells)
    chip = _Chip.about(image, azimuth, range_, row, column)
    value = chip.value()
    magnitude = abs(value)
    along_azimuth, along_range = chip.cuts()
    response = ImpulseResponse(
        range=_axis_response(along_range, chip.peak[1], range_, chip.column_kernel, "range"),
        azimuth=_axis_response(along_azimuth, chip.peak[0], azimuth, chip.row_kernel, "azimuth"),
        peak_range_s=range_.start_s + chip.column * range_.step_s,
        peak_azimuth_s=azimuth.start_s + chip.row * azimuth.step_s,
        peak_magnitude=magnitude,
        peak_phase_rad=math.atan2(value.imag, value.real),
        snr_db=_signal_to_noise_db(image, row, column, magnitude, azimuth, range_),
    )
    if max(response.range.pslr_db, response.azimuth.pslr_db) > 0.0:
        raise _no_peak(image, azimuth, range_, expected_s, search_cells)
    return response


@dataclass(frozen=True, slots=True)
class _Axis:
    start_s: float
    step_s: float
    size: int
    samples_per_cell: float

    @classmethod
    def of_azimuth(cls, image: Image) -> "_Axis":
        step_s = image.azimuth_step_s
        return cls(
            image.azimuth_start_s, step_s, image.samples.shape[0], image.azimuth_cell_s / step_s
        )

    @classmethod
    def of_range(cls, image: Image) -> "_Axis":
        step_s = image.range_step_s
        return cls(image.range_start_s, step_s, image.samples.shape[1], image.range_cell_s / step_s)


def _highest(
    image: Image,
    azimuth: _Axis,
    range_: _Axis,
    expected_azimuth_s: float,
    expected_range_s: float,
    search_cells: float,
) -> tuple[int, int]:
    """Return row and column of the highest sample about the expected place."""
    windows = []
    for axis, expected_s, name in (
        (azimuth, expected_azimuth_s, "azimuth"),
        (range_, expected_range_s, "range"),
    ):
        centre = (expected_s - axis.start_s) / axis.step_s
        reach = search_cells * axis.samples_per_cell
        first, last = math.floor(centre - reach), math.ceil(centre + reach) + 1
        if not 0.0 <= centre <= axis.size - 1:
            end_s = axis.start_s + (axis.size - 1) * axis.step_s
            raise FocusingError(
                f"the point is expected at {name} {expected_s:.6g} s, outside of the image's "
                f"{axis.start_s:.6g} to {end_s:.6g} s",
                "bring the point nearer to the reference, or lengthen the receive windows",
            )
        windows.append(slice(max(first, 0), min(last, axis.size)))
    power = np.abs(image.samples[windows[0], windows[1]])
    row, column = np.unravel_index(int(np.argmax(power)), power.shape)
    if not power[row, column] > 0.0:
        raise FocusingError(
            f"the image is empty within {search_cells:g} cells of the expected point",
            "check that the recording holds an echo",
        )
    return windows[0].start + int(row), windows[1].start + int(column)


def _is_highest_of_neighbours(image: Image, row: int, column: int) -> bool:
    """Tell whether none of the eight samples about one is higher than it."""
    near = image.samples[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return not bool(np.any(np.abs(near) > np.abs(image.samples[row, column])))


def _no_peak(
    image: Image,
    azimuth: _Axis,
    range_: _Axis,
    expected_s: tuple[float, float],
    search_cells: float,
) -> FocusingError:
    """Say that the echo is not where it is expected, and where the image is strongest."""
    row, column = _strongest(image, azimuth, range_)
    away = [
        _distance(azimuth.start_s + row * azimuth.step_s - expected_s[0], azimuth, "azimuth"),
        _distance(range_.start_s + column * range_.step_s - expected_s[1], range_, "range"),
    ]
    where = " and ".join(one for one in reversed(away) if one) or "at the prediction"
    return FocusingError(
        f"the strongest point within {search_cells:g} cells of the prediction is not a peak, the "
        f"echo lies elsewhere: the strongest point of the image lies {where}",
        "check calibration.delay_s, the known delay of the chain, and that the recording is of "
        "this scene",
    )


def _distance(offset_s: float, axis: _Axis, name: str) -> str:
    """Write how far a place lies from the prediction; nothing within half a cell."""
    cells = offset_s / (axis.samples_per_cell * axis.step_s)
    if abs(cells) < 0.5:
        return ""
    exponent, unit = (9, "ns") if name == "range" else (0, "s")
    direction = "later" if cells > 0.0 else "earlier"
    return (
        f"{abs(cells):.1f} cells ({abs(offset_s) * 10.0**exponent:.4g} {unit}) {direction} in "
        f"{name}"
    )


def _strongest(image: Image, azimuth: _Axis, range_: _Axis) -> tuple[float, float]:
    """Return row and column of the highest point of the whole image, between the samples."""
    highest, row, column = -1.0, 0, 0
    # Part by part: the magnitudes of the whole image at once would cost half its memory again.
    by_rows = image.samples.flags.c_contiguous
    samples = image.samples if by_rows else image.samples.T
    for first in range(0, samples.shape[0], _ROWS_AT_ONCE):
        magnitude = np.nan_to_num(np.abs(samples[first : first + _ROWS_AT_ONCE]), posinf=0.0)
        place = np.unravel_index(int(np.argmax(magnitude)), magnitude.shape)
        if magnitude[place] > highest:
            highest = float(magnitude[place])
            at = (first + int(place[0]), int(place[1]))
            row, column = at if by_rows else at[::-1]
    try:
        chip = _Chip.about(image, azimuth, range_, row, column)
    except FocusingError:  # too close to the edge to interpolate
        return float(row), float(column)
    return chip.row, chip.column


@dataclass(frozen=True, slots=True, eq=False)
class _Chip:
    """The samples about a peak, turned to the middle of their spectrum, and the peak in them.

    `peak` is in samples of the chip, `row` and `column` are in those of the image.
    """

    samples: npt.NDArray[np.complex128]
    peak: FloatArray
    row: float
    column: float
    turns: FloatArray
    row_kernel: KnabKernel
    column_kernel: KnabKernel

    @classmethod
    def about(cls, image: Image, azimuth: _Axis, range_: _Axis, row: int, column: int) -> "_Chip":
        """Cut the chip about a sample out of the image and find the peak next to it."""
        rows, row_kernel = _extent(azimuth, row, "azimuth")
        columns, column_kernel = _extent(range_, column, "range")
        chip = image.samples[rows, columns].astype(np.complex128)
        if not np.all(np.isfinite(chip)):
            raise FocusingError(
                "the image holds samples that are no numbers about the expected point",
                "check the recorded samples",
            )
        peak = np.array([row - rows.start, column - columns.start], dtype=np.float64)
        turns = _spectrum_centre(chip, peak, azimuth.samples_per_cell, range_.samples_per_cell)
        chip *= np.exp(-1j * turns[0] * np.arange(chip.shape[0]))[:, None]
        chip *= np.exp(-1j * turns[1] * np.arange(chip.shape[1]))
        peak = _refine(chip, peak, row_kernel, column_kernel)
        return cls(
            samples=chip,
            peak=peak,
            row=rows.start + float(peak[0]),
            column=columns.start + float(peak[1]),
            turns=turns,
            row_kernel=row_kernel,
            column_kernel=column_kernel,
        )

    def value(self) -> complex:
        """Return the image's value at the peak."""
        turned = _evaluate(
            self.samples, self.peak[:1], self.peak[1:], self.row_kernel, self.column_kernel
        )
        return complex(turned[0, 0]) * complex(np.exp(1j * float(self.turns @ self.peak)))

    def cuts(self) -> tuple[npt.NDArray[np.complex128], npt.NDArray[np.complex128]]:
        """Return the cuts through the peak along azimuth and range, at the chip's samples."""
        rows, columns = (np.arange(size) for size in self.samples.shape)
        along_azimuth = _evaluate(self.samples, rows, self.peak[1:], None, self.column_kernel)
        along_range = _evaluate(self.samples, self.peak[:1], columns, self.row_kernel, None)
        return along_azimuth[:, 0], along_range[0]


def _extent(axis: _Axis, centre: int, name: str) -> tuple[slice, KnabKernel]:
    """Choose the samples about the peak along one axis, and the kernel that they allow."""
    if axis.samples_per_cell < _LEAST_SAMPLES_PER_CELL:
        raise FocusingError(
            f"{axis.samples_per_cell:.3g} samples per {name} cell are too few to measure between "
            "them",
            "use 1.2 samples per cell or more",
        )
    extent = math.ceil((SIDE_LOBE_EXTENT_CELLS + 1.0) * axis.samples_per_cell)
    to_edge = min(centre, axis.size - 1 - centre)
    if to_edge < extent + 4:
        raise FocusingError(
            f"the point lies {to_edge / axis.samples_per_cell:.1f} cells from the image's edge in "
            f"{name}, the measurement looks at {(extent + 4) / axis.samples_per_cell:.1f}",
            "bring the point nearer to the reference, or widen the image",
        )
    kernel = KnabKernel.for_oversampling(axis.samples_per_cell, to_edge - extent)
    reach = math.ceil((_CUT_EXTENT_CELLS + 1.0) * axis.samples_per_cell) + kernel.half_length
    return slice(max(0, centre - reach), min(axis.size, centre + reach + 1)), kernel


def _spectrum_centre(
    chip: npt.NDArray[np.complex128],
    peak: FloatArray,
    rows_per_cell: float,
    columns_per_cell: float,
) -> FloatArray:
    """Return the centre of the chip's spectrum in both axes, in rad per sample."""
    half = np.ceil(_CENTRING_CELLS * np.array([rows_per_cell, columns_per_cell])).astype(int)
    low = np.maximum(peak.astype(int) - half, 0)
    part = chip[low[0] : int(peak[0]) + half[0] + 1, low[1] : int(peak[1]) + half[1] + 1]
    along_rows = np.vdot(part[:-1], part[1:])
    along_columns = np.vdot(part[:, :-1], part[:, 1:])
    return np.array([np.angle(along_rows), np.angle(along_columns)])


def _evaluate(
    chip: npt.NDArray[np.complex128],
    row: npt.NDArray[np.floating] | npt.NDArray[np.integer],
    column: npt.NDArray[np.floating] | npt.NDArray[np.integer],
    row_kernel: KnabKernel | None,
    column_kernel: KnabKernel | None,
) -> npt.NDArray[np.complex128]:
    """Interpolate the chip at all pairs of rows and columns; None where the places are samples."""
    values = chip
    if row_kernel is not None:
        values = _matrix(row_kernel, row, chip.shape[0]) @ values
    if column_kernel is not None:
        values = values @ _matrix(column_kernel, column, chip.shape[1]).T
    return values


def _matrix(
    kernel: KnabKernel,
    position: npt.NDArray[np.floating] | npt.NDArray[np.integer],
    size: int,
) -> FloatArray:
    """Write the kernel's weights as a matrix, shape (places, size)."""
    index, weight = kernel.weights(position)
    inside = (index >= 0) & (index < size)
    matrix = np.zeros((index.shape[0], size))
    place = np.broadcast_to(np.arange(index.shape[0])[:, None], index.shape)
    matrix[place[inside], index[inside]] = weight[inside]
    return matrix


def _refine(
    chip: npt.NDArray[np.complex128],
    peak: FloatArray,
    row_kernel: KnabKernel,
    column_kernel: KnabKernel,
) -> FloatArray:
    """Find the highest point of the interpolated power, by parabolas on ever finer grids."""
    start = peak.copy()
    for step in (0.25, 0.1, 0.02, 0.005):
        grid = np.array([-step, 0.0, step])
        for _ in range(2):
            power = (
                np.abs(_evaluate(chip, peak[0] + grid, peak[1] + grid, row_kernel, column_kernel))
                ** 2
            )
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


def _axis_response(
    samples: npt.NDArray[np.complex128], peak: float, axis: _Axis, kernel: KnabKernel, name: str
) -> AxisResponse:
    """Measure one cut; `samples` are centred in frequency and lie in the chip's places."""

    def cut(offset_cells: FloatArray) -> npt.NDArray[np.complex128]:
        return interpolate(samples, peak + offset_cells * axis.samples_per_cell, kernel)

    metrics: CutMetrics = measure_cut(cut, name)
    reach = min(
        _CUT_EXTENT_CELLS,
        (peak - 1.0) / axis.samples_per_cell,
        (samples.size - 2.0 - peak) / axis.samples_per_cell,
    )
    points = math.floor(reach * _CUT_POINTS_PER_CELL)
    offset_cells = np.arange(-points, points + 1) / _CUT_POINTS_PER_CELL
    level = np.abs(cut(offset_cells))
    return AxisResponse(
        irw_cells=metrics.irw_cells,
        irw_s=metrics.irw_cells * axis.samples_per_cell * axis.step_s,
        pslr_db=metrics.pslr_db,
        pslr_left_db=metrics.pslr_left_db,
        pslr_right_db=metrics.pslr_right_db,
        islr_db=metrics.islr_db,
        islr_definition=ISLR_DEFINITION,
        offset_cells=offset_cells,
        # -200 dB stands for an exact null: the logarithm must stay finite.
        level_db=20.0 * np.log10(np.maximum(level / level[points], 1e-10)),
    )


def _signal_to_noise_db(
    image: Image, row: int, column: int, magnitude: float, azimuth: _Axis, range_: _Axis
) -> float:
    """Compare the peak with the background away from its cross of side lobes."""
    far_rows = _away(row, azimuth)
    far_columns = _away(column, range_)
    stride = max(1, far_rows.size * far_columns.size // _BACKGROUND_SAMPLES)
    samples = image.samples[np.ix_(far_rows[::stride], far_columns)]
    background = float(np.median(np.abs(samples).astype(np.float64) ** 2)) / math.log(2.0)
    if background == 0.0:
        return math.inf
    return 10.0 * math.log10(magnitude**2 / background)


def _away(centre: int, axis: _Axis) -> npt.NDArray[np.int64]:
    """Return the places along an axis that are far from the peak."""
    least = min(_BACKGROUND_CELLS * axis.samples_per_cell, 0.25 * axis.size)
    place = np.arange(axis.size)
    return place[np.abs(place - centre) > least]
