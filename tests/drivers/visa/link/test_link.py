import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.errors import DeviceSettingsError, DeviceTimeoutError, DriverError, LinkLostError
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.errors import AnswerError, BlockSizeError, InstrumentError, WrongInstrumentError
from drivers.visa.link import Link
from tests.drivers.visa.link.store import Bench, Store, served


def test_commands_and_questions(bench: Bench) -> None:
    store, _, link = bench
    assert link.identification == "ACME,STORE,42,1.0"
    link.write("OUTP ON")
    assert link.query("OUTP?") == "1"
    assert store.output_on
    assert link.query_whole("OUTP?") == 1
    assert link.query_number('TEXT? "-1.5E+3"') == -1500.0
    assert link.query_whole('TEXT? "2.0E3"') == 2000
    assert link.query_list("*OPT?") == ["AB1", "CD2"]


@pytest.mark.parametrize("answer", ["", "volts", "9.91E37", "1;2"])
def test_an_answer_that_is_no_number_names_its_question(bench: Bench, answer: str) -> None:
    _, _, link = bench
    command = f'TEXT? "{answer}"'
    with pytest.raises(AnswerError) as caught:
        link.query_number(command)
    assert caught.value.command == command
    assert answer in caught.value.answer


def test_an_error_is_raised_with_its_command(bench: Bench) -> None:
    _, _, link = bench
    with (
        pytest.raises(InstrumentError, match=r"set levels: .*-113.*LEVEL 3") as caught,
        link.operation("set levels"),
    ):
        link.write("OUTP OFF")
        link.write("LEVEL 3")
    assert caught.value.code == -113
    assert caught.value.commands == ("OUTP OFF", "LEVEL 3")
    assert "LEVEL 3" in caught.value.command
    with link.operation("go on"):
        link.write("OUTP OFF")


def test_the_one_command_is_found_where_each_is_checked(bench: Bench) -> None:
    _, _, link = bench
    link.check_every_command = True
    with pytest.raises(InstrumentError) as caught, link.operation("set levels"):
        link.write("OUTP OFF")
        link.write("LEVEL 3")
    assert caught.value.commands == ("LEVEL 3",)


def test_only_the_outermost_operation_reads_errors(bench: Bench) -> None:
    _, _, link = bench
    with pytest.raises(InstrumentError, match="outer") as caught, link.operation("outer"):
        with link.operation("inner"):
            link.write("LEVEL 3")
        link.write("OUTP OFF")
    assert caught.value.commands == ("LEVEL 3", "OUTP OFF")


def test_errors_of_others_are_not_ours(bench: Bench) -> None:
    store, _, link = bench
    # Before the first operation, and after one that was broken off.
    store.execute(b"NONSENSE")
    with link.operation("first"):
        link.write("OUTP OFF")
    with pytest.raises(KeyboardInterrupt), link.operation("broken off"):
        link.write("LEVEL 3")
        raise KeyboardInterrupt
    with link.operation("next"):
        link.write("OUTP OFF")


def test_another_failure_carries_what_the_instrument_says(bench: Bench) -> None:
    _, _, link = bench
    with pytest.raises(AnswerError) as caught, link.operation("read a level"):
        link.write("LEVEL 3")
        link.query_number('TEXT? "?"')
    assert any("-113" in note for note in caught.value.__notes__)
    assert link.drain_errors() == []


def test_an_error_queue_without_end_is_given_up() -> None:
    class Complaining(Store):
        def error_answer(self) -> str:
            return '-350,"Queue overflow"'

    with (
        InstrumentServer(Complaining()) as server,
        Link(server.hislip_address, timeout_s=2.0) as link,
    ):
        assert len(link.drain_errors()) == 64


# All of them with bytes that end messages elsewhere: newline, 0xFF, quotes, "#".
SIZES = [0, 1, 9, 10, 255, 4096, (1 << 20) - 16, 1 << 20, (1 << 20) + 1, 3_000_001]


@pytest.mark.parametrize("size", SIZES)
def test_blocks_go_up_and_down_bit_by_bit(bench: Bench, size: int) -> None:
    store, _, link = bench
    data = np.resize(np.arange(256, dtype=np.uint8)[::-1], size)
    with link.operation("keep"):
        link.write_block('BLOC "a",', data)
    assert store.blocks["a"] == data.tobytes()
    assert link.query_block('BLOC? "a"') == data.tobytes()
    assert link.query("*OPC?") == "1"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(st.binary(max_size=300), max_size=8))
def test_a_block_is_one_whatever_it_is_made_from(bench: Bench, parts: list[bytes]) -> None:
    store, _, link = bench
    whole = b"".join(parts)
    with link.operation("keep"):
        link.write_block('BLOC "a",', iter(parts), size=len(whole))
    assert store.blocks["a"] == whole
    assert link.query_block('BLOC? "a"') == whole


def test_what_follows_a_block_is_sent(bench: Bench) -> None:
    store, _, link = bench
    with link.operation("keep"):
        link.write_block('BLOC "a",', b"\n;#", suffix=";:OUTP ON")
    assert store.blocks["a"] == b"\n;#"
    assert store.output_on


def test_progress_grows_to_the_whole(bench: Bench) -> None:
    _, _, link = bench
    told: list[tuple[int, int]] = []
    size = 3_500_000
    link.write_block(
        'BLOC "a",', bytes(size), progress=lambda done, whole: told.append((done, whole))
    )
    link.query_block('BLOC? "a"', progress=lambda done, whole: told.append((done, whole)))
    up = told[: told.index((size, size)) + 1]
    down = told[len(up) :]
    for way in (up, down):
        assert way[-1] == (size, size)
        assert len(way) >= 4
        assert way == sorted(set(way))


@pytest.mark.parametrize("size", [2, 4])
def test_a_block_of_another_size_is_not_sent_to_its_end(bench: Bench, size: int) -> None:
    store, _, link = bench
    with pytest.raises(BlockSizeError):
        link.write_block('BLOC "a",', iter([b"abc"]), size=size)
    assert link.query('TEXT? "still there"') == "still there"
    assert store.blocks == {}


def test_a_source_that_fails_leaves_the_link_in_order(bench: Bench) -> None:
    store, _, link = bench

    def failing() -> Iterator[bytes]:
        yield bytes(2_000_000)
        raise DriverError("sample 7 is not a number", "look for a division by zero")

    with pytest.raises(DriverError, match="sample 7"), link.operation("upload"):
        link.write_block('BLOC "a",', failing(), size=4_000_000)
    with link.operation("upload again"):
        link.write_block('BLOC "a",', b"whole")
    assert store.blocks == {"a": b"whole"}


def test_sizes_that_no_header_can_tell(bench: Bench) -> None:
    _, _, link = bench
    for size in (-1, 1_000_000_000):
        with pytest.raises(BlockSizeError):
            link.write_block('BLOC "a",', iter([]), size=size)
    with pytest.raises(BlockSizeError, match="say its size"):
        link.write_block('BLOC "a",', iter([]))


@pytest.mark.parametrize("answer", [b"1.25", b"#", b"#A12", b"#3ab", b"#14abcdX", b"#15abc"])
def test_what_is_no_block_is_refused_and_the_link_goes_on(answer: bytes) -> None:
    with served("hislip") as (store, _, address), Link(address, timeout_s=2.0) as link:
        store.blocks["a"] = answer
        with pytest.raises(AnswerError) as caught:
            link.query_block('BLOC:RAW? "a"')
        assert caught.value.command == 'BLOC:RAW? "a"'
        assert link.query('TEXT? "next"') == "next"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"1.25", AnswerError),
        (b"#13abcdef", AnswerError),
        (b"#0abc", AnswerError),
        # Nothing tells that no more will come.
        (b"#15abc", DeviceTimeoutError),
    ],
)
def test_on_a_raw_socket_it_is_found_by_its_bytes_or_by_the_time(
    answer: bytes, error: type[DriverError]
) -> None:
    with served("socket") as (store, _, address), Link(address, timeout_s=0.3) as link:
        store.blocks["a"] = answer
        with pytest.raises(error):
            link.query_block('BLOC:RAW? "a"')
        assert link.query('TEXT? "next"') == "next"


def test_blocks_without_a_length_end_with_the_message() -> None:
    with served("hislip") as (store, _, address), Link(address, timeout_s=2.0) as link:
        store.blocks["a"] = b"#0" + bytes(range(256)) * 9000
        assert link.query_block('BLOC:RAW? "a"') == bytes(range(256)) * 9000
        store.blocks["b"] = b"#(12)" + b"x" * 12
        assert link.query_block('BLOC:RAW? "b"') == b"x" * 12


def test_waiting_for_what_goes_on(bench: Bench) -> None:
    store, _, link = bench
    link.write("LONG")
    threading.Timer(0.1, store.finished.set).start()
    link.wait_complete("finish", 5.0)
    assert store.finished.is_set()
    link.wait_complete("finish what is finished", 5.0)


def test_waiting_ends_at_its_deadline(bench: Bench) -> None:
    _, _, link = bench
    link.write("LONG")
    with pytest.raises(DeviceTimeoutError, match="finish the ramp within"):
        link.wait_complete("finish the ramp", 0.2)
    assert not link.lost
    assert link.query('TEXT? "next"') == "next"


@pytest.mark.parametrize("command", ["OUTP ON\nOUTP OFF", "OUTP ON\r", "FREQ 1 \N{MICRO SIGN}Hz"])
def test_a_command_is_one_line_of_ascii(bench: Bench, command: str) -> None:
    _, _, link = bench
    for send in (link.write, link.query, lambda text: link.write_block(text, b"")):
        with pytest.raises(DeviceSettingsError):
            send(command)
    assert link.query("OUTP?") == "0"


def test_threads_take_turns(bench: Bench) -> None:
    _, _, link = bench
    wrong: list[str] = []

    def ask(name: str) -> None:
        for number in range(50):
            answer = link.query(f'TEXT? "{name}{number}"')
            if answer != f"{name}{number}":
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30.0)
    assert wrong == []


def test_a_closed_link_is_closed(bench: Bench) -> None:
    _, _, link = bench
    link.close()
    link.close()
    with pytest.raises(LinkLostError, match="closed"):
        link.query("*IDN?")
    with pytest.raises(LinkLostError, match="closed"), link.urgent():
        link.write("OUTP OFF")
    link.reconnect()
    assert link.query("OUTP?") == "0"


def test_another_instrument_at_the_address_is_noticed(bench: Bench) -> None:
    store, _, link = bench
    store.identity = "ACME,STORE,43,1.0"
    with pytest.raises(WrongInstrumentError, match=r"43.*was.*42"):
        link.reconnect()


def test_the_log_tells_what_was_said(bench: Bench) -> None:
    _, _, link = bench
    link.write_block('BLOC "a",', b"abc")
    said = [(entry.direction, entry.text) for entry in link.log.entries]
    assert ("received", "ACME,STORE,42,1.0") in said
    assert ("sent", 'BLOC "a",#<3 bytes>') in said
    # SHA-256 of "abc", FIPS 180-2, appendix B.1.
    assert any("ba7816bf8f01cfea414140de5dae2223" in text for _, text in said)
    times = [entry.time_s for entry in link.log.entries]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "address", ["TCPIP::127.0.0.1::1::SOCKET", "TCPIP::127.0.0.1::hislip0,1::INSTR"]
)
def test_nobody_at_the_address(address: str) -> None:
    # Port 1 of the loopback address refuses at once.
    with pytest.raises(LinkLostError, match=r"127\.0\.0\.1"):
        Link(address, timeout_s=1.0)


@pytest.mark.parametrize(
    ("address", "library", "timeout_s"),
    [
        ("", "@py", 1.0),
        ("127.0.0.1", "@py", 1.0),
        ("TCPIP::127.0.0.1::hislip0::INSTR", "@nothing", 1.0),
        ("TCPIP::127.0.0.1::hislip0::INSTR", "/no/such/library.so", 1.0),
        ("TCPIP::127.0.0.1::hislip0::INSTR", "@py", 0.0),
        ("TCPIP::127.0.0.1::hislip0::INSTR", "@py", float("nan")),
    ],
)
def test_bad_settings_open_nothing(address: str, library: str, timeout_s: float) -> None:
    with pytest.raises(DeviceSettingsError):
        Link(address, visa_library=library, timeout_s=timeout_s)


def test_requests_for_service_that_nobody_wants() -> None:
    # As another program may have left it: pyvisa-py takes them for wrong answers.
    with served("hislip") as (store, server, address), Link(address, timeout_s=2.0) as link:
        store.execute(b"*SRE 255;*ESE 255")
        link.write("LONG")
        threading.Timer(0.1, store.finished.set).start()
        link.wait_complete("finish", 5.0)
        server.inject(Fault("silent", on="TEXT"))
        with pytest.raises(DeviceTimeoutError):
            link.query('TEXT? "old"', timeout_s=0.2)
        assert link.query('TEXT? "new"') == "new"
        # It was cleared, not connected to anew.
        assert [entry.text[:6] for entry in link.log.entries].count("opened") == 1
