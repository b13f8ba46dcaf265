"""From the name of a driver to a device."""

from __future__ import annotations

from dataclasses import replace

from drivers.errors import DeviceSettingsError
from drivers.interface import Device
from drivers.loopback.settings import LoopbackSettings
from drivers.soapy.settings import SoapySettings
from drivers.visa.pair.settings import VisaSettings

DRIVERS = ("loopback", "soapy", "visa")
"""Names that :func:`open_device` knows; behind a colon, "soapy" may have device arguments, and
"visa" the addresses of a generator and a digitizer, with a plus between them."""


def require_known(name: str) -> None:
    """Refuse a driver that does not exist, before anything is opened.

    Parameters
    ----------
    name : str
        Name of the driver.

    Raises
    ------
    DeviceSettingsError
        There is none of that name, the error lists those that there are; or "visa" has not two
        addresses.
    """
    driver, _, arguments = name.partition(":")
    if name in DRIVERS or (driver == "soapy" and arguments):
        return
    if driver == "visa":
        _two_addresses(arguments)
        return
    raise DeviceSettingsError(
        f"driver {name!r} is unknown", f"use {' or '.join(repr(known) for known in DRIVERS)}"
    )


def open_device(name: str, settings: object) -> Device:
    """Open a device; its output is off.

    Parameters
    ----------
    name : str
        Name of the driver, one of :data:`DRIVERS`. The device arguments of "soapy:ARGUMENTS" and
        the addresses of "visa:GENERATOR+DIGITIZER" take the place of those in the settings.
    settings : object
        Settings of that driver: `LoopbackSettings` for "loopback", `SoapySettings` for "soapy",
        `VisaSettings` for "visa".

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
    if driver == "visa" and isinstance(settings, VisaSettings):
        from drivers.visa.pair.device import VisaDevice

        if arguments:
            generator, digitizer = _two_addresses(arguments)
            settings = replace(settings, generator=generator, digitizer=digitizer)
        return VisaDevice(settings)
    if driver == "loopback" and isinstance(settings, LoopbackSettings):
        from drivers.loopback.device import LoopbackDevice

        return LoopbackDevice(settings)
    fitting = {
        "soapy": SoapySettings,
        "loopback": LoopbackSettings,
        "visa": VisaSettings,
    }[driver]
    raise DeviceSettingsError(
        f"driver {name!r} was given settings of type {type(settings).__name__}",
        f"give {fitting.__name__}",
    )


def _two_addresses(text: str) -> tuple[str, str]:
    """Take apart the addresses of a generator and a digitizer."""
    addresses = tuple(address.strip() for address in text.split("+"))
    if len(addresses) != 2 or not all(addresses):
        raise DeviceSettingsError(
            f"driver 'visa:{text}' does not name a generator and a digitizer",
            'write "visa:GENERATOR+DIGITIZER" with two VISA addresses',
        )
    return addresses[0], addresses[1]
