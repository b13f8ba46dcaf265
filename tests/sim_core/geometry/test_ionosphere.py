import math

import numpy as np
import pytest
from scipy import constants

from sim_core.errors import MediumError
from sim_core.geometry.ionosphere import Ionosphere


def test_delay_is_that_of_a_plasma() -> None:
    # Group index of a plasma, 1 + f_p^2 / (2 f^2), with the plasma frequency from the constants.
    electrons_per_m2 = 10e16
    plasma_hz2_per_m3 = constants.e**2 / (4 * math.pi**2 * constants.epsilon_0 * constants.m_e)
    expected_s = 0.5 * plasma_hz2_per_m3 * electrons_per_m2 / (23e9**2 * constants.c)
    found_s = float(Ionosphere(10.0).group_delay_s(0.5 * math.pi, 23e9))
    assert found_s == pytest.approx(expected_s, rel=1e-6)
    # 25 ps, or 0.58 cycles of the carrier.
    assert found_s * 23e9 == pytest.approx(0.585, abs=1e-3)


def test_delay_falls_with_the_square_of_the_frequency() -> None:
    at_23, at_1 = (Ionosphere(50.0).group_delay_s(1.0, f) for f in (23e9, 1e9))
    assert at_1 / at_23 == pytest.approx(23.0**2)


def test_path_in_the_shell_is_longest_at_the_horizon() -> None:
    shell = Ionosphere(1.0)
    factors = shell.obliquity(np.radians((90.0, 60.0, 30.0, 10.0, 0.0)))
    assert factors[0] == 1.0
    assert np.all(np.diff(factors) > 0.0)
    # sin of the angle at the shell is R cos(E) / (R + h): 2.76 at the horizon for 450 km.
    assert factors[-1] == pytest.approx(1.0 / math.sqrt(1.0 - (6371.0 / 6821.0) ** 2))


@pytest.mark.parametrize("tecu", [-1.0, 1e4, math.nan, math.inf])
def test_no_electron_content(tecu: float) -> None:
    with pytest.raises(MediumError, match="TEC"):
        Ionosphere(tecu)


@pytest.mark.parametrize("height_m", [0.0, 450.0, 1e7, math.nan])
def test_no_shell(height_m: float) -> None:
    with pytest.raises(MediumError, match="shell"):
        Ionosphere(10.0, height_m)


def test_wide_bands_at_low_carriers_are_refused() -> None:
    Ionosphere(100.0).require_narrow(0.2, 23e9, 80e6)
    with pytest.raises(MediumError, match="spread a band"):
        Ionosphere(10.0).require_narrow(1.0, 1e9, 80e6)
    # What it says would be right is right.
    Ionosphere(10.0).require_narrow(1.0, 1e9, 5e6)
