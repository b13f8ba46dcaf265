"""Every generator and every digitizer that can be simulated, through the whole device."""

import math
from typing import Any

import pytest

from drivers.simulators.bench.rf_bench import Cable, RfBench
from drivers.simulators.digitizers.rohde_schwarz.rto import SimulatedRto
from drivers.simulators.generators.tektronix.awg import SimulatedTektronixAwg
from drivers.simulators.laboratory import Laboratory
from drivers.simulators.models import MODELS
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.settings import VisaSettings
from tests.drivers.visa.generators.test_every_dialect import LEFT_ON
from tests.drivers.visa.pair.wired import RATE_HZ, Played, chirps, error_db, gain_of, play

GENERATORS = [model.name for model in MODELS if model.kind == "generator"]
DIGITIZERS = [model.name for model in MODELS if model.kind == "digitizer"]
# The converter of the other side of each row: 12 bits, and 14 to 16 bits.
DIGITIZER, GENERATOR = "MSO58", "AWG5204"

PULSES, PULSES_IN_SEGMENTS, WINDOW_SAMPLES, PEAK = 200, 50, 256, 0.7
# Of the simulated front ends: at most 0.15 % of the range, and 0.1 mV; jitter of a trigger.
NOISE_OF_RANGE, NOISE_V, JITTER_S = 1.5e-3, 1e-4, 5e-12


def through(laboratory: Laboratory, **values: Any) -> tuple[VisaDevice, Played, float, float]:
    """Play chirps; return the error behind the best gain, and the gain."""
    settings = VisaSettings(**{**laboratory.settings(), "transmit": True, **values})
    device = VisaDevice(settings)
    each = settings.capture == "segments"
    windows = chirps(PULSES_IN_SEGMENTS if each else PULSES, WINDOW_SAMPLES)
    played = play(device, windows)
    return device, played, error_db(played.windows, windows), abs(gain_of(played.windows, windows))


def converters_db(device: VisaDevice, told: dict[str, Any]) -> float:
    """Say what the converters, the front end's noise and the trigger's jitter must leave.

    White noise of variance v at a rate r is 4 v fs / r behind the demodulation of a real record
    (2 v fs / r of I and Q), and a tenth more for what the transition of its filter lets through.
    """
    adc_bits, dac_bits = device.capabilities.adc_bits, device.capabilities.dac_bits
    assert adc_bits is not None and dac_bits is not None
    plan, unit_v = told["frequency_plan"], told["unit_at_input_v"]
    # Ranges are set in steps: at least 1.1 units either way, and perhaps twice that.
    range_v = 2.0 * 1.5 * 1.1 * unit_v
    at_adc = (range_v / 2**adc_bits) ** 2 / 12.0 + (NOISE_OF_RANGE * range_v) ** 2 + NOISE_V**2
    at_dac = (2.0 / 2**dac_bits) ** 2 / 12.0
    doubled = 2.0 if told["signal"] == "iq" else 4.0
    noise = doubled * 1.1 * RATE_HZ * at_adc / unit_v**2 / told["record_rate_hz"]
    noise += doubled * 1.1 * RATE_HZ * at_dac / plan["generator_rate_hz"]
    signal = (PEAK * plan["band_gain"]) ** 2
    jitter = (2.0 * math.pi * (plan["capture_hz"] + 0.3 * RATE_HZ) * JITTER_S) ** 2
    return 10.0 * math.log10(noise / signal + jitter)


def require_true(laboratory: Laboratory, **values: Any) -> None:
    device, played, measured_db, gain = through(laboratory, **values)
    expected_db = converters_db(device, played.told)
    assert measured_db < expected_db
    # 1 GHz of bandwidth takes 0.8 % at 150 MHz; simulated levels and ranges are exact to 0.1 %.
    assert gain == pytest.approx(1.0, abs=0.012)
    assert not played.events
    assert played.told["frequency_plan"]["sample_rate_hz"] == RATE_HZ


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_generator(generator: str) -> None:
    with Laboratory(generator, DIGITIZER) as laboratory:
        require_true(laboratory)


@pytest.mark.parametrize("digitizer", DIGITIZERS)
def test_every_digitizer(digitizer: str) -> None:
    with Laboratory(GENERATOR, digitizer) as laboratory:
        require_true(laboratory)


@pytest.mark.parametrize("digitizer", DIGITIZERS)
def test_every_digitizer_in_segments(digitizer: str) -> None:
    with Laboratory(GENERATOR, digitizer) as laboratory:
        require_true(laboratory, capture="segments")


@pytest.mark.parametrize("generator", [GENERATOR, "M8190A"])
def test_i_and_q(generator: str) -> None:
    with Laboratory(generator, "MSO64B") as laboratory:
        values = {"signal": "iq", "output_channels": (1, 2), "input_channels": (1, 2)}
        require_true(laboratory, **values)


@pytest.mark.parametrize("options", [None, "25"], ids=["sequence", "selected one by one"])
def test_a_run_that_passes_the_memory_of_an_awg_is_played_in_batches(options: str | None) -> None:
    bench = RfBench()
    for output, into in (("1", "1"), ("M1", "4")):
        bench.connect(("awg", output), ("scope", into), Cable(20.0 if into == "1" else 0.0, 5e-9))
    # At 26 samples of the generator, or so, for one of a window; records of 20000 samples.
    generator = SimulatedTektronixAwg("awg", options=options, bench=bench, memory_samples=400_000)
    digitizer = SimulatedRto("scope", bench=bench, memory_samples=150_000)
    windows = chirps(70, WINDOW_SAMPLES)
    with InstrumentServer(generator) as one, InstrumentServer(digitizer) as other:
        settings = VisaSettings(
            generator=one.hislip_address,
            digitizer=other.hislip_address,
            transmit=True,
            attenuation_db=20.0,
            trigger_input="channel 4",
        )
        played = play(VisaDevice(settings), windows)
    assert played.told["uploads_played_in_batches"] > 1
    assert played.told["parts"] == played.told["parts_captured"] > 2
    # One window in the wrong place has an error of 0 dB.
    assert (
        max(
            error_db(back[None], sent[None])
            for back, sent in zip(played.windows, windows, strict=True)
        )
        < -30.0
    )


@pytest.mark.parametrize("model", LEFT_ON)
def test_what_was_left_on_goes_off_before_anything_is_set(model: str) -> None:
    with Laboratory(model, DIGITIZER) as laboratory:
        laboratory.generator.execute(LEFT_ON[model])
        device = VisaDevice(VisaSettings(**{**laboratory.settings(), "transmit": True}))
        try:
            sent = [one.text for one in device.generator_log.entries if one.direction == "sent"]
            first = next(text for text in sent if "?" not in text)
            assert first.upper().startswith((":OUTP", "OUTP"))
            assert first.split()[-1] == "OFF" or first == "OUTPut:OFF ON"
            # Before what some of them set to tell their limits, and by what they say themselves.
            assert device.capabilities.dac_bits is not None
        finally:
            device.ensure_stopped()
