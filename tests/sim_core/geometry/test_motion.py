import numpy as np
import pytest

from sim_core.errors import EpochError, KernelError
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    motion_model,
    site_state,
    target_state,
)
from tests.sim_core.moon_link import Link

EARTH_CENTRE = MOON_CENTRE = Station(0.0, 0.0, 0.0)


def states(model: MotionModel, site: Station, target: Station, epoch: Epoch) -> np.ndarray:
    return np.array(
        [
            site_state(model, site, epoch.day, epoch.second),
            target_state(model, target, epoch.day, epoch.second),
        ]
    )


def test_barycentre_divides_earth_and_moon_by_their_masses(link: Link) -> None:
    moon, earth = states(link.model, MOON_CENTRE, EARTH_CENTRE, link.epoch)
    # Mass ratio of DE421, Folkner, Williams and Boggs (2009).
    assert moon == pytest.approx(-81.3005690699 * earth, rel=1e-11)


def test_distance_is_that_of_perigee(link: Link) -> None:
    # The paper's Table 3 rests on 356 446 +- 8 km from the site to the Earth's centre.
    site, earth = states(link.model, link.site_station, EARTH_CENTRE, link.epoch)
    assert np.linalg.norm(site[:3] - earth[:3]) == pytest.approx(356446e3, abs=15e3)


@pytest.mark.parametrize("end", [0, 1])
def test_velocity_is_the_derivative(link: Link, end: int) -> None:
    step_s = 5.0
    values = [
        states(link.model, link.site_station, link.target_station, link.epoch.plus_seconds(t))[end]
        for t in (-2.0 * step_s, -step_s, 0.0, step_s, 2.0 * step_s)
    ]
    numerical = (values[0] - 8.0 * values[1] + 8.0 * values[3] - values[4])[:3] / (12.0 * step_s)
    # Rounding of positions of 4e8 m: 6e-8 m over 12 h; fourth order: 1e-14 of 500 m/s.
    assert values[2][3:] == pytest.approx(numerical, abs=1e-7)


def test_relativity_shrinks_stations_towards_their_centres(link: Link) -> None:
    # Without the bodies' speed (which contracts along itself only) a station moves inwards: by
    # (U/c^2 + L_C) r = (0.99e-8 + 1.48e-8) 6378 km = 0.157 m on the Earth and U/c^2 r = 0.017 m on
    # the Moon; up to half of v^2/c^2 = 1e-8 of the radius, 0.03 m and 0.009 m, is added along the
    # velocity. The Sun's distance varies by 1.7 percent.
    shifts = states(link.relativistic, link.site_station, link.target_station, link.epoch)
    shifts = shifts - states(link.model, link.site_station, link.target_station, link.epoch)
    centres = states(link.model, MOON_CENTRE, EARTH_CENTRE, link.epoch)
    stations = states(link.model, link.site_station, link.target_station, link.epoch)
    inwards = centres - stations
    for shift, direction, least_m, most_m in (
        (shifts[0], inwards[0], 0.0165, 0.027),
        (shifts[1], inwards[1], 0.154, 0.192),
    ):
        along_m = float(shift[:3] @ direction[:3] / np.linalg.norm(direction[:3]))
        # Barycentric positions of 3.6e8 m in doubles.
        assert least_m - 1e-7 < along_m < most_m + 1e-7


@pytest.mark.parametrize("at", [2414000.5, 2525000.5])
def test_epoch_off_the_ephemeris_is_refused(at: float) -> None:
    with pytest.raises(EpochError, match="de421 does not cover") as caught:
        motion_model(Epoch(at, 0.0), Epoch(at, 0.0))
    assert "choose an epoch between" in caught.value.remedy


def test_epoch_before_earth_orientation_is_refused() -> None:
    with pytest.raises(EpochError, match="Earth orientation"):
        motion_model(Epoch(2436000.5, 0.0), Epoch(2436000.5, 0.0))


def test_unknown_ephemeris_is_refused(link: Link) -> None:
    with pytest.raises(KernelError, match="de000"):
        motion_model(link.epoch, link.epoch, "de000")


def test_speed_of_light_is_the_defined_one() -> None:
    assert SPEED_OF_LIGHT_M_PER_S == 299792458.0
