"""Whether the pulses sample the Doppler band of the aperture, and what follows if they do not."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim_core.errors import FocusingError
from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.image import Method
from sim_core.focusing.reference import Aperture, rate_range
from sim_core.geometry.delay_function import DelayFunction
from sim_core.signal.pulse_schedule import PulseSchedule

MethodChoice = Literal["auto", "range-doppler", "deramp", "back-projection"]

# A range-Doppler image has PRF over Doppler bandwidth rows per azimuth cell: with fewer than this
# its response is not interpolated well enough to be measured.
LEAST_PRF_RATIO = 1.1
# Cells along the azimuth that a response with ten cells of side lobes on either side needs, and the
# interpolation beyond them.
LEAST_AZIMUTH_CELLS = 40.0


@dataclass(frozen=True, slots=True)
class AzimuthSampling:
    """The Doppler band of the reference point against the pulse repetition frequency.

    Parameters
    ----------
    doppler_bandwidth_hz : float
        Span of the Doppler frequency over the aperture.
    doppler_centroid_hz : float
        Middle of that span.
    doppler_rate_hz_per_s : float
        Mean rate of the Doppler frequency over the aperture.
    prf_hz : float
        Pulse repetition frequency, gaps between the pulses apart.
    undersampled : bool
        Whether the PRF is no higher than the Doppler bandwidth.
    ambiguity_spacing_s : float
        Lag at which replicas of a point stand: PRF over the magnitude of the Doppler rate.
    rate_keeps_sign : bool
        Whether the Doppler frequency rises or falls all along the aperture.
    """

    doppler_bandwidth_hz: float
    doppler_centroid_hz: float
    doppler_rate_hz_per_s: float
    prf_hz: float
    undersampled: bool
    ambiguity_spacing_s: float
    rate_keeps_sign: bool = True


def azimuth_sampling(
    history: DelayFunction, schedule: PulseSchedule, carrier_hz: float
) -> AzimuthSampling:
    """Compare the Doppler band of a point over an aperture with the PRF.

    The Doppler frequency is ``-f_c tau'`` against transmit time, which is the frequency that the
    pulses sample; that at the receiver differs by the factor ``1 / (1 + tau')``, 3e-6.

    Parameters
    ----------
    history : DelayFunction
        Delay history of the reference point.
    schedule : PulseSchedule
        The pulses.
    carrier_hz : float
        Carrier of the radar.

    Returns
    -------
    AzimuthSampling

    Raises
    ------
    FocusingError
        If the carrier is none, or the schedule spans no aperture.
    """
    if not 0.0 < carrier_hz < np.inf:
        raise FocusingError(
            f"a carrier of {carrier_hz} Hz is none", "give the radar's carrier, above 0 Hz"
        )
    aperture = Aperture.of(schedule)
    prf_hz = 1.0 / AzimuthRaster.of(aperture).interval_s
    lowest, highest = rate_range(history, aperture)
    first, last = np.clip(aperture.edges_s, history.start_s, history.stop_s)
    acceleration = history.delay_acceleration(np.linspace(first, last, 257))
    ends = history.delay_rate(np.array([first, last]))
    doppler_rate_hz_per_s = -carrier_hz * float(ends[1] - ends[0]) / float(last - first)
    bandwidth_hz = carrier_hz * (highest - lowest)
    return AzimuthSampling(
        doppler_bandwidth_hz=bandwidth_hz,
        doppler_centroid_hz=-carrier_hz * 0.5 * (lowest + highest),
        doppler_rate_hz_per_s=doppler_rate_hz_per_s,
        prf_hz=prf_hz,
        undersampled=prf_hz <= bandwidth_hz,
        ambiguity_spacing_s=(
            prf_hz / abs(doppler_rate_hz_per_s) if doppler_rate_hz_per_s else float("inf")
        ),
        rate_keeps_sign=bool(np.all(acceleration > 0.0) or np.all(acceleration < 0.0)),
    )


def choose_method(sampling: AzimuthSampling, choice: MethodChoice) -> Method:
    """Choose how to focus, or check the choice that was made.

    Parameters
    ----------
    sampling : AzimuthSampling
        The Doppler band against the PRF.
    choice : {"auto", "range-doppler", "deramp", "back-projection"}
        ``auto`` takes range-Doppler where the azimuth spectrum allows it, else de-ramping.

    Returns
    -------
    {"range-doppler", "deramp", "back-projection"}

    Raises
    ------
    FocusingError
        If range-Doppler is asked for where it cannot work, or the aperture has no resolution.
    """
    if choice not in ("auto", "range-doppler", "deramp", "back-projection"):
        raise FocusingError(
            f"unknown focusing method {choice!r}",
            "use auto, range-doppler, deramp or back-projection",
        )
    require_resolution(sampling)
    least_prf_hz = LEAST_PRF_RATIO * sampling.doppler_bandwidth_hz
    obstacle = ""
    if sampling.undersampled:
        obstacle = (
            f"a PRF of {sampling.prf_hz:g} Hz undersamples the Doppler bandwidth of "
            f"{sampling.doppler_bandwidth_hz:.4g} Hz"
        )
    elif sampling.prf_hz < least_prf_hz:
        obstacle = (
            f"a PRF of {sampling.prf_hz:g} Hz is less than {LEAST_PRF_RATIO} times the Doppler "
            f"bandwidth of {sampling.doppler_bandwidth_hz:.4g} Hz"
        )
    elif not sampling.rate_keeps_sign:
        obstacle = "the Doppler rate changes its sign within the aperture"
    if choice == "range-doppler" and obstacle:
        raise FocusingError(
            f"{obstacle}, which range-Doppler processing cannot resolve",
            "use deramp (or auto)"
            + (f", or a PRF above {least_prf_hz:.4g} Hz" * (sampling.prf_hz < least_prf_hz)),
        )
    if choice == "auto":
        return "deramp" if obstacle else "range-doppler"
    return choice


def require_resolution(sampling: AzimuthSampling) -> None:
    """Refuse an aperture that is too short to form an azimuth response.

    Parameters
    ----------
    sampling : AzimuthSampling
        The Doppler band of the aperture.

    Raises
    ------
    FocusingError
        If the aperture has fewer than 40 azimuth cells of its own Doppler bandwidth.
    """
    rate_hz_per_s = abs(sampling.doppler_rate_hz_per_s)
    # The aperture's duration is bandwidth over rate, so its cells are bandwidth^2 over rate.
    cells = sampling.doppler_bandwidth_hz**2 / rate_hz_per_s if rate_hz_per_s else 0.0
    if cells >= LEAST_AZIMUTH_CELLS:
        return
    remedy = "aim at where the Doppler frequency changes"
    if cells > 0.0:
        needed_s = (LEAST_AZIMUTH_CELLS / rate_hz_per_s) ** 0.5
        remedy = f"lengthen it to {needed_s:.3g} s at least, or {remedy} faster"
    raise FocusingError(
        f"the aperture resolves nothing in azimuth: its Doppler bandwidth of "
        f"{sampling.doppler_bandwidth_hz:.3g} Hz makes {cells:.3g} cells of the "
        f"{LEAST_AZIMUTH_CELLS:g} that a response takes",
        remedy,
    )
