"""Rate and length of a record, chosen together: by a digitizer whose rate follows from it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.simulators.digitizers.keysight.infiniivision import SimulatedInfiniiVision
from drivers.simulators.digitizers.rohde_schwarz.rto import SimulatedRto
from drivers.simulators.instrument import SimulatedInstrument
from drivers.visa.catalogue import open_digitizer
from drivers.visa.instrument import CaptureSetup
from drivers.visa.pair.layout import Layout
from drivers.visa.pair.record_rates import RecordRates, capture_settings, holds
from drivers.visa.pair.settings import CaptureMode, VisaSettings
from tests.drivers.visa.connected import connected

LAYOUT = Layout(96e6, 1024, 85, 4)
MEMORY, FASTEST_HZ = 4e6, 20e9


def settings_of(capture: CaptureMode = "record", trigger_input: str = "external") -> VisaSettings:
    return VisaSettings(
        generator="TCPIP::a::INSTR",
        digitizer="TCPIP::b::INSTR",
        capture=capture,
        trigger_input=trigger_input,
        attenuation_db=20.0,
    )


@contextmanager
def rates_of(
    instrument: SimulatedInstrument, settings: VisaSettings, pulses: int = 100_000
) -> Iterator[RecordRates]:
    with connected(instrument) as link:
        digitizer = open_digitizer(link)
        digitizer.ensure_ready()
        limits = digitizer.limits(settings.channels_in_use)
        yield RecordRates(settings, LAYOUT, pulses, digitizer, limits)


def scope() -> SimulatedInfiniiVision:
    return SimulatedInfiniiVision("scope", model="DSO-X 6004A")


@pytest.mark.parametrize("capture", ["record", "segments"])
@pytest.mark.parametrize("wanted_hz", [0.5e9, 0.551e9, 2e9, 15e9])
def test_a_part_is_as_long_as_the_rate_allows_and_no_longer(
    capture: CaptureMode, wanted_hz: float
) -> None:
    settings = settings_of(capture)
    with rates_of(scope(), settings) as rates:
        most = rates.most_windows(wanted_hz)
        assert most > 0
        told_hz = rates.rate_hz(most, wanted_hz)
        assert told_hz >= wanted_hz * (1.0 - 1e-6)
        # All of the memory at the next rate that it has, which is two times as much or less; 16
        # samples and 2 % are what the screen is wider.
        length_s = capture_settings(settings, LAYOUT, wanted_hz, most + 2)
        used = (length_s.duration_s + length_s.pre_trigger_s) * length_s.segments * told_hz
        assert used <= MEMORY
        if most + 2 < 1000:  # segments
            assert used > 0.9 * MEMORY - told_hz * 1024 / 96e6
            assert rates.rate_hz(most + 1, wanted_hz) < wanted_hz


def test_a_short_run_is_recorded_faster() -> None:
    with rates_of(scope(), settings_of(), pulses=2) as rates:
        assert rates.most_windows(0.551e9) == 2
        assert rates.rate_hz(2, 0.551e9) == FASTEST_HZ


def test_a_trigger_at_a_channel_of_the_same_pair_halves_the_memory() -> None:
    with rates_of(scope(), settings_of()) as rates:
        alone = rates.most_windows(1e9)
    with rates_of(scope(), settings_of(trigger_input="channel 2")) as rates:
        assert rates.most_windows(1e9) == pytest.approx(alone / 2, abs=2)
    with rates_of(scope(), settings_of(trigger_input="channel 4")) as rates:
        assert rates.most_windows(1e9) == alone


def test_a_window_that_fits_at_no_such_rate_is_no_part() -> None:
    with rates_of(SimulatedInfiniiVision("scope", model="DSO-X 3104T"), settings_of()) as rates:
        # Three windows of 11 us are 35 us, and 4 million samples at 5 GHz 800 us.
        assert rates.most_windows(5e9) > 0
        assert rates.most_windows(6e9) == 0


def test_a_rate_that_can_be_set_is_that_of_every_record() -> None:
    with rates_of(SimulatedRto("scope"), settings_of(), pulses=5000) as rates:
        assert not rates.chosen_by_record
        assert rates.rate_hz(1, 1e9) == rates.rate_hz(4000, 1e9) >= 1e9
        # 16 million samples at 1 GHz, which the host takes at most, are 16.8 ms.
        assert rates.most_windows(1e9) == pytest.approx(1.45e3, rel=0.01)


def test_parts_shrink_to_the_record_that_was_set() -> None:
    with rates_of(SimulatedRto("scope"), settings_of()) as rates:
        # 1 ms at 1 GHz: 86.5 windows of 11.55 us, of which two are pilots.
        assert rates.fitting(CaptureSetup(1e9, 1_000_000, 1, 0.5)) == 84
    with rates_of(SimulatedRto("scope"), settings_of("segments")) as rates:
        assert rates.fitting(CaptureSetup(1e9, 20_000, 50, 0.5)) == 48


def test_a_record_holds_what_was_asked_for_to_a_sample() -> None:
    asked = capture_settings(settings_of(), LAYOUT, 1e9, 3)
    samples = round((asked.duration_s + asked.pre_trigger_s) * 1e9)
    assert holds(CaptureSetup(1e9, samples - 1, 1, 0.5), asked)
    assert not holds(CaptureSetup(1e9, samples - 10, 1, 0.5), asked)
    several = capture_settings(settings_of("segments"), LAYOUT, 1e9, 3)
    assert not holds(CaptureSetup(1e9, samples, 2, 0.5), several)
