"""Settings that are refused, at their limits."""

import pytest

from drivers.errors import DeviceSettingsError
from drivers.visa.generators.checks import (
    check_waveform_name,
    refuse_different,
    refuse_outside,
    refuse_too_long,
)
from drivers.visa.instrument import GeneratorLimits


def test_limits_themselves_are_allowed() -> None:
    refuse_outside("rate", 1.0, 1.0, 2.0, "Hz")
    refuse_outside("rate", 2.0, 1.0, 2.0, "Hz")
    with pytest.raises(DeviceSettingsError, match=r"rate 2\.5 Hz; give 1 to 2 Hz"):
        refuse_outside("rate", 2.5, 1.0, 2.0, "Hz")
    with pytest.raises(DeviceSettingsError):
        refuse_outside("rate", float("nan"), 1.0, 2.0, "Hz")


def test_a_difference_up_to_the_tolerance_is_allowed() -> None:
    refuse_different("level", 1.0, 1.25, 0.25)
    for read in (1.26, float("nan")):
        with pytest.raises(DeviceSettingsError, match="level 1 became"):
            refuse_different("level", 1.0, read, 0.25)


def test_a_waveform_may_fill_the_memory() -> None:
    limits = GeneratorLimits(1.0, 2.0, 16, 60, 1000, 2, 1)
    refuse_too_long("a", 1000, limits)
    with pytest.raises(DeviceSettingsError, match="1002 samples"):
        refuse_too_long("a", 1002, limits)


@pytest.mark.parametrize("name", ["", "a b", "a'b", "a/b", "ä", "a" * 11, "a\n"])
def test_names_that_are_none(name: str) -> None:
    check_waveform_name("Part_01", 10)
    with pytest.raises(DeviceSettingsError):
        check_waveform_name(name, 10)
