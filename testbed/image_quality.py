"""What is in an image besides its targets: replicas, ghosts and spurs."""

import math
from contextlib import suppress

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image
from sim_core.focusing.response.ambiguity import azimuth_ambiguities
from sim_core.focusing.response.spur import find_spur
from testbed.results import ImageQuality, TargetResult
from testbed.scenario import Scenario


def image_quality(
    scenario: Scenario, image: Image, targets: tuple[TargetResult, ...]
) -> ImageQuality:
    """Measure replicas of the first target, and the highest response that is no target's.

    Parameters
    ----------
    scenario : Scenario
        The run.
    image : Image
        The image, which holds all targets unless it is back-projected.
    targets : tuple of TargetResult
        What was measured.

    Returns
    -------
    ImageQuality
        What could not be measured is NaN or None.
    """
    first = targets[0].response
    known = [(t.response.peak_range_s, t.response.peak_azimuth_s) for t in targets]
    known = [place for place in known if all(map(math.isfinite, place)) and _holds(image, place)]
    ambiguity_db, spur = math.nan, None
    if known and math.isfinite(first.peak_range_s):
        # Near the edge of the image the target's own box is cut.
        with suppress(FocusingError):
            ambiguity_db = azimuth_ambiguities(
                image, first.peak_range_s, first.peak_azimuth_s, scenario.carrier_hz
            ).energy_db
        # Scatterers behind the targets are no spurs.
        if scenario.signal.scene is None:
            with suppress(FocusingError):
                spur = find_spur(image, known)
    return ImageQuality(azimuth_ambiguity_db=ambiguity_db, spur=spur)


def _holds(image: Image, place: tuple[float, float]) -> bool:
    range_s, azimuth_s = image.range_s(), image.azimuth_s()
    return bool(range_s[0] <= place[0] <= range_s[-1] and azimuth_s[0] <= place[1] <= azimuth_s[-1])
