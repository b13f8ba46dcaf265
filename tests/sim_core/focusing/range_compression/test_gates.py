"""Blocks of range gates."""

import itertools

import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import FocusingError
from sim_core.focusing.range_compression.gates import RangeGates, joined_gates, split_gates

WIDE = RangeGates(-3700, 7424, -3760, 7560, 40, (-38e-6, 38e-6), (-3, 25))
GUARD = 32


@given(most=st.integers(160, 8000), low=st.integers(-40, 0), high=st.integers(0, 40))
def test_blocks_cover_all_columns_and_have_their_own_margins(
    most: int, low: int, high: int
) -> None:
    gates = RangeGates(-3700, 7424, -3760, 7560, 40, (-38e-6, 38e-6), (low, high))
    try:
        blocks = split_gates(gates, most)
    except FocusingError:
        assert most - (high - low + 2 * GUARD) < 80
        return
    assert blocks[0].first_column == gates.first_column
    assert sum(block.columns for block in blocks) == gates.columns
    for before, after in itertools.pairwise(blocks):
        assert after.first_column == before.first_column + before.columns
    for block in blocks:
        assert block.gates <= most
        if len(blocks) > 1:
            assert block.gates == scipy.fft.next_fast_len(block.gates)
            assert block.first_gate <= block.first_column + low - GUARD
            last = block.first_column + block.columns - 1 + high + GUARD
            assert block.first_gate + block.gates - 1 >= last
            assert block.fade >= GUARD
    joined = joined_gates(blocks)
    assert joined.columns == gates.columns
    assert joined.first_gate == blocks[0].first_gate


def test_what_fits_is_not_cut() -> None:
    assert split_gates(WIDE, 7560) == [WIDE]


@pytest.mark.parametrize("most", [0, 1, 90])
def test_a_bound_that_holds_margins_only_is_refused(most: int) -> None:
    with pytest.raises(FocusingError, match=r"of which 92 are margins; raise memory_bytes"):
        split_gates(WIDE, most)


def test_fading_rises_and_falls() -> None:
    fading = WIDE.fading()
    assert fading.size == WIDE.gates
    assert fading[0] < 1e-3
    assert fading[WIDE.fade] == 1.0
    assert fading[::-1] == pytest.approx(fading)
