"""What a plan says of a pair is what a run does."""

from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.simulators.laboratory import Laboratory
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.settings import VisaSettings
from testbed.config import Configuration
from testbed.plan.pair_facts import plan_pair
from tests.drivers.visa.pair.wired import schedule


def settings_of(laboratory: Laboratory, **values: Any) -> VisaSettings:
    return VisaSettings(**{**laboratory.settings(), "transmit": True, **values})


@pytest.mark.parametrize("capture", ["record", "segments"])
@pytest.mark.parametrize(
    ("generator", "digitizer"),
    [
        ("AWG5204", "MSO58"),  # holds its samples, and rates are chosen against images
        ("AWG5204", "DSO-X 6004A"),  # and the digitizer takes its rate from the record
        ("N5182B", "DSO-X 6004A"),
        ("M8195A", "DSOS204A"),
        ("SMW200A", "RTO2044"),
    ],
)
def test_rates_and_parts_are_those_of_the_run(
    instruments: Configuration, generator: str, digitizer: str, capture: str
) -> None:
    # Long enough for several parts of an InfiniiVision; nothing is played.
    windows = schedule(3000, instruments.receiver.window_samples)
    with Laboratory(generator, digitizer) as laboratory:
        settings = settings_of(laboratory, capture=capture)
        planned = plan_pair(settings, windows).as_dict()
        device = VisaDevice(settings)
        try:
            device.ensure_ready()
            device.prepare(windows)
            told = device.read_back()
        finally:
            device.ensure_stopped()
        assert laboratory.bench.playbacks == 0
    assert {key: told[key] for key in planned} == planned
    if digitizer == "DSO-X 6004A":
        assert planned["parts"] > 1
    assert sum(10 ** (one["level_db"] / 10) for one in planned["images_in_band"]) < 10**-6.6


def test_a_plan_needs_neither_leave_nor_attenuation(instruments: Configuration) -> None:
    windows = schedule(96, instruments.receiver.window_samples)
    with Laboratory("AWG5204", "MSO44") as laboratory:
        settings = settings_of(laboratory, transmit=False, attenuation_db=None)
        assert plan_pair(settings, windows).parts[0].windows == 96
        with pytest.raises(DeviceSettingsError, match="digitizer_rate_hz"):
            plan_pair(settings_of(laboratory, digitizer_rate_hz=250e6), windows)
