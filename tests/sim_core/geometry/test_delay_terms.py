import numpy as np
import pytest

from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.path_terms import PathEffects
from tests.sim_core.moon_link import Link

NEWTONIAN = "light time"
STOP_AND_GO = "motion during the light time"
RELATIVITY = (
    "Shapiro, Sun",
    "Shapiro, Earth",
    "Shapiro, Moon",
    "station vectors to the BCRS",
    "proper time of the lunar clock",
)


def budget_of(link: Link, *, relativistic: bool) -> dict[str, DelayTerm]:
    model = link.relativistic if relativistic else link.model
    terms = delay_budget(
        model,
        link.site_station,
        link.target,
        link.epoch,
        -50.0,
        50.0,
        PathEffects(),
        sub_daily_rotation=False,
    )
    return {term.name: term for term in terms}


@pytest.fixture(scope="module")
def budget(link: Link) -> dict[str, DelayTerm]:
    return budget_of(link, relativistic=True)


def test_terms_have_the_known_sizes(budget: dict[str, DelayTerm]) -> None:
    assert set(budget) >= {NEWTONIAN, STOP_AND_GO, *RELATIVITY}
    assert budget[NEWTONIAN].size_s == pytest.approx(2.33565, abs=5e-5)
    # +-0.6 us between the centres, by the range rate of 60 m/s times the delay; in the zero-Doppler
    # plane the target's own motion across the beam is what is left.
    assert abs(budget[STOP_AND_GO].size_s) < 1e-6
    # 48 to 54 ns over a year, the least at perigee; both legs.
    assert budget["Shapiro, Sun"].size_s == pytest.approx(48e-9, abs=2e-9)
    assert budget["Shapiro, Earth"].size_s == pytest.approx(0.24e-9, abs=0.015e-9)
    assert budget["Shapiro, Moon"].size_s == pytest.approx(4e-12, abs=0.3e-12)
    # 2 (0.157 + 0.017) m / c, the contraction along the orbital velocity 0.27 ns more at most.
    assert 1.1e-9 < budget["station vectors to the BCRS"].size_s < 1.5e-9
    # Against TDB: 6.5e-10 of the delay on average, half as much more or less with the month and
    # with the year each. (Against TCB it would be -35 ns.)
    assert 0.0 < budget["proper time of the lunar clock"].size_s < 3.1e-9


def test_sum_of_the_terms_is_the_relativistic_delay(
    link: Link, budget: dict[str, DelayTerm]
) -> None:
    full = two_way_light_times(
        link.relativistic, link.site_station, link.target_station, *link.epoch.split([0.0])
    )
    total_s = budget[NEWTONIAN].size_s + sum(budget[name].size_s for name in RELATIVITY[:4])
    # Doubles of 2.3 s: 4.4e-16 s each.
    assert total_s == pytest.approx(float(full.delay_s[0]), rel=0.0, abs=2e-15)


def test_terms_change_little_over_an_aperture(budget: dict[str, DelayTerm]) -> None:
    # At zero Doppler in mid-aperture the delay itself changes by (50 s)^2 / 2 of 4.68 Hz/s over 23
    # GHz; the Sun's term follows it in proportion; the proper time by 1e-15 a second.
    assert budget[NEWTONIAN].change_s == pytest.approx(2.54e-7, rel=0.1)
    for name in RELATIVITY:
        assert 0.0 <= budget[name].change_s < 1e-12


def test_delays_contain_what_they_say(link: Link) -> None:
    for relativistic in (False, True):
        budget = budget_of(link, relativistic=relativistic)
        assert budget[NEWTONIAN].included
        assert budget[STOP_AND_GO].included
        assert {budget[name].included for name in RELATIVITY} == {relativistic}
    # Sizes are those of the terms, whether they are included or not.
    sizes = [
        np.array([t.size_s for t in budget_of(link, relativistic=r).values()])
        for r in (False, True)
    ]
    assert np.array_equal(sizes[0], sizes[1])
