"""What a step along the image's azimuth is on the ground."""

import numpy as np

from sim_core.focusing.prediction import PeakPredictor
from sim_core.geometry.delay_field import DelayField

# Offset at which the scale of the image on the ground is taken: far above the noise of a
# prediction (1e-6 cell), far below where the axes bend.
_OFFSET_M = 50.0


def ground_speed_m_per_s(
    field: DelayField, predictor: PeakPredictor, offset_m: tuple[float, float, float] = (0, 0, 0)
) -> float:
    """Return the metres on the ground per second of azimuth lag, at equal range.

    From the predicted peaks of two neighbours, to the east and to the north: the direction on the
    ground along which the range stays is followed, and the lag's change along it taken.

    Parameters
    ----------
    field : DelayField
        Delays of the scene.
    predictor : PeakPredictor
        Of the image.
    offset_m : tuple of float
        East, north and up of the place from the field's centre.
    """
    peaks = [
        predictor.peak(field.history(offset_m[0] + east, offset_m[1] + north, offset_m[2]))
        for east, north in ((0.0, 0.0), (_OFFSET_M, 0.0), (0.0, _OFFSET_M))
    ]
    here, east, north = (np.array((peak.range_s, peak.azimuth_s)) for peak in peaks)
    per_metre = np.stack((east - here, north - here), axis=1) / _OFFSET_M
    along = np.array((-per_metre[0, 1], per_metre[0, 0]))
    along /= np.linalg.norm(along)
    return float(1.0 / abs(per_metre[1] @ along))
