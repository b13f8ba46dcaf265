"""The JSON Schema of report.json, and the table that documents it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any


def load_schema() -> dict[str, Any]:
    """Read the schema of ``report.json`` (JSON Schema, draft 2020-12)."""
    text = files("testbed.report").joinpath("schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def keys_table(schema: Mapping[str, Any]) -> str:
    """Write the table of all keys for ``docs/report-schema.md``.

    Parameters
    ----------
    schema : Mapping
        The schema, as `load_schema` reads it.

    Returns
    -------
    str
        A Markdown table of key, type and meaning; each key with the path that leads to it.
    """
    lines = ["| key | type | meaning |", "|---|---|---|"]
    for path, node in walk_keys(schema):
        lines.append(f"| `{path}` | {_type_name(schema, node)} | {node['description']} |")
    return "\n".join(lines) + "\n"


def walk_keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk over every key of the schema.

    Parameters
    ----------
    schema : Mapping
        The schema, as `load_schema` reads it.

    Yields
    ------
    tuple of str and Mapping
        Path of the key, such as ``checks[].name``, and its node. What a target repeats of the
        keys at the top is not walked a second time.
    """
    yield from _walk(schema, schema, "")


def _walk(
    schema: Mapping[str, Any], node: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, child in node.get("properties", {}).items():
        path = f"{prefix}{key}"
        yield path, child
        if path in ("targets[].impulse_response", "targets[].peak"):
            continue
        inner = _resolved(schema, child)
        if "items" in inner:
            yield from _walk(schema, _resolved(schema, inner["items"]), f"{path}[].")
        else:
            yield from _walk(schema, inner, f"{path}.")


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, or the first alternative of several."""
    if "anyOf" in node:
        return _resolved(schema, node["anyOf"][0])
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        return _resolved(schema, schema["$defs"][name])
    return node


def _type_name(schema: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    inner = _resolved(schema, node)
    if "enum" in inner:
        return "string"
    kinds = inner["type"] if isinstance(inner["type"], list) else [inner["type"]]
    if "anyOf" in node:
        kinds = [*kinds, "null"]
    if inner.get("type") == "array":
        return f"array of {_type_name(schema, inner['items'])}"
    return " or ".join(kinds)
