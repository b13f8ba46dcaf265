"""Beams of the paper, whose angles are in degrees."""

from __future__ import annotations

import math

from sim_core.geometry.footprint import BeamShape


def beam_shape(
    look_deg: float, azimuth_deg: float, range_deg: float, least_deg: float, most_deg: float
) -> BeamShape:
    """Make a beam of angles in degrees.

    Parameters
    ----------
    look_deg : float
        Look angle of its middle.
    azimuth_deg, range_deg : float
        From the middle to the edges.
    least_deg, most_deg : float
        Limits of the incidence angle.
    """
    return BeamShape(
        math.radians(look_deg),
        math.radians(range_deg),
        math.radians(azimuth_deg),
        math.radians(least_deg),
        math.radians(most_deg),
    )
