import json
import threading
from io import FileIO, TextIOWrapper
from pathlib import Path

import pytest

from drivers.visa.link.command_log import CommandLog


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_first_and_the_last_are_kept_and_all_are_counted() -> None:
    log = CommandLog("generator", first=2, last=3)
    for number in range(10):
        log.sent(f"COMMAND {number}")
    assert [entry.text[-1] for entry in log.entries] == ["0", "1", "7", "8", "9"]
    kept = log.as_dict()
    assert kept["count"] == log.count == 10
    assert [entry["sent"] for entry in kept["first"]] == ["COMMAND 0", "COMMAND 1"]
    assert len(kept["last"]) == 3
    json.dumps(kept)


def test_nothing_is_listed_twice_while_it_is_short() -> None:
    log = CommandLog(first=5, last=5)
    log.received("1")
    log.event("opened")
    assert [(entry.direction, entry.text) for entry in log.entries] == [
        ("received", "1"),
        ("event", "opened"),
    ]
    assert log.as_dict()["last"] == []


def test_the_file_has_all_that_follows_and_what_was_kept(tmp_path: Path) -> None:
    log = CommandLog("digitizer", first=1, last=1)
    for number in range(3):
        log.sent(f"EARLY {number}")
    path = tmp_path / "commands.jsonl"
    log.stream_to(path)
    for number in range(5):
        log.sent(f"LATE {number}")
    # On disk at once, so that a crash leaves what led to it.
    lines = read(path)
    assert lines[0]["log"] == "digitizer"
    assert {"left_out": 1} in lines
    said = [line["sent"] for line in lines if "sent" in line]
    assert said == ["EARLY 0", "EARLY 2", *(f"LATE {number}" for number in range(5))]
    log.close()
    log.sent("AFTER")
    assert len(read(path)) == len(lines)
    assert log.failure is None


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "commands.jsonl"
    path.write_text("older", encoding="utf-8")
    with pytest.raises(FileExistsError):
        CommandLog().stream_to(path)
    assert path.read_text(encoding="utf-8") == "older"


def test_a_full_disk_ends_the_file_and_not_the_link() -> None:
    log = CommandLog()
    # What is written there fails with "no space left on device".
    log._file = TextIOWrapper(FileIO("/dev/full", "w"), encoding="utf-8", line_buffering=True)
    log.sent("OUTP OFF")
    assert log.failure is not None
    assert "space" in log.failure
    log.sent("OUTP OFF")
    assert log.count == 2


def test_long_lines_are_shortened_in_the_middle() -> None:
    log = CommandLog()
    log.received("a" * 5000 + "end")
    (entry,) = log.entries
    assert len(entry.text) < 500
    assert entry.text.startswith("aaa")
    assert "end (5003 characters)" in entry.text


def test_threads_share_it() -> None:
    log = CommandLog(first=10, last=10)

    def write() -> None:
        for _ in range(500):
            log.sent("X")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.count == 2000
