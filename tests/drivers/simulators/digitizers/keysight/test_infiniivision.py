"""The simulated InfiniiVision, and PyMeasure's driver on it."""

import math
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from pymeasure.instruments.keysight import KeysightDSOX1102G

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.digitizers.keysight.infiniivision import SimulatedInfiniiVision
from drivers.simulators.servers.instrument_server import InstrumentServer

pytestmark = [
    # PyMeasure asks whoever uses this driver whether the instrument speaks SCPI.
    pytest.mark.filterwarnings("ignore:It is not known whether this device:FutureWarning"),
]

RATE_HZ, TONE_HZ, PEAK_V = 500e6, 10e6, 0.3
TRIGGER_SAMPLE = 200
JITTER_S = 2e-12
SLOPE_V_PER_S = 2.0 * math.pi * TONE_HZ * PEAK_V


def tone(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is played, at times from the trigger on."""
    return PEAK_V * np.sin(2.0 * np.pi * TONE_HZ * (time_s + TRIGGER_SAMPLE / RATE_HZ))


def playback() -> Playback:
    samples = np.arange(8000)
    markers = np.zeros(samples.size, np.uint8)
    markers[TRIGGER_SAMPLE : TRIGGER_SAMPLE + 100] = 1
    volts = PEAK_V * np.sin(2.0 * np.pi * TONE_HZ * samples / RATE_HZ)
    return Playback(RATE_HZ, {"1": volts.astype(np.float32)}, {"M1": markers})


@pytest.fixture
def pymeasure(bench: RfBench) -> Iterator[tuple[KeysightDSOX1102G, SimulatedInfiniiVision]]:
    simulated = SimulatedInfiniiVision("scope", bench=bench, model="DSOX1102G")
    with InstrumentServer(simulated) as server:
        scope = KeysightDSOX1102G(server.hislip_address, visa_library="@py")
        yield scope, simulated
        scope.adapter.close()


def test_pymeasure_reads_what_the_bench_played(
    bench: RfBench, pymeasure: tuple[KeysightDSOX1102G, SimulatedInfiniiVision]
) -> None:
    scope, simulated = pymeasure
    scope.factory_reset()
    scope.ch1.setup(coupling="dc", probe_attenuation=1.0, vertical_range=0.8, offset=0.0)
    scope.timebase_setup(mode="main", horizontal_range=4e-6, offset=3e-6)
    scope.acquisition_type = "normal"
    for command in (":TRIG:SWE NORM", ":TRIG:EDGE:SOUR EXT", ":TRIG:EDGE:LEV 0.5"):
        scope.write(command)
    scope.single()
    assert scope.ask(":AER?").strip() == "+1"
    bench.play("awg", playback())
    volts, preamble = scope.download_data("channel1", points=10000)
    assert preamble["format"] == "BYTE"
    assert preamble["points"] == volts.size
    time_s = preamble["xorigin"] + preamble["xincrement"] * np.arange(volts.size)
    # The window is that of the screen.
    assert time_s[0] == pytest.approx(1e-6, abs=preamble["xincrement"])
    assert time_s[-1] == pytest.approx(5e-6, abs=2 * preamble["xincrement"])
    # Half a code of the 256 on the screen, five times the noise (0.9 mV rms) and the jitter, and
    # the loss of the 100 MHz input: a Gaussian is 1 - 2^(-(f/f3dB)^2/2) down, 0.35 % at 10 MHz.
    loss_v = PEAK_V * (1.0 - 2.0 ** (-0.5 * (TONE_HZ / 100e6) ** 2))
    noise_v = 1e-3 * 0.8 + 100e-6
    limit_v = 0.5 * 0.8 / 256 + 5.0 * noise_v + 5.0 * JITTER_S * SLOPE_V_PER_S + loss_v
    assert np.abs(volts - tone(time_s)).max() < limit_v
    assert simulated.errors.pop().code == 0


def test_pymeasure_sees_its_settings(
    pymeasure: tuple[KeysightDSOX1102G, SimulatedInfiniiVision],
) -> None:
    scope, simulated = pymeasure
    scope.ch1.setup(bwlimit=True, coupling="ac", display=True, invert=True, label="echo", scale=0.5)
    found = scope.ch1.current_configuration
    assert (found["CHAN"], found["RANG"], found["COUP"]) == (1, 4.0, "AC")
    assert (found["BWL"], found["INV"], found["DISP"]) == (True, True, True)
    assert scope.ch1.label.strip('"') == "echo"
    assert scope.ch1.bwlimit is True
    scope.timebase_setup(mode="main", scale=1e-6, offset=2e-6)
    assert scope.timebase == {"MODE": "MAIN", "REF": "CENT", "MAIN:RANG": 1e-5, "POS": 2e-6}
    scope.acquisition_mode = "segmented"
    assert scope.acquisition_mode == "segmented"
    scope.default_setup()
    assert scope.acquisition_mode == "realtime"
    assert simulated.errors.pop().code == 0


def test_digitize_lets_a_query_wait_for_the_trigger(bench: RfBench) -> None:
    scope = SimulatedInfiniiVision("scope", bench=bench)
    scope.execute(b":TRIG:SWE NORM;:TRIG:EDGE:SOUR EXT;:TRIG:EDGE:LEV 0.5;:TIM:RANG 1e-6")
    answers: list[bytes] = []
    thread = threading.Thread(
        target=lambda: answers.append(scope.execute(b":DIG CHAN1;:WAV:POIN?")), daemon=True
    )
    thread.start()
    while not scope.acquisition.armed:
        threading.Event().wait(0.001)
    assert not answers
    bench.play("awg", playback())
    thread.join(5.0)
    assert answers == [b"+1000"]


def test_without_a_trigger_an_automatic_sweep_records_noise() -> None:
    scope = SimulatedInfiniiVision()
    scope.execute(b":CHAN1:RANG 0.8;:TIM:RANG 1e-6;:DIG CHAN1;:WAV:FORM WORD;:WAV:BYT LSBF")
    words = np.frombuffer(scope.execute(b":WAV:DATA?")[10:], "<u2")
    assert np.abs((words.astype(float) - 32768) * 0.8 / 65536).max() < 6 * 0.9e-3 + 0.8 / 256


@pytest.mark.parametrize(
    ("channels", "segments", "range_s", "rate_hz"),
    [
        # The whole rate while 4 Mpts hold it; a pair of channels halves rate and memory.
        ((1,), 1, 8e-4, 5e9),
        ((1,), 1, 9e-4, 2.5e9),
        ((1, 2), 1, 8e-4, 2.5e9),
        ((1, 3), 1, 8e-4, 5e9),
        ((1,), 10, 8e-5, 5e9),
        ((1,), 10, 9e-5, 2.5e9),
    ],
)
def test_rate_follows_from_time_memory_and_channels(
    channels: tuple[int, ...], segments: int, range_s: float, rate_hz: float
) -> None:
    scope = SimulatedInfiniiVision()
    for channel in channels:
        scope.execute(f":CHAN{channel}:DISP ON".encode())
    if segments > 1:
        scope.execute(f":ACQ:MODE SEGM;:ACQ:SEGM:COUN {segments}".encode())
    scope.execute(f":TIM:RANG {range_s}".encode())
    assert float(scope.execute(b":ACQ:SRAT?")) == rate_hz


@pytest.mark.parametrize("order", ["LSBF", "MSBF"])
@pytest.mark.parametrize("unsigned", [0, 1])
def test_words_bytes_and_volts_tell_the_same(bench: RfBench, order: str, unsigned: int) -> None:
    scope = SimulatedInfiniiVision("scope", bench=bench)
    # The tone is larger than the range: both ends are clipped.
    scope.execute(
        b":CHAN1:RANG 0.4;:TRIG:SWE NORM;:TRIG:EDGE:SOUR EXT;LEV 0.5;:TIM:RANG 1e-6;:SING"
    )
    bench.play("awg", playback())
    scope.execute(f":WAV:BYT {order};:WAV:UNS {unsigned};:WAV:POIN:MODE RAW;:WAV:POIN MAX".encode())
    volts = {}
    for form in ("WORD", "BYTE", "ASC"):
        scope.execute(f":WAV:FORM {form}".encode())
        block = scope.execute(b":WAV:DATA?")
        assert block[:2] == b"#8"
        assert int(block[2:10]) == len(block) - 10
        if form == "ASC":
            volts[form] = np.array(block[10:].decode().split(","), float)
            continue
        kind = ("u" if unsigned else "i") + ("2" if form == "WORD" else "1")
        codes = np.frombuffer(block[10:], ("<" if order == "LSBF" else ">") + kind).astype(float)
        if unsigned:
            highest = 65535 if form == "WORD" else 255
            assert set(codes[(codes <= 1) | (codes == highest)]) == {1.0, float(highest)}
        _, _, points, _, _, _, _, step_v, origin_v, middle = map(
            float, scope.execute(b":WAV:PRE?").split(b",")
        )
        assert points == codes.size
        volts[form] = (codes - middle) * step_v + origin_v
    # A word that is clipped is half a step of the ADC beyond its code, a byte is it.
    assert np.abs(volts["WORD"] - volts["ASC"]).max() <= 0.4 / 256 + 1e-7
    assert np.abs(volts["BYTE"] - volts["ASC"]).max() <= 1e-6


def test_errors_are_those_of_scpi() -> None:
    scope = SimulatedInfiniiVision(model="DSO-X 2024A")
    for command, code in (
        (b":WAV:DATA?", -230),
        (b":CHAN1:IMP FIFT", -224),
        (b":ACQ:SEGM:COUN 251", -222),
        (b":ACQ:RSIG IN", -113),
        (b":CHAN5:RANG 1", -114),
    ):
        scope.execute(command)
        assert scope.errors.pop().code == code
