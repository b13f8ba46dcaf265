import math
from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.visa.pair.settings import VisaSettings

ADDRESSES = {"generator": "TCPIP::a::INSTR", "digitizer": "TCPIP::b::INSTR"}
MODULATED = {"signal": "modulated", "frequency_hz": 1e9, "output_power_dbm": 0.0}
IQ = {"signal": "iq", "output_channels": (1, 2), "input_channels": (1, 2)}


def settings(**values: Any) -> VisaSettings:
    return VisaSettings(**{**ADDRESSES, **values})


def test_nothing_is_transmitted_by_default() -> None:
    with pytest.raises(DeviceSettingsError, match="no leave to transmit"):
        settings(attenuation_db=20.0).require_may_transmit()
    with pytest.raises(DeviceSettingsError, match="no attenuation is stated"):
        settings(transmit=True).require_may_transmit()
    settings(transmit=True, attenuation_db=0.0).require_may_transmit()


def test_gain_1_is_full_scale_behind_the_attenuation() -> None:
    made = settings(output_peak_v=0.5, attenuation_db=20.0)
    assert made.full_scale_v == 0.5
    assert made.unit_v == pytest.approx(0.05, rel=1e-15)
    assert made.largest_input_v == made.unit_v
    assert made.input_range_v == pytest.approx(0.055, rel=1e-15)
    # 0 dBm into 50 ohm is 1 mW: sqrt(2 * 50 * 1e-3) V at the peak of a sine.
    made = settings(**MODULATED, attenuation_db=0.0)
    assert made.unit_v == pytest.approx(math.sqrt(0.1), rel=1e-15)
    assert made.largest_input_v == pytest.approx(math.sqrt(0.2), rel=1e-15)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"generator": " "}, "generator = '' is no VISA address"),
        ({"digitizer": ""}, "digitizer = ''"),
        ({"signal": "real"}, "signal = 'real'; use real-if or iq or modulated"),
        ({"capture": "stream"}, "capture = 'stream'"),
        ({"clock_reference": "gps"}, "clock_reference = 'gps'"),
        ({"trigger_input": "channel"}, "trigger_input = 'channel'"),
        ({"trigger_input": "channel 1"}, "trigger_input = 'channel 1' is among input_channels"),
        ({"attenuation_db": -1.0}, "attenuation_db = -1.0; use a number of 0 to 300"),
        ({"attenuation_db": math.nan}, "attenuation_db = nan"),
        ({"marker": 0}, "marker = 0"),
        ({"trigger_skew_s": 1.0}, "trigger_skew_s = 1.0"),
        ({"guard_samples": -1}, "guard_samples = -1"),
        ({"timeout_s": 0.0}, "timeout_s = 0.0"),
        (
            {"input_channels": (1, 2)},
            r"input_channels = \[1, 2\] with signal = 'real-if'; give one",
        ),
        ({**IQ, "output_channels": (1, 1)}, r"output_channels = \[1, 1\].*give two, I first"),
        ({**IQ, "frequency_hz": 1e6}, "frequency_hz = 1e\\+06 with signal = 'iq'"),
        ({"output_peak_v": None}, "signal = 'real-if' without output_peak_v"),
        ({"signal": "modulated", "frequency_hz": 1e9}, "without output_power_dbm"),
        ({"signal": "modulated", "output_power_dbm": 0.0}, "without frequency_hz"),
        # 0.5 V peak into 50 ohm is 2.5 mW.
        ({"output_peak_v": 0.5, "max_output_power_dbm": 3.9}, "makes 3.98 dBm"),
        ({**MODULATED, "max_output_power_dbm": -0.1}, "output_power_dbm = 0 makes 0.00 dBm"),
        (
            {"output_peak_v": 1.0, "max_input_v": 0.49, "attenuation_db": 6.0},
            "attenuation_db = 6 leaves 0.501 V .* above max_input_v = 0.49 V",
        ),
    ],
)
def test_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(DeviceSettingsError, match=message):
        settings(**values)


def test_limits_that_are_just_kept() -> None:
    settings(output_peak_v=0.5, max_output_power_dbm=3.98)
    settings(**MODULATED, max_output_power_dbm=0.0)
    settings(output_peak_v=1.0, max_input_v=0.502, attenuation_db=6.0)


@pytest.mark.parametrize("level_v", [-0.5, 0.0, 1.0, 3.0])
def test_a_trigger_level_that_the_marker_does_not_pass(level_v: float) -> None:
    with pytest.raises(DeviceSettingsError, match=r"trigger_level_v = .* no marker would pass it"):
        settings(marker_v=1.0, trigger_level_v=level_v).require_marker_triggers()
    settings(marker_v=1.0, trigger_level_v=0.5).require_marker_triggers()
