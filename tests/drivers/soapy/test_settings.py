from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.soapy.settings import SoapySettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arguments": " "}, "no device arguments"),
        ({"stream_format": "CS8"}, "stream_format = 'CS8'; use CS16 or CF32"),
        ({"on_loss": "ignore"}, "use flag or retry or abort"),
        ({"streaming": "packets"}, "use bursts or continuous"),
        ({"attenuation_db": -3.0}, "attenuation_db = -3.0; use a number of 0 to 300"),
        ({"attenuation_db": float("nan")}, "attenuation_db = nan"),
        ({"pulses_ahead": 0}, "pulses_ahead = 0"),
        ({"full_scale": 1}, "full_scale = 1"),
        ({"timeout_s": 0.0}, "timeout_s = 0.0"),
        ({"tx_gain_db": 31.0, "max_tx_gain_db": 30.0}, "31 dB is above max_tx_gain_db = 30 dB"),
        (
            {"tx_gain_elements_db": {"PA": 40.0}, "max_tx_gain_db": 30.0},
            "output gain PA = 40 dB is above",
        ),
        ({"max_tx_power_dbm": 0.0}, "cannot be kept without tx_power_dbm_at_full_scale"),
        (
            {"max_tx_power_dbm": 0.0, "tx_power_dbm_at_full_scale": 10.0},
            "makes 10 dBm at full scale, above max_tx_power_dbm = 0 dBm",
        ),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeviceSettingsError, match=message):
        SoapySettings(**{"arguments": "driver=uhd", **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "no leave to transmit; set transmit: true"),
        ({"attenuation_db": 40.0}, "no leave to transmit"),
        ({"transmit": True}, "no attenuation is stated"),
    ],
)
def test_leave_and_attenuation_are_needed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeviceSettingsError, match=message):
        SoapySettings("driver=uhd", **changes).require_may_transmit()


def test_leave_with_an_attenuation_is_enough() -> None:
    SoapySettings("driver=uhd", transmit=True, attenuation_db=0.0).require_may_transmit()
