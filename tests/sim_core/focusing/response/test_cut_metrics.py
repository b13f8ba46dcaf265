import numpy as np
import numpy.typing as npt
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.response.cut_metrics import measure_cut
from tests.sim_core.focusing.response.ideal_images import with_phase


def test_the_sine_cardinal() -> None:
    metrics = measure_cut(lambda x: np.sinc(x).astype(np.complex128), "test")
    assert metrics.null_left_cells == pytest.approx(-1.0, abs=1e-4)
    assert metrics.null_right_cells == pytest.approx(1.0, abs=1e-4)
    assert metrics.pslr_left_db == pytest.approx(-13.2614588841, abs=1e-8)
    # Nine maxima between 1 and 10 cells on either side; a side lobe's top has tan(pi x) = pi x.
    places = np.array([lobe.offset_cells for lobe in metrics.side_lobes])
    assert places.size == 18
    assert np.tan(np.pi * places) == pytest.approx(np.pi * places, rel=2e-3)
    assert list(places) == sorted(places)
    # 1 for all of it; beyond 10 cells lie 1 / (10 pi^2).
    assert metrics.equivalent_width_cells == pytest.approx(1.0 - 0.1 / np.pi**2, abs=1e-4)


def test_the_peak_need_not_have_the_power_one() -> None:
    one = measure_cut(lambda x: np.sinc(x).astype(np.complex128), "test")
    five = measure_cut(lambda x: np.asarray(5j * np.sinc(x), dtype=np.complex128), "test")
    assert five.pslr_db == pytest.approx(one.pslr_db, abs=1e-9)
    assert five.islr_db["null-to-null-10"] == pytest.approx(one.islr_db["null-to-null-10"])


def test_a_cubic_phase_lifts_the_side_lobes_of_one_side() -> None:
    metrics = measure_cut(lambda x: with_phase(0.0, 0.4, x), "test")
    assert abs(metrics.pslr_left_db - metrics.pslr_right_db) > 1.0
    assert metrics.pslr_db == max(metrics.pslr_left_db, metrics.pslr_right_db)


def test_the_highest_power_may_be_where_the_extent_cuts_a_lobe_off() -> None:
    def rising(x: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
        return np.where(np.abs(x) < 1.0, np.cos(0.5 * np.pi * x), 0.05 * (np.abs(x) - 1.0)) + 0j

    metrics = measure_cut(rising, "test")
    assert metrics.side_lobes == ()
    assert metrics.pslr_db == pytest.approx(20.0 * np.log10(0.45), abs=1e-6)


@pytest.mark.parametrize("width", [30.0, 1e9])
def test_a_cut_without_a_main_lobe_is_refused(width: float) -> None:
    with pytest.raises(FocusingError, match="test cut has no main lobe"):
        measure_cut(lambda x: np.exp(-((x / width) ** 2)) + 0j, "test")
