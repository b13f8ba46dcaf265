"""HTML that cannot be broken by what stands in it.

Text is escaped on its way into an element; only `Markup`, which the functions here make, passes
as it is. A name of a target or a read-back of a device can therefore never become an element.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Return text as HTML; `Markup` stays as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(str(text)))


def join(parts: Iterable[object], separator: str = "") -> Markup:
    """Escape and concatenate parts."""
    return Markup(separator.join(escape(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Make an element.

    Parameters
    ----------
    name : str
        Name of the element.
    *children : object
        Its content; what is not `Markup` is escaped.
    **attributes : object
        Its attributes; ``class_`` stands for ``class``, other underscores for hyphens. None
        leaves an attribute out.

    Returns
    -------
    Markup
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def void(name: str, /, **attributes: object) -> Markup:
    """Make an element that has no content, such as ``img``."""
    opened = tag(name, **attributes)
    return Markup(opened.removesuffix(f"</{name}>"))


def table(
    caption: str,
    headings: Sequence[object],
    rows: Iterable[Sequence[object]],
    numeric: Iterable[int] = (),
    class_: str | None = None,
) -> Markup:
    """Make a table that scrolls sideways where the screen is too narrow for it.

    Parameters
    ----------
    caption : str
        What the table shows; it stands above it.
    headings : sequence
        Headings of the columns.
    rows : iterable of sequences
        Cells; the first of each row is its heading.
    numeric : iterable of int
        Columns whose cells are aligned at the right.
    class_ : str, optional
        Class of the table. Of the class ``cards`` each row becomes a list on a narrow screen, for
        which each cell carries the heading of its column.
    """
    cards = class_ == "cards"
    right = frozenset(numeric)

    def style(column: int) -> str | None:
        return "number" if column in right else None

    head = tag(
        "tr",
        *(
            tag("th", heading, scope="col", class_=style(column))
            for column, heading in enumerate(headings)
        ),
    )

    def cell(column: int, content: object) -> Markup:
        return tag(
            "td" if column else "th",
            content,
            scope=None if column else "row",
            class_=style(column),
            data_label=headings[column] if cards else None,
        )

    body = [tag("tr", *(cell(column, one) for column, one in enumerate(row))) for row in rows]
    inner = tag(
        "table",
        tag("caption", caption),
        tag("thead", head),
        tag("tbody", *body),
        class_=class_,
    )
    return tag("div", inner, class_="scroll", tabindex=0, role="region", aria_label=caption)


def flatten(values: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Walk over nested mappings as dotted keys; lists stay whole unless they hold mappings."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{name}.")
        elif isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value):
            numbered = {str(index): one for index, one in enumerate(value)}
            yield from flatten(numbered, f"{name}.")
        else:
            yield name, value
