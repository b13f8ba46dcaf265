from dataclasses import replace
from typing import Any

import pytest

from drivers.errors import DeviceSettingsError, DeviceStateError
from drivers.visa.digitizers.checks import (
    configured,
    require_recordable,
    require_recorded,
    trigger_channel,
)
from drivers.visa.instrument import CaptureSettings

CAPTURE = CaptureSettings((1, 2), 1e9, 1e-6)


@pytest.mark.parametrize(("name", "channel"), [("external", None), ("channel 4", 4)])
def test_trigger_inputs(name: str, channel: int | None) -> None:
    assert trigger_channel(replace(CAPTURE, trigger_input=name), 4) == channel


@pytest.mark.parametrize("name", ["", "channel", "channel 0", "channel 5", "channel x", "input 1"])
def test_trigger_inputs_that_are_none(name: str) -> None:
    with pytest.raises(DeviceSettingsError, match="N of 1 to 4"):
        trigger_channel(replace(CAPTURE, trigger_input=name), 4)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"channels": ()}, "give some of 1 to 4"),
        ({"channels": (1, 1)}, "each once"),
        ({"channels": (0,)}, "give some of 1 to 4"),
        ({"channels": (5,)}, "give some of 1 to 4"),
        ({"duration_s": 0.0}, "record something"),
        ({"duration_s": float("nan")}, "record something"),
        ({"pre_trigger_s": -1e-9}, "record something"),
        ({"segments": 0}, "record something"),
        ({"segments": 11}, "at most 10"),
    ],
)
def test_what_makes_no_record(changes: dict[str, Any], what: str) -> None:
    require_recordable(replace(CAPTURE, segments=10), 4, 10, "scope")
    with pytest.raises(DeviceSettingsError, match=what):
        require_recordable(replace(CAPTURE, **changes), 4, 10, "scope")


@pytest.mark.parametrize(("channel", "segment"), [(3, 0), (1, -1), (1, 2)])
def test_what_was_not_recorded(channel: int, segment: int) -> None:
    capture = replace(CAPTURE, segments=2)
    require_recorded(capture, 2, 1)
    with pytest.raises(DeviceSettingsError, match="segments 0 to 1"):
        require_recorded(capture, channel, segment)


def test_not_configured() -> None:
    assert configured(CAPTURE) is CAPTURE
    with pytest.raises(DeviceStateError, match="not configured"):
        configured(None)
