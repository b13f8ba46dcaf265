"""Whatever goes wrong has a name and an end, and what is said next is understood."""

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from drivers.errors import DeviceTimeoutError, DriverError, LinkLostError
from drivers.simulators.servers.faults import Fault
from drivers.visa.errors import AnswerError, InstrumentError, LinkInterruptedError
from drivers.visa.link import Link
from tests.drivers.visa.link.store import Bench, served

# For what never comes; everything else has 2 s, which a busy machine keeps.
SHORT_S = 0.2


def test_a_slow_answer_is_not_that_of_the_next_question(bench: Bench) -> None:
    _, server, link = bench
    server.inject(Fault("slow", on="late", seconds=0.5))
    with pytest.raises(DeviceTimeoutError, match=r"127\.0\.0\.1"):
        link.query('TEXT? "late"', timeout_s=SHORT_S)
    assert not link.lost
    assert [link.query(f'TEXT? "{n}"') for n in range(3)] == ["0", "1", "2"]


def test_an_answer_that_came_all_the_same_is_not_that_of_the_next_question(bench: Bench) -> None:
    _, _, link = bench
    # Given up by us just after the question, so that its answer is on its way to us.
    with pytest.raises(KeyboardInterrupt), link._line.exchange("interrupted") as transport:
        transport.write(memoryview(b'TEXT? "old"\n'), last=True, timeout_s=1.0)
        threading.Event().wait(0.1)
        raise KeyboardInterrupt
    assert link.query('TEXT? "new"') == "new"


def test_a_slow_answer_within_its_time_is_taken(bench: Bench) -> None:
    _, server, link = bench
    server.inject(Fault("slow", on="TEXT", seconds=0.5))
    assert link.query('TEXT? "patience"', timeout_s=5.0) == "patience"


@pytest.mark.parametrize("command", ['TEXT? "a"', 'BLOC? "a"'])
def test_silence_ends_at_the_deadline(bench: Bench, command: str) -> None:
    _, server, link = bench
    link.write_block('BLOC "a",', bytes(1000))
    server.inject(Fault("silent", on=command))
    ask = link.query if command.startswith("TEXT") else link.query_block
    with pytest.raises(DeviceTimeoutError), link.operation("ask"):
        ask(command, timeout_s=SHORT_S)
    assert not link.lost
    assert link.query('TEXT? "next"') == "next"


def test_garbage_is_no_answer(bench: Bench) -> None:
    _, server, link = bench
    link.write_block('BLOC "a",', bytes(1000))
    server.inject(Fault("garbage", on="TEXT"))
    with pytest.raises(AnswerError, match="TEXT"), link.operation("ask"):
        link.query('TEXT? "sense"')
    server.inject(Fault("garbage", on="BLOC?"))
    with pytest.raises((AnswerError, DeviceTimeoutError)), link.operation("ask"):
        link.query_block('BLOC? "a"', timeout_s=SHORT_S)
    server.inject(Fault("garbage", on="ERR"))
    with pytest.raises(AnswerError), link.operation("ask"):
        link.write("OUTP OFF")
    assert link.query('TEXT? "next"') == "next"


def test_a_block_that_ends_before_its_length(bench: Bench) -> None:
    store, server, link = bench
    store.blocks["a"] = bytes(5_000_000)
    server.inject(Fault("wrong-length", on="BLOC?"))
    # HiSLIP has an end of messages; on a raw socket only time tells.
    ends = link.address.endswith("INSTR")
    with pytest.raises(AnswerError if ends else DeviceTimeoutError), link.operation("fetch"):
        link.query_block('BLOC? "a"', timeout_s=SHORT_S)
    with link.operation("fetch"):
        assert link.query_block('BLOC? "a"') == store.blocks["a"]


def test_an_error_in_the_queue_is_raised(bench: Bench) -> None:
    _, server, link = bench
    server.inject(Fault("error", on="OUTP", code=-310))
    with pytest.raises(InstrumentError, match="-310") as caught, link.operation("switch"):
        link.write("OUTP OFF")
    assert caught.value.command == "OUTP OFF"


@pytest.mark.parametrize("kind", ["drop", "reboot"])
def test_a_link_that_drops_is_lost_until_it_is_connected_to_anew(bench: Bench, kind: str) -> None:
    _, server, link = bench
    link.write("OUTP ON")
    server.inject(
        Fault("drop", on="TEXT") if kind == "drop" else Fault("reboot", on="TEXT", seconds=0.2)
    )
    with pytest.raises(LinkLostError), link.operation("ask"):
        link.query('TEXT? "anyone"')
    assert link.lost
    # What was set may be gone: nothing goes on as if nothing had happened.
    with pytest.raises(LinkLostError, match="reconnect"):
        link.write("OUTP ON")
    link.reconnect()
    assert not link.lost
    assert link.query('TEXT? "back"') == "back"


@pytest.mark.parametrize("kind", ["drop", "reboot"])
def test_outputs_are_switched_off_over_a_link_that_was_lost(bench: Bench, kind: str) -> None:
    store, server, link = bench
    link.write("OUTP ON")
    server.inject(
        Fault("drop", on="TEXT") if kind == "drop" else Fault("reboot", on="TEXT", seconds=0.2)
    )
    with pytest.raises(LinkLostError):
        link.query('TEXT? "anyone"')
    with link.urgent():
        assert link.query("OUTP OFF;*OPC?") == "1"
    assert not store.output_on


def test_an_instrument_that_stays_away_is_lost() -> None:
    with served("hislip") as (_, _, address):
        link = Link(address, timeout_s=0.3)
    with pytest.raises(LinkLostError):
        link.query('TEXT? "anyone"')
    assert link.lost
    with pytest.raises(LinkLostError):
        link.reconnect()
    with pytest.raises(LinkLostError), link.urgent():
        link.write("OUTP OFF")
    link.close()


def test_an_upload_into_a_dead_link(bench: Bench) -> None:
    _, server, link = bench

    def dying() -> Iterator[bytes]:
        yield bytes(1 << 20)
        server.close()
        for _ in range(200):
            yield bytes(1 << 20)

    with pytest.raises((LinkLostError, DeviceTimeoutError)), link.operation("upload"):
        link.write_block('BLOC "a",', dying(), size=201 << 20)
    assert link.lost


def test_an_interrupted_upload_leaves_way_for_switching_off(bench: Bench) -> None:
    store, _, link = bench
    link.write("OUTP ON")

    def interrupted(done: int, whole: int) -> None:
        if 2 * done > whole:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), link.operation("upload"):
        link.write_block('BLOC "a",', bytes(4 << 20), progress=interrupted)
    with link.urgent():
        link.write("OUTP OFF")
        assert link.query("*OPC?") == "1"
    assert not store.output_on
    assert store.blocks == {}


def test_a_signal_in_the_middle_of_a_piece_too(bench: Bench) -> None:
    store, _, link = bench
    link.write("OUTP ON")
    main = threading.main_thread().ident
    assert main is not None

    def strike(_: int, frame: FrameType | None) -> None:
        # While a piece is sent: an exception elsewhere could be lost in a finalizer.
        if frame is not None and frame.f_code.co_name in ("send_msg", "write"):
            raise KeyboardInterrupt
        threading.Timer(0.001, signal.pthread_kill, (main, signal.SIGINT)).start()

    previous = signal.signal(signal.SIGINT, strike)
    try:
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            link.write_block('BLOC "a",', (bytes(1 << 20) for _ in range(900)), size=900 << 20)
    finally:
        signal.signal(signal.SIGINT, previous)
    with link.urgent():
        link.write("OUTP OFF")
        assert link.query("*OPC?") == "1"
    assert not store.output_on
    assert store.blocks == {}


def test_an_upload_in_another_thread_gives_way(bench: Bench) -> None:
    store, _, link = bench
    link.write("OUTP ON")
    begun, failed = threading.Event(), threading.Event()
    errors: list[DriverError] = []

    def endless() -> Iterator[bytes]:
        for _ in range(900):
            yield bytes(1 << 20)
            begun.set()
            failed.wait(0.01)

    def upload() -> None:
        try:
            with link.operation("upload"):
                link.write_block('BLOC "a",', endless(), size=900 << 20)
        except DriverError as error:
            errors.append(error)
            failed.set()

    worker = threading.Thread(target=upload)
    worker.start()
    assert begun.wait(10.0)
    with link.urgent():
        link.write("OUTP OFF")
        assert link.query("*OPC?") == "1"
    worker.join(timeout=10.0)
    assert not store.output_on
    assert [type(error) for error in errors] == [LinkInterruptedError]
    # The link is there for what follows.
    assert link.query("OUTP?") == "0"


def test_a_long_question_in_another_thread_is_broken_off(bench: Bench) -> None:
    store, server, link = bench
    link.write("OUTP ON")
    server.inject(Fault("slow", on="TEXT", seconds=20.0))
    errors: list[DriverError] = []
    asked = threading.Event()

    def ask() -> None:
        asked.set()
        try:
            link.query('TEXT? "endless"', timeout_s=20.0)
        except DriverError as error:
            errors.append(error)

    worker = threading.Thread(target=ask)
    worker.start()
    assert asked.wait(10.0)
    threading.Event().wait(0.1)
    with link.urgent(patience_s=0.2):
        link.write("OUTP OFF")
        assert link.query("*OPC?") == "1"
    worker.join(timeout=10.0)
    assert not store.output_on
    assert [type(error) for error in errors] == [LinkInterruptedError]
