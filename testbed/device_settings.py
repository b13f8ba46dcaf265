"""From a configuration to a driver's settings, and to the device."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from drivers.errors import DeviceSettingsError
from drivers.interface import Device
from drivers.loopback.settings import LoopbackSettings
from drivers.registry import open_device, require_known
from drivers.soapy.library import arguments_of
from drivers.soapy.settings import SoapySettings
from drivers.visa.link.address import parse_address
from drivers.visa.pair.settings import VisaSettings
from testbed.config import Configuration
from testbed.errors import locate_errors

SOFTWARE_RADIO = "moonecho_loopback"
"""SoapySDR driver of the radio in software (``drivers/soapy/plugin``)."""

# Keys of section device.soapy that are checked with the configuration and not by the driver.
_NOT_THE_DRIVERS = {"max_rx_power_dbm"}


def is_software_radio(arguments: str) -> bool:
    """Tell whether arguments of a radio can open nothing but the one in software.

    It has no connector, so nothing can be wired wrongly: it needs no leave to transmit.

    Parameters
    ----------
    arguments : str
        Of the device, at hand (``driver=``) or behind SoapyRemote (``remote:driver=``).
    """
    given = arguments_of(arguments)
    remote = given.get("driver") == "remote" or "remote" in given
    return given.get("remote:driver" if remote else "driver") == SOFTWARE_RADIO


DriverSettings = LoopbackSettings | SoapySettings | VisaSettings


def driver_settings(configuration: Configuration) -> DriverSettings:
    """Return the settings of the driver that a configuration names.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Raises
    ------
    ConfigError
        The driver does not exist, or cannot have these settings.
    """
    device = configuration.device
    with locate_errors(configuration, "device.driver"):
        require_known(device.driver)
    if device.name == "soapy":
        return _soapy_settings(configuration)
    if device.name == "visa":
        return _visa_settings(configuration)
    chain = device.loopback
    with locate_errors(configuration, "device.loopback"):
        return LoopbackSettings(
            dac_bits=chain.dac_bits,
            adc_bits=chain.adc_bits,
            gain_db=chain.gain_db,
            delay_s=chain.delay_s,
            noise_dbfs=chain.noise_dbfs,
            seed=configuration.seed,
        )


def _soapy_settings(configuration: Configuration) -> SoapySettings:
    device = configuration.device
    values: dict[str, Any] = device.soapy.model_dump(exclude=_NOT_THE_DRIVERS)
    values["arguments"] = device.soapy_arguments
    if is_software_radio(values["arguments"]):
        values["transmit"] = True
        # Nothing outside waits for its clock, and a busy machine is late for one that runs.
        if "clock" not in arguments_of(values["arguments"]):
            values["arguments"] += ",clock=stepped"
        # Its lowest gains are losses, which would make the same experiment another one.
        for key in ("attenuation_db", "tx_gain_db", "rx_gain_db"):
            if values[key] is None:
                values[key] = 0.0
    with locate_errors(configuration, "device.soapy"):
        return SoapySettings(**values)


def _visa_settings(configuration: Configuration) -> VisaSettings:
    device = configuration.device
    values: dict[str, Any] = device.visa.model_dump()
    values["generator"], values["digitizer"] = device.visa_addresses
    with locate_device_errors(configuration):
        return VisaSettings(**values)


@contextmanager
def locate_device_errors(configuration: Configuration) -> Iterator[None]:
    """Give errors of a device's settings the place of the key that they begin with.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Raises
    ------
    ConfigError
        In place of a `DeviceSettingsError` raised inside; at the section where it names no key.
    """
    try:
        yield
    except DeviceSettingsError as error:
        device = configuration.device
        keys = type(getattr(device, device.name)).model_fields
        key = error.problem.partition(" = ")[0]
        place = f"device.{device.name}.{key}" if key in keys else f"device.{device.name}"
        with locate_errors(configuration, place):
            raise


def _with_leave(configuration: Configuration, settings: VisaSettings) -> VisaSettings:
    """Give leave to instruments that are simulated."""
    with locate_errors(configuration, "device.driver"):
        return settings if not is_simulated(settings) else replace(settings, transmit=True)


def is_simulated(settings: VisaSettings) -> bool:
    """Tell whether both instruments say that they are simulated, and are on this machine.

    An address of this machine alone says nothing: it may be the end of a tunnel. What is elsewhere
    is not asked.

    Parameters
    ----------
    settings : VisaSettings
        Their addresses.

    Raises
    ------
    DriverError
        One that is on this machine does not say who it is.
    """
    addresses = (settings.generator, settings.digitizer)
    if not all(map(is_on_this_machine, addresses)):
        return False
    from drivers.simulators.models import SIMULATED
    from drivers.visa.discovery import serial_number

    return all(
        serial_number(one, settings.visa_library, settings.timeout_s).startswith(SIMULATED)
        for one in addresses
    )


def is_on_this_machine(address: str) -> bool:
    """Tell whether a VISA address is that of a server at a loopback address.

    Parameters
    ----------
    address : str
        Such as ``TCPIP::127.0.0.1::hislip0::INSTR``.
    """
    host = re.match(r"TCPIP\d*::([^:]+)::", address, re.IGNORECASE)
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host[1]).is_loopback
    except ValueError:
        return host[1].lower() == "localhost"


def require_leave(configuration: Configuration) -> None:
    """Refuse what cannot be played, or may not be, before anything is computed or opened.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Raises
    ------
    ConfigError
        The driver does not exist or cannot have its settings, an address is none, there is no leave
        to transmit, or no attenuation is stated.
    DriverError
        An instrument of this machine does not say whether it is simulated.
    """
    settings = driver_settings(configuration)
    if isinstance(settings, LoopbackSettings):
        return
    if isinstance(settings, VisaSettings):
        # An address that is wrong will not be right with leave.
        with locate_errors(configuration, "device.driver"):
            for address in (settings.generator, settings.digitizer):
                parse_address(address).require_known_host()
        if not settings.transmit:
            settings = _with_leave(configuration, settings)
    missing = "attenuation_db" if settings.transmit else "transmit"
    with locate_errors(configuration, f"device.{configuration.device.name}.{missing}"):
        settings.require_may_transmit()


def open_configured_device(configuration: Configuration) -> Device:
    """Open the device of a configuration; its output is off.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Raises
    ------
    ConfigError
        The device cannot have these settings.
    DriverError
        It is not there.
    """
    settings = driver_settings(configuration)
    if isinstance(settings, VisaSettings) and not settings.transmit:
        settings = _with_leave(configuration, settings)
    with locate_errors(configuration, "device.driver"):
        return open_device(configuration.device.name, settings)


def device_settings(configuration: Configuration) -> Mapping[str, Any]:
    """Return the settings of the chosen driver, fit for JSON, for the report."""
    settings: Mapping[str, Any] = configuration.resolved()["device"]
    return settings
