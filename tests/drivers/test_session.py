import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.errors import DeviceSettingsError, DriverError, SessionTerminated
from drivers.interface import CapturedBlock, Device, PlayedBlock
from drivers.lifecycle import DeviceState
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings
from drivers.session import session

ROOT = Path(__file__).parents[2]


@pytest.fixture
def device() -> LoopbackDevice:
    return LoopbackDevice(LoopbackSettings(dac_bits=14, adc_bits=12))


@pytest.fixture
def schedule(make_schedule: Callable[..., Any]) -> Any:
    return make_schedule()


@pytest.fixture
def blocks(
    in_blocks: Callable[..., Iterator[PlayedBlock]], make_windows: Callable[..., Any]
) -> Iterator[PlayedBlock]:
    return in_blocks(make_windows())


def test_gives_back_every_pulse_and_stops(
    device: LoopbackDevice, schedule: Any, blocks: Iterator[PlayedBlock]
) -> None:
    with session(device, schedule) as run:
        states = [device.state]
        captured = list(run.exchange(blocks))
        states.append(device.state)
        assert run.read_back()["sample_rate_hz"] == schedule.sample_rate_hz
    assert [block.first_pulse for block in captured] == [0, 4, 8]
    assert sum(block.pulses for block in captured) == schedule.pulses
    states.append(device.state)
    assert states == [DeviceState.ARMED, DeviceState.READY, DeviceState.STOPPED]


def test_device_can_be_used_again(
    device: LoopbackDevice, schedule: Any, in_blocks: Callable[..., Any], make_windows: Any
) -> None:
    for _ in range(2):
        with session(device, schedule) as run:
            assert sum(b.pulses for b in run.exchange(in_blocks(make_windows()))) == schedule.pulses


class SomeError(Exception):
    pass


@pytest.mark.parametrize("failure", [SomeError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_stops_on_any_exception_and_passes_it_on(
    failure: type[BaseException],
    device: LoopbackDevice,
    schedule: Any,
    blocks: Iterator[PlayedBlock],
) -> None:
    with pytest.raises(failure), session(device, schedule) as run:
        for _ in run.exchange(blocks):
            assert device.state is DeviceState.EXCHANGING
            raise failure
    assert device.state is DeviceState.STOPPED


def test_stops_when_left_early(
    device: LoopbackDevice, schedule: Any, blocks: Iterator[PlayedBlock]
) -> None:
    with session(device, schedule) as run:
        next(run.exchange(blocks))
    assert device.state is DeviceState.STOPPED


def test_stops_when_the_blocks_fail(device: LoopbackDevice, schedule: Any) -> None:
    def failing() -> Iterator[PlayedBlock]:
        yield PlayedBlock(0, np.zeros((4, schedule.window_samples), np.complex64))
        raise SomeError

    with pytest.raises(SomeError), session(device, schedule) as run:
        list(run.exchange(failing()))
    assert device.state is DeviceState.STOPPED


def test_stops_when_the_set_up_fails(
    device: LoopbackDevice, make_schedule: Callable[..., Any]
) -> None:
    with pytest.raises(DeviceSettingsError), session(device, make_schedule(10, 2000)):
        pytest.fail("armed a schedule whose windows overlap")
    assert device.state is DeviceState.STOPPED


ENDING = [
    (signal.SIGINT, KeyboardInterrupt),
    (signal.SIGTERM, SessionTerminated),
    (signal.SIGHUP, SessionTerminated),
]


@pytest.mark.parametrize(("number", "exception"), ENDING)
def test_signal_becomes_an_exception_and_handlers_come_back(
    number: signal.Signals,
    exception: type[KeyboardInterrupt],
    device: LoopbackDevice,
    schedule: Any,
    blocks: Iterator[PlayedBlock],
) -> None:
    before = {one: signal.getsignal(one) for one, _ in ENDING}
    with pytest.raises(exception), session(device, schedule) as run:
        for _ in run.exchange(blocks):
            signal.raise_signal(number)
    assert device.state is DeviceState.STOPPED
    assert {one: signal.getsignal(one) for one, _ in ENDING} == before


def test_second_signal_does_not_cut_the_way_out_short(
    device: LoopbackDevice, schedule: Any
) -> None:
    cleaned_up = False
    with pytest.raises(SessionTerminated), session(device, schedule):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            cleaned_up = True
    assert cleaned_up
    assert device.state is DeviceState.STOPPED


def test_handler_of_the_application_is_left_alone(device: LoopbackDevice, schedule: Any) -> None:
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        with session(device, schedule):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]


def test_works_outside_the_main_thread(
    device: LoopbackDevice, schedule: Any, blocks: Iterator[PlayedBlock]
) -> None:
    captured: list[CapturedBlock] = []

    def use() -> None:
        with session(device, schedule) as run:
            captured.extend(run.exchange(blocks))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert sum(block.pulses for block in captured) == schedule.pulses
    assert device.state is DeviceState.STOPPED


SCRIPT = """
import signal, sys
import numpy as np
from drivers.errors import SessionTerminated
from drivers.interface import PlayedBlock
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings
from drivers.session import session

class Schedule:
    sample_rate_hz, window_samples, pulses = 1e6, 8, 2
    transmit_tick = window_start_tick = np.array([0, 100])

device = LoopbackDevice(LoopbackSettings(None, None))
try:
    with session(device, Schedule()) as run:
        for _ in run.exchange([PlayedBlock(0, np.zeros((2, 8), np.complex64))]):
            print("playing", flush=True)
            while True:
                signal.pause()
except KeyboardInterrupt as stop:
    print(device.state, flush=True)
    sys.exit(stop.exit_code if isinstance(stop, SessionTerminated) else 130)
"""


@pytest.mark.parametrize("number", [number for number, _ in ENDING])
def test_process_that_is_told_to_end_stops_the_device_first(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "playing\n"
        process.send_signal(number)
        told, _ = process.communicate(timeout=60)
    assert told == "stopped\n"
    assert process.returncode == 128 + number


MIXED = """
import os, signal, sys
import numpy as np
from drivers.ending_signals import ending_signals_raise
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings
from drivers.session import session

first, *others = (getattr(signal, name) for name in sys.argv[1:])

class Schedule:
    sample_rate_hz, window_samples, pulses = 1e6, 8, 2
    transmit_tick = window_start_tick = np.array([0, 100])

class Interrupted(LoopbackDevice):
    def ensure_stopped(self):
        for number in others:
            os.kill(os.getpid(), number)
        super().ensure_stopped()
        print("stopped")

with ending_signals_raise():
    with session(Interrupted(LoopbackSettings(None, None)), Schedule()):
        os.kill(os.getpid(), first)
        signal.pause()
"""


@pytest.mark.parametrize(
    "names", list(itertools.permutations(("SIGINT", "SIGTERM", "SIGHUP"))), ids="-".join
)
def test_only_the_first_of_several_signals_raises(names: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MIXED, *names],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "stopped\nstopped\n"
    assert done.stderr.count("Traceback") == 1
    # An uncaught interrupt ends the interpreter by SIGINT itself, whatever its class.
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("KeyboardInterrupt" if names[0] == "SIGINT" else names[0])


def test_once_answered_the_next_use_can_be_ended_too(device: LoopbackDevice, schedule: Any) -> None:
    for _ in range(2):
        with pytest.raises(SessionTerminated), session(device, schedule):
            signal.raise_signal(signal.SIGTERM)


class FaultyDevice(LoopbackDevice):
    """Breaks the promise to give each pulse back once."""

    def __init__(self, fault: Callable[[list[CapturedBlock]], list[CapturedBlock]]) -> None:
        super().__init__(LoopbackSettings(None, None))
        self._fault = fault

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        return iter(self._fault(list(super().exchange(blocks))))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda blocks: blocks[:-1], "gave back 8 of 10 pulses"),
        (lambda blocks: [blocks[0], blocks[2]], "gave back pulse 8 where pulse 4 was due"),
        (lambda blocks: [*blocks, blocks[-1]], "gave back pulse 8 where pulse 10 was due"),
    ],
    ids=["last missing", "one missing", "one twice"],
)
def test_device_that_loses_or_repeats_pulses_is_found_out(
    fault: Callable[[list[CapturedBlock]], list[CapturedBlock]],
    message: str,
    schedule: Any,
    blocks: Iterator[PlayedBlock],
) -> None:
    device: Device = FaultyDevice(fault)
    with pytest.raises(DriverError, match=message), session(device, schedule) as run:
        list(run.exchange(blocks))
