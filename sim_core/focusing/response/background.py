"""The background that a peak stands out from."""

import math

import numpy as np
import numpy.typing as npt

from sim_core.focusing.image import Image
from sim_core.focusing.response.chip import ImageAxis

# The background begins beyond the side lobes that are still seen in a noise-free image.
_BACKGROUND_CELLS = 20.0
# Enough for the median to scatter by 0.02 dB.
_BACKGROUND_SAMPLES = 250_000


def signal_to_noise_db(image: Image, row: int, column: int, magnitude: float) -> float:
    """Compare a peak with the background away from its cross of side lobes.

    Parameters
    ----------
    image : Image
        The image.
    row, column : int
        The sample at the peak.
    magnitude : float
        Magnitude of the peak.

    Returns
    -------
    float
        In dB; infinite where the background is zero. See `impulse_response.ImpulseResponse`.
    """
    far_rows = _away(row, ImageAxis.azimuth_of(image))
    far_columns = _away(column, ImageAxis.range_of(image))
    background = _median_power(image, far_rows, far_columns)
    if background == 0.0:
        return math.inf
    return 10.0 * math.log10(magnitude**2 / background)


def background_power(image: Image) -> float:
    """Return the mean power of the image's background: the median of all power over ln 2.

    That is the mean of complex Gaussian noise, and points that fill less than half of the image do
    not count.
    """
    rows, columns = (np.arange(size) for size in image.samples.shape)
    return _median_power(image, rows, columns)


def _median_power(
    image: Image, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> float:
    stride = max(1, rows.size * columns.size // _BACKGROUND_SAMPLES)
    # Whole lines of the image's own order: of one that is mapped from a file, only those are read.
    if image.samples.flags.c_contiguous:
        samples = image.samples[rows[::stride]][:, columns]
    else:
        samples = image.samples[:, columns[::stride]][rows]
    return float(np.median(np.abs(samples).astype(np.float64) ** 2)) / math.log(2.0)


def _away(centre: int, axis: ImageAxis) -> npt.NDArray[np.int64]:
    """Return the places along an axis that are far from the peak."""
    least = min(_BACKGROUND_CELLS * axis.samples_per_cell, 0.25 * axis.size)
    place = np.arange(axis.size)
    return place[np.abs(place - centre) > least]
