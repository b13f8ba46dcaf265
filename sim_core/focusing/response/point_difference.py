"""How far two images of one recording disagree about a point: one method against the standard."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim_core.focusing.image import Image
from sim_core.focusing.response.impulse_response import measure


@dataclass(frozen=True, slots=True)
class PointDifference:
    """What one image measures of a point less what the standard does.

    Parameters
    ----------
    range_cells, azimuth_cells : float
        Of the peak's position, in cells.
    phase_rad : float
        Of its phase, -pi to pi.
    magnitude_db : float
        Of its magnitude.
    range_pslr_db, azimuth_pslr_db : float
        Of the highest side lobes.
    """

    range_cells: float
    azimuth_cells: float
    phase_rad: float
    magnitude_db: float
    range_pslr_db: float
    azimuth_pslr_db: float


def point_difference(
    image: Image, standard: Image | Sequence[Image], range_s: float, azimuth_s: float
) -> PointDifference:
    """Measure a point in two images and subtract.

    Parameters
    ----------
    image : Image
        The image to be judged.
    standard : Image or sequence of Image
        What it is held to, such as the chips of a back-projection, of which the one is taken in
        whose middle the point is most nearly.
    range_s, azimuth_s : float
        Where the point is expected in both.

    Returns
    -------
    PointDifference

    Raises
    ------
    FocusingError
        If there is no response to be measured; see `impulse_response.measure`.
    """
    candidates = [standard] if isinstance(standard, Image) else list(standard)
    nearest = min(candidates, key=lambda chip: _off_middle_cells(chip, range_s, azimuth_s))
    one, other = (measure(which, range_s, azimuth_s) for which in (image, nearest))
    return PointDifference(
        range_cells=(one.peak_range_s - other.peak_range_s) / nearest.range_cell_s,
        azimuth_cells=(one.peak_azimuth_s - other.peak_azimuth_s) / nearest.azimuth_cell_s,
        phase_rad=math.remainder(one.peak_phase_rad - other.peak_phase_rad, math.tau),
        magnitude_db=20.0 * math.log10(one.peak_magnitude / other.peak_magnitude),
        range_pslr_db=one.range.pslr_db - other.range.pslr_db,
        azimuth_pslr_db=one.azimuth.pslr_db - other.azimuth.pslr_db,
    )


def _off_middle_cells(chip: Image, range_s: float, azimuth_s: float) -> float:
    rows, columns = chip.samples.shape
    middle_range_s = chip.range_start_s + 0.5 * (columns - 1) * chip.range_step_s
    middle_azimuth_s = chip.azimuth_start_s + 0.5 * (rows - 1) * chip.azimuth_step_s
    return math.hypot(
        (range_s - middle_range_s) / chip.range_cell_s,
        (azimuth_s - middle_azimuth_s) / chip.azimuth_cell_s,
    )
