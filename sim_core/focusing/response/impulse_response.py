"""The response of a point in an image: width, side lobes, spectrum, position and phase of its peak.

Every value is interpolated: the peak, the half-power points, the nulls and the side lobes lie
between the samples (`chip`). Definitions: `cut_metrics`, `islr`, `area_metrics`, `band_spectrum`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sim_core.focusing.image import Image
from sim_core.focusing.response import islr
from sim_core.focusing.response.area_metrics import AreaResponse, measure_area
from sim_core.focusing.response.background import signal_to_noise_db
from sim_core.focusing.response.band_spectrum import BandSpectrum, measure_spectrum
from sim_core.focusing.response.chip import Chip
from sim_core.focusing.response.cut_metrics import (
    ISLR_DEFINITION,
    CutMetrics,
    SideLobe,
    measure_cut,
)
from sim_core.focusing.response.islr import FloatArray
from sim_core.focusing.response.point_search import find_point, no_peak
from sim_core.signal.window import NO_TAPER, Window

# What the stored cuts show, and how finely.
_CUT_EXTENT_CELLS = 16.0
_CUT_POINTS_PER_CELL = 16


@dataclass(frozen=True, slots=True, eq=False)
class AxisResponse:
    """Measures of the cut through the peak along one axis.

    Parameters
    ----------
    irw_cells, irw_s : float
        Half-power width in cells of 1/bandwidth and in s.
    pslr_db, pslr_left_db, pslr_right_db : float
        Highest side lobe against the peak: of both sides, below and above the peak's position.
    islr_db : float
        Energy of the side lobes against that of the main lobe.
    islr_definition : str
        What `islr_db` integrates over.
    offset_cells, level_db : ndarray of float64, shape (points,)
        The interpolated cut about the peak, 0 dB at the peak.
    irw_3db_cells : float
        Width at exactly -3 dB.
    null_left_cells, null_right_cells : float
        First nulls against the peak; the left one is negative.
    side_lobes : tuple of SideLobe
        All side lobes out to 10 cells, from left to right.
    islr_by_name_db : mapping of str to float
        Integrated side-lobe ratios in all conventions of `islr.MEASURED`; NaN where the side lobes
        that count reach beyond the image.
    equivalent_width_cells : float
        Width of the rectangle of the peak's height with the energy of the cut within 10 cells.
    spectrum : BandSpectrum or None
        Spectrum of the cut, with its residual phase.
    """

    irw_cells: float
    irw_s: float
    pslr_db: float
    pslr_left_db: float
    pslr_right_db: float
    islr_db: float
    islr_definition: str
    offset_cells: FloatArray
    level_db: FloatArray
    irw_3db_cells: float = math.nan
    null_left_cells: float = math.nan
    null_right_cells: float = math.nan
    side_lobes: tuple[SideLobe, ...] = ()
    islr_by_name_db: Mapping[str, float] = field(default_factory=dict)
    equivalent_width_cells: float = math.nan
    spectrum: BandSpectrum | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ImpulseResponse:
    """Measures of a point's response.

    Parameters
    ----------
    range, azimuth : AxisResponse
        The cuts through the interpolated peak.
    peak_range_s, peak_azimuth_s : float
        Position of the peak in the image's coordinates.
    peak_magnitude, peak_phase_rad : float
        Its value; 1 and 0 for a perfect reference point of unit amplitude.
    snr_db : float
        Power of the peak against that of the background (noise, quantisation, distant side lobes;
        in an image without noise their floor), which is taken from the samples more than
        20 cells away in range *and* azimuth (less in a small image) as their median power over
        ln 2, so that other targets do not count; infinite where the background is zero.
    area : AreaResponse or None
        Measures of both axes at once.
    """

    range: AxisResponse
    azimuth: AxisResponse
    peak_range_s: float
    peak_azimuth_s: float
    peak_magnitude: float
    peak_phase_rad: float
    snr_db: float
    area: AreaResponse | None = None


def measure(
    image: Image,
    expected_range_s: float = 0.0,
    expected_azimuth_s: float = 0.0,
    search_cells: float = 8.0,
    range_window: Window = NO_TAPER,
    azimuth_window: Window = NO_TAPER,
) -> ImpulseResponse:
    """Measure the response of the point that is expected at a place.

    Parameters
    ----------
    image : Image
        The image, with 1.2 samples per cell or more.
    expected_range_s, expected_azimuth_s : float
        Where the point is expected; see `prediction.predict_peak`.
    search_cells : float
        Half-size of the search window: the highest sample within this distance of the expected
        place, in both axes, is taken as the point. It must be a peak, that is, higher than its
        neighbours, which may lie outside of the window, and than its side lobes.
    range_window, azimuth_window : Window
        Tapers of the image, which the ripple of the spectra is measured against.

    Returns
    -------
    ImpulseResponse

    Raises
    ------
    FocusingError
        If the place is not in the image, or too close to its edge, or has no main lobe, or if
        what is highest there is no peak but the flank or a side lobe of one that lies elsewhere.
    """
    row, column = find_point(image, expected_range_s, expected_azimuth_s, search_cells)
    chip = Chip.about(image, row, column)
    azimuth, range_ = _cut_metrics(chip, 0), _cut_metrics(chip, 1)
    if max(range_.pslr_db, azimuth.pslr_db) > 0.0:
        raise no_peak(image, expected_range_s, expected_azimuth_s, search_cells)
    value = chip.value()
    return ImpulseResponse(
        range=_axis_response(chip, 1, range_, range_window),
        azimuth=_axis_response(chip, 0, azimuth, azimuth_window),
        peak_range_s=chip.axes[1].coordinate_s(chip.column),
        peak_azimuth_s=chip.axes[0].coordinate_s(chip.row),
        peak_magnitude=abs(value),
        peak_phase_rad=math.atan2(value.imag, value.real),
        snr_db=signal_to_noise_db(image, row, column, abs(value)),
        area=measure_area(chip, azimuth, range_),
    )


def _cut_metrics(chip: Chip, axis: int) -> CutMetrics:
    return measure_cut(chip.cut(axis), chip.axes[axis].name, islr.MEASURED, chip.reach_cells(axis))


def _axis_response(chip: Chip, axis: int, metrics: CutMetrics, window: Window) -> AxisResponse:
    cut, reach = chip.cut(axis), chip.reach_cells(axis)
    points = math.floor(min(_CUT_EXTENT_CELLS, reach) * _CUT_POINTS_PER_CELL)
    offset_cells = np.arange(-points, points + 1) / _CUT_POINTS_PER_CELL
    level = np.abs(cut(offset_cells))
    return AxisResponse(
        irw_cells=metrics.irw_cells,
        irw_s=metrics.irw_cells * chip.axes[axis].samples_per_cell * chip.axes[axis].step_s,
        pslr_db=metrics.pslr_db,
        pslr_left_db=metrics.pslr_left_db,
        pslr_right_db=metrics.pslr_right_db,
        islr_db=metrics.islr_db[islr.DEFAULT.name],
        islr_definition=ISLR_DEFINITION,
        offset_cells=offset_cells,
        # -200 dB stands for an exact null: the logarithm must stay finite.
        level_db=20.0 * np.log10(np.maximum(level / level[points], 1e-10)),
        irw_3db_cells=metrics.irw_3db_cells,
        null_left_cells=metrics.null_left_cells,
        null_right_cells=metrics.null_right_cells,
        side_lobes=metrics.side_lobes,
        islr_by_name_db=metrics.islr_db,
        equivalent_width_cells=metrics.equivalent_width_cells,
        spectrum=measure_spectrum(cut, reach, window),
    )
