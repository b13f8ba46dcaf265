"""The point response that a perfect chain would give, and its measures.

Range: the autocorrelation of the pulse, for a linear chirp in closed form, else from its spectrum,
under the taper; or that of the sampled pulse. Azimuth: the transform of the taper, or the sum over
the pulses that there are. The measures are taken from these by the code that measures data, so that
the definitions agree. Formulas: `point_response` and docs/algorithms/impulse-response.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.response import islr
from sim_core.focusing.response.cut_metrics import ISLR_DEFINITION, SideLobe, measure_cut
from sim_core.focusing.response.islr import FloatArray
from sim_core.focusing.response.point_response import (
    BandSum,
    ChirpResponse,
    PointResponse,
    band_response,
    chirp_response,
    pulse_response,
    sampled_pulse_response,
)
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import NO_TAPER, Window


@dataclass(frozen=True, slots=True, eq=False)
class AxisTheory:
    """Measures of the response that theory gives for one axis.

    Parameters
    ----------
    irw_cells : float
        Half-power width in cells of 1/bandwidth.
    pslr_db, islr_db : float
        Side-lobe ratios, of the larger side where the two differ.
    islr_definition : str
        What `islr_db` integrates over.
    response : PointResponse
        The response itself.
    reference : str
        What the theory assumes.
    pslr_left_db, pslr_right_db : float
        Highest side lobe of either side.
    irw_3db_cells : float
        Width at exactly -3 dB.
    null_left_cells, null_right_cells : float
        First nulls.
    islr_by_name_db : mapping of str to float
        Integrated side-lobe ratios in all conventions of `islr.THEORETICAL`.
    side_lobes : tuple of SideLobe
        All side lobes out to 10 cells.
    """

    irw_cells: float
    pslr_db: float
    islr_db: float
    islr_definition: str
    response: PointResponse = field(default_factory=ChirpResponse)
    reference: str = ""
    pslr_left_db: float = math.nan
    pslr_right_db: float = math.nan
    irw_3db_cells: float = math.nan
    null_left_cells: float = math.nan
    null_right_cells: float = math.nan
    islr_by_name_db: Mapping[str, float] = field(default_factory=dict)
    side_lobes: tuple[SideLobe, ...] = ()

    def cut(self, offset_cells: npt.ArrayLike) -> FloatArray:
        """Return the level of the response in dB below its peak at offsets in cells."""
        x = np.asarray(offset_cells, dtype=np.float64)
        level = np.abs(self.response(x.ravel())).reshape(x.shape)
        # -400 dB stands for nothing: the logarithm of an exact null must stay finite.
        return 20.0 * np.log10(np.maximum(level, 1e-20))


def range_theory(
    waveform: Waveform,
    window: Window = NO_TAPER,
    sample_rate_hz: float | None = None,
) -> AxisTheory:
    """Give the theory of the range cut for a pulse and a taper over its band.

    Parameters
    ----------
    waveform : Waveform
        Transmitted pulse. The finite time-bandwidth product of a linear chirp lowers its side lobes
        a little: -13.39 dB at 100, -13.28 dB at 640, -13.2615 dB in the limit.
    window : Window
        Taper over the band.
    sample_rate_hz : float, optional
        Rate at which echoes are sampled: half of it cuts the skirts of the spectrum off, which
        without a taper raises the side lobes (-13.257 dB at 640 and 1.2 samples per cell). Without
        a rate the pulse is continuous.

    Returns
    -------
    AxisTheory

    Raises
    ------
    FocusingError
        If the rate is below the bandwidth.
    """
    if sample_rate_hz is not None:
        return _measured(
            sampled_pulse_response(waveform, window, sample_rate_hz),
            f"pulse sampled at {sample_rate_hz:g} Hz, mean over all delays between the samples",
        )
    if isinstance(waveform, LinearChirp):
        response = chirp_response(waveform.time_bandwidth_product, window)
        return _measured(response, "continuous linear FM pulse, closed form")
    return _measured(pulse_response(waveform, window), "continuous pulse, from its spectrum")


def azimuth_theory(
    window: Window = NO_TAPER,
    position: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
) -> AxisTheory:
    """Give the theory of the azimuth cut for a taper over the aperture.

    Parameters
    ----------
    window : Window
        Taper over the aperture.
    position : array_like of float, shape (pulses,), optional
        Place of each pulse in the aperture's Doppler band, -1/2 to 1/2, for apertures with missing
        pulses, gaps or dither; see `Reference.place_in_band`. Without them the band is full.
    weight : array_like of float, shape (pulses,), optional
        Weight of each pulse besides the taper, zero where it is missing; by default 1.

    Returns
    -------
    AxisTheory
        With pulses the conventions of infinite extent are NaN: the response repeats.

    Raises
    ------
    FocusingError
        If weights come without places or in another number, or are all zero.
    """
    if position is None:
        if weight is not None:
            raise FocusingError("weights without places in the aperture", "give position as well")
        return _measured(band_response(window), "full Doppler band")
    place = np.asarray(position, dtype=np.float64)
    weights = np.ones_like(place) if weight is None else np.asarray(weight, dtype=np.float64)
    if weights.shape != place.shape:
        raise FocusingError(
            f"{weights.size} weights for {place.size} pulses", "give one weight for each pulse"
        )
    response = BandSum.of_pulses(place, window.weight(place) * weights)
    return _measured(response, f"{np.count_nonzero(weights)} pulses where they lie in the band")


def _measured(response: PointResponse, reference: str) -> AxisTheory:
    metrics = measure_cut(
        response, "theoretical", islr.THEORETICAL, math.inf, response.energy_cells
    )
    return AxisTheory(
        irw_cells=metrics.irw_cells,
        pslr_db=metrics.pslr_db,
        islr_db=metrics.islr_db[islr.DEFAULT.name],
        islr_definition=ISLR_DEFINITION,
        response=response,
        reference=reference,
        pslr_left_db=metrics.pslr_left_db,
        pslr_right_db=metrics.pslr_right_db,
        irw_3db_cells=metrics.irw_3db_cells,
        null_left_cells=metrics.null_left_cells,
        null_right_cells=metrics.null_right_cells,
        islr_by_name_db=metrics.islr_db,
        side_lobes=metrics.side_lobes,
    )
