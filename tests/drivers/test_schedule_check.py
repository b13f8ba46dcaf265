import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from drivers.errors import DeviceSettingsError
from drivers.interface import Capabilities
from drivers.schedule_check import require_playable, smallest_gap

# A generator with a memory, about as an M8190A is: 48 samples of granularity.
GENERATOR = Capabilities(
    min_sample_rate_hz=125e6,
    max_sample_rate_hz=12e9,
    dac_bits=14,
    adc_bits=10,
    max_window_samples=9600,
    max_total_samples=96_000,
    window_granularity=48,
    timed=False,
    radiates=True,
)


def test_what_fits_is_accepted(make_schedule: Callable[..., Any]) -> None:
    require_playable(make_schedule(100, 960, 1000, 200e6), GENERATOR)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ((10, 960, 1000, 100e6), r"1e\+08 Hz is below .* at least 1.25e\+08 Hz"),
        ((10, 960, 1000, 20e9), r"2e\+10 Hz is above .* at most 1.2e\+10 Hz"),
        ((2, 9648, 20_000, 200e6), "9648 samples is longer .* at most 9600"),
        ((10, 1000, 2000, 200e6), "granularity of 48; use 1008 samples"),
        ((101, 960, 1000, 200e6), "need 96960 samples .* at most 100 pulses"),
    ],
    ids=["rate too low", "rate too high", "window too long", "granularity", "memory"],
)
def test_limit_of_the_device_is_named(
    schedule: tuple[Any, ...], message: str, make_schedule: Callable[..., Any]
) -> None:
    with pytest.raises(DeviceSettingsError, match=message):
        require_playable(make_schedule(*schedule), GENERATOR)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_rate_hz": float("nan")}, "sample rate nan Hz"),
        ({"sample_rate_hz": 0.0}, "sample rate 0.0 Hz"),
        ({"window_samples": 0}, "nothing to play"),
        ({"transmit_tick": np.zeros(0, np.int64)}, "0 pulses"),
        ({"transmit_tick": np.arange(10) * 1000.0}, "transmit_tick is a float64 array"),
        ({"window_start_tick": np.arange(9) * 1000}, r"window_start_tick .* shape \(9,\)"),
        ({"window_samples": 1001}, "pulses 0 and 1 overlap by 1 samples"),
    ],
)
def test_schedule_without_sense_is_refused(
    change: dict[str, Any], message: str, make_schedule: Callable[..., Any]
) -> None:
    unlimited = dataclasses.replace(
        GENERATOR,
        min_sample_rate_hz=None,
        max_sample_rate_hz=None,
        max_window_samples=None,
        max_total_samples=None,
        window_granularity=1,
    )
    schedule = dataclasses.replace(make_schedule(10, 960), **change)
    with pytest.raises(DeviceSettingsError, match=message):
        require_playable(schedule, unlimited)


def test_smallest_gap(make_schedule: Callable[..., Any]) -> None:
    schedule = make_schedule(5, 64, 1000)
    schedule.window_start_tick[3] -= 10
    assert smallest_gap(schedule) == 1000 - 64 - 10
    assert smallest_gap(make_schedule(1)) is None
