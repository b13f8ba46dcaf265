"""A scaled experiment as a file: the original's own text, with the changed lines marked."""

import re
from pathlib import Path
from typing import Any

import yaml

from testbed.atomic_file import write_atomically
from testbed.config import Configuration, load_configuration
from testbed.config.quantities import plain_number
from testbed.config.yaml_source import YamlSource, read_yaml_text
from testbed.errors import MoonechoError, OutputError, shown


def write_scaled(path: Path, original: Configuration, scaled: Configuration, device: str) -> None:
    """Write a scaled configuration, with as much of the original's text as can be kept.

    Parameters
    ----------
    path : Path
        The new file, which must not be there yet.
    original, scaled : Configuration
        The one that was read from a file, and the one to write.
    device : str
        What it was scaled for.

    Raises
    ------
    OutputError
        There is a file of that name, or it cannot be written.
    """
    if path.exists():
        raise OutputError(path, "is there already", "name a new file with --write")
    if not path.parent.is_dir():
        raise OutputError(path, f"there is no folder {path.parent}", "make it, or name another")
    source = original.source
    head = [
        f"# {original.name}, scaled by moonecho plan to fit {device}.",
        f"# From {source.path}. A line that was changed says what it was; other comments are",
        "# those of the original.",
        "",
    ]
    text = _edited(original, scaled)
    if text is None or not _says(text, scaled, path):
        text = yaml.safe_dump(scaled.resolved(), sort_keys=False, allow_unicode=True, width=100)
        head[2] = "# Every key is explained in docs/configuration.md."
        del head[1]
    write_atomically(path, "\n".join([*head, text]).encode())


def changed_keys(original: Configuration, scaled: Configuration) -> dict[str, Any]:
    """Return the new values of the keys in which two configurations differ, by dotted key."""

    def differing(one: Any, other: Any, key: str) -> dict[str, Any]:
        if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            found: dict[str, Any] = {}
            for name in one:
                found |= differing(one[name], other[name], f"{key}.{name}" if key else name)
            return found
        return {} if one == other else {key: other}

    return differing(original.resolved(), scaled.resolved(), "")


def _edited(original: Configuration, scaled: Configuration) -> str | None:
    """Return the original's text with other values; None where a key is not written on its line."""
    source = original.source
    try:
        written = load_configuration(source.path)
        lines = source.path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, MoonechoError):
        return None
    # Against what the file says, which an option may have overridden.
    for key, value in changed_keys(written, scaled).items():
        if not _replace(lines, written.source, key, value):
            return None
    return "\n".join([*lines, ""])


def _replace(lines: list[str], source: YamlSource, key: str, value: Any) -> bool:
    number, was = source.lines.get(key), source.value(key)
    if number is None or not isinstance(was, str):
        return False
    line = lines[number - 1]
    pattern = rf"^(.*?\b{re.escape(key.rpartition('.')[2])}['\"]?\s*:\s+)(['\"]?){re.escape(was)}\2"
    match = re.match(pattern, line)
    if match is None:
        return False
    rest = line[match.end() :]
    changed = f"{match[1]}{_scalar(value)}{_without_comment(rest)}"
    lines[number - 1] = f"{changed.rstrip():<37} # was {shown(was)}"
    return True


def _without_comment(rest: str) -> str:
    comment = re.search(r"\s#", rest)
    return rest[: comment.start()] if comment else rest


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (int, float)):
        return plain_number(value)
    return yaml.safe_dump(value, width=1 << 20).splitlines()[0]


def _says(text: str, scaled: Configuration, path: Path) -> bool:
    """Tell whether a text, read as a configuration, is the one that was meant."""
    try:
        values, source = read_yaml_text(text, path)
        return Configuration.from_values(values, source) == scaled
    except MoonechoError:
        return False
