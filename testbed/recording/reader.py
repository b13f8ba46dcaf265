"""Reads a recording, and refuses what is not a whole one of ours."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from drivers.interface import CaptureFormat, Event
from sim_core.signal.pulse_schedule import PulseSchedule
from testbed.errors import RecordingError
from testbed.recording.metadata import (
    DATA_SUFFIX,
    EXTENSION_VERSION,
    FILE_TYPE,
    META_SUFFIX,
    NAMESPACE,
    PART_SUFFIX,
    SAMPLE_BYTES,
    events_of,
    whole_ticks,
    window_shape,
)

_GLOBAL_KEYS = (
    "core:datatype",
    "core:sample_rate",
    "moonecho:configuration",
    "moonecho:device",
    "moonecho:epoch_utc",
    "moonecho:radar_carrier_hz",
    "moonecho:seed",
    "moonecho:versions",
)
_CAPTURE_KEYS = (
    "moonecho:code_scale",
    "moonecho:pulse_duration_s",
    "moonecho:window_samples",
    "moonecho:transmit_tick",
    "moonecho:window_start_tick",
)
_RECORD_AGAIN = "copy it again from where it was made, or record again"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A recording that was opened; its samples stay on the disk until they are read.

    Made by :meth:`open`.

    Parameters
    ----------
    path : Path
        The metadata file.
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
        The complete configuration of the run.
    seed : int
        Seed of all that was random in the run.
    device : mapping
        ``driver``, its name, and ``read_back``, what it said that it was set to.
    versions : mapping of str to str
        Programs and libraries that made the recording.
    events : tuple of Event
        What happened, in ascending order of the pulses.
    inputs : mapping of str to str
        SHA-256 of the files that the configuration names, by key; they lie in ``inputs`` beside the
        recording.
    """

    path: Path
    schedule: PulseSchedule
    capture_format: CaptureFormat
    code_scale: float
    carrier_hz: float
    epoch_utc: str
    configuration: Mapping[str, Any]
    seed: int
    device: Mapping[str, Any]
    versions: Mapping[str, str]
    events: tuple[Event, ...]
    inputs: Mapping[str, str]
    _data_path: Path

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = False) -> Self:
        """Open a recording.

        Parameters
        ----------
        path : str or Path
            The metadata file, the data file, their name without its ending, or a folder that holds
            one recording.
        verify : bool
            Compare the samples with the checksum in the metadata; reads all of them.

        Returns
        -------
        Recording

        Raises
        ------
        RecordingError
            The recording is missing, unfinished, cut short, damaged, or not made by moonecho.
        """
        meta_path = _meta_path(Path(path))
        data_path = meta_path.with_name(meta_path.name.removesuffix(META_SUFFIX) + DATA_SUFFIX)
        metadata = _parsed(meta_path)
        shared, capture = _sections(meta_path, metadata)
        fields = _Fields(meta_path, {**shared, **capture})
        capture_format = fields.capture_format()
        schedule = PulseSchedule(
            sample_rate_hz=fields.positive("core:sample_rate"),
            transmit_tick=fields.ticks("moonecho:transmit_tick"),
            window_start_tick=fields.ticks("moonecho:window_start_tick"),
            window_samples=fields.count("moonecho:window_samples"),
            pulse_duration_s=fields.positive("moonecho:pulse_duration_s"),
        )
        if schedule.transmit_tick.shape != schedule.window_start_tick.shape or not schedule.pulses:
            raise RecordingError(
                meta_path,
                f"{schedule.pulses} transmit ticks and {schedule.window_start_tick.size} window "
                "start ticks",
                "each pulse must have one of either; " + _RECORD_AGAIN,
            )
        _require_size(data_path, schedule, capture_format)
        if verify:
            _compare_checksum(data_path, fields.text("core:sha512"))
        return cls(
            path=meta_path,
            schedule=schedule,
            capture_format=capture_format,
            code_scale=fields.positive("moonecho:code_scale"),
            carrier_hz=fields.positive("moonecho:radar_carrier_hz"),
            epoch_utc=fields.text("moonecho:epoch_utc"),
            configuration=fields.mapping("moonecho:configuration"),
            seed=fields.count("moonecho:seed", least=0),
            device=fields.mapping("moonecho:device"),
            versions=fields.mapping("moonecho:versions"),
            events=_events(meta_path, metadata),
            inputs=fields.texts("moonecho:inputs"),
            _data_path=data_path,
        )

    def read(self, first_pulse: int, count: int) -> NDArray[np.complex64]:
        """Read windows, scaled to full scale.

        Parameters
        ----------
        first_pulse, count : int
            Which.

        Returns
        -------
        complex64 array, shape (count, window_samples)
            1.0 on I or Q is full scale of the input.

        Raises
        ------
        IndexError
            The recording has no such pulses.
        """
        raw = self.read_raw(first_pulse, count)
        samples = np.empty((count, self.schedule.window_samples), np.complex64)
        target = samples.view(np.float32)
        components = raw.reshape(target.shape) if raw.dtype == np.int16 else raw.view(np.float32)
        # One pass from the codes to the product; an int16 is exact in float32.
        np.multiply(components, np.float32(self.code_scale), out=target, dtype=np.float32)
        return samples

    def read_raw(self, first_pulse: int, count: int) -> NDArray[np.int16] | NDArray[np.complex64]:
        """Read windows as they were recorded.

        Parameters
        ----------
        first_pulse, count : int
            Which.

        Returns
        -------
        int16 array, shape (count, window_samples, 2), or complex64 (count, window_samples)
            Codes of I and Q, or values where there was no ADC. Read rather than mapped: pages of a
            mapped file count as memory of the process.

        Raises
        ------
        IndexError
            The recording has no such pulses.
        RecordingError
            The samples cannot be read any more.
        """
        if first_pulse < 0 or count < 0 or first_pulse + count > self.schedule.pulses:
            raise IndexError(
                f"pulses {first_pulse} to {first_pulse + count - 1} of {self.path}, which has "
                f"{self.schedule.pulses}"
            )
        shape = window_shape(self.schedule, self.capture_format)
        values = count * math.prod(shape)
        kind = np.dtype(FILE_TYPE[self.capture_format])
        first_byte = first_pulse * math.prod(shape) * kind.itemsize
        try:
            samples = np.fromfile(self._data_path, kind, values, offset=first_byte)
        except OSError as error:
            raise _unreadable(self._data_path, error) from error
        if samples.size != values:
            raise RecordingError(
                self._data_path, "was cut short since it was opened", _RECORD_AGAIN
            )
        return samples.reshape(count, *shape)


class _Fields:
    """Values of the metadata, each refused by name when it is not what it must be."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self._path = path
        self._values = values

    def _refusal(self, key: str, wanted: str) -> RecordingError:
        shown = json.dumps(self._values[key])
        if len(shown) > 60:
            shown = shown[:57] + "..."
        return RecordingError(self._path, f"{key} = {shown}", f"it must be {wanted}")

    def capture_format(self) -> CaptureFormat:
        datatype = self._values["core:datatype"]
        for known in SAMPLE_BYTES:
            if datatype == known:
                return known
        raise self._refusal("core:datatype", " or ".join(SAMPLE_BYTES))

    def positive(self, key: str) -> float:
        value = self._values[key]
        if type(value) not in (int, float) or not (math.isfinite(value) and value > 0):
            raise self._refusal(key, "a positive number")
        return float(value)

    def count(self, key: str, least: int = 1) -> int:
        value = self._values[key]
        if type(value) is not int or value < least:
            raise self._refusal(key, f"a whole number of at least {least}")
        return value

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str):
            raise RecordingError(self._path, f"{key} is missing or no text", _RECORD_AGAIN)
        return value

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._values[key]
        if not isinstance(value, dict):
            raise self._refusal(key, "an object")
        return value

    def texts(self, key: str) -> Mapping[str, str]:
        """Return an object of texts; an empty one where the key is missing."""
        if key not in self._values:
            return {}
        value = self.mapping(key)
        if not all(isinstance(one, str) for one in value.values()):
            raise self._refusal(key, "an object of texts")
        return value

    def ticks(self, key: str) -> NDArray[np.int64]:
        try:
            return whole_ticks(self._values[key])
        except (ValueError, OverflowError) as error:
            raise self._refusal(key, "a list of whole ticks") from error


def _meta_path(path: Path) -> Path:
    """Find the metadata file of what a user named."""
    if path.is_dir():
        found = sorted(path.glob(f"*{META_SUFFIX}"))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(one.name for one in found)
            raise RecordingError(
                path, f"the folder holds {len(found)} recordings", f"name one: {names}"
            )
        unfinished = sorted(path.glob(f"*{PART_SUFFIX}"))
        raise RecordingError(
            path,
            "the folder holds no finished recording"
            + (f", only {unfinished[0].name}" if unfinished else ""),
            f"name a folder with a file that ends in {META_SUFFIX}",
        )
    stem = path.name.removesuffix(META_SUFFIX).removesuffix(DATA_SUFFIX)
    meta_path = path.with_name(stem + META_SUFFIX)
    if meta_path.is_file():
        return meta_path
    data_path = path.with_name(stem + DATA_SUFFIX)
    if data_path.with_name(data_path.name + PART_SUFFIX).exists():
        raise RecordingError(path, "the recording was not finished", "record again")
    if data_path.exists():
        raise RecordingError(path, f"{meta_path.name} is missing beside its samples", _RECORD_AGAIN)
    raise RecordingError(
        path, "there is no such recording", f"name a folder or a file that ends in {META_SUFFIX}"
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(path.read_bytes())
    except OSError as error:
        raise RecordingError(
            path, f"cannot be read, {(error.strerror or str(error)).lower()}", "check permissions"
        ) from error
    except (ValueError, RecursionError) as error:
        raise RecordingError(path, f"is not JSON ({error})", _RECORD_AGAIN) from error
    if not isinstance(metadata, dict):
        raise RecordingError(path, "is JSON but no SigMF metadata", "name a SigMF recording")
    return metadata


def _sections(path: Path, metadata: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give ``global`` and the one capture, if this is a recording of ours."""
    shared, captures = metadata.get("global"), metadata.get("captures")
    if not isinstance(shared, dict) or not isinstance(captures, list):
        raise RecordingError(
            path, "is no SigMF metadata: no global object or no captures", "name a SigMF recording"
        )
    if not any(key.startswith(f"{NAMESPACE}:") for key in shared):
        raise RecordingError(
            path,
            f"was not recorded by moonecho: the ticks of its pulses ({NAMESPACE}:transmit_tick and "
            "others) are missing",
            "name a recording of a moonecho run",
        )
    _require_known_version(path, shared)
    if len(captures) != 1 or not isinstance(captures[0], dict):
        raise RecordingError(path, f"{len(captures)} captures", "it must be one; " + _RECORD_AGAIN)
    missing = [key for key in _GLOBAL_KEYS if key not in shared]
    missing += [key for key in _CAPTURE_KEYS if key not in captures[0]]
    if missing:
        raise RecordingError(path, f"lacks {', '.join(missing)}", _RECORD_AGAIN)
    return shared, captures[0]


def _require_known_version(path: Path, shared: dict[str, Any]) -> None:
    declared = shared.get("core:extensions")
    versions = [
        str(extension.get("version"))
        for extension in (declared if isinstance(declared, list) else [])
        if isinstance(extension, dict) and extension.get("name") == NAMESPACE
    ]
    version = versions[0] if versions else "none"
    major = EXTENSION_VERSION.partition(".")[0]
    if version.partition(".")[0] != major:
        raise RecordingError(
            path,
            f"version {version} of the extension {NAMESPACE}",
            f"this program reads version {major}; use the program that made it",
        )


def _require_size(path: Path, schedule: PulseSchedule, capture_format: CaptureFormat) -> None:
    """Refuse a data file that does not hold as many samples as the schedule says."""
    expected = schedule.pulses * schedule.window_samples * SAMPLE_BYTES[capture_format]
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise _unreadable(path, error) from error
    if size != expected:
        how = "cut short" if size < expected else "too long"
        raise RecordingError(
            path,
            f"is {how}: {size} bytes where {schedule.pulses} windows of "
            f"{schedule.window_samples} samples take {expected}",
            _RECORD_AGAIN,
        )


def _unreadable(path: Path, error: OSError) -> RecordingError:
    if isinstance(error, FileNotFoundError):
        return RecordingError(
            path, "the samples are missing", "copy both files of a recording together"
        )
    reason = (error.strerror or str(error)).lower()
    return RecordingError(path, f"cannot be read, {reason}", "check permissions")


def _compare_checksum(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha512").hexdigest()
    if found != expected.lower():
        raise RecordingError(
            path, "the samples do not match the checksum core:sha512", _RECORD_AGAIN
        )


def _events(path: Path, metadata: dict[str, Any]) -> tuple[Event, ...]:
    try:
        return events_of(metadata.get("annotations", []))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordingError(path, f"an annotation is damaged ({error})", _RECORD_AGAIN) from error
