"""What a DAC repeats beyond its rate, and where a digitizer folds it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivers.visa.pair.filters import STOP_EDGE
from drivers.visa.pair.frequency_plan import FrequencyPlan

# Of the digitizer's bandwidth; beyond it a Gaussian response is more than 48 dB down.
_REACH = 4.0


@dataclass(frozen=True, slots=True)
class Image:
    """A repetition of the band that folds onto it.

    Parameters
    ----------
    centre_hz : float
        Before folding.
    level_db : float
        Of its strongest edge, against the weakest of the band.
    """

    centre_hz: float
    level_db: float


def folded_images(
    plan: FrequencyPlan, record_rate_hz: float, bandwidth_hz: float
) -> tuple[Image, ...]:
    """Find the images that no filter behind the digitizer can tell from the signal.

    A DAC that holds its samples repeats its band about every multiple of its rate, as strongly as
    ``sinc(frequency / rate)`` says. A digitizer folds at its own rate what its bandwidth lets
    through, which is taken to be Gaussian: a real one stops more.

    Parameters
    ----------
    plan : FrequencyPlan
        What is played. Without a hold there are no images: interpolation has removed them.
    record_rate_hz, bandwidth_hz : float
        Of the digitizer.

    Returns
    -------
    tuple of Image
        The strongest first.
    """
    if not plan.holds_samples:
        return ()
    rate_hz, half_hz = plan.generator_rate_hz, 0.5 * plan.sample_rate_hz
    reach_hz = half_hz + STOP_EDGE * plan.sample_rate_hz
    found = []
    for multiple in range(1, math.ceil(_REACH * bandwidth_hz / rate_hz) + 1):
        for offset_hz in sorted({-plan.capture_hz, plan.capture_hz}):
            centre_hz = multiple * rate_hz + offset_hz
            folded_hz = abs(centre_hz - record_rate_hz * round(centre_hz / record_rate_hz))
            if abs(folded_hz - plan.capture_hz) < reach_hz:
                edges_hz = np.array([centre_hz - half_hz, centre_hz + half_hz])
                held = np.abs(np.sinc(edges_hz / rate_hz)) / plan.band_gain
                passed = np.exp(-0.5 * math.log(2.0) * (edges_hz / bandwidth_hz) ** 2)
                level = float(np.max(held * passed))
                found.append(Image(centre_hz, 20.0 * math.log10(max(level, 1e-10))))
    return tuple(sorted(found, key=lambda image: -image.level_db))


def total_db(images: tuple[Image, ...]) -> float:
    """Add up the power of images; -200 dB is none."""
    power = sum(math.pow(10.0, image.level_db / 10.0) for image in images)
    return 10.0 * math.log10(max(power, 1e-20))
