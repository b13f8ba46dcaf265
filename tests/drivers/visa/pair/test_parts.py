import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DeviceSettingsError, DriverError
from drivers.interface import PlayedBlock
from drivers.visa.instrument import DigitizerLimits, GeneratorLimits
from drivers.visa.pair.layout import REACH_SAMPLES, Layout
from drivers.visa.pair.parts import (
    WindowStream,
    cut,
    record_span,
    windows_in_generator,
    windows_in_part,
)
from drivers.visa.pair.settings import VisaSettings
from tests.drivers.visa.pair.closed_form import random_windows

LAYOUT = Layout(1e8, 256, 92, 4)
AWG = GeneratorLimits(300.0, 5e9, 16, 1, 348 * 4 * 50, 48, 100)
SCOPE = DigitizerLimits(4, 1e3, 6.25e9, 10**6, 30, 12, 1e9, 5.0)
SETTINGS = VisaSettings(generator="TCPIP::a::INSTR", digitizer="TCPIP::b::INSTR")


@given(st.integers(1, 200_000), st.integers(1, 1 << 20))
def test_parts_cover_the_run_and_are_nearly_equal(pulses: int, most: int) -> None:
    parts = cut(pulses, most)
    assert [part.number for part in parts] == list(range(len(parts)))
    assert parts[0].first_pulse == 0
    for part, after in itertools.pairwise(parts):
        assert part.first_pulse + part.windows == after.first_pulse
    assert parts[-1].first_pulse + parts[-1].windows == pulses
    assert max(part.windows for part in parts) <= most
    assert len(parts) == -(-pulses // parts[0].windows)


def test_record_holds_what_the_filters_reach() -> None:
    span = record_span(LAYOUT, 3, 0.0)
    assert span.pre_trigger_s == 0.0  # half of the guard is longer than the filters
    last = 2 * LAYOUT.period_samples + LAYOUT.lead_samples + 256
    assert span.duration_s * 1e8 >= last + REACH_SAMPLES
    early = record_span(replace(LAYOUT, guard_samples=66), 1, -50e-9)
    assert early.pre_trigger_s * 1e8 >= REACH_SAMPLES - 33 + 5


def test_parts_fit_each_memory() -> None:
    assert windows_in_generator(LAYOUT, AWG) == 50
    rate_hz = 1e9
    # Two of them are pilots.
    assert windows_in_part(SETTINGS, LAYOUT, AWG, SCOPE, rate_hz) == 48
    # 10 500 samples at 1 GHz are 10.5 us: three windows of 3.48 us less half a guard.
    short = replace(SCOPE, max_record_samples=10_500)
    assert windows_in_part(SETTINGS, LAYOUT, AWG, short, rate_hz) == 1
    segments = replace(SETTINGS, capture="segments")
    assert windows_in_part(segments, LAYOUT, AWG, SCOPE, rate_hz) == 28
    # A segment of a window is 340 samples and what is spare, at ten times the rate.
    few = replace(SCOPE, max_record_samples=35_000)
    assert 6 <= windows_in_part(segments, LAYOUT, AWG, few, rate_hz) <= 8


@pytest.mark.parametrize(
    ("generator", "digitizer", "whose"),
    [
        ({"max_segment_samples": 1000}, {}, "the generator, which holds 1000"),
        ({}, {"max_record_samples": 1000}, "the digitizer, which holds 1000"),
    ],
)
def test_window_that_fits_nowhere_is_refused(
    generator: dict[str, Any], digitizer: dict[str, Any], whose: str
) -> None:
    with pytest.raises(DeviceSettingsError, match=f"do not fit {whose}"):
        windows_in_part(
            SETTINGS, LAYOUT, replace(AWG, **generator), replace(SCOPE, **digitizer), 1e9
        )


@pytest.mark.parametrize("sizes", [1, 3, 20])
def test_windows_of_any_blocks(sizes: int, in_blocks: Callable[..., Iterator[PlayedBlock]]) -> None:
    windows = random_windows(20, 16)
    stream = WindowStream(in_blocks(windows, sizes), 16)
    for first, count in ((0, 7), (7, 1), (8, 12)):
        taken = np.empty((count, 16), np.complex64)
        stream.take_into(taken)
        np.testing.assert_array_equal(taken, windows[first : first + count])
    stream.finish()


def test_samples_that_are_no_numbers_are_refused(
    in_blocks: Callable[..., Iterator[PlayedBlock]],
) -> None:
    windows = random_windows(8, 16)
    windows[5, 3] = np.nan
    stream = WindowStream(in_blocks(windows, 4), 16)
    stream.take_into(np.empty((4, 16), np.complex64))
    with pytest.raises(DriverError, match="of pulse 5 hold a value that is not a number"):
        stream.take_into(np.empty((1, 16), np.complex64))


def test_blocks_that_end_early_are_named() -> None:
    stream = WindowStream(iter([PlayedBlock(0, np.zeros((2, 8), np.complex64))]), 8)
    with pytest.raises(DriverError, match="end 3 pulses before"):
        stream.take_into(np.empty((5, 8), np.complex64))
