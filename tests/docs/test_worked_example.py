"""The worked example does what it says: its blocks run, and print what stands below them."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def test_every_block_prints_what_the_page_shows(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (repository / "docs" / "worked-example.md").read_text("utf-8")
    names: dict[str, Any] = {}
    blocks = BLOCK.findall(text)
    assert len(blocks) == 10
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "worked-example.md", "exec"), names)
        assert_same(printed.getvalue(), shown)
    assert (tmp_path / "worked_example.png").stat().st_size > 5000


def assert_same(printed: str, shown: str) -> None:
    """Words are the same, and numbers to the last digit that stands there."""
    assert NUMBER.sub("", printed) == NUMBER.sub("", shown)
    for one, other in zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True):
        if "e" in other:  # a bound that rounding has a part in
            assert float(one) == pytest.approx(float(other), rel=2.0)
        else:
            decimals = len(other.partition(".")[2])
            assert float(one) == pytest.approx(float(other), abs=1.01 * 10.0**-decimals)
