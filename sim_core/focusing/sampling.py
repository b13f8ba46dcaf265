"""Whether the pulses sample the Doppler band of the aperture, and what follows if they do not."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim_core.errors import FocusingError
from sim_core.focusing.image import Method
from sim_core.focusing.reference import Aperture, DelayFunction, rate_range
from sim_core.signal.pulse_schedule import PulseSchedule

MethodChoice = Literal["auto", "range-doppler", "deramp"]


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
        Pulse repetition frequency.
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
    """
    aperture = Aperture.of(schedule)
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
        prf_hz=aperture.prf_hz,
        undersampled=aperture.prf_hz <= bandwidth_hz,
        ambiguity_spacing_s=(
            aperture.prf_hz / abs(doppler_rate_hz_per_s) if doppler_rate_hz_per_s else float("inf")
        ),
        rate_keeps_sign=bool(np.all(acceleration > 0.0) or np.all(acceleration < 0.0)),
    )


def choose_method(sampling: AzimuthSampling, choice: MethodChoice) -> Method:
    """Choose how to focus, or check the choice that was made.

    Parameters
    ----------
    sampling : AzimuthSampling
        The Doppler band against the PRF.
    choice : {"auto", "range-doppler", "deramp"}
        ``auto`` takes range-Doppler where the azimuth spectrum allows it, else de-ramping.

    Returns
    -------
    {"range-doppler", "deramp"}

    Raises
    ------
    FocusingError
        If range-Doppler is asked for where it cannot work, or the aperture has no resolution.
    """
    if choice not in ("auto", "range-doppler", "deramp"):
        raise FocusingError(
            f"unknown focusing method {choice!r}", "use auto, range-doppler or deramp"
        )
    spread_hz2 = abs(sampling.doppler_rate_hz_per_s)
    if sampling.doppler_bandwidth_hz**2 < 4.0 * spread_hz2 or spread_hz2 == 0.0:
        raise FocusingError(
            f"a Doppler bandwidth of {sampling.doppler_bandwidth_hz:.3g} Hz at a mean rate of "
            f"{sampling.doppler_rate_hz_per_s:.3g} Hz/s resolves nothing in azimuth",
            "lengthen the aperture, or move it to where the Doppler frequency changes",
        )
    obstacle = ""
    if sampling.undersampled:
        obstacle = (
            f"a PRF of {sampling.prf_hz:g} Hz undersamples the Doppler bandwidth of "
            f"{sampling.doppler_bandwidth_hz:.4g} Hz"
        )
    elif not sampling.rate_keeps_sign:
        obstacle = "the Doppler rate changes its sign within the aperture"
    if choice == "range-doppler" and obstacle:
        raise FocusingError(
            f"{obstacle}, which range-Doppler processing cannot resolve",
            "use deramp (or auto)"
            + (f", or a PRF above {sampling.doppler_bandwidth_hz:.4g} Hz" * sampling.undersampled),
        )
    if choice == "auto":
        return "deramp" if obstacle else "range-doppler"
    return choice
