"""Replicas of a point at places that are known beforehand: azimuth and range ambiguities.

Pulses that are too few fold the Doppler band: a point stands once more at every multiple k of
PRF / Doppler rate. There each pulse is turned by k whole cycles at the carrier, but by
``k (1 + f / f_c)`` at the range frequency f. So the replica walks in range over the aperture and
is spread in azimuth over the band, by ``k T B_a B_r / f_c`` cells both (T the spacing, B the
bandwidths). What counts is therefore the energy in a box of that size, not only the peak.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image
from sim_core.focusing.response.background import background_power
from sim_core.focusing.response.chip import ImageAxis
from sim_core.focusing.response.islr import decibel

# What a response that is not spread has of its energy within its box.
_MARGIN_CELLS = 10.0


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """One replica of a point.

    Parameters
    ----------
    order : int
        By how many spacings it lies from the point.
    range_s, azimuth_s : float
        Where it is expected.
    peak_db : float
        Highest sample of its box against that of the point's own box; NaN if the box is not whole
        within the image or holds part of the point's.
    energy_db : float
        Energy of its box against that of the point's own, which is as large.
    background_db : float
        What the image's background alone would put there.
    """

    order: int
    range_s: float
    azimuth_s: float
    peak_db: float
    energy_db: float
    background_db: float


@dataclass(frozen=True, slots=True)
class AmbiguityRatio:
    """All replicas of a point that the image holds.

    Parameters
    ----------
    replicas : tuple of Ambiguity
        Each of them, those outside of the image too.
    peak_db : float
        Peak of the highest; NaN if there is none in the image.
    energy_db : float
        Energy of all of them against the point's.
    """

    replicas: tuple[Ambiguity, ...]
    peak_db: float
    energy_db: float


def azimuth_ambiguities(
    image: Image,
    range_s: float,
    azimuth_s: float,
    carrier_hz: float,
    orders: Sequence[int] = (-2, -1, 1, 2),
) -> AmbiguityRatio:
    """Measure the replicas that the pulses' spacing makes of a point.

    Parameters
    ----------
    image : Image
        The image.
    range_s, azimuth_s : float
        Peak of the point.
    carrier_hz : float
        Carrier of the radar, for the size of the boxes.
    orders : sequence of int
        Multiples of the spacing to look at.

    Returns
    -------
    AmbiguityRatio

    Raises
    ------
    FocusingError
        If the point is not in the image, or an order is zero.
    """
    spacing_s = image.azimuth_ambiguity_s
    spread_cells = (
        spacing_s * image.azimuth_bandwidth_hz * image.range_bandwidth_hz / carrier_hz
        if math.isfinite(spacing_s)
        else 0.0
    )
    return _measured(
        image,
        (range_s, azimuth_s),
        [
            (k, range_s, azimuth_s + k * spacing_s, 0.5 * abs(k) * spread_cells)
            for k in _nonzero(orders)
        ],
    )


def range_ambiguities(
    image: Image,
    range_s: float,
    azimuth_s: float,
    pulse_interval_s: float,
    orders: Sequence[int] = (-1, 1),
) -> AmbiguityRatio:
    """Measure what a point leaves at delays that belong to other pulses.

    Defined where the receive windows are longer than the interval between pulses; elsewhere the
    replicas lie outside of the image.

    Parameters
    ----------
    image : Image
        The image.
    range_s, azimuth_s : float
        Peak of the point.
    pulse_interval_s : float
        Time between pulses.
    orders : sequence of int
        Multiples of the interval to look at.

    Returns
    -------
    AmbiguityRatio

    Raises
    ------
    FocusingError
        If the point is not in the image, or an order is zero.
    """
    return _measured(
        image,
        (range_s, azimuth_s),
        [(k, range_s + k * pulse_interval_s, azimuth_s, 0.0) for k in _nonzero(orders)],
    )


def _nonzero(orders: Sequence[int]) -> Sequence[int]:
    if 0 in orders:
        raise FocusingError("order 0 is the point itself", "give orders such as -1 and 1")
    return orders


def _measured(
    image: Image,
    point_s: tuple[float, float],
    expected: list[tuple[int, float, float, float]],
) -> AmbiguityRatio:
    """Compare boxes at (order, range, azimuth, half-size beyond the margin) with the point's."""
    background = background_power(image)
    replicas, total = [], 0.0
    for order, range_s, azimuth_s, half_cells in expected:
        half = half_cells + _MARGIN_CELLS
        own_peak, own_energy, samples = _box(image, *point_s, half)
        if not own_peak > 0.0:
            raise FocusingError(
                f"there is no point at range {point_s[0]:.6g} s, azimuth {point_s[1]:.6g} s",
                "give the place of a peak in the image",
            )
        peak, energy = math.nan, math.nan
        if _whole_and_apart(image, point_s, (range_s, azimuth_s), half):
            peak, energy, _ = _box(image, range_s, azimuth_s, half)
            total += energy / own_energy
        replicas.append(
            Ambiguity(
                order=order,
                range_s=range_s,
                azimuth_s=azimuth_s,
                peak_db=decibel(peak / own_peak),
                energy_db=decibel(energy / own_energy),
                background_db=decibel(background * samples / own_energy),
            )
        )
    measured = [one.peak_db for one in replicas if not math.isnan(one.peak_db)]
    return AmbiguityRatio(
        replicas=tuple(replicas),
        peak_db=max(measured, default=math.nan),
        energy_db=decibel(total) if measured else math.nan,
    )


def _whole_and_apart(
    image: Image, point_s: tuple[float, float], place_s: tuple[float, float], half_cells: float
) -> bool:
    """Tell whether a box lies in the image and holds nothing of the point's own."""
    apart = False
    for axis, own_s, there_s in zip(
        (ImageAxis.range_of(image), ImageAxis.azimuth_of(image)), point_s, place_s, strict=True
    ):
        half = half_cells * axis.samples_per_cell
        place = axis.place(there_s)
        # The margin may be cut short by the image's edge, the replica may not.
        edge = max(half - _MARGIN_CELLS * axis.samples_per_cell, 0.0)
        if not edge <= place <= axis.size - 1 - edge:
            return False
        apart = apart or abs(place - axis.place(own_s)) > 2.0 * half
    return apart


def _box(
    image: Image, range_s: float, azimuth_s: float, half_cells: float
) -> tuple[float, float, int]:
    """Return highest power, energy and count of the samples in a box."""
    rows = ImageAxis.azimuth_of(image).window(azimuth_s, half_cells)
    columns = ImageAxis.range_of(image).window(range_s, half_cells)
    samples = image.samples[rows, columns]
    power = samples.real.astype(np.float64) ** 2 + samples.imag.astype(np.float64) ** 2
    return float(np.max(power, initial=0.0)), float(np.sum(power)), power.size
