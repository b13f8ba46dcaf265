import numpy as np
import pytest

from drivers.soapy.errors import PulseLostError
from drivers.soapy.ledger import Block, Burst, Fault, Ledger
from drivers.soapy.settings import OnLoss

WINDOW = 8
INTERVAL = 100


def under_way(
    pulses: int = 4, on_loss: OnLoss = "flag", max_repeats: int = 1
) -> tuple[Ledger, Block, list[Burst]]:
    """A block whose bursts were all launched, with ones received."""
    block = Block(
        first_pulse=10,
        played=np.ones((pulses, 2 * WINDOW), np.int16),
        received=np.ones((pulses, 2 * WINDOW), np.int16),
        offset=np.arange(pulses, dtype=np.int64) * INTERVAL,
        last=True,
        unsettled=pulses,
        settled=np.zeros(pulses, np.bool_),
    )
    ledger = Ledger(on_loss, max_repeats)
    bursts = [Burst(row, block, row, 0, 1000 + row * INTERVAL) for row in range(pulses)]
    for burst in bursts:
        ledger.launch(burst)
    return ledger, block, bursts


def test_a_burst_is_settled_once_it_was_received_and_is_past_complaint() -> None:
    ledger, block, bursts = under_way()
    ledger.receive(bursts[0])
    ledger.receive(bursts[1])
    assert block.unsettled == 4
    ledger.acknowledge(bursts[0].tick + WINDOW)  # the time just after it
    assert block.unsettled == 3
    ledger.acknowledge(None)  # of the next one
    assert block.unsettled == 2
    ledger.cover(bursts[3].serial)
    assert block.unsettled == 2
    ledger.receive(bursts[3])
    assert block.unsettled == 2  # in order
    ledger.receive(bursts[2])
    assert block.unsettled == 0
    assert ledger.idle
    assert ledger.wait_for(block, 0.0)


@pytest.mark.parametrize(
    ("tick", "whole", "pulse", "first", "samples"),
    [
        (1100, True, 11, 0, 8),
        (1103, False, 11, 3, 5),
        (1103, True, 11, 0, 8),
        (1150, False, 11, 8, 0),  # in the silence behind it: nothing was lost
        (5000, False, 13, 8, 0),
    ],
)
def test_complaints_go_to_the_burst_of_their_tick(
    tick: int, whole: bool, pulse: int, first: int, samples: int
) -> None:
    ledger, block, bursts = under_way()
    ledger.fault_at(tick, "underflow", "why", whole=whole)
    for burst in bursts:
        ledger.receive(burst)
    ledger.cover(bursts[-1].serial)
    (event,) = block.events
    assert (event.pulse, event.first_sample, event.samples) == (pulse, first, samples)
    silent = block.received[pulse - 10].reshape(-1, 2)
    assert not silent[first : first + samples].any()
    assert silent[:first].all() and silent[first + samples :].all()


def test_complaints_about_windows_that_touch_are_told_of_each() -> None:
    ledger, block, _ = under_way(pulses=6, on_loss="retry", max_repeats=0)
    burst = Burst(9, block, 1, 0, 9000, rows=4)
    ledger.launch(burst)
    ledger.fault_at(9000 + WINDOW + 3, "underflow", "why", whole=False)
    burst.faults.append(Fault("timeout", 2 * WINDOW, 0, "why"))
    burst.faults.append(Fault("timeout", 4 * WINDOW, 0, "at its end"))
    assert burst.faults_by_row() == {
        2: [Fault("underflow", 3, 5, "why")],
        3: [Fault("underflow", 0, 8, "why"), Fault("timeout", 0, 0, "why")],
        4: [Fault("underflow", 0, 8, "why"), Fault("timeout", 8, 0, "at its end")],
    }


def test_of_windows_that_touch_only_the_lost_ones_are_played_again() -> None:
    ledger, block, bursts = under_way(pulses=4, on_loss="retry")
    for burst in bursts:
        burst.received = True
    ledger.cover(bursts[-1].serial)
    block.unsettled, block.settled[:] = 4, False
    burst = Burst(9, block, 0, 0, 9000, rows=4, faults=[Fault("lost", 14, 4, "why")])
    ledger.launch(burst)
    ledger.receive(burst)
    ledger.cover(burst.serial)
    assert list(ledger.repeats) == [(block, 1, 1), (block, 2, 1)]
    assert block.unsettled == 2
    assert block.settled.tolist() == [True, False, False, True]
    assert block.events == []


def test_a_complaint_before_all_bursts_is_counted() -> None:
    ledger, _, bursts = under_way()
    ledger.fault_at(10, "underflow", "why", whole=False)
    assert all(not burst.faults for burst in bursts)
    assert ledger.counts["complaints_without_a_pulse"] == 1


def test_a_complaint_without_a_time_goes_to_the_oldest_that_can_have_it() -> None:
    ledger, _, bursts = under_way()
    ledger.cover(bursts[1].serial)
    ledger.fault_unplaced("late", "why")
    assert [len(burst.faults) for burst in bursts] == [0, 0, 1, 0]


def test_lost_pulses_wait_to_be_played_again_as_often_as_is_allowed() -> None:
    ledger, block, bursts = under_way(pulses=1, on_loss="retry", max_repeats=1)
    bursts[0].faults.append(Fault("lost", 2, 3, "why"))
    ledger.receive(bursts[0])
    ledger.cover(0)
    assert not ledger.idle
    assert (list(ledger.repeats), block.unsettled, block.events) == ([(block, 0, 1)], 1, [])
    assert not block.received.any()
    ledger.repeats.clear()
    again = Burst(1, block, 0, 1, 5000, faults=[Fault("lost", 2, 3, "why")])
    ledger.launch(again)
    ledger.receive(again)
    ledger.cover(1)
    assert (ledger.idle, block.unsettled, len(block.events)) == (True, 0, 1)


def test_what_cost_nothing_is_not_played_again() -> None:
    ledger, block, bursts = under_way(pulses=1, on_loss="retry")
    bursts[0].faults.append(Fault("timeout", 2, 0, "why"))
    ledger.receive(bursts[0])
    ledger.cover(0)
    assert [(e.kind, e.samples) for e in block.events] == [("timeout", 0)]
    assert block.received.all()


def test_abort_fails_with_the_pulse() -> None:
    ledger, block, bursts = under_way(on_loss="abort")
    ledger.fault_at(1200, "late", "why", whole=True)
    for burst in bursts:
        ledger.receive(burst)
    ledger.cover(bursts[-1].serial)
    assert isinstance(ledger.failure, PulseLostError)
    assert "pulse 12 was lost (late: why)" in str(ledger.failure)
    assert ledger.wait_for(block, 0.0)
