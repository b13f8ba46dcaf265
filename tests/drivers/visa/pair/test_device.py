import gc
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.errors import (
    DeviceSettingsError,
    DeviceStateError,
    DeviceTimeoutError,
    DriverError,
    LinkLostError,
)
from drivers.lifecycle import DeviceState
from drivers.registry import open_device
from drivers.session import session
from drivers.simulators.servers.faults import Fault
from drivers.visa.errors import InstrumentError, WrongInstrumentError
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.pilot import SignalMissingError
from tests.drivers.visa.pair.wired import (
    Wired,
    blocks_of,
    chirps,
    error_db,
    gain_of,
    play,
    schedule,
    wired,
)

pytestmark = pytest.mark.filterwarnings(
    # pyvisa-py leaves sockets to the collector when a connection is refused or lost.
    "ignore:.*unclosed.*socket:ResourceWarning",
    "ignore:.*unclosed.*socket:pytest.PytestUnraisableExceptionWarning",
)

# Of 8 bits at five times the windows' rate, peak 0.7 of 1/1.1 of the range: 6.02 * 8 + 1.76 - 3.9
# less in the noise of the front end, plus 10 log10(rate / (2 * 96e6)). Measured: -42 to -44 dB.
RTO_ERROR_DB = -40.0


@pytest.fixture
def pair() -> Any:
    with wired() as both:
        yield both


def test_windows_come_back_through_a_pair(pair: Wired) -> None:
    windows = chirps(60, 256)
    device = open_device("visa", pair.settings())
    assert isinstance(device, VisaDevice)
    assert device.state is DeviceState.STOPPED
    assert device.capabilities.radiates and not device.capabilities.timed
    assert not pair.outputs_on()
    played = play(device, windows)
    assert error_db(played.windows, windows) < RTO_ERROR_DB
    gain = gain_of(played.windows, windows)
    # 4 GHz of bandwidth take 0.02 % at 100 MHz; marker and signal have the same cable.
    assert abs(gain - 1.0) < 1e-3
    assert not played.events
    assert not pair.outputs_on()
    assert device.state is DeviceState.STOPPED


def test_read_back_tells_all_and_fits_json(pair: Wired) -> None:
    device = VisaDevice(pair.settings())
    told = json.loads(json.dumps(play(device, chirps(10, 256)).told))
    assert told["generator"]["identity"].startswith("Agilent Technologies M8190A")
    plan = told["frequency_plan"]
    assert plan["generator_rate_hz"] == plan["interpolation"] * 96e6
    assert told["parts"] == told["parts_captured"] == 1
    assert told["unit_at_input_v"] == pytest.approx(0.025)
    assert told["commands"]["generator"]["first"]
    assert told["commands"]["digitizer"]["count"] > 10
    low_db, high_db = told["pilots"]["gain_db"]
    assert abs(low_db) < 0.05 and abs(high_db) < 0.05


def test_addresses_of_the_name_take_the_place_of_those_of_the_settings(pair: Wired) -> None:
    device = open_device("visa:" + "+".join(pair.addresses), pair.settings())
    device.ensure_stopped()
    with pytest.raises(WrongInstrumentError, match="exchange the two addresses"):
        open_device("visa:" + "+".join(reversed(pair.addresses)), pair.settings())


@pytest.mark.parametrize("capture", ["record", "segments"])
def test_run_is_cut_into_parts_and_those_into_what_the_memory_takes(capture: str) -> None:
    # At 38 samples of the generator and 20 of the digitizer, or so, for one of a window.
    with wired(generator_samples=400_000, digitizer_samples=150_000) as pair:
        windows = chirps(70, 256)
        values: dict[str, Any] = {"capture": capture}
        played = play(VisaDevice(pair.settings(**values)), windows)
    assert played.told["parts"] > 2
    assert played.told["uploads_played_in_batches"] > 1
    assert played.told["parts"] == played.told["parts_captured"]
    assert error_db(played.windows, windows) < RTO_ERROR_DB
    # Every part in its place: one wrong window has an error of 0 dB.
    for row in range(0, 70, 7):
        assert error_db(played.windows[row : row + 1], windows[row : row + 1]) < RTO_ERROR_DB + 6.0


def test_i_and_q_at_outputs_of_their_own(pair: Wired) -> None:
    windows = chirps(20, 256)
    channels = {"output_channels": (1, 2), "input_channels": (1, 2)}
    played = play(VisaDevice(pair.settings(signal="iq", **channels)), windows)
    assert error_db(played.windows, windows) < RTO_ERROR_DB
    assert abs(gain_of(played.windows, windows) - 1.0) < 1e-3


def test_clocks_that_differ_are_told_and_warned_of() -> None:
    windows = chirps(60, 256)
    settings: dict[str, Any] = {"clock_reference": "internal", "frequency_hz": 96e6}
    with wired(clock_error_ppm=3.0) as pair:
        told = play(VisaDevice(pair.settings(**settings)), windows).told
        settings["capture"] = "segments"
        anew = play(VisaDevice(pair.settings(**settings)), windows).told
    # Between the pilots the digitizer, whose interval is longer than it says, falls behind: the
    # signal comes sooner.
    slip_s = 3e-6 * 61 * told["period_samples"] / 96e6
    assert told["pilots"]["phase_drift_deg"][0] == pytest.approx(360.0 * 96e6 * slip_s, abs=0.3)
    # 0.06 samples; a parabola is good to 0.05, and two of them within a sample to 0.02.
    assert told["pilots"]["delay_drift_s"][0] == pytest.approx(-slip_s, abs=0.02 / 96e6)
    assert "clocks of generator and digitizer differ" in told["warning"]
    # A trigger for each window: 2 ps of jitter are 0.07 degrees.
    assert abs(anew["pilots"]["phase_drift_deg"][0]) < 1.0
    assert "warning" not in anew


def test_known_skew_is_taken_out_and_the_pilot_tells_it() -> None:
    windows = chirps(20, 256)
    with wired(delay_s=12.3e-9) as pair:
        blind = play(VisaDevice(pair.settings()), windows)
        # 7.3 ns more than the marker's cable; a parabola over a peak is good to 0.05 samples.
        assert blind.told["pilots"]["delay_s"][0] == pytest.approx(7.3e-9, abs=0.05 / 96e6)
        played = play(VisaDevice(pair.settings(trigger_skew_s=7.3e-9)), windows)
    assert abs(gain_of(played.windows, windows) - 1.0) < 2e-3
    assert error_db(played.windows, windows) < RTO_ERROR_DB


@pytest.mark.parametrize("capture", ["record", "segments"])
def test_parts_join_coherently_whatever_phase_the_carrier_has(capture: str) -> None:
    windows = chirps(30, 256)
    carrier: dict[str, Any] = {
        "signal": "modulated",
        "frequency_hz": 150e6,
        "output_power_dbm": 0.0,
        "capture": capture,
    }
    # 2 ns more than the marker's cable: 108 degrees of the carrier, 0.19 samples of the envelope.
    with wired(digitizer_samples=20_000, delay_s=7e-9, modulator=True) as pair:
        played = play(VisaDevice(pair.settings(**carrier)), windows)
    assert played.told["parts"] > 1
    # The oscillator runs through: every part begins with another phase.
    phases_deg = played.told["pilots"]["by_part"]["phase_deg"]
    assert max(phases_deg) - min(phases_deg) > 90.0
    assert played.told["pilots"]["delay_s"][0] == pytest.approx(2e-9, abs=0.05 / 96e6)
    # What is left is the delay of the envelope; the mean over the band has no phase.
    assert abs(np.angle(gain_of(played.windows, windows))) < math.radians(1.0)
    # And of every window by itself, 0.7 degrees of which are noise and jitter.
    for row in range(30):
        phase = np.angle(gain_of(played.windows[row : row + 1], windows[row : row + 1]))
        assert abs(phase) < math.radians(2.0)


def test_clipping_at_either_end_is_told_by_pulse(pair: Wired) -> None:
    windows = chirps(12, 256)
    windows[3] *= 1.6
    events = play(VisaDevice(pair.settings()), windows).events
    assert {(event.kind, event.pulse) for event in events} >= {("clipped_dac", 3)}
    assert {event.pulse for event in events} == {3}
    windows = chirps(12, 256)
    windows[::2] *= 0.2
    # A tenth of what is played: every loud window, and the pilot, which is nobody's pulse.
    small = play(VisaDevice(pair.settings(input_full_scale_v=0.01)), windows)
    assert {event.kind for event in small.events} == {"clipped_adc"}
    assert {event.pulse for event in small.events} == set(range(1, 12, 2))
    for event in small.events:
        assert event.first_sample >= 0
        assert event.first_sample + event.samples <= 256


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"transmit": False}, "no leave to transmit"),
        ({"attenuation_db": None}, "no attenuation is stated"),
        ({"output_peak_v": 0.35, "attenuation_db": 0.0, "max_input_v": 0.3}, "above max_input_v"),
        ({"generator_rate_hz": 400e6}, "generator_rate_hz = 4e\\+08"),
        ({"frequency_hz": 20e6}, "frequency_hz = 2e\\+07"),
        ({"guard_samples": 10}, "guard_samples = 10"),
        (
            {"signal": "modulated", "frequency_hz": 7e9, "output_power_dbm": 0.0},
            "signal = 'modulated' on|frequency_hz = 7e\\+09",
        ),
    ],
)
def test_refused_before_anything_is_on(pair: Wired, values: dict[str, Any], message: str) -> None:
    with pytest.raises(DeviceSettingsError, match=message):
        play(VisaDevice(pair.settings(**values)), chirps(4, 256))
    assert not pair.outputs_on()


def test_trigger_that_does_not_come_is_named(pair: Wired) -> None:
    # Nothing is wired to input 3.
    settings = pair.settings(trigger_input="channel 3", timeout_s=0.5)
    with pytest.raises(DeviceTimeoutError, match=r"marker 1 .* 'channel 3' .* trigger_level_v"):
        play(VisaDevice(settings), chirps(4, 256))
    assert not pair.outputs_on()


def test_signal_that_does_not_come_is_named(pair: Wired) -> None:
    with pytest.raises(SignalMissingError, match="input_channels"):
        play(VisaDevice(pair.settings(input_channels=(3,))), chirps(4, 256))
    assert not pair.outputs_on()


def test_upload_that_takes_too_long_is_ended(pair: Wired) -> None:
    settings = pair.settings(upload_timeout_s=0.1)
    with pytest.raises(DeviceTimeoutError, match=r"upload_timeout_s = 0\.1"):
        play(VisaDevice(settings), chirps(20_000, 256))
    assert not pair.outputs_on()


def test_uploads_and_read_outs_are_told(pair: Wired) -> None:
    device = VisaDevice(pair.settings())
    seen: dict[str, tuple[int, int]] = {}
    device.on_progress = lambda what, done, total: seen.update({what: (done, total)})
    play(device, chirps(30, 256))
    assert set(seen) == {"upload part 1 of 1", "read out part 1 of 1"}
    for done, total in seen.values():
        assert done == total > 0


def test_samples_that_are_no_numbers_never_leave(pair: Wired) -> None:
    windows = chirps(8, 256)
    windows[6, 3] = math.inf
    with pytest.raises(DriverError, match="pulse 6 hold a value that is not a number"):
        play(VisaDevice(pair.settings()), windows)
    assert not pair.outputs_on()


def test_device_can_be_used_again(pair: Wired) -> None:
    device = VisaDevice(pair.settings())
    for seed in (1, 2):
        windows = chirps(8, 256, seed)
        assert error_db(play(device, windows).windows, windows) < RTO_ERROR_DB
    device.ensure_stopped()
    with pytest.raises(DeviceStateError, match="call ensure_ready"):
        device.prepare(schedule(8, 256))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_outputs_go_off_when_the_run_is_left(error: type[BaseException]) -> None:
    with wired(generator_samples=400_000, digitizer_samples=150_000) as pair:
        windows = chirps(60, 256)
        device = VisaDevice(pair.settings())
        with pytest.raises(error), session(device, schedule(60, 256)) as armed:
            for _ in armed.exchange(blocks_of(windows)):
                assert pair.outputs_on()
                raise error
        assert not pair.outputs_on()
        device.ensure_stopped()  # once more does no harm


@pytest.mark.parametrize(
    ("who", "header", "kind", "error"),
    [
        (0, ":TRAC1:DATA", "drop", LinkLostError),
        (0, "INIT", "error", InstrumentError),
        (1, "DATA:VAL?", "silent", DeviceTimeoutError),
        (1, "RUNS", "reboot", LinkLostError),
    ],
)
def test_fault_ends_in_its_error_with_outputs_off(
    pair: Wired, who: int, header: str, kind: Any, error: type[DriverError]
) -> None:
    pair.servers[who].inject(Fault(kind, on=header))
    windows = chirps(20, 256)
    with pytest.raises(error):
        play(VisaDevice(pair.settings(timeout_s=0.5)), windows)
    assert not pair.outputs_on()
    # And the next run goes through.
    played = play(VisaDevice(pair.settings()), windows)
    assert error_db(played.windows, windows) < RTO_ERROR_DB
    gc.collect()  # of what pyvisa-py leaves, while the warning is filtered


_CHILD = """
    import sys, threading
    from drivers.session import session
    from drivers.visa.pair.device import VisaDevice
    from drivers.visa.pair.settings import VisaSettings
    from tests.drivers.visa.pair.wired import blocks_of, chirps, schedule

    device = VisaDevice(VisaSettings(sys.argv[1], sys.argv[2], transmit=True, attenuation_db=20.0))
    with session(device, schedule(60, 256)) as armed:
        for block in armed.exchange(blocks_of(chirps(60, 256))):
            print("playing", flush=True)
            threading.Event().wait(60.0)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_in_the_middle_of_playback_switches_outputs_off(number: signal.Signals) -> None:
    root = Path(__file__).resolve().parents[4]
    with wired(generator_samples=400_000, digitizer_samples=150_000) as pair:
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_CHILD), *pair.addresses],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"playing\n", child.communicate()[1].decode()
            assert pair.outputs_on()
            child.send_signal(number)
            child.communicate(timeout=20.0)
        finally:
            child.kill()
            child.wait()
        assert child.returncode != 0
        assert not pair.outputs_on()


_CUT_CHILD = """
    import os, signal, sys, threading
    from drivers.ending_signals import ending_signals_raise
    from drivers.errors import SessionTerminated
    from drivers.session import session
    from drivers.visa.pair.device import VisaDevice
    from drivers.visa.pair.settings import VisaSettings
    from tests.drivers.visa.pair.wired import blocks_of, chirps, schedule

    first, second = (getattr(signal, name) for name in sys.argv[3:])

    def end_twice(log):
        begun = log.count
        os.kill(os.getpid(), first)
        # The stop sends this as its first command, and then waits for an answer.
        while not any(
            entry.direction == "sent" and entry.text.startswith(":OUTP1 OFF")
            for entry in log.entries[begun:]
        ):
            threading.Event().wait(0.01)
        threading.Event().wait(0.1)
        os.kill(os.getpid(), second)

    with ending_signals_raise():
        device = VisaDevice(
            VisaSettings(sys.argv[1], sys.argv[2], transmit=True, attenuation_db=20.0)
        )
        with session(device, schedule(60, 256)) as armed:
            for block in armed.exchange(blocks_of(chirps(60, 256))):
                print("playing", flush=True)
                sys.stdin.readline()
                ender = threading.Thread(target=end_twice, args=(device.generator_log,))
                ender.start()
                threading.Event().wait(60.0)
"""


@pytest.mark.parametrize("names", [("SIGTERM", "SIGINT"), ("SIGINT", "SIGTERM")])
def test_second_signal_does_not_cut_the_stop_short(names: tuple[str, str]) -> None:
    root = Path(__file__).resolve().parents[4]
    with wired(generator_samples=400_000, digitizer_samples=150_000) as pair:
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_CUT_CHILD), *pair.addresses, *names],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"playing\n", child.communicate()[1].decode()
            assert pair.outputs_on()
            # Lost when the connection goes before it is done.
            pair.servers[0].inject(Fault("slow", on=":OUTP1 OFF", seconds=1.0))
            _, told = child.communicate(b"\n", timeout=20.0)
        finally:
            child.kill()
            child.wait()
        # The first one raised, and nothing but it.
        kind = {"SIGTERM": "SessionTerminated", "SIGINT": "KeyboardInterrupt"}[names[0]]
        assert told.decode().strip().splitlines()[-1].split(":")[0].endswith(kind)
        assert told.count(b"Traceback") == 1
        assert not pair.outputs_on()


def test_windows_without_an_echo_come_back_empty(pair: Wired) -> None:
    windows = np.zeros((5, 256), np.complex64)
    back = play(VisaDevice(pair.settings()), windows).windows
    # Noise of the front end and of 8 bits is about half a code; a code is 2.2 units / 256.
    assert np.sqrt(np.mean(np.abs(back) ** 2)) < 2.2 / 256
