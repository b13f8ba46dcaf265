"""The radio as a device, through the real library and the software radio."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError, DriverError
from drivers.interface import PlayedBlock
from drivers.lifecycle import DeviceState
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings
from drivers.registry import open_device
from drivers.soapy.device import SoapyDevice
from drivers.soapy.errors import AlignmentError, ReferenceUnlockedError
from drivers.soapy.front_end import is_lock
from drivers.soapy.link import Link
from tests.drivers.soapy.radios import STEPPED, codes, play, settings

MakeSchedule = Callable[..., Any]
MakeWindows = Callable[..., NDArray[np.complex64]]
InBlocks = Callable[..., Iterator[PlayedBlock]]


@pytest.mark.parametrize("streaming", ["bursts", "continuous"])
@pytest.mark.parametrize("full_scale", [32767, 2047])
def test_samples_are_those_of_the_loopback_bit_for_bit(
    streaming: str,
    full_scale: int,
    make_schedule: MakeSchedule,
    make_windows: MakeWindows,
    in_blocks: InBlocks,
) -> None:
    schedule, played = make_schedule(300), make_windows(300, peak=1.1)
    arguments = f"{STEPPED},dac_full_scale={full_scale},adc_full_scale={full_scale},delay_ticks=7"
    through = play(
        SoapyDevice(settings(arguments, streaming=streaming)), schedule, in_blocks(played, 40)
    )
    bits = full_scale.bit_length() + 1
    loopback = LoopbackDevice(LoopbackSettings(bits, bits, delay_s=7e-6))
    loopback.ensure_ready()
    loopback.prepare(schedule)
    loopback.arm()
    loopback.start()
    expected = list(loopback.exchange(in_blocks(played, 40)))
    np.testing.assert_array_equal(
        through.samples, np.concatenate([block.samples for block in expected])
    )
    for kind in ("clipped_dac",):
        # The ADC's differ: whoever sees codes alone cannot tell full scale from beyond it.
        assert [event for event in through.events if event.kind == kind] == [
            event for block in expected for event in block.events if event.kind == kind
        ]


def test_floats_arrive_as_the_codes_of_the_converter(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    played = make_windows(100)
    device = SoapyDevice(settings(stream_format="CF32"))
    assert (device.capture_format, device.code_scale) == ("cf32_le", 1.0)
    through = play(device, make_schedule(100), in_blocks(played))
    assert through.samples.dtype == np.complex64
    arrived = through.samples.view(np.float32).reshape(100, -1, 2) * 32767.0
    np.testing.assert_allclose(arrived, codes(played), atol=0.01)  # float32 of 16 bits


def test_windows_may_be_received_later_than_played(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    played = make_windows(50)
    device = SoapyDevice(settings(f"{STEPPED},delay_ticks=130", receive_delay_ticks=130))
    through = play(device, make_schedule(50), in_blocks(played))
    np.testing.assert_array_equal(through.samples, codes(played))
    assert through.told["receive_delay_ticks"] == 130


def test_a_clock_that_runs_on_its_own(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    # A busy machine may come late to a pulse; then it is played again.
    played = make_windows(100)
    device = SoapyDevice(settings("driver=moonecho_loopback", on_loss="retry", max_repeats=50))
    through = play(device, make_schedule(100, interval=3000), in_blocks(played))
    assert through.events == []
    np.testing.assert_array_equal(through.samples, codes(played))


@pytest.mark.parametrize(("rate_hz", "grid"), [(96e6, 12), (61.44e6, 192), (999_999_937.0, 1)])
def test_windows_stand_on_their_ticks_at_any_rate(
    rate_hz: float,
    grid: int,
    make_schedule: MakeSchedule,
    make_windows: MakeWindows,
    in_blocks: InBlocks,
) -> None:
    # An interval that is no whole number of nanoseconds.
    schedule = make_schedule(60, interval=160_001, sample_rate_hz=rate_hz)
    played = make_windows(60)
    through = play(SoapyDevice(settings(start_delay_s=0.001)), schedule, in_blocks(played))
    np.testing.assert_array_equal(through.samples, codes(played))
    assert through.told["first_tick"] % grid == 0
    assert through.told["largest_stamp_error_ns"] == 0
    assert through.told["rate"] == str(int(rate_hz))


def test_streams_without_time_stamps_are_aligned_by_a_marker(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    played = make_windows(100)
    device = SoapyDevice(settings(f"{STEPPED},delay_ticks=1237", use_time=False))
    assert not device.capabilities.timed
    through = play(device, make_schedule(100), in_blocks(played))
    np.testing.assert_array_equal(through.samples, codes(played))
    assert through.told["alignment"]["marker_start"] == 1237
    assert through.told["alignment"]["fraction_ticks"] == pytest.approx(0.0, abs=1e-3)


def test_part_of_a_tick_is_told(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    device = SoapyDevice(settings(f"{STEPPED},delay_ticks=1237.3", use_time=False))
    told = play(device, make_schedule(20), in_blocks(make_windows(20))).told
    # The radio's interpolation is good to 0.45 of the rate; the marker ends at a third of it.
    assert told["alignment"]["fraction_ticks"] == pytest.approx(0.3, abs=5e-3)


@pytest.mark.parametrize("fault", ["fault_overflow", "fault_underflow"])
def test_loss_without_time_stamps_ends_the_run(
    fault: str, make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    device = SoapyDevice(
        settings(use_time=False, device_settings={fault: "probability=0.05, seed=1"})
    )
    with pytest.raises(AlignmentError, match=r"use a radio with time stamps"):
        play(device, make_schedule(2000), in_blocks(make_windows(2000), 100))
    assert device.state is DeviceState.STOPPED


def test_silent_loss_without_time_stamps_shows_at_the_end(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    # Not among the first reads, which look for the marker.
    drop = {"fault_drop": "probability=0.02, seed=3, count=1, samples=5"}
    device = SoapyDevice(settings(use_time=False, device_settings=drop))
    with pytest.raises(AlignmentError, match="slipped by -5 samples between its two markers"):
        play(device, make_schedule(2000), in_blocks(make_windows(2000), 100))


def test_no_marker_no_run(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    device = SoapyDevice(settings(use_time=False, rx_gain_db=-100.0))
    with pytest.raises(AlignmentError, match="marker was not found"):
        play(device, make_schedule(), in_blocks(make_windows()))


def test_rails_of_the_input_are_events(make_schedule: MakeSchedule, in_blocks: InBlocks) -> None:
    played = np.zeros((6, 64), np.complex64)
    played[3, 10:13] = 0.9
    through = play(SoapyDevice(settings(rx_gain_db=6.0)), make_schedule(6), in_blocks(played))
    assert [(e.kind, e.pulse, e.first_sample, e.samples) for e in through.events] == [
        ("clipped_adc", 3, 10, 3)
    ]


def test_read_back_is_fit_for_json_and_tells_what_the_radio_does(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    asked = settings(
        frequency_hz=1.2e9,
        bandwidth_hz=8e5,
        tx_gain_db=3.0,
        rx_gain_db=-3.0,
        clock_source="external",
        time_source="external",
        tx_antenna="TX",
        rx_antenna="RX",
        device_settings={"noise_seed": "5"},
    )
    device = SoapyDevice(asked)
    told = play(device, make_schedule(), in_blocks(make_windows())).told
    told = json.loads(json.dumps(told, allow_nan=False))
    for key, value in {
        "driver_key": "moonecho_loopback",
        "tx_frequency_hz": 1.2e9,
        "rx_bandwidth_hz": 8e5,
        "tx_gain_db": 3.0,
        "rx_gain_db": -3.0,
        "rx_sample_rate_hz": 1e6,
        "clock_source": "external",
        "time_source": "external",
        "tx_antenna": "TX",
        "attenuation_db": 40.0,
        "setting_noise_seed": "5",
    }.items():
        assert told[key] == value, key
    assert told["locks"] == {"lo_locked": True, "ref_locked": True}
    # And after the end.
    assert device.read_back()["driver_key"] == "moonecho_loopback"


@pytest.mark.parametrize(
    ("arguments", "changes", "message"),
    [
        ("", {"transmit": False}, "no leave to transmit"),
        ("", {"attenuation_db": None}, "no attenuation is stated"),
        ("", {"tx_channel": 1}, "no such output channel"),
        ("", {"clock_source": "moon"}, "clock_source = 'moon' is none .* internal or external"),
        ("", {"tx_antenna": "RX"}, "antenna 'RX' is none of the radio's; use TX"),
        ("", {"rx_gain_db": 150.0}, "gain of 150 dB is none .* use -100 to 100 dB"),
        ("", {"tx_gain_elements_db": {"XX": 1.0}}, "refused to set gain XX"),
        ("", {"device_settings": {"no_such": "1"}}, "refused to set no_such = 1"),
    ],
)
def test_what_the_radio_cannot_do_is_refused_before_it_transmits(
    arguments: str, changes: dict[str, Any], message: str, make_schedule: MakeSchedule
) -> None:
    device = SoapyDevice(settings(STEPPED + arguments, **changes))
    device.ensure_ready()
    with pytest.raises(DriverError, match=message):
        device.prepare(make_schedule())
    assert device.state is DeviceState.READY
    assert device.read_setting("transmitting") == "false"
    device.ensure_stopped()


def test_output_gain_that_elements_add_up_to_is_limited(make_schedule: MakeSchedule) -> None:
    device = SoapyDevice(
        settings(tx_gain_db=None, tx_gain_elements_db={"PA": 9.0}, max_tx_gain_db=9.5)
    )
    device.ensure_ready()
    device.prepare(make_schedule())
    assert device.read_back()["tx_gain_db"] == 9.0
    device.ensure_stopped()


@pytest.mark.parametrize("rate_hz", [500.0, 2e9])
def test_rates_of_no_radio_are_refused(rate_hz: float, make_schedule: MakeSchedule) -> None:
    device = SoapyDevice(settings())
    device.ensure_ready()
    with pytest.raises(DeviceSettingsError, match=r"sample rate .* use at (least|most)"):
        device.prepare(make_schedule(sample_rate_hz=rate_hz))
    device.ensure_stopped()


def test_rate_that_is_set_otherwise_is_refused_with_the_nearest(
    make_schedule: MakeSchedule,
) -> None:
    device = SoapyDevice(settings())
    device.ensure_ready()
    with pytest.raises(DeviceSettingsError, match=r"1000000\.4 Hz.* use 1000000"):
        device.prepare(make_schedule(sample_rate_hz=1_000_000.4))
    device.ensure_stopped()


def test_reference_that_is_not_locked_ends_it(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    device = SoapyDevice(settings(f"{STEPPED},ref_locked=false"))
    with pytest.raises(ReferenceUnlockedError, match="ref_locked of the radio is false before"):
        play(device, make_schedule(), in_blocks(make_windows()))
    device = SoapyDevice(settings(f"{STEPPED},lo_locked=false", require_lock=False))
    told = play(device, make_schedule(), in_blocks(make_windows())).told
    assert told["locks"]["lo_locked"] is False


def test_reference_that_is_lost_in_mid_run_is_found_at_the_end(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    device = SoapyDevice(settings())
    # The library gives the same radio to all who ask with the same arguments.
    other = Link(STEPPED)

    def blocks() -> Iterator[PlayedBlock]:
        yield from in_blocks(make_windows())
        other.device.writeSetting("ref_locked", "false")

    with pytest.raises(ReferenceUnlockedError, match="false at the end"):
        play(device, make_schedule(), blocks())
    other.close(1.0, release=True)


def test_a_radio_that_is_not_there_is_named() -> None:
    with pytest.raises(DriverError, match=r"'driver=nothing'.*SoapySDRUtil --find"):
        open_device("soapy:driver=nothing", settings())


def test_it_can_be_used_again_and_stopped_at_any_time(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    schedule, played = make_schedule(200), make_windows(200)
    device = SoapyDevice(settings())
    device.ensure_stopped()
    for _ in range(2):
        device.ensure_ready()
        device.prepare(schedule)
        device.arm()
        device.start()
        captured = device.exchange(in_blocks(played, 20))
        next(captured)
        device.ensure_stopped()
        device.ensure_stopped()
        assert device.state is DeviceState.STOPPED
        with pytest.raises(DeviceStateError, match="call ensure_ready"):
            next(captured)
    np.testing.assert_array_equal(play(device, schedule, in_blocks(played)).samples, codes(played))


def test_bad_samples_name_their_pulse(
    make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    played = make_windows()
    played[9, 0] = np.nan
    with pytest.raises(DriverError, match="of pulse 9 hold"):
        play(SoapyDevice(settings()), make_schedule(), in_blocks(played, 4))


def test_gps_needs_no_lock_where_nothing_follows_it() -> None:
    # Sensors of UHD: a GPSDO that is built in and not used has no antenna.
    assert not is_lock("gps_locked", {"internal"})
    assert is_lock("gps_locked", {"internal", "gpsdo"})
    assert is_lock("ref_locked", {"external"})
    assert not is_lock("gps_time", {"gpsdo"})
