import itertools

import numpy as np
import pytest
from astropy.utils import iers
from astropy_iers_data import IERS_A_FILE, IERS_B_FILE

from sim_core.errors import EpochError
from sim_core.geometry.earth_parameters import SPLINE_MARGIN_DAYS, earth_parameters

# TAI - UTC of each span.
SPANS = [(44239.0, 19.0), (51949.0, 32.0), (57753.0, 36.0), (60000.0, 37.0)]


@pytest.mark.parametrize(("mjd", "tai_minus_utc_s"), SPANS)
def test_values_are_the_published_ones(mjd: float, tai_minus_utc_s: float) -> None:
    published = earth_parameters(mjd, mjd)
    table = iers.IERS_B.open(IERS_B_FILE)
    row = table[table["MJD"].value == mjd][0]
    here = published.mjd == mjd
    # Differences of published numbers with 1e-7 s and 1e-6 arcseconds: only rounding is left.
    expected_s = row["UT1_UTC"].to_value("s") - tai_minus_utc_s
    assert published.ut1_minus_tai_s[here] == pytest.approx(expected_s, abs=1e-14)
    assert published.pole_x_rad[here] == pytest.approx(row["PM_x"].to_value("rad"), rel=1e-15)
    assert published.pole_y_rad[here] == pytest.approx(row["PM_y"].to_value("rad"), rel=1e-15)
    assert published.dx_rad[here] == pytest.approx(row["dX_2000A"].to_value("rad"), rel=1e-15)
    assert published.dy_rad[here] == pytest.approx(row["dY_2000A"].to_value("rad"), rel=1e-15)
    assert published.first_predicted_mjd == np.inf


def test_days_are_complete_and_have_a_margin() -> None:
    published = earth_parameters(57000.25, 58000.75)
    assert np.all(np.diff(published.mjd) == 1.0)
    assert published.mjd[0] <= 57000.25 - SPLINE_MARGIN_DAYS + 1.0
    assert published.mjd[-1] >= 58000.75 + SPLINE_MARGIN_DAYS - 1.0


def test_ut1_minus_tai_has_no_leaps() -> None:
    # 1973 to 2017 contain 27 leap seconds. A day is longer than 86400 s by 4 ms at the most.
    published = earth_parameters(41700.0, 58000.0)
    assert np.max(np.abs(np.diff(published.ut1_minus_tai_s))) < 4.5e-3


def test_rapid_values_and_predictions_follow_the_final_ones_without_a_step() -> None:
    final_days = iers.IERS_B.open(IERS_B_FILE)["MJD"].value
    last_final = float(final_days[-1])
    published = earth_parameters(last_final - 20.0, last_final + 20.0)
    assert "finals2000A" in published.source
    assert np.all(np.diff(published.mjd) == 1.0)
    for column, largest in (
        # Second differences of a day: of UT1 by tides up to 0.3 ms, of the pole 1 mas.
        (published.ut1_minus_tai_s, 6e-4),
        (published.pole_x_rad, 5e-9),
        (published.pole_y_rad, 5e-9),
    ):
        assert np.max(np.abs(np.diff(column, 2))) < largest


def test_predictions_are_flagged() -> None:
    table = iers.IERS_A.open(IERS_A_FILE)
    predicted = table["MJD"].value[np.asarray(table["UT1Flag"] == "P")]
    published = earth_parameters(float(predicted[5]), float(predicted[6]))
    assert published.first_predicted_mjd == predicted[0]


def test_span_off_the_tables_is_refused() -> None:
    table = iers.IERS_A.open(IERS_A_FILE)
    finite = np.isfinite(np.ma.filled(table["UT1_UTC"].to_value("s"), np.nan))
    last = float(table["MJD"].value[finite][-1])
    spans = [(37000.0, 37001.0), (last, last + 2.0), (52000.0, 51000.0), (np.nan, np.nan)]
    for first_mjd, last_mjd in spans[:3]:
        with pytest.raises(EpochError) as caught:
            earth_parameters(first_mjd, last_mjd)
        assert "Earth orientation" in caught.value.problem
        assert "astropy-iers-data" in caught.value.remedy


def test_neighbouring_spans_agree() -> None:
    spans = [earth_parameters(mjd, mjd + 5.0) for mjd in (58000.0, 58003.0, 58006.0)]
    for one, other in itertools.pairwise(spans):
        common, in_one, in_other = np.intersect1d(one.mjd, other.mjd, return_indices=True)
        assert common.size > 5
        assert np.array_equal(one.ut1_minus_tai_s[in_one], other.ut1_minus_tai_s[in_other])
