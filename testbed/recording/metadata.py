"""What is written beside the samples: SigMF metadata and its extension ``moonecho``.

The extension is documented in ``docs/recording-format.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.interface import CaptureFormat, Event, ReadBack
from sim_core.signal.pulse_schedule import PulseSchedule

DATA_SUFFIX = ".sigmf-data"
META_SUFFIX = ".sigmf-meta"
PART_SUFFIX = ".part"
"""What the name of a file ends in while it is being written."""

NAMESPACE = "moonecho"
EXTENSION_VERSION = "1.0.0"

SAMPLE_BYTES: Mapping[CaptureFormat, int] = {"ci16_le": 4, "cf32_le": 8}
FILE_TYPE: Mapping[CaptureFormat, str] = {"ci16_le": "<i2", "cf32_le": "<c8"}
"""Type of the numbers in the data file; a window has a pair of them per sample for ``ci16_le``."""

TICK_KEYS = (f"{NAMESPACE}:transmit_tick", f"{NAMESPACE}:window_start_tick")

# Integers on a line of a long list, for those who look into the file.
_PER_LINE = 16


@dataclass(frozen=True, slots=True, eq=False)
class RecordingContext:
    """What a recording is of: all but its samples and what happened to them.

    Parameters
    ----------
    schedule : PulseSchedule
        Ticks of the pulses and windows.
    capture_format : str
        SigMF data type of the samples.
    code_scale : float
        Fraction of full scale per integer code; 1.0 for float32.
    carrier_hz : float
        Carrier of the radar, whose phase the echoes have.
    epoch_utc : str
        Time zero of the ticks, ISO 8601, UTC.
    configuration : mapping
        The complete configuration of the run, fit for JSON.
    seed : int
        Seed of all that is random in the run.
    driver : str
        Name of the device's driver.
    versions : mapping of str to str
        Programs and libraries, of which ``moonecho`` is one.
    description : str
        One line for a reader.
    inputs : mapping of str to str
        SHA-256 of the files that the configuration names, by key.
    """

    schedule: PulseSchedule
    capture_format: CaptureFormat
    code_scale: float
    carrier_hz: float
    epoch_utc: str
    configuration: Mapping[str, Any]
    seed: int
    driver: str
    versions: Mapping[str, str]
    description: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


def sigmf_metadata(
    context: RecordingContext,
    *,
    recorded_utc: str,
    sha512: str,
    read_back: ReadBack,
    events: Sequence[Event],
) -> dict[str, Any]:
    """Compose SigMF metadata.

    Parameters
    ----------
    context : RecordingContext
        What the recording is of.
    recorded_utc : str
        When it was begun by the clock of the computer, ISO 8601 with a final ``Z``.
    sha512 : str
        Of the data file, 128 hexadecimal digits.
    read_back : mapping
        What the device said that it was set to.
    events : sequence of Event
        In ascending order of their pulses.

    Returns
    -------
    dict
        With the sections ``global``, ``captures`` and ``annotations``.
    """
    schedule = context.schedule
    return {
        "global": {
            "core:datatype": context.capture_format,
            "core:sample_rate": float(schedule.sample_rate_hz),
            "core:description": context.description,
            "core:recorder": f"moonecho {context.versions.get('moonecho', '')}".strip(),
            "core:hw": context.driver,
            "core:sha512": sha512,
            "core:extensions": [
                {"name": NAMESPACE, "version": EXTENSION_VERSION, "optional": True}
            ],
            "moonecho:configuration": dict(context.configuration),
            "moonecho:device": {"driver": context.driver, "read_back": dict(read_back)},
            "moonecho:epoch_utc": context.epoch_utc,
            "moonecho:inputs": dict(context.inputs),
            "moonecho:radar_carrier_hz": float(context.carrier_hz),
            "moonecho:seed": int(context.seed),
            "moonecho:versions": dict(context.versions),
        },
        "captures": [
            {
                "core:sample_start": 0,
                "core:datetime": recorded_utc,
                "moonecho:code_scale": float(context.code_scale),
                "moonecho:pulse_duration_s": float(schedule.pulse_duration_s),
                "moonecho:window_samples": int(schedule.window_samples),
                "moonecho:transmit_tick": schedule.transmit_tick.tolist(),
                "moonecho:window_start_tick": schedule.window_start_tick.tolist(),
            }
        ],
        "annotations": _annotations(events, schedule.window_samples),
    }


def metadata_text(metadata: Mapping[str, Any]) -> str:
    """Write metadata as JSON that a person can read: indented, but for the long lists of ticks.

    Parameters
    ----------
    metadata : mapping
        SigMF metadata.

    Returns
    -------
    str
        JSON.

    Raises
    ------
    ValueError
        A number is not finite, for which JSON has no word.
    """
    long_lists: list[str] = []

    def set_aside(key: str, value: Any) -> Any:
        if key not in TICK_KEYS:
            return value
        long_lists.append(_integer_list(value))
        return f"{NAMESPACE}:long-list:{len(long_lists) - 1}"

    shortened = dict(metadata)
    shortened["captures"] = [
        {key: set_aside(key, value) for key, value in capture.items()}
        for capture in metadata["captures"]
    ]
    text = json.dumps(shortened, indent=2, ensure_ascii=False, allow_nan=False)
    for number, written in enumerate(long_lists):
        text = text.replace(f'"{NAMESPACE}:long-list:{number}"', written, 1)
    return text + "\n"


def window_shape(schedule: PulseSchedule, capture_format: CaptureFormat) -> tuple[int, ...]:
    """Give the shape of one window in the data file: I and Q apart where they are integers.

    Parameters
    ----------
    schedule : PulseSchedule
        Which tells the length of a window.
    capture_format : str
        SigMF data type of the samples.
    """
    samples = schedule.window_samples
    return (samples, 2) if capture_format == "ci16_le" else (samples,)


def events_of(annotations: Iterable[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Read the events back from annotations; those of others are passed over.

    Parameters
    ----------
    annotations : iterable of mapping
        SigMF annotations.

    Returns
    -------
    tuple of Event
        In ascending order of their pulses.

    Raises
    ------
    KeyError, TypeError, ValueError
        An annotation of ours is damaged.
    """
    events = []
    for annotation in annotations:
        if f"{NAMESPACE}:kind" not in annotation:
            continue
        rows = zip(
            annotation["moonecho:first_sample"],
            annotation["moonecho:samples"],
            annotation["moonecho:detail"],
            strict=True,
        )
        for pulse, (first_sample, samples, detail) in enumerate(
            rows, start=int(annotation["moonecho:first_pulse"])
        ):
            events.append(
                Event(
                    annotation["moonecho:kind"], pulse, int(first_sample), int(samples), str(detail)
                )
            )
    return tuple(sorted(events, key=lambda event: event.pulse))


def whole_ticks(values: Any) -> NDArray[np.int64]:
    """Turn a list of JSON integers into ticks.

    Parameters
    ----------
    values : Any
        What stood in the metadata.

    Returns
    -------
    int64 array

    Raises
    ------
    ValueError
        It is no list of whole numbers.
    """
    if not isinstance(values, list):
        raise ValueError("no list")
    # Asked of the values themselves: numpy would take true for 1 and let 2.0 through beside 1.
    if not all(type(value) is int for value in values):
        raise ValueError("not all whole numbers")
    return np.array(values, dtype=np.int64)


def _annotations(events: Sequence[Event], window_samples: int) -> list[dict[str, Any]]:
    """Make one annotation of each run of successive pulses with the same kind of event.

    A level that is set too high clips every pulse of a run: tens of thousands of annotations that
    say the same would bury any viewer, and take a validator minutes.
    """
    runs: list[list[Event]] = []
    last_of_kind: dict[str, list[Event]] = {}
    for event in events:
        run = last_of_kind.get(event.kind)
        if run is not None and event.pulse == run[-1].pulse + 1:
            run.append(event)
            continue
        runs.append([event])
        last_of_kind[event.kind] = runs[-1]
    annotations = []
    for run in runs:
        first, last = run[0], run[-1]
        start = first.pulse * window_samples + first.first_sample
        end = last.pulse * window_samples + last.first_sample + last.samples
        pulses = (
            f"pulse {first.pulse}: {first.detail}"
            if len(run) == 1
            else f"pulses {first.pulse} to {last.pulse}"
        )
        annotations.append(
            {
                "core:sample_start": start,
                "core:sample_count": end - start,
                "core:label": first.kind,
                "core:comment": pulses,
                "core:generator": "moonecho",
                "moonecho:kind": first.kind,
                "moonecho:first_pulse": first.pulse,
                "moonecho:first_sample": [event.first_sample for event in run],
                "moonecho:samples": [event.samples for event in run],
                "moonecho:detail": [event.detail for event in run],
            }
        )
    return sorted(annotations, key=lambda annotation: annotation["core:sample_start"])


def _integer_list(values: Sequence[int]) -> str:
    numbers = [str(value) for value in values]
    lines = (
        ", ".join(numbers[start : start + _PER_LINE]) for start in range(0, len(numbers), _PER_LINE)
    )
    return "[\n" + ",\n".join(f"        {line}" for line in lines) + "\n      ]"
