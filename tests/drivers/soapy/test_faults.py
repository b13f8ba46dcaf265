"""Everything that can go wrong on the way, each on purpose, under each policy."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import soapy_faults
from drivers.errors import LinkLostError
from drivers.interface import PlayedBlock
from drivers.lifecycle import DeviceState
from drivers.soapy.device import SoapyDevice
from drivers.soapy.errors import PulseLostError
from tests.drivers.soapy.radios import STEPPED, codes, play, settings

MakeSchedule = Callable[..., Any]
MakeWindows = Callable[..., NDArray[np.complex64]]
InBlocks = Callable[..., Iterator[PlayedBlock]]

PULSES = 60
STRUCK = 23
INTERVAL = 1000

# The radio is opened at tick zero, and the first window stands a tenth of a second later.
FIRST_TICK = 100_000


def at(sample: int) -> str:
    """A fault at a sample of the pulse that is struck; seven samples where it costs any."""
    return f"at={FIRST_TICK + STRUCK * INTERVAL + sample}, samples=7"


@pytest.fixture
def played(make_windows: MakeWindows) -> NDArray[np.complex64]:
    return make_windows(PULSES)


# Fault, further settings of the radio, and the event that it must become.
FAULTS = [
    ("late_transmit", {}, ("late", 0, 64)),
    ("late_transmit", {"late_transmit": "return"}, ("late", 0, 64)),
    ("late_receive", {}, ("late", 0, 64)),
    ("late_receive", {"late_receive": "stream_error"}, ("late", 0, 64)),
    ("overflow", {}, ("overflow", 20, 7)),
    ("drop", {}, ("lost", 20, 7)),
    # The radio tells where the output ran dry, and nothing of where it went on.
    ("underflow", {}, ("underflow", 20, 44)),
    ("timeout", {}, ("timeout", 0, 0)),
]


@pytest.mark.parametrize("streaming", ["bursts", "continuous"])
@pytest.mark.parametrize(("fault", "manner", "event"), FAULTS)
def test_each_is_an_event_on_its_pulse_with_its_samples(
    streaming: str,
    fault: str,
    manner: dict[str, str],
    event: tuple[str, int, int],
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    if streaming == "continuous" and fault in ("late_receive", "timeout"):
        return  # one stream is begun once; its reads do not stand on windows
    sample = 0 if fault == "timeout" else 20
    device = SoapyDevice(
        settings(streaming=streaming, device_settings={f"fault_{fault}": at(sample), **manner})
    )
    result = play(device, make_schedule(PULSES, interval=INTERVAL), in_blocks(played, 7))
    kind, first, samples = event
    assert [(e.kind, e.pulse, e.first_sample, e.samples) for e in result.events] == [
        (kind, STRUCK, first, samples)
    ]
    expected = codes(played)
    expected[STRUCK, first : first + samples] = 0
    np.testing.assert_array_equal(result.samples, expected)
    assert result.told["counts"][kind] == 1


TOUCHING = 64  # samples, and ticks from one window to the next


@pytest.mark.parametrize("on_loss", ["flag", "retry"])
@pytest.mark.parametrize("fault", ["overflow", "drop", "underflow", "late_transmit"])
def test_windows_that_touch_share_a_stream_and_not_their_faults(
    fault: str,
    on_loss: str,
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    # Seven samples from four before the end of a window: the last of it, the first of the next.
    where = f"at={FIRST_TICK + STRUCK * TOUCHING + 60}, samples=7"
    device = SoapyDevice(
        settings(streaming="continuous", on_loss=on_loss, device_settings={f"fault_{fault}": where})
    )
    result = play(device, make_schedule(PULSES, interval=TOUCHING), in_blocks(played, 20))
    expected = codes(played)
    events = [(e.kind, e.pulse, e.first_sample, e.samples) for e in result.events]
    if on_loss == "retry":
        assert events == []
        assert result.told["counts"]["repeats"] >= 2
    elif fault in ("overflow", "drop"):
        kind = "lost" if fault == "drop" else fault
        assert events == [(kind, STRUCK, 60, 4), (kind, STRUCK + 1, 0, 3)]
    else:
        # The radio tells where it ran dry, or what came late; what was written at once with that
        # cannot be told from it, and is at most the rest of the block.
        kind, first = ("underflow", 60) if fault == "underflow" else ("late", 0)
        pulses = [event[1] for event in events]
        assert set(pulses) >= {STRUCK, STRUCK + 1}
        assert pulses == list(range(pulses[0], pulses[-1] + 1))
        assert pulses[0] >= 20 and pulses[-1] < 40
        assert {event[0] for event in events} == {kind}
        if fault == "underflow":
            assert events[0] == (kind, STRUCK, first, TOUCHING - first)
    for _, pulse, start, samples in events:
        expected[pulse, start : start + samples] = 0
    np.testing.assert_array_equal(result.samples, expected)


@pytest.mark.parametrize(("fault", "manner", "event"), FAULTS[:-1])
def test_a_lost_pulse_is_played_again(
    fault: str,
    manner: dict[str, str],
    event: tuple[str, int, int],
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    device = SoapyDevice(
        settings(on_loss="retry", device_settings={f"fault_{fault}": at(20), **manner})
    )
    result = play(device, make_schedule(PULSES, interval=INTERVAL), in_blocks(played, 7))
    assert result.events == []
    np.testing.assert_array_equal(result.samples, codes(played))
    # What happened is told nevertheless.
    assert (result.told["counts"][event[0]], result.told["counts"]["repeats"]) == (1, 1)


def test_what_is_lost_again_and_again_is_flagged(
    played: NDArray[np.complex64], make_schedule: MakeSchedule, in_blocks: InBlocks
) -> None:
    device = SoapyDevice(
        settings(
            on_loss="retry",
            max_repeats=2,
            device_settings={"fault_late_transmit": "probability=1, seed=1"},
        )
    )
    result = play(device, make_schedule(PULSES), in_blocks(played))
    assert [(e.kind, e.pulse) for e in result.events] == [("late", n) for n in range(PULSES)]
    assert result.told["counts"]["repeats"] == 2 * PULSES
    assert not result.samples.any()


@pytest.mark.parametrize(("fault", "manner", "event"), FAULTS[:-1])
def test_abort_names_the_pulse_and_stops(
    fault: str,
    manner: dict[str, str],
    event: tuple[str, int, int],
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    device = SoapyDevice(
        settings(on_loss="abort", device_settings={f"fault_{fault}": at(20), **manner})
    )
    with pytest.raises(PulseLostError, match=rf"pulse {STRUCK} was lost \({event[0]}: "):
        play(device, make_schedule(PULSES, interval=INTERVAL), in_blocks(played, 7))
    assert device.state is DeviceState.STOPPED


@pytest.mark.parametrize("streaming", ["bursts", "continuous"])
def test_partial_writes_leave_no_trace(
    streaming: str,
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    device = SoapyDevice(
        settings(
            streaming=streaming,
            device_settings={"fault_partial_write": "probability=0.5, seed=2"},
        )
    )
    result = play(device, make_schedule(PULSES), in_blocks(played))
    assert result.events == []
    np.testing.assert_array_equal(result.samples, codes(played))
    assert result.told["partial_writes"] > PULSES // 4


@pytest.mark.parametrize("link_lost", ["error", "silence", "zero"])
def test_a_link_that_is_lost_leaves_what_was_recorded(
    link_lost: str, make_schedule: MakeSchedule, make_windows: MakeWindows, in_blocks: InBlocks
) -> None:
    pulses, broken, block = 150, 100, 7
    played, schedule = make_windows(pulses), make_schedule(pulses, interval=INTERVAL)
    asked = {"link_lost": link_lost, "fault_disconnect": f"at={FIRST_TICK + broken * INTERVAL}"}
    device = SoapyDevice(settings(device_settings=asked))
    result = play(device, schedule, in_blocks(played, block))
    lost = [event.pulse for event in result.events]
    assert {event.kind for event in result.events} == {"lost"}
    # From the pulse on which it broke, or from an earlier one whose transmission was not told of
    # any more: four times six pulses are under way at most, and whole blocks of them.
    assert broken - 24 - 3 * block <= lost[0] <= broken
    assert lost == list(range(lost[0], pulses))
    np.testing.assert_array_equal(result.samples[: lost[0]], codes(played)[: lost[0]])
    assert not result.samples[lost[0] :].any()
    assert "the link to the radio is lost" in result.told["link_lost"]


@pytest.mark.parametrize("on_loss", ["retry", "abort"])
def test_a_link_that_is_lost_ends_the_run(
    on_loss: str,
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    device = SoapyDevice(settings(on_loss=on_loss, device_settings={"fault_disconnect": at(20)}))
    with pytest.raises(LinkLostError):
        play(device, make_schedule(PULSES, interval=INTERVAL), in_blocks(played, 7))
    # The next run works.
    device = SoapyDevice(settings(STEPPED))
    result = play(device, make_schedule(PULSES), in_blocks(played))
    np.testing.assert_array_equal(result.samples, codes(played))


@pytest.mark.parametrize("on_loss", ["flag", "retry"])
def test_a_host_that_stops_for_a_while_is_late_and_no_lost_link(
    on_loss: str,
    played: NDArray[np.complex64],
    make_schedule: MakeSchedule,
    in_blocks: InBlocks,
) -> None:
    def blocks() -> Iterator[PlayedBlock]:
        for block in in_blocks(played, 10):
            if block.first_pulse == 40:
                Event().wait(0.5)
            yield block

    # On a clock that runs on its own, and a link that counts as lost after 0.3 s.
    device = SoapyDevice(
        settings(
            "driver=moonecho_loopback",
            on_loss=on_loss,
            max_repeats=50,
            timeout_s=0.1,
        )
    )
    result = play(device, make_schedule(PULSES, interval=3000), blocks())
    assert result.told["link_lost"] is None
    if on_loss == "flag":
        late = {event.pulse for event in result.events if event.kind == "late"}
        # Pulse 40 was due 0.12 s after the first one, and half a second of work came before it.
        assert set(range(41, 50)) <= late
    else:
        assert result.events == []
        np.testing.assert_array_equal(result.samples, codes(played))


def test_many_faults_of_all_kinds_are_all_found() -> None:
    # A hundredth of what benchmarks/soapy_faults.py does, by the same check.
    outcome = soapy_faults.play(20_000, 1_000)
    assert sum(outcome.injected.values()) >= 900
    assert set(outcome.injected) == set(soapy_faults.KINDS)
    assert (outcome.missed, outcome.invented) == ([], [])
    assert (outcome.misplaced, outcome.not_silent) == (0, 0)
