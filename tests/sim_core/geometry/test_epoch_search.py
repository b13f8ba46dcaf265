import math

import numpy as np
import pytest

from sim_core.errors import EpochError
from sim_core.geometry.delay_minimum import DelayCase, delay_table
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.epoch_search import PublishedDelay, fit_at, search_epochs
from sim_core.geometry.motion import motion_model
from sim_core.geometry.pointing import SIDES, Side
from sim_core.geometry.sites import LunarSite
from tests.sim_core.geometry.lunar_month import TABLE_3

SIX_MONTHS_LATER = Epoch.from_utc("2008-12-01")


def test_published_delays_hold_at_one_epoch() -> None:
    told: list[float] = []
    search = search_epochs(
        TABLE_3, Epoch.from_utc("2008-06-01"), Epoch.from_utc("2010-03-01"), progress=told.append
    )
    assert search.fits and search.without_orientation == 0
    for fit in search.fits:
        # With both ways of steering; a microsecond is what the search's geometry may be off by.
        assert np.abs(fit.delay_residual_s).max() <= 1.01e-4
        rigorous = fit.rigorous.delay_s - np.array([row.delay_s for row in TABLE_3])
        assert np.abs(rigorous).max() <= 1.01e-4
        assert fit.rigorous.transmit_s == pytest.approx(-0.5 * fit.rigorous.delay_s, abs=0.01)
    best = search.fits[0]
    # The best of 2000 to 2030. All time spans but the first within 1.1 s; the first published one
    # does not go with the two after it, see docs/algorithms/steering.md.
    assert best.epoch.utc_iso(0)[:10] == "2008-12-11"
    assert best.side == "north"
    assert np.abs(best.time_span_residual_s[1:]).max() < 1.1
    assert best.time_span_residual_s[0] == pytest.approx(-4.5, abs=0.2)
    assert told == sorted(told) and told[0] == 0.0 and told[-1] == 1.0


@pytest.mark.parametrize("side", SIDES)
def test_search_finds_the_epoch_again(side: Side) -> None:
    epoch = Epoch.from_utc("2014-03-27T21:00:00")
    model, _ = motion_model(epoch.plus_seconds(-4000.0), epoch.plus_seconds(4000.0))
    cases = [
        DelayCase(LunarSite(20.0, -30.0), math.radians(0.25), 120.0),
        DelayCase(LunarSite(-15.0, 5.0), math.radians(0.6), 200.0),
    ]
    table = delay_table(model, epoch, cases, side, "moon_centre")
    rows = [
        PublishedDelay(case, float(table.delay_s[k]), float(table.time_span_s[k]))
        for k, case in enumerate(cases)
    ]
    search = search_epochs(
        rows, epoch.plus_seconds(-40.0 * 86400.0), epoch.plus_seconds(40.0 * 86400.0)
    )
    best = search.fits[0]
    assert best.side == side
    # Delays and time spans to their last digits lead back to the moment, as far as the geometry of
    # an instant goes: 0.1 s of a time span that changes by 1e-4 of the time.
    assert abs(best.epoch.seconds_since(epoch)) < 1000.0
    assert best.time_span_rms_s < 0.15
    assert np.abs(best.delay_residual_s).max() < 1e-4
    assert search.crossings >= len(search.fits) // 2


def test_delays_that_no_moon_has_are_not_found() -> None:
    rows = [PublishedDelay(TABLE_3[0].case, 2.0, 40.0)]
    search = search_epochs(rows, Epoch.from_utc("2008-06-01"), Epoch.from_utc("2009-06-01"))
    assert (search.crossings, search.hours, search.fits) == (0, 0.0, ())
    # Nor two that exclude each other.
    rows = [TABLE_3[0], PublishedDelay(TABLE_3[1].case, 2.6, 40.0)]
    search = search_epochs(rows, Epoch.from_utc("2008-06-01"), Epoch.from_utc("2009-06-01"))
    assert search.fits == ()


def test_crossings_without_earth_orientation_are_counted() -> None:
    # DE421 goes on to 2050, what is published of the Earth's rotation a year ahead.
    search = search_epochs(TABLE_3, Epoch.from_utc("2026-06-01"), Epoch.from_tdb(2469807.5))
    assert 0 < search.without_orientation < search.crossings


def test_fit_at_an_epoch_needs_no_search() -> None:
    epoch = Epoch.from_utc("2008-12-11T15:41:57")
    model, _ = motion_model(epoch.plus_seconds(-4000.0), epoch.plus_seconds(4000.0))
    fit = fit_at(model, epoch, TABLE_3, "north")
    assert np.abs(fit.delay_residual_s).max() < 1e-4
    residuals = fit.time_span_residual_s
    assert fit.time_span_rms_s == pytest.approx(math.sqrt(float(np.mean(residuals**2))), rel=1e-12)
    assert fit.time_span_rms_s < 2.1


def test_beams_past_the_limb_hold_nowhere() -> None:
    # At the distance of this delay, 390 000 km, the Earth's radius is 0.94 deg wide.
    case = DelayCase(LunarSite(0.0, 0.0), math.radians(0.97), 100.0)
    search = search_epochs(
        [PublishedDelay(case, 2.6, 40.0)], Epoch.from_utc("2008-06-01"), SIX_MONTHS_LATER
    )
    assert search.crossings > 0
    assert search.fits == ()


def test_span_that_is_none_is_refused() -> None:
    epoch = Epoch.from_utc("2008-06-01")
    with pytest.raises(EpochError, match="span"):
        search_epochs(TABLE_3, epoch, epoch)
    with pytest.raises(EpochError, match="does not cover"):
        search_epochs(TABLE_3, epoch, Epoch.from_tdb(2530000.5))
