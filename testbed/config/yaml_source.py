"""Reading YAML so that every key remembers its line.

The dialect is the core schema of YAML 1.2, which differs from PyYAML's own in what an engineer
trips over: ``2.3e10`` and ``1e13`` are numbers, a date stays the text that was written, and ``no``
or ``on`` are words. Left out, with an error that says so, is what a configuration does not need and
what hides mistakes: keys given twice, anchors and aliases, tags, several documents in a file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from testbed.errors import ConfigError

LARGEST_FILE_BYTES = 1 << 18
"""A configuration is a page or two; what is larger than this is some other file."""

DEEPEST_NESTING = 20
EXAMPLE = "configs/point_target.yaml"
LONGEST_WHOLE_NUMBER = 300
"""Digits above which a whole number is read as a float (Python refuses to read very long ones)."""


@dataclass(frozen=True, slots=True)
class YamlSource:
    """Where the keys of a configuration are written, and as what.

    Two of them always compare equal: where something is written is no part of what it says.

    Attributes
    ----------
    path : Path
        The file as the user named it.
    lines : Mapping of str to int
        Line, counted from 1, of each dotted key (``scene.targets[0].east_m``).
    texts : Mapping of str to object
        Value of each key as it is written: the text of a scalar, else the list or mapping.
    options : Mapping of str to str
        Keys that an option of the command line has overridden, and the option.
    """

    path: Path = field(compare=False)
    lines: Mapping[str, int] = field(compare=False, default_factory=dict)
    texts: Mapping[str, object] = field(compare=False, default_factory=dict)
    options: Mapping[str, str] = field(compare=False, default_factory=dict)

    def line(self, key: str) -> int | None:
        """Return the line of a key, or of its nearest parent that is written.

        Parameters
        ----------
        key : str
            Dotted path, with list indices in brackets.
        """
        while key and key not in self.lines:
            key = parent_key(key)
        return self.lines.get(key)

    def value(self, key: str) -> object:
        """Return the value of a key as it is written, ``None`` where the key is not."""
        return self.texts.get(key)

    def option(self, key: str) -> str | None:
        """Return the option of the command line that has overridden a key, if one has."""
        return self.options.get(key)

    def overridden(self, key: str, value: object, option: str) -> "YamlSource":
        """Return a source in which an option of the command line gives a key's value."""
        return YamlSource(
            self.path,
            self.lines,
            {**self.texts, key: value},
            {**self.options, key: option},
        )


def parent_key(key: str) -> str:
    """Return the dotted path of what holds a key; the empty path holds the top level."""
    # The last dot or bracket; always shorter than the key, whatever a misspelt name holds.
    return key[: max(key.rfind("."), key.rfind("["), 0)]


def join_key(parent: str, child: str | int) -> str:
    """Return the dotted path of a key (or list index) inside another."""
    if isinstance(child, int):
        return f"{parent}[{child}]"
    return f"{parent}.{child}" if parent and child else parent or child


def read_yaml(path: Path, example: str = EXAMPLE) -> tuple[dict[str, Any], YamlSource]:
    """Read a YAML file whose top level is a mapping.

    Parameters
    ----------
    path : Path
        The file.
    example : str
        A file to start from, for the error.

    Returns
    -------
    values : dict
        Plain values: dictionaries, lists, and scalars of the YAML 1.2 core schema.
    source : YamlSource
        Line and text of each key.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no such YAML, or gives a key twice.
    """
    return read_yaml_text(_read_text(path), path, example)


def read_yaml_text(
    text: str, path: Path, example: str = EXAMPLE
) -> tuple[dict[str, Any], YamlSource]:
    """Read a text as `read_yaml` reads a file.

    Parameters
    ----------
    text : str
        YAML.
    path : Path
        What to call it.
    example : str
        A file to start from, for the error.

    Raises
    ------
    ConfigError
        If it is no such YAML, or gives a key twice.
    """
    try:
        _refuse_what_hides_mistakes(text, path)
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise ConfigError(
            path,
            mark.line + 1 if mark is not None else None,
            None,
            None,
            f"is not valid YAML: {problem}",
            _syntax_remedy(text, mark.line if mark is not None else 0, problem),
        ) from error
    except yaml.YAMLError as error:  # the reader's: characters that YAML does not allow
        raise ConfigError(
            path,
            None,
            None,
            None,
            f"is not valid YAML: {error}",
            "remove the control characters, or name a text file",
        ) from error
    if root is None:
        raise ConfigError(path, None, None, None, "is empty", f"start from a copy of {example}")
    if not isinstance(root, MappingNode):
        raise ConfigError(
            path,
            root.start_mark.line + 1,
            None,
            None,
            f"holds {_kind(root)} where keys with values are expected",
            f"write keys and sections as {example} does",
        )
    lines: dict[str, int] = {}
    texts: dict[str, object] = {}
    values = _construct(root, "", path, lines, texts)
    return values, YamlSource(path, lines, texts)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            path, None, None, None, "there is no such file", _missing_file_remedy(path)
        ) from error
    except IsADirectoryError as error:
        inside = sorted(found.name for found in path.glob("*.yaml"))
        remedy = f"name a file in it, such as {path / inside[0]}" if inside else "name a YAML file"
        raise ConfigError(path, None, None, None, "is a folder", remedy) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            path, None, None, None, f"cannot be read ({reason})", "name a file that you may read"
        ) from error
    if len(raw) > LARGEST_FILE_BYTES:
        raise ConfigError(
            path,
            None,
            None,
            None,
            f"is larger than {LARGEST_FILE_BYTES >> 10} KiB",
            "name a configuration (YAML), not data",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            path,
            raw[: error.start].count(b"\n") + 1,
            None,
            None,
            "is not a text in UTF-8",
            "name a configuration (YAML), or save it as UTF-8",
        ) from error
    if "\0" in text:
        raise ConfigError(path, None, None, None, "is a binary file", "name a configuration (YAML)")
    return text


def _missing_file_remedy(path: Path) -> str:
    if path.suffix == "" and path.with_suffix(".yaml").is_file():
        return f"did you mean {path.with_suffix('.yaml')}?"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either; check the path"
    others = sorted(found.name for found in path.parent.glob("*.yaml"))
    return f"that folder has {', '.join(others[:6])}" if others else "check the path"


def _syntax_remedy(text: str, line_index: int, problem: str) -> str:
    lines = text.splitlines()
    line = lines[line_index] if line_index < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return 'one "key: value" per line; quote a text that holds ": "'
    if "could not find expected ':'" in problem:
        return 'put a colon and a space after the key: "key: value"'
    if "expected ',' or" in problem:
        return "close the bracket, and separate what is in it by commas"
    if "expected a single document" in problem:
        return 'keep one configuration to a file, with no "---" inside'
    return "check this line and the one before: indentation, colons, quotes, brackets"


def _refuse_what_hides_mistakes(text: str, path: Path) -> None:
    """Raise on anchors, aliases, tags and endless nesting, none of which a configuration needs."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        what, remedy = "", ""
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            what, remedy = "anchors (&name) and aliases (*name)", "write the values out"
        elif (tag := getattr(event, "tag", None)) is not None:
            what, remedy = f"tags ({tag})", "write the plain value"
        elif isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > DEEPEST_NESTING:
                what, remedy = f"more than {DEEPEST_NESTING} nested lists", "remove brackets"
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if what:
            line = event.start_mark.line + 1 if event.start_mark is not None else None
            problem = f"{what} cannot be used in a configuration"
            raise ConfigError(path, line, None, None, problem, remedy)


def _construct(
    node: Node, key: str, path: Path, lines: dict[str, int], texts: dict[str, object]
) -> Any:
    """Return the plain value of a node, and note line and text of every key in it."""
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, ScalarNode):
        texts[key] = node.value if node.value or node.style is not None else None
        return _plain_scalar(node.value) if node.style is None else node.value
    if isinstance(node, SequenceNode):
        items = [
            _construct(item, join_key(key, index), path, lines, texts)
            for index, item in enumerate(node.value)
        ]
        texts[key] = items
        return items
    values: dict[str, Any] = {}
    for name_node, value_node in node.value:
        line = name_node.start_mark.line + 1
        if not isinstance(name_node, ScalarNode):
            raise ConfigError(
                path, line, key or None, None, "a key is a list or a mapping", "write a name"
            )
        inner = join_key(key, name_node.value)
        if name_node.value in values:
            raise ConfigError(
                path,
                line,
                inner,
                value_node.value if isinstance(value_node, ScalarNode) else None,
                f"the key stands twice, first on line {lines[inner]}",
                "keep one of the two",
            )
        lines[inner] = line
        values[name_node.value] = _construct(value_node, inner, path, lines, texts)
    texts[key] = values
    return values


def _plain_scalar(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar by the core schema of YAML 1.2 (section 10.3.2)."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "True", "TRUE"}:
        return True
    if text in {"false", "False", "FALSE"}:
        return False
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= LONGEST_WHOLE_NUMBER else float(text)
    if based := _BASED.fullmatch(text):
        digits = based[1] or based[2]
        return int(digits, 8 if based[1] else 16) if len(text) <= LONGEST_WHOLE_NUMBER else text
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


_WHOLE = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def _kind(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return "a list"
    return "a mapping" if isinstance(node, MappingNode) else "a single value"
