"""From what the models refuse to a line that says where, what, and what would be right."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError, ValidationError

from testbed.config.quantities import (
    conversion_factor,
    plain_number,
    read_quantity,
    unit_of,
)
from testbed.config.yaml_source import YamlSource, join_key
from testbed.errors import ConfigError, OptionError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration.

    Attributes
    ----------
    key : str
        Dotted path of the key to blame; empty for the configuration as a whole.
    problem, remedy : str
        What is wrong, and what would be right.
    meant : str
        Dotted path of the key that a misspelt one most likely is.
    """

    key: str
    problem: str
    remedy: str
    meant: str = ""


def wrong_value(problem: str, remedy: str) -> PydanticCustomError:
    """Return the exception by which a validator refuses the value of its own key."""
    return PydanticCustomError(
        "wrong_value", "{problem}; {remedy}", {"problem": problem, "remedy": remedy}
    )


def wrong_together(problems: Sequence[Problem]) -> PydanticCustomError:
    """Return the exception by which a validator refuses values that do not go together.

    Parameters
    ----------
    problems : sequence of Problem
        At least one, with keys relative to the model of the validator.
    """
    text = "; ".join(f"{one.key}: {one.problem}; {one.remedy}" for one in problems)
    return PydanticCustomError("wrong_together", "{text}", {"text": text, "problems": problems})


def config_error(
    error: ValidationError, model: type[BaseModel], source: YamlSource
) -> ConfigError | OptionError:
    """Return the error to raise for what a model has refused: the first problem in the file.

    Parameters
    ----------
    error : ValidationError
        From the model's validation.
    model : type of BaseModel
        The model.
    source : YamlSource
        Where the refused values are written.
    """
    problems = list(_problems(error, model))
    # A misspelt key is one mistake, not that and a missing key.
    missing = {_path(one["loc"]) for one in error.errors() if one["type"] == "missing"}
    misspelt = missing & {one.meant for one in problems}
    problems = [one for one in problems if one.key not in misspelt]
    first = min(problems, key=lambda one: source.line(one.key) or 0)
    option = source.option(first.key)
    if option is not None:
        return OptionError(option, source.value(first.key), first.problem, first.remedy)
    return ConfigError(
        source.path,
        source.line(first.key),
        first.key or None,
        source.value(first.key),
        first.problem,
        first.remedy,
        further=len(problems) - 1,
    )


def _problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        key = _path(detail["loc"])
        if detail["type"] == "too_short" and detail["input"]:
            continue  # pydantic does not count entries in which something is wrong
        if detail["type"] == "wrong_together":
            for one in detail["ctx"]["problems"]:
                yield Problem(join_key(key, one.key), one.problem, one.remedy)
        elif detail["type"] == "extra_forbidden":
            yield _unknown(detail, key, model)
        else:
            problem, remedy = _explain(detail, key, model)
            yield Problem(key, problem, remedy)


def _path(location: Sequence[int | str]) -> str:
    """Return the dotted path of a location of pydantic."""
    key = ""
    for part in location:
        key = join_key(key, part)
    return key


def _explain(detail: ErrorDetails, key: str, model: type[BaseModel]) -> tuple[str, str]:
    """Return problem and remedy of one refusal by pydantic."""
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "wrong_value":
        return str(context["problem"]), str(context["remedy"])
    field = field_at(model, detail["loc"])
    explain = _EXPLANATIONS.get(kind, _explain_type)
    return explain(detail["input"], key, field)


def _explain_missing(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    name = key.rsplit(".", 1)[-1]
    section = section_model(field)
    if section is not None:
        return "the section is missing", f"add {name}: with {', '.join(section.model_fields)}"
    return "the key is missing", f"add {name}: {wanted(field, key)}"


def _explain_section(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    section = section_model(field)
    names = ", ".join(section.model_fields) if section is not None else ""
    if value is None:
        return "the section is empty", f"give its keys ({names}), or remove it if it is optional"
    remedy = f"give its keys, indented: {names}"
    if isinstance(value, str) and section is not None and "name" in section.model_fields:
        remedy = f"write {key.rpartition('.')[2]}: {{name: {value}}}"
    return f"{_a(value)} stands where a section is expected", remedy


def _explain_bound(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    return "is out of range", f"give {wanted(field, key)}"


def _explain_finite(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    return "is not a finite number", f"give {wanted(field, key)}"


def _explain_whole(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return "is not written as a whole number", f"write {int(value)}"
    return _explain_number(value, key, field, "a whole number")


def _explain_number(
    value: object, key: str, field: FieldInfo, expected: str = "a number"
) -> tuple[str, str]:
    unit = unit_of(key)
    plain = f"a plain number in {unit}" if unit else "a plain number"
    if isinstance(value, str) and (quantity := read_quantity(value)) is not None:
        factor = conversion_factor(quantity.unit, unit)
        if factor is not None:
            number = plain_number(quantity.number * factor)
            return f"is a text, not {expected}", f"give {plain}: {number}"
        return f"{quantity.unit!r} is not in {unit or 'this place'}", f"give {wanted(field, key)}"
    return f"{_a(value)} is not {expected}", f"give {wanted(field, key)}"


def _explain_choice(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    choices = [str(choice) for choice in choices_of(field)]
    if key.endswith("ephemeris"):
        return "is not an ephemeris of this version", "give de421, the only one so far"
    near = nearest(str(value), choices)
    hint = f"did you mean {near}? " if near else ""
    return "is not one of the choices", f"{hint}give {_one_of(choices)}"


def _explain_text(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    if isinstance(value, (int, float)) and _form(field).get("quote"):
        return f"{_a(value)} is not a text", f'put it in quotes: "{value}"'
    return f"{_a(value)} is not a text", f"give {wanted(field, key)}"


def _explain_list(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    return f"{_a(value)} stands where a list is expected", 'begin each entry with "- "'


def _explain_length(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    low, high = _length_bounds(field)
    return f"has {len(value) if isinstance(value, list) else 0} entries", (
        f"give {low} to {high} of them"
    )


def _explain_type(value: object, key: str, field: FieldInfo) -> tuple[str, str]:
    return f"{_a(value)} is not what is expected here", f"give {wanted(field, key)}"


_EXPLANATIONS: Mapping[str, Callable[[Any, str, FieldInfo], tuple[str, str]]] = {
    "missing": _explain_missing,
    "model_type": _explain_section,
    "model_attributes_type": _explain_section,
    "greater_than": _explain_bound,
    "greater_than_equal": _explain_bound,
    "less_than": _explain_bound,
    "less_than_equal": _explain_bound,
    "finite_number": _explain_finite,
    "int_type": _explain_whole,
    "int_from_float": _explain_whole,
    "float_type": _explain_number,
    "literal_error": _explain_choice,
    "bool_type": _explain_choice,
    "string_type": _explain_text,
    "tuple_type": _explain_list,
    "too_short": _explain_length,
    "too_long": _explain_length,
}


def _unknown(detail: ErrorDetails, key: str, model: type[BaseModel]) -> Problem:
    name = str(detail["loc"][-1])
    parent = _path(detail["loc"][:-1])
    section = model
    if len(detail["loc"]) > 1:
        field = field_at(model, detail["loc"][:-1])
        section = section_model(field) or model
    names = list(section.model_fields)
    place = f"keys of {parent}" if parent else "keys at the top level"
    listed = f"{place}: {', '.join(names)}"
    near = _same_quantity(name, names) or nearest(name, names)
    if near:
        converted = _converted(name, near, detail["input"])
        remedy = f"did you mean {near}{converted}? ({listed})"
        return Problem(key, "unknown key", remedy, meant=join_key(parent, near))
    elsewhere = [found for found in all_keys(model) if found.rsplit(".", 1)[-1] == name]
    if elsewhere:
        places = " or ".join(found.rpartition(".")[0] or "the top level" for found in elsewhere)
        return Problem(key, "unknown key here", f"it belongs in {places} ({listed})")
    return Problem(key, "unknown key", f"remove it ({listed})")


def _same_quantity(name: str, names: Sequence[str]) -> str | None:
    """Return the key that differs from an unknown one only in the unit: carrier_ghz, prf."""
    stem = name.rpartition("_")[0] or name
    for known in names:
        suffix = known.rpartition("_")[2]
        known_stem = known.removesuffix("_hz_per_s").rpartition("_")[0] if suffix else known
        if unit_of(known) and {stem, name} & {known_stem, known.removesuffix("_hz_per_s")}:
            return known
    return None


def _converted(name: str, near: str, value: object) -> str:
    """Return `` : number`` for a key whose name carries another unit than the known one."""
    unit = name.rpartition("_")[2]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not unit_of(near):
        return ""
    factor = conversion_factor(unit, unit_of(near))
    if factor is None or factor == 1.0:
        return ""
    return f": {plain_number(value * factor)}"


def nearest(word: str, choices: Sequence[str]) -> str | None:
    """Return the choice that a misspelt word most likely meant, if one is near."""
    folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def all_keys(model: type[BaseModel], parent: str = "") -> Iterator[str]:
    """Yield the dotted path of every key of a model, sections before what is in them."""
    for name, field in model.model_fields.items():
        key = join_key(parent, name)
        yield key
        section = section_model(field)
        if section is not None:
            yield from all_keys(section, f"{key}[]" if is_list(field) else key)


def field_at(model: type[BaseModel], location: Sequence[int | str]) -> FieldInfo:
    """Return the field of a model that a location of pydantic leads to."""
    field: FieldInfo | None = None
    section: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, str) and section is not None and part in section.model_fields:
            field = section.model_fields[part]
            section = section_model(field)
    if field is None:
        raise KeyError(f"no field at {location}")
    return field


def section_model(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that is a section or a list of sections."""
    for leaf in _leaves(field.annotation):
        if isinstance(leaf, type) and issubclass(leaf, BaseModel):
            return leaf
    return None


def _leaves(annotation: Any) -> Iterator[Any]:
    """Yield the plain types that an annotation is made of."""
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _leaves(one)


def is_list(field: FieldInfo) -> bool:
    """Tell whether a field holds a list."""
    return get_origin(field.annotation) is tuple


def accepts_null(field: FieldInfo) -> bool:
    """Tell whether a field may be ``null``."""
    return type(None) in get_args(field.annotation)


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Return the words that a field accepts, none where it is no choice among words.

    YAML's `true` and `false` count as such.
    """
    if get_origin(field.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(field.annotation))
    return ("true", "false") if field.annotation is bool else ()


def wanted(field: FieldInfo, key: str) -> str:
    """Say what a key takes: its choices, or its range and unit.

    Parameters
    ----------
    field : FieldInfo
        The field.
    key : str
        Its name, which carries the unit.
    """
    choices = choices_of(field)
    if choices:
        return _one_of(choices)
    inner = list(_leaves(field.annotation))
    null = ", or null" if accepts_null(field) else ""
    if str in inner or not inner:
        return f"{_form(field).get('form', 'a text')}{null}"
    number = "a whole number" if int in inner else "a number"
    unit = f" in {unit_of(key)}" if unit_of(key) else ""
    limits = range_text(field)
    return f"{number}{unit}{', ' + limits if limits else ''}{null}"


def range_text(field: FieldInfo) -> str:
    """Return the range that a numeric field accepts: ``0.1 to 1e5``, ``above 0``."""
    bounds: dict[str, float] = {}
    for constraint in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            bound = getattr(constraint, name, None)
            if bound is not None:
                bounds[name] = bound
    if "ge" in bounds and "le" in bounds:
        return f"{plain_number(bounds['ge'])} to {plain_number(bounds['le'])}"
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    parts = [f"{words[name]} {plain_number(bounds[name])}" for name in words if name in bounds]
    return " and ".join(parts)


def _form(field: FieldInfo) -> Mapping[str, Any]:
    """Return what a text field says of itself: its form, and whether quotes make it of a number."""
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}


def _length_bounds(field: FieldInfo) -> tuple[int, int]:
    low = max((getattr(one, "min_length", None) or 0 for one in field.metadata), default=0)
    high = max((getattr(one, "max_length", None) or 0 for one in field.metadata), default=0)
    return low, high


def _one_of(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"


def _a(value: object) -> str:
    """Return what kind of thing a value is, in the words of a configuration."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, (list, tuple)) else "a section"
