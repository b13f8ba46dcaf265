"""Reading YAML with lines: what is accepted as which value, and what is refused."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from testbed.config.yaml_source import join_key, parent_key, read_yaml
from testbed.errors import ConfigError


def read(folder: Path, content: str | bytes) -> Any:
    path = folder / "case.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_yaml(path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1e13", 1e13),
        ("2.3e10", 2.3e10),
        ("-.5", -0.5),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),  # no octal in YAML 1.2
        ("1:30", "1:30"),  # nor base 60
        ("1_000", "1_000"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("'null'", "null"),
        ('"1"', "1"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("2001-02-09", "2001-02-09"),
        ("[1, 2.0, a]", [1, 2.0, "a"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_scalars_follow_yaml_1_2(tmp_path: Path, written: str, meant: object) -> None:
    values, _ = read(tmp_path, f"key: {written}\n")
    assert values == {"key": meant}
    assert type(values["key"]) is type(meant)


def test_every_key_knows_its_line_and_text(tmp_path: Path) -> None:
    _, source = read(tmp_path, "# first\na: 1e3\nb:\n  c:\n    - d: x\n    -\n      e: 2.50\n")
    lines = {"a": 2, "b": 3, "b.c": 4, "b.c[0]": 5, "b.c[0].d": 5, "b.c[1]": 7, "b.c[1].e": 7}
    assert {key: source.line(key) for key in lines} == lines
    assert source.value("a") == "1e3"
    assert source.value("b.c[1].e") == "2.50"
    # What is not written is blamed on the nearest that is.
    assert source.line("b.c[1].f") == 7
    assert source.line("b.g.h") == 3
    assert source.value("b.g.h") is None


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    values, source = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert values == {"a": 1, "b": 2}
    assert source.line("b") == 2


REFUSED = [
    ("", None, "is empty"),
    ("# only a comment\n", None, "is empty"),
    ("just words\n", 1, "a single value where keys"),
    ("\n- 1\n- 2\n", 2, "a list where keys"),
    ("a: 1\nb: 2\na: 3\n", 3, "first on line 1"),
    ("a: {b: 1, b: 2}\n", 1, "stands twice"),
    ("a: &x 1\nb: *x\n", 1, "anchors"),
    ("a: *x\n", 1, "aliases"),
    ("a: !!python/object/apply:os.system [ls]\n", 1, "tags"),
    ("a: !!float 3\n", 1, "tags"),
    ("? [1, 2]\n: 3\n", 1, "a list or a mapping"),
    ("a: 1\n---\nb: 2\n", 2, "single document"),
    ("a: b: c\n", 1, "mapping values are not allowed"),
    ("a: [1, 2\nb: 3\n", 2, "expected ',' or"),
    ("a:\n\tb: 1\n", 2, "spaces, not with tabs"),
    ('a: "open\n', 2, "not valid YAML"),
    ("a: " + "[" * 5000 + "\n", 1, "nested"),
    (b"\xff\xfe\x00\x01", 1, "UTF-8"),
    (b"a: 1\nb: \xe9\n", 2, "UTF-8"),
    (b"a: \x00\n", None, "binary"),
    (b"a: \x07\n", None, "not valid YAML"),
    (b"x" * 300_000, None, "larger than 256 KiB"),
]


@pytest.mark.parametrize(("content", "line", "says"), REFUSED, ids=range(len(REFUSED)))
def test_what_hides_mistakes_is_refused(
    tmp_path: Path, content: str | bytes, line: int | None, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.line == line
    assert caught.value.remedy


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "there.yaml").write_text("a: 1\n")
    for path, says in (
        (tmp_path / "there", "did you mean"),
        (tmp_path / "their.yaml", "there.yaml"),
        (tmp_path / "none" / "there.yaml", "no folder"),
        (tmp_path, "is a folder"),
        (tmp_path / "there.yaml" / "x", "Not a directory"),
        (tmp_path / "a\0b", "null byte"),
        (tmp_path / ("n" * 300), "File name too long"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_yaml(path)
        assert says in str(caught.value)
        assert caught.value.remedy


@given(st.text(max_size=200))
@example("a: \U0001f4a1\n")
@example("a: 0x" + "f" * 400)
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        values, _ = read(folder, text.encode("utf-8", "surrogatepass"))
    except ConfigError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(values, dict)


@given(st.lists(st.text() | st.integers(0, 9), min_size=1, max_size=4))
def test_going_to_the_parent_comes_to_an_end(parts: list[str | int]) -> None:
    key = ""
    for part in parts:
        key = join_key(key, part)
    steps = 0
    while key:
        shorter = parent_key(key)
        assert len(shorter) < len(key)
        key, steps = shorter, steps + 1
