"""What the PRF does: replicas, the width that is free of them, and the method that applies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.focusing.image import Method
from sim_core.focusing.sampling import azimuth_sampling, choose_method
from sim_core.signal.antenna import ApertureAntenna
from sim_core.signal.pulse_schedule import follow_echo, transmit_ticks
from testbed.paper.look_geometry import LookGeometry
from testbed.paper.published import Simulation

FloatArray = npt.NDArray[np.float64]

SWEPT_PRF_HZ = (50, 75, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 700, 800)
# The clock and the windows of the configurations; only the pulses count here.
_CLOCK_HZ, _WINDOW_SAMPLES = 96e6, 1024
# Replicas on either side that count: beyond, the antenna's pattern has fallen off.
_ORDERS = 2000
# The Earth's disc is as wide as this to either side, as the Moon sees it.
_DISC_RAD = 0.018


@dataclass(frozen=True, slots=True)
class PrfEffect:
    """What one PRF does at a look.

    Parameters
    ----------
    prf_hz : float
        The PRF.
    doppler_bandwidth_hz : float
        Of the aperture.
    spacing_s : float
        Lag between replicas.
    method : {"range-doppler", "deramp"}
        What applies.
    free_width_m : float
        Along the azimuth on the ground: within it no place is another's replica.
    whole_width_m : float
        Along the azimuth: places whose Doppler band is not folded; zero below the bandwidth.
    ambiguity_db : float
        Energy of all replicas of an even scene that the antenna lights, against that of the place
        in the middle of its beam.
    """

    prf_hz: float
    doppler_bandwidth_hz: float
    spacing_s: float
    method: Method
    free_width_m: float
    whole_width_m: float
    ambiguity_db: float


def prf_effect(look: LookGeometry, radar: Simulation, prf_hz: float) -> PrfEffect:
    """Work out what a PRF does.

    Parameters
    ----------
    look : LookGeometry
        Where the radar looks.
    radar : Simulation
        Its carrier, aperture and antenna.
    prf_hz : float
        The PRF.

    Raises
    ------
    FocusingError
        If the aperture resolves nothing in azimuth.
    """
    ticks = transmit_ticks(_CLOCK_HZ, prf_hz, radar.aperture_s)
    schedule = follow_echo(ticks, look.history, _CLOCK_HZ, _WINDOW_SAMPLES, radar.pulse_duration_s)
    sampling = azimuth_sampling(look.history, schedule, radar.carrier_hz)
    spacing_s = sampling.ambiguity_spacing_s
    spare_hz = max(prf_hz - sampling.doppler_bandwidth_hz, 0.0)
    rate_hz_per_s = abs(sampling.doppler_rate_hz_per_s)
    return PrfEffect(
        prf_hz=prf_hz,
        doppler_bandwidth_hz=sampling.doppler_bandwidth_hz,
        spacing_s=spacing_s,
        method=choose_method(sampling, "auto"),
        free_width_m=look.ground_m_per_s * spacing_s,
        whole_width_m=look.ground_m_per_s * spare_hz / rate_hz_per_s,
        ambiguity_db=_ambiguity_db(look, radar, spacing_s),
    )


def lit_width_m(look: LookGeometry, radar: Simulation) -> float:
    """Return how much of the azimuth the antenna hears within 3 dB, at equal range."""
    width_rad, _ = _antenna(radar).two_way_width_rad(radar.carrier_hz)
    return width_rad / look.sky_rad_per_s * look.ground_m_per_s


def least_prf_hz(look: LookGeometry, radar: Simulation, wanted_db: float) -> float:
    """Return the PRF above which the replicas of an even scene stay below a level.

    Parameters
    ----------
    look : LookGeometry
        Where the radar looks.
    radar : Simulation
        Its carrier, aperture and antenna.
    wanted_db : float
        The level.
    """
    rate_hz_per_s = look.doppler_rate_hz_per_s(radar.carrier_hz, radar.aperture_s)
    prfs_hz = np.arange(50.0, 5000.0, 10.0)
    levels = np.array([_ambiguity_db(look, radar, prf / rate_hz_per_s) for prf in prfs_hz.tolist()])
    above = np.flatnonzero(levels > wanted_db)
    if above.size == 0:
        return float(prfs_hz[0])
    last = int(above[-1])
    return float(prfs_hz[last + 1]) if last + 1 < prfs_hz.size else math.inf


def _ambiguity_db(look: LookGeometry, radar: Simulation, spacing_s: float) -> float:
    """Add up the two-way pattern of the antenna over the places of the replicas."""
    sine = np.arange(1, _ORDERS) * spacing_s * look.sky_rad_per_s
    sine = sine[sine < _DISC_RAD]
    one_way = _antenna(radar).one_way(sine, 0.0, radar.carrier_hz)
    return 10.0 * math.log10(max(2.0 * float(np.sum(one_way**4)), 1e-12))


def _antenna(radar: Simulation) -> ApertureAntenna:
    return ApertureAntenna(radar.antenna_azimuth_m, radar.antenna_range_m)
