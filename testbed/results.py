"""What a run found: the values that verification judges and the report shows.

Nothing here computes. The experiment fills these from the focused image and the delay
histories; `testbed.verification` and `testbed.report` read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sim_core.focusing.ground_image import GroundImage
    from sim_core.focusing.image import Image
    from sim_core.focusing.response.impulse_response import ImpulseResponse
    from sim_core.focusing.response.spur import Spur
    from sim_core.focusing.response.theory import AxisTheory
    from sim_core.focusing.sampling import AzimuthSampling
    from sim_core.geometry.delay_terms import DelayTerm
    from sim_core.signal.link_budget import BudgetTerm
    from sim_core.signal.pulse_schedule import PulseSchedule

Verdict: TypeAlias = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True, eq=False)
class TargetResult:
    """One point target: where it stands, how it was focused, and what theory says.

    Attributes
    ----------
    name : str
        Name of the target in the report, for example ``"target 1"``.
    latitude_deg, longitude_deg, height_m : float
        Geodetic WGS84 coordinates.
    amplitude : float
        Amplitude of the target in the scene, relative to the others.
    offset_m : tuple of float
        East, north and up of the scene reference point, metres.
    problem : str
        Why it could not be measured; empty if it was.
    response : ImpulseResponse
        The measured response.
    range_theory, azimuth_theory : AxisTheory
        What an error-free chain would give with the same windows.
    predicted_range_s, predicted_azimuth_s : float
        Where the peak must lie on the axes of the image, seconds.
    range_error_cells, azimuth_error_cells : float
        Measured minus predicted position of the peak; a range cell is 1/bandwidth of two-way
        delay, an azimuth cell 1/Doppler bandwidth.
    phase_error_deg : float
        Measured minus predicted phase of the peak, -180 to 180 degrees.
    magnitude_error_db : float
        Magnitude of the peak against what was played and the calibrated gain.
    range_irw_m : float
        Width of the response in slant range, metres (half the two-way delay times c).
    azimuth_irw_m : float
        Width of the response on the ground along azimuth, metres.
    """

    name: str
    latitude_deg: float
    longitude_deg: float
    height_m: float
    amplitude: float
    offset_m: tuple[float, float, float]
    problem: str
    response: ImpulseResponse
    range_theory: AxisTheory
    azimuth_theory: AxisTheory
    predicted_range_s: float
    predicted_azimuth_s: float
    range_error_cells: float
    azimuth_error_cells: float
    phase_error_deg: float
    magnitude_error_db: float
    range_irw_m: float
    azimuth_irw_m: float


@dataclass(frozen=True, slots=True)
class Check:
    """One measured value against its limit.

    Attributes
    ----------
    name : str
        Key of the limit in the configuration below ``limits``, for example ``range.pslr_db``.
    measured : float
        The measured value, in the unit that the name ends with; NaN when it has none.
    limit : float
        Largest value that passes; errors of the peak are compared by magnitude.
    theory : float or None
        What an error-free chain would give, where theory has a value.
    passed : bool
        True when the measured value keeps the limit.
    """

    name: str
    measured: float
    limit: float
    theory: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """What is in the image besides its targets.

    Attributes
    ----------
    azimuth_ambiguity_db : float
        Energy of the first target's replicas in the image against its own; NaN where the image
        holds none.
    spur : Spur or None
        The highest response that is no target's; None where there is a scene behind them, or
        nothing was measured.
    """

    azimuth_ambiguity_db: float
    spur: Spur | None


@dataclass(frozen=True, slots=True, eq=False)
class HistoryCurves:
    """Delay and Doppler of the reference target over the aperture, for plots.

    Attributes
    ----------
    transmit_s : ndarray of float64, shape (points,)
        Transmit time on the radar's clock, seconds from the moment of steering.
    delay_s, downlink_s : ndarray of float64, shape (points,)
        Two-way delay, and its part from the radar to the target, seconds.
    doppler_hz : ndarray of float64, shape (points,)
        Doppler frequency at the radar's carrier, hertz.
    """

    transmit_s: NDArray[np.float64]
    delay_s: NDArray[np.float64]
    downlink_s: NDArray[np.float64]
    doppler_hz: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """Everything that a run found, as the report shows it.

    Attributes
    ----------
    name : str
        Name of the experiment in the configuration.
    verdict : {"pass", "fail", "inconclusive"}
        The judgement of `testbed.verification.verify`.
    reasons : tuple of str
        Why it is not a pass, and what to know about a pass.
    checks : tuple of Check
        Each limit of the configuration with its measured value.
    targets : tuple of TargetResult
        The targets of the scene; the verdict is about the first.
    sampling : AzimuthSampling
        Doppler bandwidth against PRF.
    image : Image
        The focused image, complex, (azimuth, range).
    ground : GroundImage or None
        The image on the ground, if one was asked for.
    quality : ImageQuality
        Replicas, ghosts and spurs.
    window_loss_db : tuple of float
        What the tapers in range and azimuth lose of the signal-to-noise ratio, dB, positive.
    history : HistoryCurves
        Delay and Doppler of the first target.
    delay_min_s, delay_min_transmit_s : float
        Smallest two-way delay over the aperture, and the transmit time of it, seconds.
    delay_budget : tuple of DelayTerm
        What the delay is made of.
    link_budget : tuple of BudgetTerm
        The radar equation, term by term; empty where the configuration does not state it.
    schedule : PulseSchedule
        Ticks of the pulses and their receive windows.
    played_pulse, recorded_pulse : ndarray of complex64, shape (window_samples,)
        What was played and recorded in the receive window of the middle pulse; 1.0 is full scale.
    events : Mapping of str to int
        How many device events there were, by kind.
    timing_s : Mapping of str to float
        Wall-clock time by stage, seconds.
    device : Mapping
        ``driver``, ``settings`` and ``read_back`` of the device.
    configuration : Mapping
        The complete resolved configuration.
    provenance : Mapping
        ``versions``, ``configuration_sha256``, ``kernels``, ``eop_span`` and whatever else says
        where the numbers come from.
    """

    name: str
    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    targets: tuple[TargetResult, ...]
    sampling: AzimuthSampling
    image: Image
    ground: GroundImage | None
    quality: ImageQuality
    window_loss_db: tuple[float, float]
    history: HistoryCurves
    delay_min_s: float
    delay_min_transmit_s: float
    delay_budget: tuple[DelayTerm, ...]
    link_budget: tuple[BudgetTerm, ...]
    schedule: PulseSchedule
    played_pulse: NDArray[np.complex64]
    recorded_pulse: NDArray[np.complex64]
    events: Mapping[str, int]
    timing_s: Mapping[str, float]
    device: Mapping[str, Any]
    configuration: Mapping[str, Any]
    provenance: Mapping[str, Any]
