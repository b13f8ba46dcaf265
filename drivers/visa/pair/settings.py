"""Settings of a generator and a digitizer that make one device, and the leave to transmit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from drivers.errors import DeviceSettingsError
from drivers.visa.instrument import ClockReference

PlayedSignal = Literal["real-if", "iq", "modulated"]
"""``real-if``: one real output at an intermediate frequency. ``iq``: I and Q at two outputs, into
two inputs. ``modulated``: the generator mixes I and Q up to a carrier, which one input samples."""

CaptureMode = Literal["record", "segments"]
"""One record for all windows of a part, or one for each of them."""

OHMS = 50.0
"""Load of every output and impedance of every input."""

_SIGNALS = ("real-if", "iq", "modulated")


@dataclass(frozen=True, slots=True)
class VisaSettings:
    """How the pair is set. The rate of the windows is that of the schedule.

    Parameters
    ----------
    generator, digitizer : str
        VISA addresses.
    visa_library : str
        "@py" for PyVISA-py, else the path of a vendor's library.
    transmit : bool
        Leave to transmit. Without it a run is refused before an output goes on.
    attenuation_db : float or None
        Stated attenuation between output and input, dB, at least zero. A run needs it: it is the
        word of the one who wired the bench that the input survives the output, and it says which
        voltage at the input is gain 1.0.
    signal : str
        One of :data:`PlayedSignal`.
    frequency_hz : float or None
        Intermediate frequency of ``real-if`` (``None`` chooses), carrier of ``modulated``.
    generator_rate_hz, digitizer_rate_hz : float or None
        Sample rates; ``None`` chooses. The generator's is a whole multiple of the schedule's.
    output_channels, input_channels : tuple of int
        One each; two each for ``iq``, I first.
    output_peak_v : float or None
        Voltage of full scale into 50 ohm, of ``real-if`` and ``iq``.
    output_power_dbm : float or None
        Power of a carrier at full scale, of ``modulated``.
    max_output_power_dbm : float or None
        No output above it: a sine at full scale.
    max_input_v : float or None
        No peak voltage above it may reach the input; the digitizer's own limit holds besides.
    input_full_scale_v : float or None
        Range of the input, peak; ``None`` takes what full scale of the output makes there, and a
        tenth more.
    marker : int
        Marker output that is wired to the trigger input.
    marker_v : float
        Its high level, where the generator lets it be set.
    trigger_input : str
        "external" or "channel N".
    trigger_level_v : float
        On the marker's rising slope.
    trigger_skew_s : float
        How much later than the marker, relative to their places in the waveform, the signal
        arrives: cables, and the generator's own skew. It is taken out.
    clock_reference : str
        "external": both follow a common 10 MHz, and a run is refused where one says that it does
        not. "internal" lets the two clocks drift apart.
    capture : str
        One of :data:`CaptureMode`.
    guard_samples : int or None
        Silence between windows, in samples of the schedule's rate; ``None`` takes what the filters
        need, and in segments the digitizer's rearming besides.
    timeout_s : float
        Of an answer, and of a capture beyond the length of what is played, seconds.
    upload_timeout_s : float
        Of the writing of one waveform, seconds.
    stop_timeout_s : float
        How long each of the steps of stopping may take, seconds; an instrument that does not answer
        costs twice that, and a moment for connecting anew.

    Raises
    ------
    DeviceSettingsError
        A value is out of its range, contradicts another, or is above a limit.
    """

    generator: str
    digitizer: str
    visa_library: str = "@py"
    transmit: bool = False
    attenuation_db: float | None = None
    signal: PlayedSignal = "real-if"
    frequency_hz: float | None = None
    generator_rate_hz: float | None = None
    digitizer_rate_hz: float | None = None
    output_channels: tuple[int, ...] = (1,)
    input_channels: tuple[int, ...] = (1,)
    output_peak_v: float | None = 0.25
    output_power_dbm: float | None = None
    max_output_power_dbm: float | None = None
    max_input_v: float | None = None
    input_full_scale_v: float | None = None
    marker: int = 1
    marker_v: float = 1.0
    trigger_input: str = "external"
    trigger_level_v: float = 0.5
    trigger_skew_s: float = 0.0
    clock_reference: ClockReference = "external"
    capture: CaptureMode = "record"
    guard_samples: int | None = None
    timeout_s: float = 10.0
    upload_timeout_s: float = 600.0
    stop_timeout_s: float = 5.0

    def __post_init__(self) -> None:
        for name in ("generator", "digitizer"):
            if not getattr(self, name).strip():
                raise DeviceSettingsError(
                    f"{name} = '' is no VISA address",
                    'give one, as in "TCPIP::192.168.0.10::hislip0::INSTR"',
                )
        self._require_choices()
        self._require_ranges()
        self._require_channels()
        self._require_level()

    @property
    def full_scale_v(self) -> float:
        """Peak voltage of a sample of magnitude 1.0 at the output, into 50 ohm."""
        if self.signal == "modulated":
            assert self.output_power_dbm is not None  # required
            return math.sqrt(2.0 * OHMS * 1e-3 * math.pow(10.0, self.output_power_dbm / 10.0))
        assert self.output_peak_v is not None  # required
        return self.output_peak_v

    @property
    def unit_v(self) -> float:
        """Voltage at the input for which a captured sample is 1.0: full scale, attenuated."""
        return self.full_scale_v * math.pow(10.0, -(self.attenuation_db or 0.0) / 20.0)

    @property
    def largest_input_v(self) -> float:
        """Largest peak voltage that the output can bring about at the input.

        I and Q at full scale together make a carrier that is sqrt(2) larger than either.
        """
        return self.unit_v * (math.sqrt(2.0) if self.signal == "modulated" else 1.0)

    @property
    def channels_in_use(self) -> tuple[int, ...]:
        """Inputs that are on: those of the signal, and the marker's where it has one."""
        kind, _, channel = self.trigger_input.partition(" ")
        return (*self.input_channels, *((int(channel),) if kind == "channel" else ()))

    @property
    def input_range_v(self) -> float:
        """Range of the input that is asked for, peak."""
        return self.input_full_scale_v or 1.1 * self.unit_v

    def _require_choices(self) -> None:
        for name, value, choices in (
            ("signal", self.signal, _SIGNALS),
            ("clock_reference", self.clock_reference, ("internal", "external")),
            ("capture", self.capture, ("record", "segments")),
        ):
            if value not in choices:
                raise DeviceSettingsError(f"{name} = {value!r}", f"use {' or '.join(choices)}")
        kind, _, channel = self.trigger_input.partition(" ")
        if self.trigger_input != "external" and not (kind == "channel" and channel.isdecimal()):
            raise DeviceSettingsError(
                f"trigger_input = {self.trigger_input!r}", 'use "external" or "channel N"'
            )

    def _require_ranges(self) -> None:
        numbers: tuple[tuple[str, float | None, float, float], ...] = (
            ("attenuation_db", self.attenuation_db, 0.0, 300.0),
            ("frequency_hz", self.frequency_hz, 1.0, 1e12),
            ("generator_rate_hz", self.generator_rate_hz, 1.0, 1e12),
            ("digitizer_rate_hz", self.digitizer_rate_hz, 1.0, 1e12),
            ("output_peak_v", self.output_peak_v, 1e-6, 100.0),
            ("output_power_dbm", self.output_power_dbm, -200.0, 100.0),
            ("max_output_power_dbm", self.max_output_power_dbm, -200.0, 100.0),
            ("max_input_v", self.max_input_v, 1e-6, 1000.0),
            ("input_full_scale_v", self.input_full_scale_v, 1e-6, 1000.0),
            ("marker", self.marker, 1, 8),
            ("marker_v", self.marker_v, 0.1, 10.0),
            ("trigger_level_v", self.trigger_level_v, -10.0, 10.0),
            ("trigger_skew_s", self.trigger_skew_s, -1e-3, 1e-3),
            ("guard_samples", self.guard_samples, 0, 1 << 24),
            ("timeout_s", self.timeout_s, 0.1, 3600.0),
            ("upload_timeout_s", self.upload_timeout_s, 0.1, 86400.0),
            ("stop_timeout_s", self.stop_timeout_s, 0.1, 60.0),
        )
        for name, value, lowest, highest in numbers:
            if value is None:
                continue
            if not (math.isfinite(value) and lowest <= value <= highest):
                raise DeviceSettingsError(
                    f"{name} = {value!r}", f"use a number of {lowest:g} to {highest:g}"
                )

    def _require_channels(self) -> None:
        wanted = 2 if self.signal == "iq" else 1
        for name in ("output_channels", "input_channels"):
            channels: tuple[int, ...] = getattr(self, name)
            if len(channels) != wanted or len(set(channels)) != wanted or min(channels) < 1:
                raise DeviceSettingsError(
                    f"{name} = {list(channels)} with signal = {self.signal!r}",
                    f"give {'two, I first' if wanted == 2 else 'one'}, counted from 1",
                )
        kind, _, channel = self.trigger_input.partition(" ")
        if kind == "channel" and int(channel) in self.input_channels:
            raise DeviceSettingsError(
                f"trigger_input = {self.trigger_input!r} is among input_channels",
                "wire the marker to an input of its own",
            )

    def _require_level(self) -> None:
        level = "output_power_dbm" if self.signal == "modulated" else "output_peak_v"
        if getattr(self, level) is None:
            raise DeviceSettingsError(
                f"signal = {self.signal!r} without {level}", f"state {level}, that of full scale"
            )
        if self.signal == "modulated" and self.frequency_hz is None:
            raise DeviceSettingsError(
                "signal = 'modulated' without frequency_hz", "state the carrier in Hz"
            )
        if self.signal == "iq" and self.frequency_hz is not None:
            raise DeviceSettingsError(
                f"frequency_hz = {self.frequency_hz:g} with signal = 'iq', which has no carrier",
                "leave it out, or use real-if or modulated",
            )
        power_dbm = 10.0 * math.log10(self.full_scale_v**2 / (2.0 * OHMS) / 1e-3)
        limit_dbm = self.max_output_power_dbm
        # Back from a voltage, a power is the same but for rounding.
        if limit_dbm is not None and power_dbm > limit_dbm + 1e-9:
            raise DeviceSettingsError(
                f"{level} = {getattr(self, level):g} makes {power_dbm:.2f} dBm at full scale, "
                f"above max_output_power_dbm = {limit_dbm:g}",
                "lower the level; raise the limit only if the bench allows it",
            )
        if self.max_input_v is not None and self.attenuation_db is not None:
            self.require_input_bears(self.max_input_v, "max_input_v")

    def require_input_bears(self, limit_v: float, whose: str) -> None:
        """Refuse what could bring more than a limit to the input.

        Parameters
        ----------
        limit_v : float
            Peak voltage.
        whose : str
            Limit, for the error.

        Raises
        ------
        DeviceSettingsError
            Full scale of the output, behind the stated attenuation, is above the limit.
        """
        largest_v = self.largest_input_v
        if largest_v > limit_v:
            raise DeviceSettingsError(
                f"attenuation_db = {self.attenuation_db or 0.0:g} leaves {largest_v:.3g} V of the "
                f"output's full scale at the input, above {whose} = {limit_v:g} V",
                "lower the output level, or add attenuation and state it",
            )

    def require_may_transmit(self) -> None:
        """Refuse to transmit without leave and a stated attenuation.

        Raises
        ------
        DeviceSettingsError
            Either is missing.
        """
        if not self.transmit:
            raise DeviceSettingsError(
                f"generator {self.generator!r} has no leave to transmit",
                "set transmit: true once the output is wired to the input by a cable",
            )
        if self.attenuation_db is None:
            raise DeviceSettingsError(
                f"no attenuation is stated between output of {self.generator!r} and input of "
                f"{self.digitizer!r}",
                "state attenuation_db, what lies between the connectors, in dB",
            )

    def require_marker_triggers(self) -> None:
        """Refuse a trigger level that the marker does not pass.

        Raises
        ------
        DeviceSettingsError
            It does not.
        """
        if not 0.0 < self.trigger_level_v < self.marker_v:
            raise DeviceSettingsError(
                f"trigger_level_v = {self.trigger_level_v:g} is not between 0 and marker_v, "
                f"{self.marker_v:g} V: no marker would pass it",
                "give half of marker_v",
            )
