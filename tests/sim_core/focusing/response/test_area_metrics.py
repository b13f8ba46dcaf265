from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.response.theory import AxisTheory
from sim_core.focusing.response.theory import azimuth_theory as computed_theory
from sim_core.signal.window import NO_TAPER, Window
from tests.sim_core.focusing.response.ideal_images import ideal, image_of

MAIN_LOBE_ENERGY = 0.902823333580  # of the squared sine cardinal, published


@cache
def azimuth_theory(window: Window) -> AxisTheory:
    return computed_theory(window)


def separable_db(window: Window) -> float:
    """ISLR of a separable response over the square, from that of one axis."""
    one_axis = 1.0 + 10.0 ** (azimuth_theory(window).islr_db / 10.0)
    return 10.0 * float(np.log10(one_axis**2 - 1.0))


def test_the_published_ratio_of_both_axes_is_that_of_one_squared() -> None:
    infinite = 1.0 / MAIN_LOBE_ENERGY
    assert 10.0 * np.log10(infinite**2 - 1.0) == pytest.approx(-6.4424508472, abs=1e-9)
    theory = azimuth_theory(NO_TAPER).islr_by_name_db["null-to-null-inf"]
    assert 1.0 + 10.0 ** (theory / 10.0) == pytest.approx(infinite, abs=1e-10)


@pytest.mark.parametrize("window", [NO_TAPER, Window("hann"), Window("taylor")])
@given(place=st.tuples(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0)))
@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_separable_responses(window: Window, place: tuple[float, float]) -> None:
    area = measure(image_of(ideal(*place, window))).area
    assert area is not None
    # The project's bar for metrics.
    assert area.islr_db == pytest.approx(separable_db(window), abs=5e-3)
    theory = azimuth_theory(window)
    assert area.pslr_db == pytest.approx(theory.pslr_db, abs=5e-3)
    # It lies on one of the two cuts, where theory has the highest side lobe.
    top = max(theory.side_lobes, key=lambda lobe: lobe.level_db)
    cells = sorted((abs(area.side_lobe_range_cells), abs(area.side_lobe_azimuth_cells)))
    assert cells == pytest.approx([0.0, abs(top.offset_cells)], abs=2e-3)


def test_a_side_lobe_off_the_cuts_is_found() -> None:
    samples = ideal(0.3, 0.2)
    ghost = ideal(0.3 + 1.28 * 4.5, 0.2 - 1.2 * 5.5)  # where both cuts of the main response turn
    response = measure(image_of(samples + 0.4 * ghost))
    assert response.area is not None
    assert response.area.pslr_db == pytest.approx(20.0 * np.log10(0.4), abs=0.2)
    assert response.area.side_lobe_azimuth_cells == pytest.approx(4.5, abs=0.05)
    assert response.area.side_lobe_range_cells == pytest.approx(-5.5, abs=0.05)


def test_the_flank_of_a_slanted_main_lobe_is_no_side_lobe() -> None:
    # An elliptical main lobe across the axes: outside of the rectangle of its nulls there is more
    # of it than any side lobe has.
    place = np.arange(257) - 128
    azimuth, range_ = np.meshgrid(place / 1.28, place / 1.2, indexing="ij")
    slanted = np.sinc(0.3 * (azimuth + range_)) * np.sinc(0.6 * (azimuth - range_))
    area = measure(image_of(slanted.astype(np.complex128))).area
    assert area is not None
    # The highest side lobes lie along the narrow main lobe's axis, 1.4303 cells of 0.6 times two.
    assert area.pslr_db == pytest.approx(azimuth_theory(NO_TAPER).pslr_db, abs=5e-3)
    cells = (abs(area.side_lobe_azimuth_cells), abs(area.side_lobe_range_cells))
    assert cells[0] == pytest.approx(cells[1], abs=2e-2)
    assert cells[0] in (
        pytest.approx(1.4302966531 / 1.2, abs=1e-2),
        pytest.approx(1.4302966531 / 0.6, abs=1e-2),
    )
