"""Settings of a software-defined radio, and what they must say before anything may leave it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from drivers.errors import DeviceSettingsError

OnLoss = Literal["flag", "retry", "abort"]
"""What follows when a pulse is lost: it is recorded as lost and the run goes on; it is played again
in a slot of its own; the run ends."""

Streaming = Literal["bursts", "continuous"]
"""Output and input on for the windows alone, or from the first window to the last."""

StreamFormat = Literal["CS16", "CF32"]

_MOST_PULSES_AHEAD = 1024


@dataclass(frozen=True, slots=True)
class SoapySettings:
    """How a radio is set. The sample rate is that of the schedule.

    Parameters
    ----------
    arguments : str
        Of the device, ``driver=uhd,serial=...`` or ``driver=remote,remote=tcp://...``.
    transmit : bool
        Leave to transmit. Without it nothing is opened for output and a run is refused.
    attenuation_db : float or None
        Stated attenuation between output and input, dB, at least zero. A run needs it: it is the
        word of the one who wired the bench that the input survives the output.
    frequency_hz : float or None
        Carrier of both directions; ``None`` leaves it as the radio has it.
    tx_gain_db, rx_gain_db : float or None
        Overall gain; ``None`` is the lowest one that there is.
    tx_gain_elements_db, rx_gain_elements_db : mapping
        Gains of named elements, set after the overall one.
    max_tx_gain_db : float or None
        No output gain above it, asked for or read back.
    max_tx_power_dbm, tx_power_dbm_at_full_scale : float or None
        No output power above the first; the second says what full scale makes at these settings.
    tx_channel, rx_channel : int
        Channels.
    tx_antenna, rx_antenna : str or None
        Connectors.
    bandwidth_hz : float or None
        Of the filters in both directions.
    clock_source, time_source : str or None
        As the radio calls them (``external``, ``gpsdo``).
    stream_format : str
        "CS16", codes as they are, or "CF32".
    full_scale : int or None
        Largest code of the converters plus one where that is a power of two, else the largest
        code; ``None`` believes the radio.
    on_loss : str
        One of :data:`OnLoss`.
    max_repeats : int
        How often one pulse is played again under ``on_loss = "retry"``.
    streaming : str
        One of :data:`Streaming`. Radios without time stamps stream continuously in any case.
    use_time : bool or None
        Use the radio's time stamps; ``None`` if it says that it has them.
    pulses_ahead : int
        Pulses that are under way in the radio; queues of commands hold 8 in some. A continuous
        stream has no commands and keeps at least a quarter of a second under way.
    start_delay_s : float
        From the start to the first window, seconds: time to fill the queues.
    receive_delay_ticks : int
        Whole ticks by which windows are received later than they are played, for a chain that
        delays by more than a window has room for.
    timeout_s : float
        Without a sample in either direction for this much longer than the schedule says, the link
        counts as lost, seconds.
    stop_timeout_s : float
        How long each of the steps of stopping may take, seconds.
    status_wait_s : float
        How long after a window complaints about it are waited for, where the radio does not
        acknowledge bursts, seconds.
    rate_tolerance : float
        Largest relative difference between the rate asked for and the one that the radio sets.
    require_lock : bool
        Refuse to start where a lock sensor says no.
    device_settings : mapping
        Settings of the driver's own (``writeSetting``).
    tx_stream_arguments, rx_stream_arguments : mapping
        Of the streams, such as ``remote:mtu``.

    Raises
    ------
    DeviceSettingsError
        A value is out of its range, or above a limit.
    """

    arguments: str
    transmit: bool = False
    attenuation_db: float | None = None
    frequency_hz: float | None = None
    tx_gain_db: float | None = None
    rx_gain_db: float | None = None
    tx_gain_elements_db: Mapping[str, float] = field(default_factory=dict)
    rx_gain_elements_db: Mapping[str, float] = field(default_factory=dict)
    max_tx_gain_db: float | None = None
    max_tx_power_dbm: float | None = None
    tx_power_dbm_at_full_scale: float | None = None
    tx_channel: int = 0
    rx_channel: int = 0
    tx_antenna: str | None = None
    rx_antenna: str | None = None
    bandwidth_hz: float | None = None
    clock_source: str | None = None
    time_source: str | None = None
    stream_format: StreamFormat = "CS16"
    full_scale: int | None = None
    on_loss: OnLoss = "flag"
    max_repeats: int = 3
    streaming: Streaming = "bursts"
    use_time: bool | None = None
    pulses_ahead: int = 6
    start_delay_s: float = 0.1
    receive_delay_ticks: int = 0
    timeout_s: float = 2.0
    stop_timeout_s: float = 5.0
    status_wait_s: float = 0.02
    rate_tolerance: float = 1e-9
    require_lock: bool = True
    device_settings: Mapping[str, str] = field(default_factory=dict)
    tx_stream_arguments: Mapping[str, str] = field(default_factory=dict)
    rx_stream_arguments: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.arguments.strip():
            raise DeviceSettingsError(
                "the radio has no device arguments", 'name it, as in "driver=uhd,serial=..."'
            )
        self._require_choices()
        self._require_ranges()
        self._require_within_limits()

    def _require_choices(self) -> None:
        for name, value, choices in (
            ("stream_format", self.stream_format, ("CS16", "CF32")),
            ("on_loss", self.on_loss, ("flag", "retry", "abort")),
            ("streaming", self.streaming, ("bursts", "continuous")),
        ):
            if value not in choices:
                raise DeviceSettingsError(f"{name} = {value!r}", f"use {' or '.join(choices)}")

    def _require_ranges(self) -> None:
        numbers: tuple[tuple[str, float | None, float, float], ...] = (
            ("attenuation_db", self.attenuation_db, 0.0, 300.0),
            ("frequency_hz", self.frequency_hz, 0.0, 1e12),
            ("tx_gain_db", self.tx_gain_db, -200.0, 200.0),
            ("rx_gain_db", self.rx_gain_db, -200.0, 200.0),
            ("max_tx_gain_db", self.max_tx_gain_db, -200.0, 200.0),
            ("max_tx_power_dbm", self.max_tx_power_dbm, -200.0, 100.0),
            ("tx_power_dbm_at_full_scale", self.tx_power_dbm_at_full_scale, -200.0, 100.0),
            ("bandwidth_hz", self.bandwidth_hz, 0.0, 1e12),
            ("full_scale", self.full_scale, 2, 1 << 15),
            ("tx_channel", self.tx_channel, 0, 1 << 16),
            ("rx_channel", self.rx_channel, 0, 1 << 16),
            ("max_repeats", self.max_repeats, 0, 1 << 16),
            ("pulses_ahead", self.pulses_ahead, 1, _MOST_PULSES_AHEAD),
            ("start_delay_s", self.start_delay_s, 1e-6, 60.0),
            ("receive_delay_ticks", self.receive_delay_ticks, 0, 1 << 31),
            ("timeout_s", self.timeout_s, 0.1, 3600.0),
            ("stop_timeout_s", self.stop_timeout_s, 0.1, 60.0),
            ("status_wait_s", self.status_wait_s, 1e-4, 1.0),
            ("rate_tolerance", self.rate_tolerance, 0.0, 1e-3),
        )
        for name, value, lowest, highest in numbers:
            if value is None:
                continue
            if not (math.isfinite(value) and lowest <= value <= highest):
                raise DeviceSettingsError(
                    f"{name} = {value!r}", f"use a number of {lowest:g} to {highest:g}"
                )

    def _require_within_limits(self) -> None:
        limit_db = self.max_tx_gain_db
        if limit_db is not None:
            asked = {"tx_gain_db": self.tx_gain_db, **self.tx_gain_elements_db}
            for name, gain_db in asked.items():
                if gain_db is not None and gain_db > limit_db:
                    raise DeviceSettingsError(
                        f"output gain {name} = {gain_db:g} dB is above max_tx_gain_db = "
                        f"{limit_db:g} dB",
                        "lower the gain; raise the limit only if the bench allows it",
                    )
        if self.max_tx_power_dbm is None:
            return
        power_dbm = self.tx_power_dbm_at_full_scale
        if power_dbm is None:
            raise DeviceSettingsError(
                f"max_tx_power_dbm = {self.max_tx_power_dbm:g} dBm cannot be kept without "
                "tx_power_dbm_at_full_scale",
                "measure the output at full scale with these gains, and state it",
            )
        if power_dbm > self.max_tx_power_dbm:
            raise DeviceSettingsError(
                f"the output makes {power_dbm:g} dBm at full scale, above max_tx_power_dbm = "
                f"{self.max_tx_power_dbm:g} dBm",
                "lower the gain and measure again",
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
                f"radio {self.arguments!r} has no leave to transmit",
                "set transmit: true once the output is wired to the input by a cable",
            )
        if self.attenuation_db is None:
            raise DeviceSettingsError(
                f"no attenuation is stated between output and input of radio {self.arguments!r}",
                "state attenuation_db, what lies between the connectors, in dB",
            )
