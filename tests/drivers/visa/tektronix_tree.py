"""The command tree of tm_devices, which Tektronix generates from its programmer manuals.

Only commands are taken, not what lies between the root and them. Headers have to be whole: long or
short, no node left out.
"""

import re
import sys
from typing import Any

from tm_devices.commands.helpers import SCPICmdRead, SCPICmdReadWithArguments, SCPICmdWrite
from tm_devices.commands.helpers.generic_commands import BaseCmd
from tm_devices.commands.helpers.scpi_commands import SCPICmdWriteNoArguments

_SYNTAX = re.compile(r"SCPI Syntax:\s*```(.*?)```", re.DOTALL)
_LINE = re.compile(r"^\s*- ([*A-Za-z][^\s?]*)(\?)?(?=\s|$)", re.MULTILINE)
_NAME = re.compile(r"The ``([^`]+)`` command")
_ASKS = re.compile(r"sets or (?:returns|queries)")
_SUFFIX = re.compile(r"\[[a-z]\]|<[a-z]>")
_BRACED = re.compile(r"\{([^{}]*)\}")


class TektronixTree:
    """All commands and queries of a model.

    Parameters
    ----------
    commands : type
        Of ``tm_devices.commands``: ``AWG5200Commands``.
    """

    def __init__(self, commands: type) -> None:
        self.headers: set[str] = set()
        self._modules: set[str] = set()
        self._walk(commands(None), depth=0)
        for module in self._modules:
            # SYSTem:ERRor is not reached: where it should hang, Python's own SystemError does.
            for member in vars(sys.modules[module]).values():
                if isinstance(member, type) and member.__module__ == module:
                    self._take(member)
        self._patterns = [_pattern(header) for header in self.headers]

    def has(self, header: str) -> bool:
        """Tell whether a header, as it was sent, is one of them."""
        return any(pattern.fullmatch(header.lstrip(":")) for pattern in self._patterns)

    def _walk(self, node: Any, depth: int) -> None:
        self._take(type(node))
        self._modules.add(type(node).__module__)
        for name in vars(node):
            child = getattr(node, name)
            if isinstance(child, dict):
                # One for each channel, step or marker: 1 stands for all.
                child = child[1]
            if isinstance(child, BaseCmd) and depth < 12:
                self._walk(child, depth + 1)

    def _take(self, kind: type) -> None:
        text = kind.__doc__ or ""
        name = _NAME.match(text)
        if name is not None and issubclass(kind, SCPICmdWrite | SCPICmdWriteNoArguments):
            # Among these is one without a syntax: WLISt:WAVeform:DATA of the AWG70000.
            self.headers.add(name.group(1))
        found = _SYNTAX.search(text)
        if found is None:
            return
        # Some queries are left out of a syntax whose class or description has them nevertheless:
        # CH<x>:SCAle "sets or returns the vertical scale".
        asks = issubclass(kind, SCPICmdRead | SCPICmdReadWithArguments) or _ASKS.search(text)
        for header, query in _LINE.findall(found.group(1)):
            self.headers.add(header + query)
            if asks:
                self.headers.add(f"{header}?")


def _pattern(header: str) -> re.Pattern[str]:
    query = header.endswith("?")
    nodes = []
    for node in header.removesuffix("?").split(":"):
        words = _BRACED.sub(lambda match: match.group(1), node).split("|")
        forms = []
        for word in words:
            name = _SUFFIX.sub("", word)
            suffix = r"\d+" if name != word else ""
            short = "".join(character for character in name if not character.islower())
            forms.append(f"(?:{re.escape(name)}|{re.escape(short)}){suffix}")
        nodes.append(f"(?:{'|'.join(forms)})")
    return re.compile(":".join(nodes) + (r"\?" if query else ""), re.IGNORECASE)
