import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError, DriverError
from drivers.interface import CapturedBlock, Device, PlayedBlock
from drivers.lifecycle import DeviceState
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings

TICK_S = 1e-6

Windows = NDArray[np.complex64]
InBlocks = Callable[..., Iterator[PlayedBlock]]


def run(settings: LoopbackSettings, schedule: Any, blocks: Any) -> list[CapturedBlock]:
    device: Device = LoopbackDevice(settings)
    device.ensure_ready()
    device.prepare(schedule)
    device.arm()
    device.start()
    captured = list(device.exchange(blocks))
    device.wait_idle(1.0)
    device.ensure_stopped()
    return captured


def joined(captured: list[CapturedBlock]) -> NDArray[Any]:
    return np.concatenate([block.samples for block in captured])


EVERYTHING = LoopbackSettings(
    dac_bits=14, adc_bits=12, gain_db=1.0, delay_s=2.4 * TICK_S, noise_dbfs=-30.0, seed=3
)


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_samples_and_events_do_not_depend_on_the_blocks(
    sizes: list[int],
    make_schedule: Callable[..., Any],
    make_windows: Callable[..., Windows],
    in_blocks: InBlocks,
) -> None:
    pulses = sum(sizes)
    schedule, played = make_schedule(pulses), make_windows(pulses, peak=1.2)
    whole = run(EVERYTHING, schedule, in_blocks(played, pulses))
    parts = run(EVERYTHING, schedule, in_blocks(played, sizes[:-1]))
    np.testing.assert_array_equal(joined(parts), joined(whole))
    events = [event for block in parts for event in block.events]
    assert events == list(whole[0].events)
    assert {event.kind for event in events} <= {"clipped_dac", "clipped_adc"}


def test_events_stand_on_their_pulse_one_per_kind(
    make_schedule: Callable[..., Any], in_blocks: InBlocks
) -> None:
    played = np.zeros((10, 64), np.complex64)
    played[6, 10:13] = 2.0
    played[9, 5] = -3j
    captured = run(LoopbackSettings(14, 12, gain_db=0.1), make_schedule(), in_blocks(played, 4))
    events = [event for block in captured for event in block.events]
    assert [(e.kind, e.pulse, e.first_sample, e.samples, e.detail) for e in events] == [
        ("clipped_dac", 6, 10, 3, "3 samples beyond full scale"),
        ("clipped_adc", 6, 10, 3, "3 samples beyond full scale"),
        ("clipped_dac", 9, 5, 1, "1 sample beyond full scale"),
        ("clipped_adc", 9, 5, 1, "1 sample beyond full scale"),
    ]
    assert [len(block.events) for block in captured] == [0, 2, 2]


@pytest.mark.parametrize(
    ("adc_bits", "capture_format", "code_scale", "dtype"),
    [(12, "ci16_le", 1 / 2047, np.int16), (None, "cf32_le", 1.0, np.complex64)],
)
def test_capture_format_is_that_of_the_blocks(
    adc_bits: int | None,
    capture_format: str,
    code_scale: float,
    dtype: Any,
    make_schedule: Callable[..., Any],
    make_windows: Callable[..., Windows],
    in_blocks: InBlocks,
) -> None:
    settings = LoopbackSettings(dac_bits=None, adc_bits=adc_bits)
    device = LoopbackDevice(settings)
    assert device.capture_format == capture_format
    assert device.code_scale == code_scale
    played = make_windows()
    samples = joined(run(settings, make_schedule(), in_blocks(played)))
    assert samples.dtype == dtype
    scaled = samples.astype(np.float32).view(np.complex64)[..., 0] if adc_bits else samples
    # Half a step on I and on Q.
    np.testing.assert_allclose(scaled * device.code_scale, played, atol=0.5 * 2**0.5 / 2047 * 1.01)


def test_read_back_is_fit_for_json_and_tells_the_delay_on_the_clock(
    make_schedule: Callable[..., Any],
) -> None:
    device = LoopbackDevice(EVERYTHING)
    assert device.read_back()["dac_bits"] == 14
    device.ensure_ready()
    device.prepare(make_schedule())
    told = json.loads(json.dumps(device.read_back(), allow_nan=False))
    assert told["sample_rate_hz"] == 1e6
    assert told["delay_whole_ticks"] == 2
    assert told["delay_fraction_ticks"] == pytest.approx(0.4, abs=1e-12)  # roundings in double


@pytest.mark.parametrize(
    ("delay_ticks", "accepted"),
    [(63, True), (63.4, False), (64, False)],
)
def test_delay_must_leave_something_in_the_window(
    delay_ticks: float, accepted: bool, make_schedule: Callable[..., Any]
) -> None:
    device = LoopbackDevice(LoopbackSettings(14, 12, delay_s=delay_ticks * TICK_S))
    device.ensure_ready()
    if accepted:
        device.prepare(make_schedule())
        return
    with pytest.raises(DeviceSettingsError, match=r"delay_s = 6.*e-05 .* use less than 6.3e-05 s"):
        device.prepare(make_schedule())
    assert device.state is DeviceState.READY


@pytest.mark.parametrize(("delay_ticks", "accepted"), [(0, True), (6, True), (6.5, False)])
def test_delay_must_not_reach_the_next_window(
    delay_ticks: float, accepted: bool, make_schedule: Callable[..., Any]
) -> None:
    schedule = make_schedule(interval=70)  # 6 ticks from the end of a window to the next
    device = LoopbackDevice(LoopbackSettings(14, 12, delay_s=delay_ticks * TICK_S))
    device.ensure_ready()
    if accepted:
        device.prepare(schedule)
        return
    with pytest.raises(DeviceSettingsError, match=r"into the next one, 6 samples .* most 6e-06 s"):
        device.prepare(schedule)


def test_windows_may_touch_without_a_delay(
    make_schedule: Callable[..., Any], make_windows: Callable[..., Windows], in_blocks: InBlocks
) -> None:
    played = make_windows()
    captured = run(LoopbackSettings(None, None), make_schedule(interval=64), in_blocks(played))
    np.testing.assert_array_equal(joined(captured), played)


def test_calls_out_of_order_are_refused(make_schedule: Callable[..., Any]) -> None:
    device = LoopbackDevice(LoopbackSettings(14, 12))
    schedule = make_schedule()
    with pytest.raises(DeviceStateError, match="prepare on the loopback, which is stopped"):
        device.prepare(schedule)
    device.ensure_ready()
    with pytest.raises(DeviceStateError, match=r"arm on the loopback, .* ready; call prepare"):
        device.arm()
    device.prepare(schedule)
    with pytest.raises(DeviceStateError, match=r"start .* prepared; call arm"):
        device.start()
    device.arm()
    # At once, and not only when the first block is drawn.
    with pytest.raises(DeviceStateError, match=r"exchange .* armed; call start"):
        device.exchange([])
    device.start()
    with pytest.raises(DeviceStateError, match=r"wait_idle .* running; call exchange"):
        device.wait_idle(1.0)


def test_stop_ends_an_exchange_and_may_be_repeated(
    make_schedule: Callable[..., Any], make_windows: Callable[..., Windows], in_blocks: InBlocks
) -> None:
    device = LoopbackDevice(LoopbackSettings(14, 12))
    device.ensure_stopped()
    device.ensure_ready()
    device.prepare(make_schedule())
    device.arm()
    device.start()
    captured = device.exchange(in_blocks(make_windows()))
    next(captured)
    for _ in range(2):
        device.ensure_stopped()
        assert device.state is DeviceState.STOPPED
    with pytest.raises(DeviceStateError, match="stopped; call ensure_ready"):
        next(captured)


def test_bad_samples_name_the_pulse_of_the_run(
    make_schedule: Callable[..., Any], make_windows: Callable[..., Windows], in_blocks: InBlocks
) -> None:
    played = make_windows()
    played[9, 0] = np.nan
    with pytest.raises(DriverError, match="of pulse 9 hold"):
        run(LoopbackSettings(14, 12), make_schedule(), in_blocks(played, 4))
