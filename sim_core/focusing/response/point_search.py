"""Finding the sample that is a point's peak, and saying where the echo is when it is not there."""

import numpy as np

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image
from sim_core.focusing.response.chip import Chip, ImageAxis

# Rows, or columns, whose magnitudes are looked at together: some 10 MB.
_ROWS_AT_ONCE = 1024


def find_point(
    image: Image, expected_range_s: float, expected_azimuth_s: float, search_cells: float
) -> tuple[int, int]:
    """Find the highest sample about the expected place.

    Parameters
    ----------
    image : Image
        The image.
    expected_range_s, expected_azimuth_s : float
        Where the point is expected.
    search_cells : float
        Half-size of the search window in both axes.

    Returns
    -------
    row, column : int

    Raises
    ------
    FocusingError
        If the place is not in the image, or nothing is there, or the highest sample is no peak.
    """
    windows = []
    for axis, expected_s in (
        (ImageAxis.azimuth_of(image), expected_azimuth_s),
        (ImageAxis.range_of(image), expected_range_s),
    ):
        if not 0.0 <= axis.place(expected_s) <= axis.size - 1:
            raise FocusingError(
                f"the point is expected at {axis.name} {expected_s:.6g} s, outside of the image's "
                f"{axis.start_s:.6g} to {axis.end_s:.6g} s",
                "bring the point nearer to the reference, or lengthen the receive windows",
            )
        windows.append(axis.window(expected_s, search_cells))
    magnitude = np.abs(image.samples[windows[0], windows[1]])
    place = np.unravel_index(int(np.argmax(magnitude)), magnitude.shape)
    if not magnitude[place] > 0.0:
        raise FocusingError(
            f"the image is empty within {search_cells:g} cells of the expected point",
            "check that the recording holds an echo",
        )
    row, column = windows[0].start + int(place[0]), windows[1].start + int(place[1])
    if not _is_highest_of_neighbours(image, row, column):
        raise no_peak(image, expected_range_s, expected_azimuth_s, search_cells)
    return row, column


def no_peak(
    image: Image, expected_range_s: float, expected_azimuth_s: float, search_cells: float
) -> FocusingError:
    """Say that the echo is not where it is expected, and where the image is strongest."""
    azimuth, range_ = ImageAxis.azimuth_of(image), ImageAxis.range_of(image)
    row, column = strongest(image)
    away = [
        _distance(range_.coordinate_s(column) - expected_range_s, range_),
        _distance(azimuth.coordinate_s(row) - expected_azimuth_s, azimuth),
    ]
    where = " and ".join(one for one in away if one) or "at the prediction"
    return FocusingError(
        f"the strongest point within {search_cells:g} cells of the prediction is not a peak, the "
        f"echo lies elsewhere: the strongest point of the image lies {where}",
        "check calibration.delay_s, the known delay of the chain, and that the recording is of "
        "this scene",
    )


def strongest(image: Image) -> tuple[float, float]:
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
    place_s, _ = peak_about(image, row, column)
    return place_s


def peak_about(image: Image, row: int, column: int) -> tuple[tuple[float, float], float]:
    """Return place and magnitude of the peak at a sample, or the sample's own at an edge."""
    try:
        chip = Chip.about(image, row, column)
    except FocusingError:  # too close to the edge to interpolate
        return (float(row), float(column)), float(np.abs(image.samples[row, column]))
    return (chip.row, chip.column), abs(chip.value())


def _is_highest_of_neighbours(image: Image, row: int, column: int) -> bool:
    """Tell whether none of the eight samples about one is higher than it."""
    near = image.samples[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return not bool(np.any(np.abs(near) > np.abs(image.samples[row, column])))


def _distance(offset_s: float, axis: ImageAxis) -> str:
    """Write how far a place lies from the prediction; nothing within half a cell."""
    cells = offset_s / (axis.samples_per_cell * axis.step_s)
    if abs(cells) < 0.5:
        return ""
    exponent, unit = (9, "ns") if axis.name == "range" else (0, "s")
    direction = "later" if cells > 0.0 else "earlier"
    return (
        f"{abs(cells):.1f} cells ({abs(offset_s) * 10.0**exponent:.4g} {unit}) {direction} in "
        f"{axis.name}"
    )
