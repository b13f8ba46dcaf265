"""What is set on a radio once for a run: set, read back, and held against what was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Set
from contextlib import suppress
from fractions import Fraction
from typing import Any

from drivers.errors import DeviceSettingsError, DriverError
from drivers.soapy.errors import ReferenceUnlockedError
from drivers.soapy.library import asking, soapy
from drivers.soapy.settings import SoapySettings

# Names of sensors that tell of locks: UHD's, LimeSuite's and others' all end like this.
_LOCK_SUFFIX = "_locked"
# Of a receiver for GPS that is built in, and has no antenna on most benches.
_GPS_SENSOR = "gps_locked"
_GPS_SOURCE = "gpsdo"
_TRUE = ("true", "1", "locked", "yes")

# Gains are steps of a quarter to one dB, frequencies whole steps of a synthesizer.
_GAIN_TOLERANCE_DB = 1.0
_FREQUENCY_TOLERANCE_HZ = 1.0


def set_front_end(device: Any, settings: SoapySettings, rate_hz: float) -> Fraction:
    """Set everything but the streams.

    Parameters
    ----------
    device : SoapySDR.Device
        An open radio, nothing of it active.
    settings : SoapySettings
        What to set.
    rate_hz : float
        Sample rate of the schedule, Hz.

    Returns
    -------
    Fraction
        The sample rate as the radio tells it, exactly.

    Raises
    ------
    DeviceSettingsError
        The radio sets something else than what was asked for.
    DriverError
        It refuses.
    """
    for source, value in (("Clock", settings.clock_source), ("Time", settings.time_source)):
        if value is not None:
            _set_source(device, source, value)
    for key, value in settings.device_settings.items():
        with asking(f"set {key} = {value}"):
            device.writeSetting(key, value)
    # The output's gain is lowest while the rest changes; the one that is asked for comes last.
    tx, rx = _directions(settings)
    with asking("lower the gain of its output"):
        lower_gain(device, *tx)
    rates = {_set_rate(device, *channel, rate_hz, settings.rate_tolerance) for channel in (tx, rx)}
    if len(rates) > 1:
        raise DeviceSettingsError(
            f"the radio sets the rates {' and '.join(f'{rate:.9g}' for rate in rates)} Hz for "
            "output and input",
            "use a rate that it sets equally in both directions",
        )
    antennas = (settings.tx_antenna, settings.rx_antenna)
    gains = (settings.tx_gain_db, settings.rx_gain_db)
    elements = (settings.tx_gain_elements_db, settings.rx_gain_elements_db)
    for channel, antenna, gain_db, element_gains in zip(
        (tx, rx), antennas, gains, elements, strict=True
    ):
        if antenna is not None:
            _set_antenna(device, *channel, antenna)
        if settings.frequency_hz is not None:
            _set_frequency(device, *channel, settings.frequency_hz)
        if settings.bandwidth_hz is not None:
            with asking(f"set a bandwidth of {settings.bandwidth_hz:g} Hz"):
                device.setBandwidth(*channel, settings.bandwidth_hz)
        _set_gain(device, *channel, gain_db)
        for name, element_db in element_gains.items():
            with asking(f"set gain {name} = {element_db:g} dB"):
                device.setGain(*channel, name, element_db)
    _require_gain_limit(device, *tx, settings.max_tx_gain_db)
    return Fraction(rates.pop())


def read_front_end(device: Any, settings: SoapySettings) -> dict[str, Any]:
    """Tell what a radio is set to, as it says itself; fit for JSON."""
    tx, rx = _directions(settings)
    told: dict[str, Any] = {}
    for name, ask in (
        ("driver_key", device.getDriverKey),
        ("hardware_key", device.getHardwareKey),
        ("hardware", lambda: _plain_map(device.getHardwareInfo())),
        ("clock_source", device.getClockSource),
        ("time_source", device.getTimeSource),
        ("master_clock_hz", lambda: _plain_number(device.getMasterClockRate())),
    ):
        with suppress(RuntimeError):
            told[name] = ask()
    for side, channel in (("tx", tx), ("rx", rx)):
        for name, ask in (
            ("sample_rate_hz", device.getSampleRate),
            ("frequency_hz", device.getFrequency),
            ("gain_db", device.getGain),
            ("bandwidth_hz", device.getBandwidth),
            ("antenna", device.getAntenna),
        ):
            with suppress(RuntimeError):
                value = ask(*channel)
                told[f"{side}_{name}"] = value if isinstance(value, str) else _plain_number(value)
        with suppress(RuntimeError):
            told[f"{side}_gain_elements_db"] = {
                name: _plain_number(device.getGain(*channel, name))
                for name in device.listGains(*channel)
            }
    for key in settings.device_settings:
        with suppress(RuntimeError):
            told[f"setting_{key}"] = str(device.readSetting(key))
    return told


def read_locks(device: Any, settings: SoapySettings) -> dict[str, bool]:
    """Read all sensors that tell of a lock, of the radio and of its channels.

    That of a GPS receiver counts only where clock or time come from there.

    Parameters
    ----------
    device : SoapySDR.Device
        An open radio.
    settings : SoapySettings
        Which channels.

    Returns
    -------
    dict of str to bool
        By the sensor's name, with the direction in front for those of a channel.
    """
    locks: dict[str, bool] = {}
    tx, rx = _directions(settings)
    sources: set[str] = set()
    for ask in (device.getClockSource, device.getTimeSource):
        with suppress(RuntimeError):
            sources.add(str(ask()))
    for prefix, place in (("", ()), ("tx_", tx), ("rx_", rx)):
        names: Iterable[str] = ()
        with suppress(RuntimeError):
            names = [str(name) for name in device.listSensors(*place)]
        for name in names:
            if is_lock(name, sources):
                with asking(f"read sensor {name}"):
                    text = str(device.readSensor(*place, name))
                locks[f"{prefix}{name}"] = text.strip().lower() in _TRUE
    return locks


def is_lock(sensor: str, sources: Set[str]) -> bool:
    """Tell whether a sensor tells of a lock that a run stands on.

    Parameters
    ----------
    sensor : str
        Its name, without direction.
    sources : set of str
        Of clock and time, as the radio calls them.
    """
    if sensor == _GPS_SENSOR and _GPS_SOURCE not in sources:
        return False
    return sensor.endswith(_LOCK_SUFFIX)


def require_locks(locks: dict[str, bool], when: str) -> None:
    """Refuse oscillators that do not follow their reference.

    Parameters
    ----------
    locks : dict of str to bool
        From :func:`read_locks`.
    when : str
        For the error.

    Raises
    ------
    ReferenceUnlockedError
        A sensor says no.
    """
    unlocked = sorted(name for name, locked in locks.items() if not locked)
    if unlocked:
        raise ReferenceUnlockedError(
            f"{' and '.join(unlocked)} of the radio {'is' if len(unlocked) == 1 else 'are'} "
            f"false {when}",
            "check the reference and its cable, and clock_source; with require_lock: false the "
            "run goes on without",
        )


def lower_gain(device: Any, direction: int, channel: int) -> None:
    """Set the lowest gain that a channel has."""
    device.setGain(direction, channel, device.getGainRange(direction, channel).minimum())


def _directions(settings: SoapySettings) -> tuple[tuple[int, int], tuple[int, int]]:
    library = soapy()
    return (
        (library.SOAPY_SDR_TX, settings.tx_channel),
        (library.SOAPY_SDR_RX, settings.rx_channel),
    )


def _set_source(device: Any, kind: str, value: str) -> None:
    names = [str(name) for name in getattr(device, f"list{kind}Sources")()]
    if value not in names:
        raise DeviceSettingsError(
            f"{kind.lower()}_source = {value!r} is none of the radio's",
            f"use {' or '.join(names)}" if names else "leave it out: it has no choice",
        )
    with asking(f"set {kind.lower()}_source = {value}"):
        getattr(device, f"set{kind}Source")(value)


def _set_rate(device: Any, direction: int, channel: int, rate_hz: float, tolerance: float) -> float:
    try:
        with asking(f"set a sample rate of {rate_hz:.9g} Hz"):
            device.setSampleRate(direction, channel, rate_hz)
            actual_hz = float(device.getSampleRate(direction, channel))
    except DriverError as error:
        raise DeviceSettingsError(
            error.problem, _nearest_rate(device, direction, channel, rate_hz)
        ) from error
    if not abs(actual_hz - rate_hz) <= tolerance * rate_hz:
        raise DeviceSettingsError(
            f"the radio sets {actual_hz:.12g} Hz where {rate_hz:.12g} Hz were asked for",
            f"use {actual_hz:.12g} Hz",
        )
    return actual_hz


def _nearest_rate(device: Any, direction: int, channel: int, rate_hz: float) -> str:
    nearest: list[float] = []
    with suppress(RuntimeError):
        for span in device.getSampleRateRange(direction, channel):
            nearest.append(min(max(rate_hz, span.minimum()), span.maximum()))
    if not nearest:
        return "use a rate that `SoapySDRUtil --probe` tells"
    return f"use {min(nearest, key=lambda rate: abs(rate - rate_hz)):.12g} Hz, the nearest it tells"


def _set_antenna(device: Any, direction: int, channel: int, antenna: str) -> None:
    names = [str(name) for name in device.listAntennas(direction, channel)]
    if antenna not in names:
        raise DeviceSettingsError(
            f"antenna {antenna!r} is none of the radio's", f"use {' or '.join(names)}"
        )
    with asking(f"set antenna {antenna}"):
        device.setAntenna(direction, channel, antenna)


def _set_frequency(device: Any, direction: int, channel: int, frequency_hz: float) -> None:
    with asking(f"tune to {frequency_hz:.12g} Hz"):
        device.setFrequency(direction, channel, frequency_hz)
        actual_hz = float(device.getFrequency(direction, channel))
    if abs(actual_hz - frequency_hz) > _FREQUENCY_TOLERANCE_HZ:
        raise DeviceSettingsError(
            f"the radio tunes to {actual_hz:.12g} Hz where {frequency_hz:.12g} Hz were asked for",
            f"use {actual_hz:.12g} Hz",
        )


def _set_gain(device: Any, direction: int, channel: int, gain_db: float | None) -> None:
    with asking("tell its gains"):
        span = device.getGainRange(direction, channel)
    lowest_db, highest_db = float(span.minimum()), float(span.maximum())
    wanted_db = lowest_db if gain_db is None else gain_db
    if not lowest_db <= wanted_db <= highest_db:
        raise DeviceSettingsError(
            f"a gain of {wanted_db:g} dB is none of the radio's",
            f"use {lowest_db:g} to {highest_db:g} dB",
        )
    with asking(f"set a gain of {wanted_db:g} dB"):
        with suppress(RuntimeError):  # many have no automatic gain that one could turn off
            device.setGainMode(direction, channel, False)
        device.setGain(direction, channel, wanted_db)
        actual_db = float(device.getGain(direction, channel))
    if abs(actual_db - wanted_db) > _GAIN_TOLERANCE_DB:
        raise DeviceSettingsError(
            f"the radio sets a gain of {actual_db:g} dB where {wanted_db:g} dB were asked for",
            f"use {actual_db:g} dB",
        )


def _require_gain_limit(device: Any, direction: int, channel: int, limit_db: float | None) -> None:
    if limit_db is None:
        return
    with asking("tell the gain of its output"):
        actual_db = float(device.getGain(direction, channel))
    if actual_db > limit_db:
        with asking("lower the gain of its output"):
            lower_gain(device, direction, channel)
        raise DeviceSettingsError(
            f"the radio's output gain is {actual_db:g} dB, above max_tx_gain_db = {limit_db:g} dB",
            "lower tx_gain_db and the gains of its elements",
        )


def _plain_map(values: Any) -> dict[str, str]:
    return {str(key): str(values[key]) for key in values}


def _plain_number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
