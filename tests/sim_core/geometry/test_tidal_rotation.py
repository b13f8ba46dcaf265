import erfa
import numpy as np
import pytest

from sim_core.geometry.tables import read_table
from sim_core.geometry.tidal_rotation import tidal_rotation

MICROARCSECOND = np.pi / 648000.0 * 1e-6


def at(mjd: float, *tables: str) -> np.ndarray:
    """Pole x, pole y in uas and UT1 in us at a date, as the routines of the IERS take it."""
    found = tidal_rotation(erfa.gmst82(2400000.5, mjd), (mjd - 51544.5) / 36525.0, tables)
    return np.array(
        (found.pole_x_rad[0] / MICROARCSECOND, found.pole_y_rad[0] / MICROARCSECOND,
         found.ut1_s[0] * 1e6)
    )  # fmt: skip


def test_libration_of_the_pole_is_the_iers_routines() -> None:
    # Test case in the head of PMSDNUT2. Its coefficients are literals of single precision: 3e-8.
    assert at(54335.0, "5.1a") == pytest.approx(
        [24.83144238273364834, -14.09240692041837661, 0.0], abs=1e-6
    )


@pytest.mark.parametrize(
    ("mjd", "ut1_us"), [(44239.1, 2.441143834386761746), (55227.4, -2.655705844335680244)]
)
def test_libration_of_ut1_is_the_iers_routines(mjd: float, ut1_us: float) -> None:
    # Test cases in the head of UTLIBR; literals of single precision as well.
    assert at(mjd, "5.1b") == pytest.approx([0.0, 0.0, ut1_us], abs=1e-7)


def test_ocean_tides_are_those_of_the_model_they_were_tabulated_from() -> None:
    # Test case in the head of ORTHO_EOP, which holds the same model as orthoweights. The tables
    # have its terms to 0.01 uas and true arguments in place of linear ones; the Conventions expect
    # agreement to a few uas. 0.5 uas are 15 um on the ground.
    expected = [-162.8386373279636530, 117.7907525842668974, -23.39092370609808214]
    found = at(47100.0, "8.2/8.3")
    assert found[:2] == pytest.approx(expected[:2], abs=0.5)
    assert found[2] == pytest.approx(expected[2], abs=0.05)


def test_tables_have_the_terms_of_the_conventions() -> None:
    ocean = read_table("sub_daily_rotation", "8.2/8.3")
    assert len(ocean) == 71
    assert len(read_table("sub_daily_rotation", "5.1a")) == 10
    assert len(read_table("sub_daily_rotation", "5.1b")) == 11
    # 41 diurnal and 30 semidiurnal; sums over the columns catch a slip of any digit or sign.
    assert np.count_nonzero(ocean[:, 0] == 1.0) == 41
    diurnal = ocean[ocean[:, 0] == 1.0]
    # In the diurnal band the pole's motion is prograde: y lags x by a quarter turn.
    assert diurnal[:, 6] == pytest.approx(diurnal[:, 9], abs=0.011)
    assert diurnal[:, 7] == pytest.approx(-diurnal[:, 8], abs=0.011)


def test_sizes_are_those_of_the_conventions() -> None:
    days = np.linspace(51544.5, 51544.5 + 365.25, 20001)
    found = tidal_rotation(erfa.gmst82(2400000.5, days), (days - 51544.5) / 36525.0)
    pole_mas = 1e-3 * np.hypot(found.pole_x_rad, found.pole_y_rad) / MICROARCSECOND
    assert 0.5 < np.max(pole_mas) < 1.3
    assert 40e-6 < np.max(np.abs(found.ut1_s)) < 90e-6
