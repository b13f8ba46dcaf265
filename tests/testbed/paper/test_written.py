"""What a run writes: the page, the document, the pictures, the file for an antenna."""

import csv
import io
import math
import re
from typing import Any

import numpy as np
import pytest

from sim_core.geometry.epoch import Epoch
from testbed.paper.section import Row
from testbed.paper.settings import PaperSettings
from testbed.paper.steering_section import J2000
from tests.testbed.paper.reproduction import Reproduction
from tests.testbed.report.page_reader import Page

ROW_KEYS = {"label", "quantity", "unit", "ours", "theirs", "difference", "difference_unit", "why"}


def numbers(value: Any) -> list[float]:
    """Return all numbers of a document."""
    if isinstance(value, dict):
        return [one for inner in value.values() for one in numbers(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in numbers(inner)]
    return [value] if isinstance(value, float) else []


@pytest.fixture(scope="module")
def page(geometry: Reproduction) -> Page:
    read = Page()
    read.feed(geometry.page)
    read.close()
    return read


def test_rows_hold_ours_theirs_difference_and_why(geometry: Reproduction) -> None:
    tables = geometry.document["tables"]
    assert {"table1", "table2", "table3"} <= tables.keys()
    for rows in tables.values():
        for row in rows:
            assert row.keys() == ROW_KEYS
            assert row["why"].endswith(".")
            if row["theirs"] is None:
                assert row["difference"] is None
            elif row["difference_unit"] == "%":
                assert row["difference"] == pytest.approx(100 * (row["ours"] / row["theirs"] - 1))
            else:
                assert row["difference"] == pytest.approx(row["ours"] - row["theirs"])


def test_document_says_from_what_it_was_made(geometry: Reproduction) -> None:
    document = geometry.document
    settings = PaperSettings.model_validate(document["settings"])
    assert document["provenance"]["settings_sha256"] == settings.sha256()
    assert document["provenance"]["kernels"]
    assert document["provenance"]["versions"]["moonecho"]
    assert document["doi"] == "10.15982/j.issn.2096-9287.2022.20210076"
    assert document["timing_s"].keys() >= {"table1", "epoch", "figures"}
    assert all(map(math.isfinite, numbers(document)))


def test_every_figure_has_its_picture(geometry: Reproduction) -> None:
    figures = geometry.document["figures"]
    assert {f"figure{n}" for n in range(1, 6)} <= figures.keys()
    for figure in figures.values():
        assert (geometry.folder / figure["file"]).read_bytes().startswith(b"\x89PNG")
        assert figure["caption"]
        assert figure["section"] in geometry.document["sections"]
    written = {f"figures/{one.name}" for one in (geometry.folder / "figures").iterdir()}
    assert written == {figure["file"] for figure in figures.values()}


def test_page_is_whole_and_loads_nothing(page: Page, geometry: Reproduction) -> None:
    assert page.open == []
    sources = [image["src"] or "" for image in page.all("img")]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert len(page.all("figure")) == len(geometry.document["figures"])
    assert not page.all("script") and not page.all("link")
    assert not re.search(r"url\(|@import", page.style)
    here = {attributes["id"] for attributes in page.all("section")}
    assert {link["href"] for link in page.all("a")} == {f"#{key}" for key in here}
    assert here == geometry.document["sections"].keys()


def test_page_shows_every_row(page: Page, geometry: Reproduction) -> None:
    shown = page.text.replace("\N{NO-BREAK SPACE}", " ")
    for rows in geometry.document["tables"].values():
        for row in rows:
            assert row["why"] in shown
            assert row["quantity"] in shown
    for section in geometry.document["sections"].values():
        assert section["title"] in shown
        assert section["summary"] in shown
        assert all(text in shown for text in section["text"])


def test_terminal_shows_the_tables_and_where_the_page_lies(geometry: Reproduction) -> None:
    assert "Table 2" in geometry.said
    assert f"Report: {geometry.folder / 'paper.html'}" in geometry.said


def test_steering_reads_back(geometry: Reproduction) -> None:
    told = geometry.data("steering")["csv"]
    text = (geometry.folder / told["file"]).read_text("ascii")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == told["rows"] == 145  # a day in steps of 600 s, both ends included
    values = {key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key != "utc"}
    assert all(repr(float(row["azimuth_deg"])) == row["azimuth_deg"] for row in rows)
    assert [row["utc"][:19] for row in rows[:2]] == ["2021-01-01T00:00:00", "2021-01-01T00:10:00"]
    for row, tdb_s in zip(rows[::48], values["tdb_s"][::48], strict=True):
        # Seconds since 2000 keep 1e-7 s in a double; UTC has six digits.
        assert Epoch.from_utc(row["utc"]).seconds_since(J2000) == pytest.approx(tdb_s, abs=2e-6)
    for name in ("azimuth", "elevation", "yaw", "pitch"):
        slope = np.gradient(values[f"{name}_deg"], values["tdb_s"], edge_order=2)
        rate = values[f"{name}_deg_per_s"]
        # Differences over 600 s of what changes over days: their error is step^2/6 times the third
        # derivative, (600 / 86400)^2 of the rate at most. Rates leave out the motion of the Earth's
        # pole, 1.5e-11 rad/s.
        atol = 5e-5 * np.abs(rate).max() + math.degrees(1.5e-11)
        np.testing.assert_allclose(slope[1:-1], rate[1:-1], atol=atol, rtol=0.0)


def test_a_difference_may_be_relative_or_none() -> None:
    row = Row("a", "b", "m", 2.0, 1.6, "why", relative=True)
    assert row.difference == pytest.approx(25.0)
    assert Row("a", "b", "m", 2.0, 1.6, "why").difference == pytest.approx(0.4)
    assert Row("a", "b", "m", 2.0, None, "why").difference is None
