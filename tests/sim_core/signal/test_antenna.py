import math

import numpy as np
import pytest
from numpy.polynomial import chebyshev as cheb
from scipy import integrate

from sim_core.errors import RadarEquationError
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.geometry.pointing import aim_point, track_over_earth
from sim_core.signal.antenna import ApertureAntenna, BeamPath, spotlight_path, stripmap_path
from sim_core.signal.window import Window
from tests.sim_core.moon_link import Link

CARRIER_HZ = 23e9
WAVELENGTH_M = SPEED_OF_LIGHT_M_PER_S / CARRIER_HZ
ANTENNA = ApertureAntenna()
ONE_WAY_S = 1.28
SPAN_S = 60.0


def test_gain_is_that_of_the_area() -> None:
    assert ANTENNA.gain(CARRIER_HZ) == pytest.approx(4.0 * math.pi * 80.0 / WAVELENGTH_M**2)
    half = ApertureAntenna(efficiency=0.5)
    assert half.gain(CARRIER_HZ) == pytest.approx(0.5 * ANTENNA.gain(CARRIER_HZ))
    # A cosine-squared illumination uses 2/3 of a length: (1/2)^2 / (3/8).
    tapered = ApertureAntenna(azimuth_taper=Window("hann"))
    assert tapered.gain(CARRIER_HZ) == pytest.approx(ANTENNA.gain(CARRIER_HZ) * 2.0 / 3.0)


def test_pattern_holds_all_of_the_power() -> None:
    # 4 pi over the solid angle of the power pattern is the directivity; sinc^2 integrates to 1.
    small = ApertureAntenna(2.0, 1.0)

    def cut(u: float) -> float:
        return float(small.one_way(u, 0.0, CARRIER_HZ)) ** 2

    def cut_across(u: float) -> float:
        return float(small.one_way(0.0, u, CARRIER_HZ)) ** 2

    solid_angle = 1.0
    for function, length in ((cut, 2.0), (cut_across, 1.0)):
        lobes = 200 * WAVELENGTH_M / length
        part, _ = integrate.quad(function, -lobes, lobes, limit=2000)
        solid_angle *= part
    # Beyond 200 lobes sinc^2 leaves 1 / (200 pi^2) of either cut.
    assert 4.0 * math.pi / solid_angle == pytest.approx(small.gain(CARRIER_HZ), rel=2e-3)


def test_half_power_widths() -> None:
    # sinc^2 is 1/2 at 0.443, sinc^4 at 0.3189 (Cumming and Wong give 0.886 and 0.64).
    assert ANTENNA.one_way(0.44294647 * WAVELENGTH_M / 20.0, 0.0, CARRIER_HZ) ** 2 == pytest.approx(
        0.5, abs=1e-7
    )
    azimuth, elevation = ANTENNA.two_way_width_rad(CARRIER_HZ)
    assert azimuth == pytest.approx(0.638 * WAVELENGTH_M / 20.0, rel=1e-3)
    assert elevation == pytest.approx(0.638 * WAVELENGTH_M / 4.0, rel=1e-3)


def test_tapered_pattern_is_the_closed_form() -> None:
    # Transform of cos^2: sinc(u) / (1 - u^2). Of Kaiser's: sinh(r) / r, r^2 = beta^2 - (pi u)^2.
    u = np.linspace(0.05, 6.05, 61)
    cosine = u * WAVELENGTH_M / 20.0
    hann = ApertureAntenna(azimuth_taper=Window("hann")).one_way(cosine, 0.0, CARRIER_HZ)
    assert hann == pytest.approx(np.sinc(u) / (1.0 - u**2), abs=1e-12)
    beta = 2.5
    kaiser = ApertureAntenna(azimuth_taper=Window("kaiser", beta=beta))
    root = np.emath.sqrt(beta**2 - (np.pi * u) ** 2)
    expected = np.real(np.sinh(root) / root) * beta / math.sinh(beta)
    # Kaiser's taper has a step in its slope at the ends, which the quadrature resolves to 1e-6.
    assert kaiser.one_way(cosine, 0.0, CARRIER_HZ) == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def spotlight(link: Link) -> BeamPath:
    return spotlight_path(
        link.model, link.site_station, link.epoch, -SPAN_S, SPAN_S, link.target, ONE_WAY_S
    )


@pytest.fixture(scope="module")
def stripmap(link: Link) -> BeamPath:
    return stripmap_path(
        link.model, link.site_station, link.epoch, -SPAN_S, SPAN_S, math.radians(0.1), "south",
        ONE_WAY_S,
    )  # fmt: skip


def test_spotlight_stays_on_the_aim_point(link: Link, spotlight: BeamPath) -> None:
    times_s = np.linspace(-SPAN_S, SPAN_S, 41)
    gain = spotlight.pulse_gain(ANTENNA, CARRIER_HZ, link.target, times_s)
    assert gain == pytest.approx(np.ones(41), abs=1e-9)


def test_first_null_lies_where_the_aperture_puts_it(link: Link, spotlight: BeamPath) -> None:
    # lambda / L off boresight along the track: 240 km on the ground.
    sight_m = link.target.earth_fixed_m() - spotlight.position_m[8]
    distance_m = float(np.linalg.norm(sight_m))
    enu = link.target.east_north_up() @ spotlight.azimuth_axis[8]
    null_m = enu * distance_m * WAVELENGTH_M / 20.0
    middle_s = 0.0
    off = link.target.offset(*null_m)
    # Over the distance to the null the line of sight turns by 6.5e-4 rad: second order, 2e-7.
    assert spotlight.pulse_gain(ANTENNA, CARRIER_HZ, off, [middle_s])[0] < 1e-6
    half = link.target.offset(*(0.5 * null_m))
    found = spotlight.pulse_gain(ANTENNA, CARRIER_HZ, half, [middle_s])[0]
    assert found == pytest.approx((2.0 / math.pi) ** 2, abs=1e-6)


def test_stripmap_passes_over_the_aim_point(link: Link, stripmap: BeamPath) -> None:
    # The aim point is where the beam meets the ground at the epoch: what is reflected then left a
    # one-way light time before.
    times_s = np.linspace(-SPAN_S, SPAN_S, 2401)
    gain = stripmap.pulse_gain(ANTENNA, CARRIER_HZ, link.target, times_s)
    assert times_s[np.argmax(gain)] == pytest.approx(-ONE_WAY_S, abs=0.1)
    assert np.max(gain) == pytest.approx(1.0, abs=1e-6)
    # Fifty seconds later it lies on another place, and the first is that far off along the track.
    later = link.epoch.plus_seconds(50.0)
    place = aim_point(link.model, link.site_station, later, math.radians(0.1), "south")
    then_s = [50.0 - ONE_WAY_S]
    assert stripmap.pulse_gain(ANTENNA, CARRIER_HZ, place, then_s)[0] == pytest.approx(
        1.0, abs=1e-9
    )
    moved_m = link.target.earth_fixed_m() - place.earth_fixed_m()
    track = track_over_earth(link.model, link.site_station, later)
    distance_m = float(np.linalg.norm(track.position_m - place.earth_fixed_m()))
    expected = np.sinc(np.linalg.norm(moved_m) / distance_m * 20.0 / WAVELENGTH_M) ** 2
    found = stripmap.pulse_gain(ANTENNA, CARRIER_HZ, link.target, then_s)[0]
    # The ground is not quite square to the line of sight (1 - cos of some degrees), of 3 %.
    assert 1.0 - found == pytest.approx(1.0 - expected, rel=0.03)


def test_series_is_the_gain_of_each_place(link: Link, stripmap: BeamPath) -> None:
    east_m, north_m = np.array([0.0, 20e3, -25e3]), np.array([0.0, -20e3, 10e3])
    series = stripmap.gain_series(ANTENNA, CARRIER_HZ, link.target, east_m, north_m, 0.0)
    assert series.shape[0] == 3
    assert series.shape[1] <= 17
    for row, east, north in zip(series, east_m, north_m, strict=True):
        place = link.target.offset(east, north, 0.0)
        single = stripmap.pulse_gain(ANTENNA, CARRIER_HZ, place, [-30.0, 45.0])
        assert cheb.chebval(np.array([-0.5, 0.75]), row) == pytest.approx(single, abs=1e-7)


@pytest.mark.parametrize(
    ("azimuth_m", "elevation_m", "efficiency", "problem"),
    [
        (0.0, 4.0, 1.0, "no aperture"),
        (20.0, math.inf, 1.0, "no aperture"),
        (20.0, 4.0, 1.2, "efficiency"),
        (20.0, 4.0, 0.0, "efficiency"),
    ],
)
def test_refuses_what_is_no_antenna(
    azimuth_m: float, elevation_m: float, efficiency: float, problem: str
) -> None:
    with pytest.raises(RadarEquationError, match=problem):
        ApertureAntenna(azimuth_m, elevation_m, efficiency)


def test_refuses_times_outside(link: Link, spotlight: BeamPath) -> None:
    with pytest.raises(RadarEquationError, match="outside the beam's"):
        spotlight.pulse_gain(ANTENNA, CARRIER_HZ, link.target, [SPAN_S + 1.0])
    with pytest.raises(RadarEquationError, match="spans nothing"):
        spotlight_path(
            link.model, link.site_station, link.epoch, 1.0, 1.0, link.target, ONE_WAY_S
        )  # fmt: skip
