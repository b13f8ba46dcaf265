import math

import numpy as np
import pytest

from sim_core.focusing.response import islr
from sim_core.focusing.response.islr import FloatArray as Floats
from sim_core.focusing.response.islr import IslrDefinition, MainLobe, cumulative_energy, islr_db

SINC = MainLobe(irw_cells=0.885892941379, null_left_cells=-1.0, null_right_cells=1.0)
MAIN_LOBE_ENERGY = 0.902823333580  # of the squared sine cardinal, published


def squared_sinc(x: Floats) -> Floats:
    power: Floats = np.sinc(x) ** 2
    return power


def test_energy_of_the_main_lobe_is_the_published_one() -> None:
    energy = cumulative_energy(squared_sinc, (-1.0, 1.0))
    assert energy[1.0] - energy[-1.0] == pytest.approx(MAIN_LOBE_ENERGY, abs=1e-12)


def test_ratios_follow_from_the_energies_of_their_stretches() -> None:
    ratio = islr_db(squared_sinc, SINC, islr.THEORETICAL, math.inf, total_energy=1.0)
    rest = 1.0 - MAIN_LOBE_ENERGY
    assert ratio["null-to-null-inf"] == pytest.approx(10 * math.log10(rest / MAIN_LOBE_ENERGY))
    assert ratio["over-total-inf"] == pytest.approx(10 * math.log10(rest))
    # Wider main lobes leave less beside them; the order is that of the definitions' widths.
    assert ratio["iso-2.5-inf"] < ratio["null-to-null-inf"] < ratio["iso-2-inf"]
    assert ratio["null-to-null-5"] < ratio["null-to-null-10"] < ratio["null-to-null-20"]


def test_uneven_nulls_bound_their_own_sides() -> None:
    box = IslrDefinition("box", "two null distances", extent=2.0, extent_unit="nulls")
    lobe = MainLobe(1.0, -1.0, 3.0)
    # A flat power of 1: 4 cells inside, 1 to the left and 3 to the right beside.
    ratio = islr_db(np.ones_like, lobe, [box], 10.0)
    assert ratio["box"] == pytest.approx(0.0, abs=1e-12)


def test_what_the_cut_does_not_reach_is_no_number() -> None:
    ratio = islr_db(squared_sinc, SINC, islr.MEASURED, 10.0)
    assert math.isnan(ratio["null-to-null-20"])
    assert math.isnan(ratio["isce3"])
    assert ratio["null-to-null-10"] == pytest.approx(-10.158, abs=6e-4)
    # No energy given for what has no end.
    endless = islr_db(squared_sinc, SINC, islr.THEORETICAL, math.inf)
    assert math.isnan(endless["null-to-null-inf"])


def test_a_main_lobe_beyond_the_reach_is_no_number() -> None:
    # A smear near an edge of the image: 2.5 IRW are 20 cells to either side.
    smear = MainLobe(irw_cells=16.0, null_left_cells=-9.0, null_right_cells=9.0)
    ratio = islr_db(squared_sinc, smear, islr.THEORETICAL, 12.0, total_energy=1.0)
    for name in ("iso-2-20", "iso-2.5-20", "iso-2.5-inf", "perseo-resolution", "null-to-null-20"):
        assert math.isnan(ratio[name])
    assert math.isfinite(ratio["null-to-null-10"])


def test_a_main_lobe_beyond_the_extent_leaves_no_side_lobes() -> None:
    wide = MainLobe(12.0, -9.0, 9.0)
    ratio = islr_db(squared_sinc, wide, islr.MEASURED, 30.0)
    assert ratio["null-to-null-5"] == -math.inf


def test_every_convention_has_a_name_of_its_own_and_says_what_it_is() -> None:
    names = [one.name for one in islr.THEORETICAL]
    assert len(set(names)) == len(names)
    assert all(one.description for one in islr.THEORETICAL)
    assert all(math.isfinite(one.extent) for one in islr.MEASURED)
    assert islr.DEFAULT in islr.MEASURED
