"""From the configuration to the driver's settings, and what is refused before anything opens."""

from typing import Any

import pytest

from drivers.loopback.settings import LoopbackSettings
from drivers.simulators.laboratory import Laboratory
from drivers.soapy.settings import SoapySettings
from drivers.visa.pair.settings import VisaSettings
from testbed.config import ConfigError, Configuration
from testbed.config.sections.soapy import Soapy
from testbed.config.sections.visa import Visa
from testbed.device_settings import (
    DriverSettings,
    driver_settings,
    is_on_this_machine,
    is_software_radio,
    require_leave,
)
from tests.testbed.experiments import changed


def radio(
    configuration: Configuration, driver: str = "soapy:driver=uhd", **keys: Any
) -> DriverSettings:
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


def pair(configuration: Configuration, driver: str = "visa:A+B", **keys: Any) -> Configuration:
    settings = {f"device.visa.{name}": value for name, value in keys.items()}
    return changed(configuration, {"device.driver": driver} | settings)


def test_a_pair_gets_its_section_key_by_key(smoke: Configuration) -> None:
    # Every key of the section is a setting of the same name and default.
    assert set(Visa.model_fields) == set(VisaSettings.__dataclass_fields__)
    assert driver_settings(pair(smoke)) == VisaSettings("A", "B")
    at_keys = pair(smoke, "visa", generator="A", digitizer="C", output_channels=[2])
    assert driver_settings(at_keys) == VisaSettings("A", "C", output_channels=(2,))
    # What stands behind the colon comes first.
    assert driver_settings(pair(smoke, generator="X", digitizer="Y")) == VisaSettings("A", "B")


@pytest.mark.parametrize("key", sorted(set(Visa.model_fields)))
def test_ranges_of_the_section_are_those_of_the_driver(key: str) -> None:
    """A value at the end of a key's range is none that the driver refuses for its range."""
    field = Visa.model_fields[key]
    ends = [getattr(one, name) for one in field.metadata for name in ("ge", "le")
            if getattr(one, name, None) is not None]  # fmt: skip
    values: dict[str, Any] = {
        "signal": "modulated", "frequency_hz": 1e9, "output_power_dbm": -200.0,
    }  # fmt: skip
    for end in ends:
        VisaSettings("A", "B", **values | {key: type(field.default or end)(end)})


@pytest.mark.parametrize(
    ("driver", "keys", "blamed", "says"),
    [
        ("visa", {}, "device.driver", "names no generator"),
        ("visa:A", {}, "device.driver", "names no digitizer"),
        ("visa:+B", {}, "device.driver", "names no generator"),
        ("visa:A+B+C", {}, "device.driver", "generator and a digitizer"),
        ("visa:A+B", {"signal": "modulated"}, "device.visa.signal", "output_power_dbm"),
        ("visa:A+B", {"signal": "iq"}, "device.visa.output_channels", "two, I first"),
        ("visa:A+B", {"max_output_power_dbm": -10.0}, "device.visa.output_peak_v", "-2.04 dBm"),
        (
            "visa:A+B",
            {"attenuation_db": 0.0, "max_input_v": 0.1},
            "device.visa.attenuation_db",
            "add attenuation",
        ),
        ("visa:A+B", {"trigger_input": "channel"}, "device.visa.trigger_input", "channel 4"),
        ("visa:A+B", {"trigger_input": "channel 1"}, "device.visa.trigger_input", "of its own"),
        ("visa:A+B", {"output_channels": []}, "device.visa.output_channels", "1 to 2"),
        ("visa:A+B", {"output_channels": [1.5]}, "device.visa.output_channels[0]", "whole"),
        ("visa:A+B", {"output_channels": 1}, "device.visa.output_channels", "list"),
        ("visa:A+B", {"attenuation_db": -1.0}, "device.visa.attenuation_db", "0 to 300"),
        ("visa:A+B", {"transmit": "yes"}, "device.visa.transmit", "true, false"),
    ],
)
def test_a_pair_that_cannot_be_is_blamed_on_its_key(
    smoke: Configuration, driver: str, keys: dict[str, Any], blamed: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        require_leave(pair(smoke, driver, **keys))
    assert caught.value.key == blamed
    assert says in f"{caught.value.problem}; {caught.value.remedy}"


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("TCPIP::127.0.0.1::hislip0,4881::INSTR", True),
        ("tcpip0::127.8.0.9::5025::socket", True),
        ("TCPIP::localhost::inst0::INSTR", True),
        ("TCPIP::192.168.0.10::hislip0::INSTR", False),
        ("TCPIP::localhost.example::inst0::INSTR", False),
        ("USB0::0x0699::0x0527::C000001::INSTR", False),
        ("GPIB0::11::INSTR", False),
        ("127.0.0.1", False),
    ],
)
def test_only_loopback_addresses_can_be_simulated(address: str, here: bool) -> None:
    assert is_on_this_machine(address) == here


ELSEWHERE = "visa:TCPIP::192.0.2.1::hislip0::INSTR+TCPIP::192.0.2.2::hislip0::INSTR"


def test_instruments_need_leave_and_a_stated_attenuation(smoke: Configuration) -> None:
    # TEST-NET-1: nobody is asked, or this would take a timeout.
    with pytest.raises(ConfigError, match=r"device\.visa\.transmit.*: .* no leave to transmit"):
        require_leave(pair(smoke, ELSEWHERE))
    with pytest.raises(ConfigError, match=r"device\.visa\.attenuation_db.*: no attenuation"):
        require_leave(pair(smoke, ELSEWHERE, transmit=True))
    require_leave(pair(smoke, ELSEWHERE, transmit=True, attenuation_db=20.0))


@pytest.mark.parametrize("transmit", [False, True])
@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("foo", "'foo' is no VISA address"),
        ("UBS::0x0699::0x0527::C000001::INSTR", "is no VISA address"),
        ("USBB::0x0699::0x0527::C000001::INSTR", "names no interface by its number"),
        ("USB::0x0699::AWG::C000001::INSTR", "has 'AWG' for a vendor or a model"),
        ("TCPIP::192.0.2.1::99999::SOCKET", "has port '99999'"),
        # RFC 6761, 6.4: names under .invalid do not exist.
        ("TCPIP::awg.invalid::hislip0::INSTR", "names host 'awg.invalid', which is not known"),
    ],
)
def test_a_wrong_address_is_named_before_leave_is_asked_for(
    smoke: Configuration, address: str, says: str, transmit: bool
) -> None:
    right = "TCPIP::192.0.2.1::hislip0::INSTR"
    for both in (f"visa:{address}+{right}", f"visa:{right}+{address}"):
        with pytest.raises(ConfigError) as caught:
            require_leave(pair(smoke, both, transmit=transmit, attenuation_db=20.0))
        assert caught.value.key == "device.driver"
        assert says in caught.value.problem


def test_simulated_instruments_need_no_leave(smoke: Configuration) -> None:
    with Laboratory() as laboratory:
        require_leave(pair(smoke, laboratory.driver, attenuation_db=20.0))
        # What lies between must be known all the same.
        with pytest.raises(ConfigError, match=r"device\.visa\.attenuation_db"):
            require_leave(pair(smoke, laboratory.driver))
        # One that does not say so may be the end of a tunnel.
        identity = laboratory.generator.identity
        laboratory.generator.identity = identity.replace("SIM", "")
        with pytest.raises(ConfigError, match="no leave to transmit"):
            require_leave(pair(smoke, laboratory.driver, attenuation_db=20.0))
        # And neither is a generator elsewhere, with a simulated digitizer here.
        mixed = f"visa:TCPIP::192.0.2.1::hislip0::INSTR+{laboratory.addresses[1]}"
        with pytest.raises(ConfigError, match="no leave to transmit"):
            require_leave(pair(smoke, mixed, attenuation_db=20.0))
