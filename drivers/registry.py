"""From the name of a driver to a device."""

from __future__ import annotations

from drivers.errors import DeviceSettingsError
from drivers.interface import Device
from drivers.loopback.settings import LoopbackSettings

DRIVERS = ("loopback",)
"""Names that :func:`open_device` knows."""

# Prefixes that later versions give a meaning, so that today's answer can say more than "unknown".
_ANNOUNCED = ("soapy", "visa")


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
    if name in DRIVERS:
        return
    use = f"use {' or '.join(repr(known) for known in DRIVERS)}"
    if name.partition(":")[0] in _ANNOUNCED:
        raise DeviceSettingsError(f"driver {name!r} is not in this version", use)
    raise DeviceSettingsError(f"driver {name!r} is unknown", use)


def open_device(name: str, settings: object) -> Device:
    """Open a device; its output is off.

    Parameters
    ----------
    name : str
        Name of the driver, one of :data:`DRIVERS`.
    settings : object
        Settings of that driver: `LoopbackSettings` for "loopback".

    Returns
    -------
    Device
        In state ``stopped``.

    Raises
    ------
    DeviceSettingsError
        The driver is unknown, or the settings are those of another one.
    """
    require_known(name)
    if not isinstance(settings, LoopbackSettings):
        raise DeviceSettingsError(
            f"driver {name!r} was given settings of type {type(settings).__name__}",
            "give LoopbackSettings",
        )
    # Here and not above: compiling numba code is for those who play, not for those who only ask.
    from drivers.loopback.device import LoopbackDevice

    return LoopbackDevice(settings)
