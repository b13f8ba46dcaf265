"""From the configuration to the driver's settings, and what is refused before anything opens."""

from typing import Any

import pytest

from drivers.loopback.settings import LoopbackSettings
from drivers.soapy.settings import SoapySettings
from testbed.config import ConfigError, Configuration
from testbed.config.sections.soapy import Soapy
from testbed.device_settings import driver_settings, is_software_radio, require_leave
from tests.testbed.experiments import changed


def radio(
    configuration: Configuration, driver: str = "soapy:driver=uhd", **keys: Any
) -> LoopbackSettings | SoapySettings:
    settings = {f"device.soapy.{name}": value for name, value in keys.items()}
    return driver_settings(changed(configuration, {"device.driver": driver} | settings))


def test_the_loopback_gets_its_section(smoke: Configuration) -> None:
    assert driver_settings(smoke) == LoopbackSettings(dac_bits=14, adc_bits=12, seed=1)


def test_a_radio_gets_its_section_key_by_key(smoke: Configuration) -> None:
    # Every key of the section but one is a setting of the same name and default.
    keys = set(Soapy.model_fields) - {"max_rx_power_dbm"}
    assert keys == {one for one in SoapySettings.__dataclass_fields__}
    assert radio(smoke) == SoapySettings("driver=uhd")


@pytest.mark.parametrize(
    ("arguments", "software"),
    [
        ("driver=moonecho_loopback", True),
        ("driver=moonecho_loopback,clock=free", True),
        ("driver=remote,remote=tcp://bench,remote:driver=moonecho_loopback", True),
        ("remote=tcp://bench,remote:driver=moonecho_loopback", True),
        # What a server has behind it is not known from these.
        ("driver=remote,remote=tcp://bench", False),
        ("remote=tcp://bench,driver=moonecho_loopback", False),
        ("driver=uhd,label=moonecho_loopback", False),
        ("label=moonecho_loopback", False),
        ("", False),
    ],
)
def test_only_the_radio_in_software_needs_no_leave(
    smoke: Configuration, arguments: str, software: bool
) -> None:
    assert is_software_radio(arguments) == software
    if not arguments:
        return
    configuration = changed(smoke, {"device.driver": f"soapy:{arguments}"})
    if software:
        require_leave(configuration)
        return
    with pytest.raises(ConfigError, match="no leave to transmit"):
        require_leave(configuration)


def test_time_stands_still_for_the_radio_in_software(smoke: Configuration) -> None:
    stepped = radio(smoke, "soapy:driver=moonecho_loopback")
    free = radio(smoke, "soapy:driver=moonecho_loopback,clock=free")
    assert isinstance(stepped, SoapySettings)
    assert isinstance(free, SoapySettings)
    assert stepped.arguments == "driver=moonecho_loopback,clock=stepped"
    assert free.arguments == "driver=moonecho_loopback,clock=free"
    assert (stepped.transmit, stepped.attenuation_db) == (True, 0.0)


def test_a_radio_needs_leave_and_a_stated_attenuation(smoke: Configuration) -> None:
    bench = changed(smoke, {"device.driver": "soapy:driver=uhd"})
    with pytest.raises(ConfigError, match=r"device\.soapy\.transmit.*: .* no leave to transmit"):
        require_leave(bench)
    bench = changed(bench, {"device.soapy.transmit": True})
    with pytest.raises(ConfigError, match=r"device\.soapy\.attenuation_db.*: no attenuation"):
        require_leave(bench)
    require_leave(changed(bench, {"device.soapy.attenuation_db": 40.0}))


POWER: dict[str, Any] = {"tx_power_dbm_at_full_scale": 10.0}


@pytest.mark.parametrize(
    ("keys", "blamed", "says"),
    [
        ({"tx_gain_db": 60.0, "max_tx_gain_db": 50.0}, "tx_gain_db", "50 dB"),
        (
            {"tx_gain_elements_db": {"PA": 60.0}, "max_tx_gain_db": 50.0},
            "tx_gain_elements_db.PA",
            "50 dB",
        ),
        ({"max_tx_power_dbm": 0.0}, "max_tx_power_dbm", "measure the output"),
        ({"max_rx_power_dbm": -15.0}, "max_rx_power_dbm", "measure the output"),
        (
            POWER | {"max_tx_power_dbm": 0.0},
            "tx_power_dbm_at_full_scale",
            "above max_tx_power_dbm",
        ),
        # 10 dBm less 20 dB is -10 dBm, and the input bears -15.
        (
            POWER | {"max_rx_power_dbm": -15.0, "attenuation_db": 20.0},
            "attenuation_db",
            "at least 25 dB",
        ),
        (POWER | {"max_rx_power_dbm": -15.0}, "attenuation_db", "at least 25 dB"),
        ({"attenuation_db": -1.0}, "attenuation_db", "0 to 300"),
        ({"tx_gain_elements_db": {"PA": "60"}}, "tx_gain_elements_db.PA", "number"),
        ({"device_settings": {"a": 1}}, "device_settings.a", "text"),
        ({"on_loss": "ignore"}, "on_loss", "flag, retry, abort"),
    ],
)
def test_limits_are_kept(
    smoke: Configuration, keys: dict[str, object], blamed: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(smoke, {f"device.soapy.{name}": value for name, value in keys.items()})
    assert caught.value.key == f"device.soapy.{blamed}"
    assert says in f"{caught.value.problem}; {caught.value.remedy}"


def test_enough_attenuation_is_enough(smoke: Configuration) -> None:
    keys = POWER | {"max_rx_power_dbm": -15.0, "attenuation_db": 25.0, "max_tx_power_dbm": 10.0}
    settings = radio(smoke, **keys)
    assert isinstance(settings, SoapySettings)
    assert settings.attenuation_db == 25.0


def test_instruments_are_announced(smoke: Configuration) -> None:
    with pytest.raises(ConfigError, match="'visa:x' is not in this version"):
        require_leave(changed(smoke, {"device.driver": "visa:x"}))
