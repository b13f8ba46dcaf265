import dataclasses
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.image import Method
from sim_core.focusing.prediction import place_coordinates, predict_peak
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.focusing.slant_geometry import SlantGeometry, solve_slant_geometry
from sim_core.geometry.delay_field import solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.ground_grid import GroundGrid, Surface
from sim_core.geometry.motion import target_station
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.weather import Weather
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from tests.sim_core.focusing.moon_scene import NARROW_CHIRP, NARROW_RATE_HZ, MoonScene
from tests.sim_core.focusing.point_echoes import CARRIER_HZ
from tests.sim_core.moon_link import moon_link

METHODS: list[Method] = ["range-doppler", "deramp", "back-projection"]


@pytest.fixture(scope="module")
def schedule(scene: MoonScene) -> PulseSchedule:
    return scene.narrow_windows()


@pytest.fixture(scope="module")
def geometries(scene: MoonScene, schedule: PulseSchedule) -> dict[Method, SlantGeometry]:
    return {method: geometry_of(scene, schedule, method) for method in METHODS}


def geometry_of(
    scene: MoonScene, schedule: PulseSchedule, method: Method, half_m: float = 8e3
) -> SlantGeometry:
    return solve_slant_geometry(
        scene.field,
        scene.reference,
        schedule,
        NARROW_CHIRP,
        CARRIER_HZ,
        method,
        half_east_m=half_m,
        half_north_m=half_m,
        height_m=(-20.0, 20.0),
    )


@dataclass(frozen=True)
class ShiftedHistory:
    """A history that is longer by ``r - a (tau' - w) + kappa a^2 / 2``."""

    history: DelayHistory
    walk: float
    range_s: float
    lag_s: float
    kappa_per_s: float

    @property
    def start_s(self) -> float:
        return self.history.start_s

    @property
    def stop_s(self) -> float:
        return self.history.stop_s

    def relative_delay_s(self, transmit_s: FloatArray, reference_s: Fraction) -> FloatArray:
        constant = self.range_s + 0.5 * self.kappa_per_s * self.lag_s**2
        turning = self.history.delay_rate(transmit_s) - self.walk
        own = self.history.relative_delay_s(transmit_s, reference_s)
        return own + constant - self.lag_s * turning

    def delay_rate(self, transmit_s: FloatArray) -> FloatArray:
        return self.history.delay_rate(transmit_s)

    def delay_acceleration(self, transmit_s: FloatArray) -> FloatArray:
        return self.history.delay_acceleration(transmit_s)


@pytest.mark.parametrize("method", METHODS)
def test_the_map_is_that_of_the_predictions(
    scene: MoonScene,
    schedule: PulseSchedule,
    geometries: dict[Method, SlantGeometry],
    method: Method,
) -> None:
    geometry = geometries[method]
    # The bars: 1e-3 cell and 0.05 degrees.
    assert geometry.error_cells < 1e-3
    assert geometry.error_cycles * 360.0 < 0.05
    place = (-3210.0, 5432.0, 11.0)
    peak = predict_peak(
        scene.field_history(*place),
        scene.reference,
        schedule,
        NARROW_CHIRP,
        CARRIER_HZ,
        method,
        field=scene.field,
    )
    range_s, azimuth_s, cycles = (float(one) for one in geometry.slant(*place))
    assert abs(range_s - peak.range_s) < 1e-3 / NARROW_CHIRP.bandwidth_hz
    assert abs(azimuth_s - peak.azimuth_s) < 1e-3 / 187.0
    phase = math.remainder(math.tau * cycles - peak.phase_rad, math.tau)
    assert abs(math.degrees(phase)) < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_places_and_coordinates_are_inverse_to_each_other(
    geometries: dict[Method, SlantGeometry], method: Method
) -> None:
    geometry = geometries[method]
    generator = np.random.default_rng(3)
    east, north = generator.uniform(-7.9e3, 7.9e3, (2, 50))
    height = generator.uniform(-20.0, 20.0, 50)
    range_s, azimuth_s, _ = geometry.slant(east, north, height)
    back = geometry.places(range_s, azimuth_s, height)
    # An ulp of 1e-5 s of delay is 2e-21 s, of 20 s of lag 4e-15 s: nothing. Newton stops at 1e-6 m.
    assert back[0] == pytest.approx(east, abs=1e-5)
    assert back[1] == pytest.approx(north, abs=1e-5)


def test_coordinates_over_the_aperture_of_a_shifted_reference(
    scene: MoonScene, schedule: PulseSchedule
) -> None:
    """A place whose delay is ``r - a (tau' - w) + kappa a^2 / 2`` longer has just these."""
    reference = Reference.over(scene.reference, schedule, CARRIER_HZ)
    kappa, lag_s, delay_s = reference.rate_slope_per_s(), 7.0, 2e-7

    shifted = ShiftedHistory(scene.reference, reference.walk, delay_s, lag_s, kappa)
    found = place_coordinates(reference, shifted)
    assert found == pytest.approx((delay_s, lag_s), abs=1e-12)


def test_grids_are_mapped_as_places_are(
    scene: MoonScene, schedule: PulseSchedule, geometries: dict[Method, SlantGeometry]
) -> None:
    geometry = geometries["deramp"]
    surfaces: list[tuple[Surface, float]] = [("ellipsoid", 5.0), ("plane", 2.0)]
    for surface, height_m in surfaces:
        grid = GroundGrid(scene.centre, -2e3, 900.0, 5, 1e3, 700.0, 4, surface, height_m)
        up = grid.up_m()
        mapped = geometry.slant_of_grid(grid, slice(1, 3))
        for row in (1, 2):
            for column in range(5):
                place = (float(grid.east_m()[column]), float(grid.north_m()[row]))
                history = scene.field.history(*place, float(up[row, column]))
                reference = Reference.over(scene.reference, schedule, CARRIER_HZ)
                range_s, azimuth_s = place_coordinates(reference, history)
                # The two differ by what the chirp couples: 1e-10 s at most in this band.
                assert mapped[0][row - 1, column] == pytest.approx(range_s, abs=1e-10)
                assert mapped[1][row - 1, column] == pytest.approx(azimuth_s, abs=1e-5)


def test_what_lies_outside_is_refused(
    scene: MoonScene, schedule: PulseSchedule, geometries: dict[Method, SlantGeometry]
) -> None:
    geometry = geometries["back-projection"]
    with pytest.raises(FocusingError, match=r"9000 m east.*lies outside"):
        geometry.slant(9e3, 0.0)
    with pytest.raises(FocusingError, match="outside"):
        geometry.places(1e-4, 0.0)
    other = dataclasses.replace(scene.centre, latitude_deg=3.0)
    with pytest.raises(FocusingError, match="does not fit"):
        geometry.slant_of_grid(GroundGrid.about(other, 1e3, 1e3, 500.0))
    with pytest.raises(FocusingError, match="is none"):
        geometry_of(scene, schedule, "deramp", half_m=0.0)


def test_air_over_hills_is_followed() -> None:
    """The air's delay falls off with height; the bar is 0.05 degrees of phase."""
    link = moon_link()
    effects = PathEffects(weather=Weather.standard(0.0), carrier_hz=CARRIER_HZ)

    def through_air(place: EarthPoint) -> DelayHistory:
        path = PathTerms(link.model, link.site_station, place, link.epoch, effects)
        station = target_station(place)
        return solve_delay_history(
            link.model, link.site_station, station, link.epoch, -25.0, 25.0, None, path
        )

    reference = through_air(link.target)
    field = solve_delay_field(through_air, reference, link.target, 2e3, 2e3, (-20.0, 650.0))
    ticks = transmit_ticks(NARROW_RATE_HZ, 220.0, 40.0)
    schedule = follow_echo(ticks, reference, NARROW_RATE_HZ, 700, NARROW_CHIRP.duration_s)
    geometry = solve_slant_geometry(
        field,
        reference,
        schedule,
        NARROW_CHIRP,
        CARRIER_HZ,
        "deramp",
        half_east_m=1.9e3,
        half_north_m=1.9e3,
        height_m=(-10.0, 620.0),
    )
    assert 360.0 * geometry.error_cycles < 0.05
