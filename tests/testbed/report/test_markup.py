"""Text cannot become markup."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from testbed.report.markup import Markup, escape, flatten, join, table, tag, void


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "<b>", tag("b", "x & y")) == "<p>&lt;b&gt;<b>x &amp; y</b></p>"
    assert escape(Markup("<i>")) == "<i>"


def test_attributes_are_quoted() -> None:
    assert tag("a", "x", href='"><script>', class_=None) == (
        '<a href="&quot;&gt;&lt;script&gt;">x</a>'
    )
    assert void("img", alt="a", data_x=1) == '<img alt="a" data-x="1">'


def test_a_table_has_headings_for_columns_and_rows() -> None:
    html = table("caption", ("a", "b"), [("first", 1)], numeric=(1,))

    assert '<th scope="col">a</th><th scope="col" class="number">b</th>' in html
    assert '<th scope="row">first</th><td class="number">1</td>' in html


@given(st.text())
def test_any_text_reads_back_as_itself(text: str) -> None:
    class Reader(HTMLParser):
        elements = 0
        text = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.elements += 1

        def handle_data(self, data: str) -> None:
            self.text += data

    reader = Reader()
    reader.feed(tag("p", text))
    reader.close()

    assert reader.elements == 1
    assert reader.text == text


def test_nested_settings_become_dotted_keys() -> None:
    values = {"a": {"b": 1, "c": {}}, "d": [1, 2], "e": [{"f": 3}, {"f": 4}]}

    assert list(flatten(values)) == [
        ("a.b", 1),
        ("a.c", {}),
        ("d", [1, 2]),
        ("e.0.f", 3),
        ("e.1.f", 4),
    ]


def test_joined_parts_are_escaped() -> None:
    assert join(["<", Markup("<br>")], " ") == "&lt; <br>"
