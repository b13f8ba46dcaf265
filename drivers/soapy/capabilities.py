"""What a radio tells of itself, as data."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from drivers.errors import DeviceSettingsError
from drivers.interface import Capabilities
from drivers.soapy.conversion import StreamScale
from drivers.soapy.library import asking, native_format, soapy
from drivers.soapy.settings import SoapySettings

# Converters of the library itself make 16 bits of everything narrower.
_SIXTEEN_BITS = 1 << 15


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """One direction of one channel.

    Parameters
    ----------
    formats : tuple of str
        Of streams.
    native_format : str
        The one that costs no conversion.
    full_scale : float
        Of the native format.
    sample_rates_hz, frequencies_hz, bandwidths_hz, gains_db : tuple of pairs
        Ranges.
    antennas : tuple of str
        Connectors.
    """

    formats: tuple[str, ...]
    native_format: str
    full_scale: float
    sample_rates_hz: tuple[tuple[float, float], ...]
    frequencies_hz: tuple[tuple[float, float], ...]
    bandwidths_hz: tuple[tuple[float, float], ...]
    gains_db: tuple[tuple[float, float], ...]
    antennas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RadioFacts:
    """A radio.

    Parameters
    ----------
    driver_key, hardware_key : str
        Its names.
    tx, rx : ChannelFacts or None
        Of the channels in use; ``None`` where there is none.
    full_duplex : bool
        Transmits and receives at once.
    timed : bool
        Has time stamps, and they are used.
    transmit, receive : StreamScale
        Of the streams in use.
    """

    driver_key: str
    hardware_key: str
    tx: ChannelFacts | None
    rx: ChannelFacts | None
    full_duplex: bool
    timed: bool
    transmit: StreamScale
    receive: StreamScale

    @property
    def capabilities(self) -> Capabilities:
        """The same in the terms of every device."""
        rates = [
            span for side in (self.tx, self.rx) if side is not None for span in side.sample_rates_hz
        ]
        return Capabilities(
            min_sample_rate_hz=min((low for low, _ in rates), default=None),
            max_sample_rate_hz=max((high for _, high in rates), default=None),
            dac_bits=self.transmit.largest_code.bit_length() + 1,
            adc_bits=self.receive.largest_code.bit_length() + 1,
            max_window_samples=None,
            max_total_samples=None,
            window_granularity=1,
            timed=self.timed,
            radiates=True,
        )

    def require_usable(self) -> None:
        """Refuse a radio that cannot transmit and receive at once.

        Raises
        ------
        DeviceSettingsError
            It lacks a direction, duplex, or the format.
        """
        name = f"radio {self.driver_key}"
        if self.tx is None or self.rx is None:
            missing = "output" if self.tx is None else "input"
            raise DeviceSettingsError(
                f"{name} has no such {missing} channel", "use one that transmits and receives"
            )
        if not self.full_duplex:
            raise DeviceSettingsError(
                f"{name} cannot transmit and receive at once",
                "use a full-duplex radio; a half-duplex one hears nothing of what it plays",
            )
        for side, formats in (("output", self.tx.formats), ("input", self.rx.formats)):
            if self.transmit.stream_format not in formats:
                raise DeviceSettingsError(
                    f"the {side} of {name} has no format {self.transmit.stream_format}",
                    f"use {' or '.join(f for f in formats if f in ('CS16', 'CF32'))}",
                )

    def told(self) -> dict[str, Any]:
        """Give formats and full scales, fit for JSON."""
        return {
            "stream_format": self.transmit.stream_format,
            "tx_largest_code": self.transmit.largest_code,
            "rx_largest_code": self.receive.largest_code,
            "tx_native_format": self.tx.native_format if self.tx else None,
            "rx_native_format": self.rx.native_format if self.rx else None,
        }


def read_facts(device: Any, settings: SoapySettings) -> RadioFacts:
    """Ask an open radio what it can do; nothing of it is changed.

    Parameters
    ----------
    device : SoapySDR.Device
        The radio.
    settings : SoapySettings
        Which channels, and in what format.
    """
    library = soapy()
    with asking("tell what it is"):
        keys = str(device.getDriverKey()), str(device.getHardwareKey())
        tx = channel_facts(device, library.SOAPY_SDR_TX, settings.tx_channel)
        rx = channel_facts(device, library.SOAPY_SDR_RX, settings.rx_channel)
        has_time = bool(device.hasHardwareTime())
        duplex = rx is not None and bool(
            device.getFullDuplex(library.SOAPY_SDR_RX, settings.rx_channel)
        )
    if settings.use_time and not has_time:
        raise DeviceSettingsError(
            f"radio {keys[0]} has no time stamps", "leave use_time out, or set it to false"
        )
    return RadioFacts(
        *keys,
        tx,
        rx,
        duplex,
        has_time if settings.use_time is None else settings.use_time,
        _scale(tx, settings),
        _scale(rx, settings),
    )


def channel_facts(device: Any, direction: int, channel: int) -> ChannelFacts | None:
    """Ask about one direction of one channel; ``None`` where the radio has none of that number."""
    if channel >= int(device.getNumChannels(direction)):
        return None
    native, full_scale = native_format(device, direction, channel)
    gains: tuple[tuple[float, float], ...] = ()
    with suppress(RuntimeError):
        span = device.getGainRange(direction, channel)
        gains = ((float(span.minimum()), float(span.maximum())),)
    return ChannelFacts(
        formats=tuple(str(name) for name in device.getStreamFormats(direction, channel)),
        native_format=native,
        full_scale=full_scale,
        sample_rates_hz=_spans(device.getSampleRateRange, direction, channel),
        frequencies_hz=_spans(device.getFrequencyRange, direction, channel),
        bandwidths_hz=_spans(device.getBandwidthRange, direction, channel),
        gains_db=gains,
        antennas=tuple(str(name) for name in device.listAntennas(direction, channel)),
    )


def as_data(facts: ChannelFacts | None) -> dict[str, Any] | None:
    """Give the facts of a channel as data fit for JSON."""
    return None if facts is None else asdict(facts)


def _spans(ask: Any, direction: int, channel: int) -> tuple[tuple[float, float], ...]:
    with suppress(RuntimeError):
        return tuple((float(s.minimum()), float(s.maximum())) for s in ask(direction, channel))
    return ()


def _scale(facts: ChannelFacts | None, settings: SoapySettings) -> StreamScale:
    """Give full scale of the codes of a stream.

    Where codes of 16 bits are not what the radio itself has, the library or its driver makes them
    by shifting, and full scale is that of 16 bits.
    """
    if settings.full_scale is not None:
        return StreamScale(settings.stream_format, settings.full_scale)
    if facts is None or facts.native_format != "CS16" or not 2 <= facts.full_scale <= _SIXTEEN_BITS:
        return StreamScale(settings.stream_format, _SIXTEEN_BITS)
    return StreamScale(settings.stream_format, round(facts.full_scale))
