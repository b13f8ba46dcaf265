"""The highest response in an image that no target accounts for.

A spurious tone, an image of the band from unbalanced I and Q, a constant offset, a ghost from
crosstalk: each leaves something somewhere in the image. The targets' side lobes lie there too; of
those the envelope ``1 / (pi x)`` in both axes is known, x in cells, which tapers only lower.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.response.background import background_power
from sim_core.focusing.response.chip import ImageAxis
from sim_core.focusing.response.islr import decibel
from sim_core.focusing.response.point_search import peak_about

# Within this distance in both axes what is there is the target's.
NEAR_CELLS = 20.0
# A place is known to this, before its peak is looked for.
_SEARCH_CELLS = 2.0
# Samples that are looked at together: 4 MiB of complex64.
_BLOCK_SAMPLES = 1 << 19


@dataclass(frozen=True, slots=True)
class Spur:
    """The highest response outside of the targets' neighbourhoods and above their side lobes.

    Parameters
    ----------
    level_db : float
        Its magnitude against the highest target's, between the samples.
    excess_db : float
        What of it is above the envelope of the targets' side lobes, against the same.
    range_s, azimuth_s : float
        Its place.
    noise_peak_db : float
        What the image's background alone is expected to reach in as many samples, if it is noise:
        its mean power times the logarithm of their number.
    """

    level_db: float
    excess_db: float
    range_s: float
    azimuth_s: float
    noise_peak_db: float


@dataclass(frozen=True, slots=True, eq=False)
class _Targets:
    """Peaks of the targets, and the envelopes of their side lobes along both axes."""

    place: npt.NDArray[np.float64]  # (targets, 2), rows and columns
    envelope: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]  # (targets, samples)
    highest: float

    @classmethod
    def at(cls, image: Image, places_s: Sequence[tuple[float, float]]) -> "_Targets":
        axes = (ImageAxis.azimuth_of(image), ImageAxis.range_of(image))
        peaks = [_peak_near(image, axes, range_s, azimuth_s) for range_s, azimuth_s in places_s]
        place = np.array([peak[0] for peak in peaks]).reshape(-1, 2)
        magnitude = np.array([peak[1] for peak in peaks])
        rows, columns = (_envelope(axis, place[:, number]) for number, axis in enumerate(axes))
        return cls(
            place,
            (rows, (columns * magnitude[:, None]).astype(np.float32)),
            float(np.max(magnitude, initial=0.0)),
        )


def find_spur(image: Image, places_s: Sequence[tuple[float, float]]) -> Spur | None:
    """Find the highest response that is no target's.

    Works block by block, in the image's own order of memory, and on samples that are mapped from a
    file.

    Parameters
    ----------
    image : Image
        The image.
    places_s : sequence of (float, float)
        Range and azimuth of all that is known to be in the image: the targets' peaks, and
        ambiguities, if those are not to count.

    Returns
    -------
    Spur or None
        None where the neighbourhoods cover all of the image.

    Raises
    ------
    FocusingError
        If the image is empty or holds samples that are no numbers.
    """
    targets = _Targets.at(image, places_s)
    row, column, envelope = _highest_excess(image, targets)
    if row < 0:
        return None
    place, magnitude = peak_about(image, row, column)
    # A target's flank can rise towards its neighbourhood: then the sample is what counts.
    if abs(place[0] - row) > 1.0 or abs(place[1] - column) > 1.0:
        place, magnitude = (float(row), float(column)), float(np.abs(image.samples[row, column]))
    reference = targets.highest or magnitude
    if not reference > 0.0:
        raise FocusingError("the image is empty", "check that the recording holds an echo")
    background = background_power(image) / reference**2
    return Spur(
        level_db=decibel((magnitude / reference) ** 2),
        excess_db=decibel((max(magnitude - envelope, 0.0) / reference) ** 2),
        range_s=ImageAxis.range_of(image).coordinate_s(place[1]),
        azimuth_s=ImageAxis.azimuth_of(image).coordinate_s(place[0]),
        noise_peak_db=decibel(background * math.log(max(image.samples.size, 2))),
    )


def _peak_near(
    image: Image, axes: tuple[ImageAxis, ImageAxis], range_s: float, azimuth_s: float
) -> tuple[tuple[float, float], float]:
    """Return place and magnitude of a target's peak; a target outside of the image has none."""
    rows = axes[0].window(azimuth_s, _SEARCH_CELLS)
    columns = axes[1].window(range_s, _SEARCH_CELLS)
    magnitude = np.abs(image.samples[rows, columns])
    if magnitude.size == 0:
        return (axes[0].place(azimuth_s), axes[1].place(range_s)), 0.0
    row, column = np.unravel_index(int(np.argmax(magnitude)), magnitude.shape)
    return peak_about(image, rows.start + int(row), columns.start + int(column))


def _envelope(axis: ImageAxis, place: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Bound the side lobes of each target along one axis, shape (targets, samples)."""
    cells = np.abs(np.arange(axis.size) - place[:, None]) / axis.samples_per_cell
    return (1.0 / np.maximum(math.pi * cells, 1.0)).astype(np.float32)


def _highest_excess(image: Image, targets: _Targets) -> tuple[int, int, float]:
    """Return row, column and envelope where the image is highest above the envelope."""
    by_rows = image.samples.flags.c_contiguous
    samples = image.samples if by_rows else image.samples.T
    first, second = targets.envelope if by_rows else targets.envelope[::-1]
    order = [0, 1] if by_rows else [1, 0]
    density = np.array(
        [ImageAxis.azimuth_of(image).samples_per_cell, ImageAxis.range_of(image).samples_per_cell]
    )
    reach = (NEAR_CELLS * density)[order]
    place = targets.place[:, order]
    found: list[tuple[float, int, int, float]] = []

    def look(rows: slice) -> None:
        excess = np.abs(samples[rows])
        excess -= first[:, rows].T @ second
        for centre in place:
            near = [
                slice(max(math.ceil(c - r), 0), max(math.floor(c + r) + 1, 0))
                for c, r in zip(centre, reach, strict=True)
            ]
            inside = slice(max(near[0].start - rows.start, 0), max(near[0].stop - rows.start, 0))
            excess[inside, near[1]] = -np.inf
        at = np.unravel_index(int(np.argmax(excess)), excess.shape)
        row, column = rows.start + int(at[0]), int(at[1])
        envelope = float(first[:, row] @ second[:, column])
        found.append((float(excess[at]), row, column, envelope))

    run_blocks(slices(samples.shape[0], max(1, _BLOCK_SAMPLES // samples.shape[1])), look)
    if not all(excess < math.inf for excess, *_ in found):
        raise FocusingError(
            "the image holds samples that are no numbers", "check the recorded samples"
        )
    excess, row, column, envelope = max(found)
    if excess == -math.inf:
        return -1, -1, 0.0
    return (row, column, envelope) if by_rows else (column, row, envelope)
