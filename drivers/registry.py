"""From the name of a driver to a device."""

from __future__ import annotations

from dataclasses import replace

from drivers.errors import DeviceSettingsError
from drivers.interface import Device
from drivers.loopback.settings import LoopbackSettings
from drivers.soapy.settings import SoapySettings

DRIVERS = ("loopback", "soapy")
"""Names that :func:`open_device` knows; "soapy" may have device arguments behind a colon."""

# Prefixes that later versions give a meaning, so that today's answer can say more than "unknown".
_ANNOUNCED = ("visa",)


def require_known(name: str) -> None:
    """Refuse a driver that does not exist, before anything is opened.

    Parameters
    ----------
    name : str
        Name of the driver.

    Raises
    ------
    DeviceSettingsError
        There is none of that name; the error lists those that there are.
    """
    driver, colon, arguments = name.partition(":")
    if driver == "soapy" and (arguments or not colon):
        return
    if name in DRIVERS:
        return
    use = f"use {' or '.join(repr(known) for known in DRIVERS)}"
    if driver in _ANNOUNCED:
        raise DeviceSettingsError(f"driver {name!r} is not in this version", use)
    raise DeviceSettingsError(f"driver {name!r} is unknown", use)


def open_device(name: str, settings: object) -> Device:
    """Open a device; its output is off.

    Parameters
    ----------
    name : str
        Name of the driver, one of :data:`DRIVERS`. The device arguments of "soapy:ARGUMENTS" take
        the place of those in the settings.
    settings : object
        Settings of that driver: `LoopbackSettings` for "loopback", `SoapySettings` for "soapy".

    Returns
    -------
    Device
        In state ``stopped``.

    Raises
    ------
    DeviceSettingsError
        The driver is unknown, or the settings are those of another one.
    DriverError
        The device is not there.
    """
    require_known(name)
    driver, _, arguments = name.partition(":")
    # The devices are imported here and not above: compiling numba code is for those who play, not
    # for those who only ask.
    if driver == "soapy" and isinstance(settings, SoapySettings):
        from drivers.soapy.device import SoapyDevice

        return SoapyDevice(replace(settings, arguments=arguments or settings.arguments))
    if driver == "loopback" and isinstance(settings, LoopbackSettings):
        from drivers.loopback.device import LoopbackDevice

        return LoopbackDevice(settings)
    fitting = {"soapy": SoapySettings, "loopback": LoopbackSettings}[driver]
    raise DeviceSettingsError(
        f"driver {name!r} was given settings of type {type(settings).__name__}",
        f"give {fitting.__name__}",
    )
