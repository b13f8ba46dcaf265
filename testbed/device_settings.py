"""From a configuration to a driver's settings, and to the device."""

from collections.abc import Mapping
from typing import Any

from drivers.interface import Device
from drivers.loopback.settings import LoopbackSettings
from drivers.registry import open_device, require_known
from drivers.soapy.library import arguments_of
from drivers.soapy.settings import SoapySettings
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


def driver_settings(configuration: Configuration) -> LoopbackSettings | SoapySettings:
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


def require_leave(configuration: Configuration) -> None:
    """Refuse what cannot be played, or may not be, before anything is computed or opened.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Raises
    ------
    ConfigError
        The driver does not exist or cannot have its settings, there is no leave to transmit, or no
        attenuation is stated.
    """
    settings = driver_settings(configuration)
    if isinstance(settings, SoapySettings):
        missing = "attenuation_db" if settings.transmit else "transmit"
        with locate_errors(configuration, f"device.soapy.{missing}"):
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
    with locate_errors(configuration, "device.driver"):
        return open_device(configuration.device.name, settings)


def device_settings(configuration: Configuration) -> Mapping[str, Any]:
    """Return the settings of the chosen driver, fit for JSON, for the report."""
    settings: Mapping[str, Any] = configuration.resolved()["device"]
    return settings
