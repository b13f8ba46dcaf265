"""What every generator and every digitizer can do, whatever its dialect.

A generator holds finite waveforms and plays each once per trigger; a digitizer records once per
trigger, or once per trigger in each of several segments. Limits are those that an instrument
tells; what it sets in place of what it was asked for is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Signal = Literal["real", "iq", "modulated"]
"""``real``: real samples at one output. ``iq``: I and Q at two outputs. ``modulated``: I and Q that
the instrument mixes up to a carrier itself."""

ClockReference = Literal["internal", "external"]

Progress = Callable[[int, int], None]
"""Is told of bytes done and of bytes in all."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an instrument answers to ``*IDN?``.

    Parameters
    ----------
    manufacturer, model, serial, firmware : str
        The four fields.
    """

    manufacturer: str
    model: str
    serial: str
    firmware: str

    def __str__(self) -> str:
        """Name manufacturer, model and serial number."""
        return f"{self.manufacturer} {self.model} ({self.serial})"


@dataclass(frozen=True, slots=True)
class GeneratorLimits:
    """What a generator can hold and play, as it tells, in the mode of an :class:`OutputSettings`.

    Parameters
    ----------
    min_sample_rate_hz, max_sample_rate_hz : float
        Of the samples that are uploaded.
    dac_bits : int
        Resolution, with the markers that are in use.
    min_segment_samples, max_segment_samples : int
        Of one waveform; the largest fits the memory that is free.
    granularity : int
        A waveform is a multiple of this many samples.
    max_segments : int
        How many waveforms can wait in a sequence.
    frequency_hz : tuple of two floats, or None
        Carrier of ``modulated``.
    holds_samples : bool
        Whether the DAC holds each uploaded sample until the next one, which makes of its spectrum
        ``sinc(frequency / sample rate)`` times as much.
    """

    min_sample_rate_hz: float
    max_sample_rate_hz: float
    dac_bits: int
    min_segment_samples: int
    max_segment_samples: int
    granularity: int
    max_segments: int
    frequency_hz: tuple[float, float] | None = None
    holds_samples: bool = False


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """How a generator plays.

    Parameters
    ----------
    signal : str
        One of :data:`Signal`.
    sample_rate_hz : float
        Of the uploaded samples.
    channels : tuple of int
        Outputs: one, or those of I and Q.
    peak_v : float or None
        Voltage of full scale into 50 ohm; of an output of ``real`` or ``iq``.
    power_dbm : float or None
        Power of a carrier at full scale, of ``modulated``.
    frequency_hz : float or None
        Carrier of ``modulated``.
    clock_reference : str
        One of :data:`ClockReference`; the external one is 10 MHz.
    trigger : {"bus", "external"}
        What plays the next waveform: a command, or a slope at the trigger input.
    marker_v : float
        High level of the marker outputs into 50 ohm, where it can be set.
    markers : int
        Marker outputs in use, from marker 1 on; where they share bits with the DAC, more of them
        leave it fewer.
    """

    signal: Signal
    sample_rate_hz: float
    channels: tuple[int, ...] = (1,)
    peak_v: float | None = None
    power_dbm: float | None = None
    frequency_hz: float | None = None
    clock_reference: ClockReference = "internal"
    trigger: Literal["bus", "external"] = "bus"
    marker_v: float = 1.0
    markers: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class WaveformChunk:
    """Consecutive samples of a waveform.

    Parameters
    ----------
    samples : float32 or complex64 array, shape (samples,)
        1.0 is full scale, of I and of Q.
    markers : uint8 array, shape (samples,)
        Bit 0 is marker 1, bit 1 is marker 2.
    """

    samples: NDArray[np.float32] | NDArray[np.complex64]
    markers: NDArray[np.uint8]


class WaveformSource(Protocol):
    """A waveform that is made as it is uploaded, so that memory does not grow with its length."""

    @property
    def samples(self) -> int:
        """Its length, which need not fit the granularity."""
        ...

    @property
    def is_complex(self) -> bool:
        """Whether its samples are complex."""
        ...

    def chunks(self) -> Iterator[WaveformChunk]:
        """Walk through it; it can be walked more than once, with the same result."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of a waveform on its way into a generator.

    Parameters
    ----------
    name : str
        Under which the generator holds it.
    samples : int
        As given.
    padded_samples : int
        Zeros that were added behind them for the sake of minimum and granularity.
    clipped_samples : int
        Beyond full scale, on I or on Q.
    full_scale_code : int
        Code of 1.0.
    """

    name: str
    samples: int
    padded_samples: int
    clipped_samples: int
    full_scale_code: int


class Generator(Protocol):
    """Plays finite waveforms, each once per trigger.

    The order of calls is that of a run: ``ensure_ready, configure, upload..., queue, arm, (trigger,
    wait_played)..., ensure_stopped``. Outputs are off from ``ensure_ready`` to ``arm``.
    """

    @property
    def identity(self) -> Identity:
        """Who it is."""
        ...

    @property
    def signals(self) -> tuple[Signal, ...]:
        """What it can play, with its options."""
        ...

    def limits(self, output: OutputSettings) -> GeneratorLimits:
        """Ask what it can hold and play; sets nothing that an output could feel.

        Raises
        ------
        DeviceStateError
            It tells that only in another mode, and an output is on.
        """
        ...

    def ensure_ready(self) -> None:
        """Stop, switch outputs off, clear errors, and remove what an earlier run left of ours."""
        ...

    def configure(self, output: OutputSettings) -> None:
        """Set all but the waveforms; outputs stay off. Refuses what would be set otherwise."""
        ...

    def upload(self, name: str, source: WaveformSource, progress: Progress | None = None) -> Upload:
        """Write a waveform into memory, padded with zeros, never tiled or wrapped."""
        ...

    def queue(self, names: Sequence[str]) -> None:
        """Make uploaded waveforms those that the next triggers play, in this order, each once."""
        ...

    def arm(self) -> None:
        """Switch outputs on and wait for the first trigger; returns when it does wait."""
        ...

    def trigger(self) -> None:
        """Play the next waveform, where the trigger is the bus."""
        ...

    def wait_played(self, deadline_s: float) -> None:
        """Wait until the waveform has been played and the next one waits for its trigger."""
        ...

    def read_back(self) -> dict[str, Any]:
        """Tell what it is set to, as it says: rate, level, reference, waveforms; fit for JSON.

        ``reference_locked`` is whether it follows its clock reference, where it can tell.
        """
        ...

    def ensure_stopped(self) -> None:
        """Stop and switch all outputs off: from any state, any number of times; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class DigitizerLimits:
    """What a digitizer can record, as it tells.

    Parameters
    ----------
    channels : int
        Its inputs.
    min_sample_rate_hz, max_sample_rate_hz : float
        Of real-time sampling, with the channels in use.
    max_record_samples : int
        Of one channel, in one record.
    max_segments : int
        Records that it can take without the host between; 1 without such a mode.
    adc_bits : int
        Resolution of its codes.
    bandwidth_hz : float
        Analogue.
    max_input_v : float
        That its input bears, peak into 50 ohm.
    widest_hz : float or None
        Bandwidth that it has at most, where a licence widens it and no command tells; ``None`` is
        ``bandwidth_hz``. What lies beyond ``bandwidth_hz`` cannot be counted on, and may fold.
    """

    channels: int
    min_sample_rate_hz: float
    max_sample_rate_hz: float
    max_record_samples: int
    max_segments: int
    adc_bits: int
    bandwidth_hz: float
    max_input_v: float
    widest_hz: float | None = None

    @property
    def may_pass_hz(self) -> float:
        """Bandwidth up to which something may fold."""
        return self.widest_hz or self.bandwidth_hz


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How a digitizer records.

    Parameters
    ----------
    channels : tuple of int
        Inputs.
    sample_rate_hz : float
        At least; the digitizer chooses the next one that it has.
    duration_s : float
        From the trigger on, at least.
    pre_trigger_s : float
        Before the trigger, at least.
    segments : int
        Records, each with a trigger of its own.
    full_scale_v : float
        Largest voltage that does not clip, at least; the offset is zero, the input 50 ohm.
    trigger_input : str
        "external" or "channel N".
    trigger_level_v : float
        Of a rising slope.
    clock_reference : str
        One of :data:`ClockReference`.
    """

    channels: tuple[int, ...]
    sample_rate_hz: float
    duration_s: float
    pre_trigger_s: float = 0.0
    segments: int = 1
    full_scale_v: float = 0.5
    trigger_input: str = "external"
    trigger_level_v: float = 0.5
    clock_reference: ClockReference = "internal"


@dataclass(frozen=True, slots=True)
class CaptureSetup:
    """What a digitizer made of the settings, as it says.

    Parameters
    ----------
    sample_rate_hz : float
        Of the records.
    record_samples : int
        Of each.
    segments : int
        Records.
    full_scale_v : float
        Largest voltage that does not clip.
    """

    sample_rate_hz: float
    record_samples: int
    segments: int
    full_scale_v: float


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What one channel recorded after one trigger.

    Voltage is ``codes * volts_per_code + offset_v``; sample n was taken ``first_sample_s +
    n * interval_s`` after the trigger.

    Parameters
    ----------
    codes : int16 or float32 array, shape (samples,)
        As the digitizer gives them; float32 are volts.
    volts_per_code, offset_v : float
        Of the preamble; 1 and 0 for float32.
    first_sample_s : float
        To a fraction of a sample, other from shot to shot; negative before the trigger.
    interval_s : float
        Between samples.
    clipped : bool array, shape (samples,), or None
        Samples beyond the range; None where there is none.
    """

    codes: NDArray[np.int16] | NDArray[np.float32]
    volts_per_code: float
    offset_v: float
    first_sample_s: float
    interval_s: float
    clipped: NDArray[np.bool_] | None = None


class Digitizer(Protocol):
    """Records once per trigger.

    The order of calls is ``ensure_ready, configure, (arm, wait_captured, fetch...)...,
    ensure_stopped``.
    """

    @property
    def identity(self) -> Identity:
        """Who it is."""
        ...

    def limits(self, channels: Sequence[int]) -> DigitizerLimits:
        """Ask what it can record with these channels."""
        ...

    def ensure_ready(self) -> None:
        """Stop, clear errors, and bring it to a known state."""
        ...

    def configure(self, capture: CaptureSettings) -> CaptureSetup:
        """Set it, and read back what became of the settings."""
        ...

    def arm(self) -> None:
        """Begin one acquisition; returns when it does wait for its trigger."""
        ...

    def wait_captured(self, deadline_s: float) -> None:
        """Wait until all segments are recorded.

        Raises
        ------
        DeviceTimeoutError
            No trigger came, or not enough; the acquisition is stopped.
        """
        ...

    def fetch(self, channel: int, segment: int = 0, progress: Progress | None = None) -> Record:
        """Read a record out, scaled by its own preamble."""
        ...

    def read_back(self) -> dict[str, Any]:
        """Tell what it is set to, as it says; fit for JSON.

        ``reference_locked`` is whether it follows its clock reference, where it can tell.
        """
        ...

    def ensure_stopped(self) -> None:
        """Stop the acquisition: from any state, any number of times; never raises."""
        ...


@runtime_checkable
class TakesRate(Protocol):
    """A digitizer whose rate cannot be set: the fastest one with which a record fits its memory."""

    def rate_for(self, capture: CaptureSettings) -> float:
        """Ask at which rate it would record this, whatever rate is asked for; records nothing."""
        ...
