"""The numbers that the paper prints.

Chen Guoqiang, Guo Huadong, Liang Da, Ding Yixing, Lv Mingyang, Liu Guang: Research on
Spatio-Temporal Characteristics of Moon-Based SAR Earth Observation, Journal of Deep Space
Exploration 9(3), 2022, 261-268.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = (
    "Chen et al., Research on Spatio-Temporal Characteristics of Moon-Based SAR Earth "
    "Observation, Journal of Deep Space Exploration 9(3), 2022, 261-268"
)
DOI = "10.15982/j.issn.2096-9287.2022.20210076"


@dataclass(frozen=True, slots=True)
class TrackAngles:
    """A row of Table 1: angle between track and direction to the Earth's centre, over a year."""

    site_latitude_deg: float
    max_deg: float
    mean_deg: float
    min_deg: float


TABLE_1 = (
    TrackAngles(80.0, 90.016, 90.0, 89.985),
    TrackAngles(60.0, 90.005, 90.0, 89.995),
    TrackAngles(30.0, 90.019, 90.0, 89.982),
    TrackAngles(0.0, 90.011, 90.0, 89.989),
    TrackAngles(-30.0, 90.015, 90.0, 89.985),
    TrackAngles(-60.0, 90.016, 90.0, 89.985),
    TrackAngles(-80.0, 90.011, 90.0, 89.990),
)
NEAR_SIDE_EXTREMES_DEG = (89.82, 90.17)
"""Of the track angle, over all sites of the near side."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A row of Table 2: what a beam lights."""

    look_angle_deg: float
    azimuth_width_deg: float
    range_width_deg: float
    percent_of_earth: float
    area_1e4_km2: float


TABLE_2 = (
    Coverage(0.1, 0.05, 0.05, 0.075, 38.25),
    Coverage(0.3, 0.05, 0.05, 0.079, 40.29),
    Coverage(0.3, 0.2, 0.1, 0.64, 326.44),
    Coverage(0.4, 0.2, 0.1, 0.67, 341.74),
    Coverage(0.4, 0.35, 0.35, 4.41, 2249.38),
    Coverage(0.5, 0.48, 0.48, 8.45, 4310.04),
)
TABLE_2_INCIDENCE_DEG = (1.0, 70.0)


@dataclass(frozen=True, slots=True)
class DelayMinimum:
    """A row of Table 3: smallest two-way delay, and its least distance from an aperture's end."""

    site_latitude_deg: float
    site_longitude_deg: float
    look_angle_deg: float
    aperture_s: float
    delay_min_s: float
    time_span_s: float


TABLE_3 = (
    DelayMinimum(0.0, 0.0, 0.1, 100.0, 2.3356, 44.98),
    DelayMinimum(0.0, 0.0, 0.2, 100.0, 2.3362, 39.03),
    DelayMinimum(0.0, 0.0, 0.3, 150.0, 2.3372, 63.14),
    DelayMinimum(10.0, 10.0, 0.1, 150.0, 2.3361, 32.62),
    DelayMinimum(10.0, 10.0, 0.1, 250.0, 2.3361, 82.62),
    DelayMinimum(10.0, 10.0, 0.2, 250.0, 2.3367, 81.43),
)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Table 4: what the paper simulates."""

    carrier_hz: float = 2.3e10
    chirp_rate_hz_per_s: float = 1e13
    pulse_duration_s: float = 8e-6
    aperture_s: float = 100.0
    prf_hz: float = 100.0
    antenna_azimuth_m: float = 20.0
    antenna_range_m: float = 4.0


TABLE_4 = Simulation()


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut of Fig. 7."""

    name: str
    pslr_db: float
    islr_db: float


FIGURE_7 = (Cut("row", -11.81, -9.61), Cut("column", -12.58, -9.69))

FIGURE_1_CARRIER_HZ = 1.5e9
FIGURE_2_RANGE_WIDTHS_DEG = (0.3, 0.5)
FIGURE_2_AZIMUTH_WIDTH_DEG = 0.5
FIGURE_3_MAX_INCIDENCE_DEG = (79.0, 40.0)
FIGURE_3_MIN_INCIDENCE_DEG = 1.0
FIGURE_4_HOURS = ((0.4, 1200.0), (0.6, 2500.0))
"""Look angle in deg, and hours in a sidereal year that the map exceeds."""
