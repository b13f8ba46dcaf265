import pytest

from drivers.errors import DeviceSettingsError
from drivers.lifecycle import DeviceState
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings
from drivers.registry import DRIVERS, open_device, require_known

SETTINGS = LoopbackSettings(dac_bits=14, adc_bits=12)


def test_loopback_opens_with_its_output_off() -> None:
    device = open_device("loopback", SETTINGS)
    assert isinstance(device, LoopbackDevice)
    assert device.state is DeviceState.STOPPED
    assert not device.capabilities.radiates


@pytest.mark.parametrize("name", DRIVERS)
def test_every_driver_is_known(name: str) -> None:
    require_known(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lopback", "driver 'lopback' is unknown; use 'loopback'"),
        ("", "driver '' is unknown"),
        ("soapy:", "driver 'soapy:' is unknown"),
        ("loopback:here", "driver 'loopback:here' is unknown"),
        ("visa:", "driver 'visa:' does not name a generator and a digitizer"),
        ("visa:TCPIP::awg::INSTR", 'write "visa:GENERATOR\\+DIGITIZER"'),
        ("visa:TCPIP::awg::INSTR+", "does not name a generator and a digitizer"),
        ("visa:A+B+C", "does not name a generator and a digitizer"),
    ],
)
def test_unknown_driver_is_refused_with_the_known_ones(name: str, message: str) -> None:
    for ask in (require_known, lambda name: open_device(name, SETTINGS)):
        with pytest.raises(DeviceSettingsError, match=message):
            ask(name)


def test_device_arguments_may_follow_the_name_of_a_driver() -> None:
    require_known("soapy:driver=uhd,serial=1")
    require_known("visa:TCPIP::awg::hislip0::INSTR+TCPIP::scope::INSTR")


def test_settings_of_something_else_are_refused() -> None:
    with pytest.raises(DeviceSettingsError, match="type dict; give LoopbackSettings"):
        open_device("loopback", {"dac_bits": 14})
    with pytest.raises(DeviceSettingsError, match="type LoopbackSettings; give SoapySettings"):
        open_device("soapy:driver=uhd", SETTINGS)
