"""Answers that are text and no answers: a named error or none, at every question that is asked."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

from drivers.errors import DriverError
from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.models import find_model
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_digitizer, open_generator
from drivers.visa.errors import AnswerError
from drivers.visa.instrument import CaptureSettings, OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.connected import sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform

REAL = OutputSettings("real", 1.92e9, peak_v=0.2)
MODULATED = OutputSettings("modulated", 50e6, power_dbm=-3.0, frequency_hz=2.4e9)
OUTPUTS = {"AWG5204": REAL, "M8190A": REAL, "N5182B": MODULATED}
DIGITIZERS = ["MSO44", "DSOS204A"]
CAPTURE = CaptureSettings((1,), 1e9, 1e-6, segments=2, trigger_input="channel 4")


def play(link: Link, output: OutputSettings) -> None:
    """Use a generator from opening to read-back."""
    generator = open_generator(link)
    generator.ensure_ready()
    generator.limits(output)
    generator.configure(output)
    real = ArrayWaveform(np.zeros(6000, np.float32))
    envelope = ArrayWaveform(np.zeros(6000, np.complex64))
    for name in ("a", "b"):
        generator.upload(name, real if output.signal == "real" else envelope)
    generator.queue(["a", "b"])
    generator.arm()
    generator.trigger()
    generator.wait_played(1.0)
    generator.read_back()


def record(link: Link, bench: RfBench) -> None:
    """Use a digitizer from opening to read-back."""
    digitizer = open_digitizer(link)
    digitizer.ensure_ready()
    digitizer.limits((1,))
    digitizer.configure(CAPTURE)
    digitizer.arm()
    marker = np.zeros(4000, np.uint8)
    marker[100:200] = 1
    for _ in range(2):
        bench.play("generator", Playback(1e9, {}, {"M1": marker}))
    digitizer.wait_captured(1.0)
    digitizer.fetch(1, 1)
    digitizer.read_back()


def sweep(server: InstrumentServer, link: Link, use: Callable[[], None]) -> int:
    """Answer one question after another with nonsense; returns how often it was refused."""
    use()
    questions = dict.fromkeys(text for text in sent(link) if text.rstrip('"').find("?") > 0)
    refused = 0
    for question in questions:
        server.inject(Fault("nonsense", on=question.split("#")[0]))
        try:
            use()
        except DriverError as error:
            assert "\n" not in str(error)
            refused += isinstance(error, AnswerError)
        server.clear_faults()
        # Where something else stands in the error queue now, the next one is not to find it.
        with suppress(DriverError):
            link.drain_errors()
    return refused


@pytest.mark.parametrize("model", OUTPUTS)
def test_a_generator(model: str) -> None:
    simulated = find_model(model, "generator").make("generator", RfBench())
    with InstrumentServer(simulated) as server, Link(server.hislip_address, timeout_s=0.5) as link:
        refused = sweep(server, link, lambda: play(link, OUTPUTS[model]))
    # Words are compared, and give other errors; numbers are most of what is asked.
    assert refused > 8


@pytest.mark.parametrize("model", DIGITIZERS)
def test_a_digitizer(model: str) -> None:
    bench = RfBench()
    bench.connect(("generator", "M1"), ("digitizer", "4"))
    simulated = find_model(model, "digitizer").make("digitizer", bench)
    with InstrumentServer(simulated) as server, Link(server.hislip_address, timeout_s=0.5) as link:
        refused = sweep(server, link, lambda: record(link, bench))
    assert refused > 8
