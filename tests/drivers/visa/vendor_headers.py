"""Headers that a vendor's own Python driver sends, found in its source text."""

import importlib.util
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

# Anything quoted that begins like a header, with or without an f before it. Headers of one message
# are parted by semicolons; what is behind each begins with a space, and values that the driver puts
# in stand in braces.
_QUOTED = re.compile(r"""f?(["'])(:?\*?[A-Z](?:(?!\1)[^\n])*)\1""")
_HEADER = re.compile(r":?\*?[A-Z][A-Za-z0-9:*<>{}_]*\??")
_SENDS = re.compile(r"(?:(?:write|query)\w*\(|cmd ?= ?)$")
_PLACEHOLDER = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")


class HeaderTree:
    """All headers that a driver sends.

    Parameters
    ----------
    package : str
        Importable name.
    places : iterable of str
        Files and folders inside of it; reading all of a large driver would take long.
    """

    def __init__(self, package: str, places: Iterable[str]) -> None:
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.submodule_search_locations is not None
        root = Path(found.submodule_search_locations[0])
        files = [
            file
            for place in places
            for file in (
                [root / place] if (root / place).is_file() else (root / place).rglob("*.py")
            )
        ]
        assert files, f"{package} has no {places}"
        texts = "\n".join(file.read_text(encoding="utf-8") for file in files)
        self.headers = {
            header
            for match in _QUOTED.finditer(texts)
            for header in _headers_in(match[2], texts[max(0, match.start() - 32) : match.start()])
        }
        self._patterns = {header: _pattern(header) for header in sorted(self.headers)}

    def has(self, header: str) -> bool:
        """Tell whether a header, as it was sent, is one of them."""
        return any(pattern.fullmatch(header.lstrip(":")) for pattern in self._patterns.values())

    def unused(self, headers: Iterable[str]) -> set[str]:
        """Give those that are none of some headers: what a source has and nobody sent."""
        sent = {header.lstrip(":") for header in headers}
        return {
            header
            for header, pattern in self._patterns.items()
            if not any(pattern.fullmatch(one) for one in sent)
        }


def headers_of(message: str) -> list[str]:
    """Take the headers out of a message; a question mark stays."""
    units = _STRINGS.sub("''", message).split(";")
    return [unit.strip().split(" ", 1)[0].split("'", 1)[0] for unit in units if unit.strip()]


def _headers_in(quoted: str, before: str) -> list[str]:
    heads = [unit.strip().split(" ", 1)[0] for unit in quoted.split(";")]
    # A single word may be anything, unless it is what is sent.
    return [
        head.lstrip(":")
        for head in heads
        if _HEADER.fullmatch(head) and (":" in head or "*" in head or _SENDS.search(before))
    ]


@lru_cache(maxsize=100_000)
def _pattern(header: str) -> re.Pattern[str]:
    """Make a pattern of what is the same header: short and long forms, suffixes where there are."""
    query = header.endswith("?")
    nodes = []
    for node in header.removesuffix("?").split(":"):
        name = _PLACEHOLDER.sub("", node)
        suffix = r"\d*" if name != node else ""
        short = "".join(character for character in name if not character.islower())
        nodes.append(f"(?:{re.escape(name)}|{re.escape(short)}){suffix}")
    return re.compile(":".join(nodes) + (r"\?" if query else ""), re.IGNORECASE)
