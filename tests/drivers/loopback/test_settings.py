import math
from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.loopback.settings import LoopbackSettings


def test_ideal_chain_is_the_default_but_for_the_converters() -> None:
    settings = LoopbackSettings(dac_bits=None, adc_bits=None)
    assert (settings.gain_db, settings.delay_s, settings.noise_dbfs) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    "change",
    [
        {"dac_bits": 1},
        {"dac_bits": 17},
        {"adc_bits": 0},
        {"adc_bits": -12},
        {"gain_db": math.nan},
        {"gain_db": math.inf},
        {"delay_s": -1e-9},
        {"delay_s": math.inf},
        {"noise_dbfs": math.nan},
        {"noise_dbfs": -math.inf},
        {"seed": -1},
        {"seed": 1 << 63},
    ],
)
def test_value_out_of_range_is_named(change: dict[str, Any]) -> None:
    (key, value), *_ = change.items()
    with pytest.raises(DeviceSettingsError, match=rf"^{key} = {value}; use "):
        LoopbackSettings(**{"dac_bits": 14, "adc_bits": 12, **change})
