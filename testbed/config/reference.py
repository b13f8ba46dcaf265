"""The reference of all keys, made from the models, so that it cannot say anything else.

``python -m testbed.config.reference > docs/configuration.md`` writes it.
"""

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from testbed.config.consistency import (
    FEWEST_PULSES,
    LARGEST_DATA_GIB,
    LEAST_OVERSAMPLING,
    RECOMMENDED_OVERSAMPLING,
    SMALLEST_TIME_BANDWIDTH_PRODUCT,
)
from testbed.config.models import ConfigurationValues
from testbed.config.problems import accepts_null, choices_of, is_list, range_text, section_model
from testbed.config.quantities import plain_number, unit_of
from testbed.config.yaml_source import DEEPEST_NESTING, LARGEST_FILE_BYTES

_INTRODUCTION = f"""\
# Configuration

<!-- Made by: python -m testbed.config.reference > docs/configuration.md -->

A configuration is one YAML file; `configs/` has commented ones to start from. `moonecho run FILE`
checks all of it before anything is computed or played.

## How it is read

- Numbers are plain, in the unit that the key's name ends in (`_hz`, `_s`, `_m`, `_deg`, `_db`):
  `carrier_hz: 2.3e10`, not `23 GHz`. Nothing is converted silently: a number in quotes is a text.
- The dialect is YAML 1.2: `1e13` is a number; `no` and `on` are words; a date is the text it is
  written as, with or without quotes. A `Z` may follow it; other time zones are refused.
- Keys given twice, anchors and aliases, tags, several documents in one file, more than
  {DEEPEST_NESTING} nested levels and files above {LARGEST_FILE_BYTES >> 10} KiB are refused.
- A key with a default may be left out, and so may a section whose keys all have one. `required`
  marks those that may not.
- What is wrong is said in one line, with exit code 2:
  `FILE:LINE: KEY = VALUE: PROBLEM; REMEDY`. It is the first problem in the file; `(and N more)`
  counts the others.

The complete configuration, defaults included, is stored in each recording. Its SHA-256 in
`report.json` does not depend on comments, order of keys, or the way numbers are written.
"""

_TOGETHER = f"""\
## What must go together

| keys | rule |
|---|---|
| `geometry.aim.look`, `geometry.aim.ground` | exactly one is given |
| `radar.chirp_rate_hz_per_s`, `radar.pulse_duration_s` | rate x duration^2, the time-bandwidth \
product, is at least {SMALLEST_TIME_BANDWIDTH_PRODUCT:g} |
| `receiver.sample_rate_hz` | at least {LEAST_OVERSAMPLING} times the bandwidth, rate x duration; \
better {RECOMMENDED_OVERSAMPLING} times it: at 1.0 a measured PSLR is off by up to 0.23 dB |
| `receiver.window_samples` | at least the samples of the pulse plus one, and at most the pulse \
repetition interval |
| `radar.prf_hz` | the interval holds the pulse. It need not be a whole number of ticks: it is \
rounded to one, and the report gives the PRF in use |
| `radar.aperture_s`, `radar.prf_hz` | at least {FEWEST_PULSES} pulses |
| `radar.aperture_s`, `radar.prf_hz`, `receiver.window_samples` | together at most \
{LARGEST_DATA_GIB:g} GiB of samples as complex64 |
| `scene.targets[0].amplitude` | above 0: the verdict is about the first target |
| `device.loopback.delay_s` | leaves the echo, which stands in the middle, in its window |
| `device.driver` | `soapy` has arguments, behind the colon or in `device.soapy.arguments` |
| `device.visa.generator`, `device.visa.digitizer` | given, or behind the colon of \
`device.driver` |
| `device.visa.transmit`, `device.visa.attenuation_db` | `true` and stated before an instrument \
plays; `moonecho plan` asks for neither |
| `device.visa.signal` | `modulated` has `frequency_hz` and `output_power_dbm`; `iq` has two \
`output_channels` and two `input_channels`, and no `frequency_hz` |
| `device.visa.max_output_power_dbm`, `device.visa.max_input_v` | full scale of the output, and \
what it makes at the input, are not above them |
| `device.soapy.transmit`, `device.soapy.attenuation_db` | `true` and stated before a radio \
plays; `moonecho plan` asks for neither |
| `device.soapy.max_tx_gain_db` | no gain of the output is above it |
| `device.soapy.max_tx_power_dbm` | `tx_power_dbm_at_full_scale` is stated and not above it |
| `device.soapy.max_rx_power_dbm` | `tx_power_dbm_at_full_scale` less `attenuation_db` is not \
above it |
| `calibration.delay_s` | at most the length of the window |
| `media.troposphere` | `pressure_hpa`, `temperature_k` and `humidity_percent` are given with \
`model: weather`, and only then |
| `range_window`, `azimuth_window` | have the parameters of their taper, and no others |

What needs the ephemeris is checked next, with the same kind of line: whether tables cover the
epoch, whether the beam meets the Earth, whether site and target see each other, whether the
targets' echoes fall into the receive window, whether the driver exists.
"""


def reference() -> str:
    """Return the reference of all keys as Markdown."""
    return f"{_INTRODUCTION}\n{key_tables(ConfigurationValues)}\n{_TOGETHER}"


def key_tables(model: type[BaseModel], heading: str = "##") -> str:
    """Return tables of all keys of a model as Markdown, one for each section of it.

    Parameters
    ----------
    model : type of BaseModel
        The model.
    heading : str
        What makes a heading of the level that is wanted.
    """
    return "\n".join(_sections(model, "", {}, heading))


def _sections(
    model: type[BaseModel], key: str, described: dict[type[BaseModel], str], heading: str
) -> Iterator[str]:
    """Yield the table of a section's own keys, then those of the sections in it."""
    title = f"`{key}`" if key else "Top level"
    yield f"{heading} {title}\n"
    if model in described:
        yield f"The keys of `{described[model]}`.\n"
        return
    described[model] = key
    if key:
        yield f"{inspect.cleandoc(model.__doc__ or '')}\n"
    yield "| key | takes | unit | default | meaning |\n|---|---|---|---|---|"
    for name, field in model.model_fields.items():
        cells = (f"`{name}`", _takes(field), unit_of(name) or "-", _default(field))
        yield f"| {' | '.join(cells)} | {field.description} |"
    yield ""
    for name, field in model.model_fields.items():
        section = section_model(field)
        if section is not None:
            inner = f"{key}.{name}" if key else name
            inner = f"{inner}[]" if is_list(field) else inner
            yield from _sections(section, inner, described, heading)


def _takes(field: FieldInfo) -> str:
    if section_model(field) is not None:
        return "list of sections" if is_list(field) else "section"
    if choices := choices_of(field):
        return ", ".join(f"`{choice}`" for choice in choices)
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["form"])
    whole = "whole number, " if "int" in str(field.annotation) else ""
    null = ", or `null`" if accepts_null(field) else ""
    return f"{whole}{range_text(field)}{null}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default: Any = field.default
    if isinstance(default, BaseModel):
        return "its defaults"
    if isinstance(default, tuple):
        return "one, its defaults" if section_model(field) else f"`{list(default)}`"
    if isinstance(default, dict):
        return "`{}`"
    if default is None:
        return "none" if section_model(field) is not None else "`null`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, (int, float)):
        return f"`{plain_number(default)}`"
    return f"`{default}`"


if __name__ == "__main__":
    print(reference(), end="")
