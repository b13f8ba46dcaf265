import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from sim_core.geometry.chebyshev import displacement
from sim_core.geometry.link_motion import Expansion, expand_motion, length, moved, velocity_at
from sim_core.geometry.motion import MotionModel, site_state, target_state
from tests.sim_core.moon_link import Link

# Light leaves, turns and comes back at most so far from the instant of the expansion.
LEAVES_S = (-1.5, -1.26, -1.1)
BOUNCES_S = (-0.12, -0.03, 0.0, 0.12)


@pytest.fixture(params=[False, True], ids=["newtonian", "relativistic"])
def model(link: Link, request: pytest.FixtureRequest) -> MotionModel:
    return link.relativistic if request.param else link.model


def expansion(link: Link, model: MotionModel) -> Expansion:
    found: Expansion = expand_motion(
        model, link.site_station, link.target_station, link.epoch.day, link.epoch.second
    )
    return found


@pytest.mark.parametrize("leaves_s", LEAVES_S)
@pytest.mark.parametrize("bounces_s", BOUNCES_S)
def test_line_is_that_of_the_tables(
    link: Link, model: MotionModel, leaves_s: float, bounces_s: float
) -> None:
    found = expansion(link, model)
    line = np.array(found.base) + (
        np.array(moved(found.target, bounces_s)) - np.array(moved(found.site, leaves_s))
    )
    day, second = link.epoch.day, link.epoch.second
    site = site_state(model, link.site_station, day, second + leaves_s)
    target = target_state(model, link.target_station, day, second + bounces_s)
    common = displacement(model.ephemeris.barycentre, day, second + leaves_s, bounces_s - leaves_s)
    expected = np.array(common) + (np.array(target[:3]) - np.array(site[:3]))
    # Positions of 4e8 m: 6e-8 m each. Relativity maps the stations as at the middle instant, which
    # by the change of the bodies' velocity within 1.5 s (3e-7 of it) moves them by 4e-9 m.
    assert line == pytest.approx(expected, abs=3e-7)


@pytest.mark.parametrize("at_s", [-1.5, 0.0, 1.5])
def test_velocity_is_the_derivative_of_what_is_moved(
    link: Link, model: MotionModel, at_s: float
) -> None:
    site = expansion(link, model).site
    step_s = 0.25
    numerical = np.array(moved(site, at_s + step_s)) - np.array(moved(site, at_s - step_s))
    # Third derivative 3e-8 m/s^3 (Moon's orbit, 2 percent) times step^2 / 6.
    assert velocity_at(site, at_s) == pytest.approx(numerical / (2.0 * step_s), abs=1e-9)


def test_rest_is_below_the_last_digit(link: Link) -> None:
    found = expansion(link, link.model)
    for rest in found.rest:
        # Three roundings at most: the sum of the series, its unit, the stations.
        assert abs(rest) <= 3.0 * math.ulp(4e8)
    assert any(found.rest)


def test_length_to_twice_the_digits() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        vector = tuple(rng.uniform(-4e8, 4e8, 3).tolist())
        rest = tuple(rng.uniform(-3e-8, 3e-8, 3).tolist())
        found, left = length(vector, rest)
        with localcontext() as context:
            context.prec = 50
            parts = [Decimal(a) + Decimal(b) for a, b in zip(vector, rest, strict=True)]
            exact = (parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2).sqrt()
            error = abs(Decimal(found) + Decimal(left) - exact)
        # The rest enters to first order: its square over the length is 1e-23 m.
        assert error < Decimal("1e-22")
