"""What holds for every generator, whatever its dialect, on the simulated ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from drivers.errors import DeviceSettingsError, DeviceStateError
from drivers.simulators.bench.rf_bench import RfBench
from drivers.simulators.models import find_model
from drivers.simulators.servers.faults import Fault, FaultKind
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_generator
from drivers.visa.instrument import Generator, OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.generators.array_waveform import ArrayWaveform, random_waveform

REAL = OutputSettings("real", 1.92e9, peak_v=0.2)
MODULATED = OutputSettings("modulated", 50e6, power_dbm=-3.0, frequency_hz=2.4e9)
# Settings, what tells the state of the first output, and what it says when it is off.
GENERATORS = {
    "AWG5204": (REAL, "OUTP1:STAT?;:OUTP:OFF?", "0;1"),
    "M8190A": (REAL, ":OUTP1?", "0"),
    "M8195A": (OutputSettings("real", 15e9, peak_v=0.25), ":OUTP1?", "0"),
    "N5182B": (MODULATED, ":OUTP?", "0"),
    "SMW200A": (MODULATED, ":OUTP1:STAT?", "0"),
}

LEFT_ON = {
    "AWG5204": b"OUTP:OFF OFF;:OUTP1:STAT ON",
    "M8190A": b":OUTP1 ON",
    "M8195A": b":OUTP1 ON",
    "N5182B": b":OUTP ON",
    "SMW200A": b":OUTP1:STAT ON",
}
# What must be set for limits to be told.
MODES = {
    "M8190A": ":TRAC1:DWID?;:TRAC2:DWID?",
    "M8195A": ":INST:DACM?;:INST:MEM:EXT:RDIV?;:TRAC1:MMOD?",
}


def waveform(output: OutputSettings) -> ArrayWaveform:
    return random_waveform(600) if output.signal != "real" else ArrayWaveform(
        np.linspace(-1.0, 1.0, 6000, dtype=np.float32)
    )  # fmt: skip


@contextmanager
def opened(model: str) -> Iterator[tuple[Generator, Link, InstrumentServer]]:
    simulated = find_model(model, "generator").make("generator", RfBench())
    with (
        InstrumentServer(simulated) as server,
        Link(server.hislip_address, timeout_s=0.5) as link,
    ):
        yield open_generator(link), link, server


@pytest.mark.parametrize("kind", ["drop", "silent", "error"])
@pytest.mark.parametrize("model", GENERATORS)
def test_outputs_go_off_over_a_link_in_trouble(model: str, kind: FaultKind) -> None:
    output, question, off = GENERATORS[model]
    with opened(model) as (generator, link, server):
        generator.ensure_ready()
        assert link.query(question) == off
        generator.configure(output)
        generator.upload("a", waveform(output))
        generator.queue(["a"])
        assert link.query(question) == off
        generator.arm()
        assert link.query(question) != off
        server.inject(Fault(kind, on="OUTP"))
        generator.ensure_stopped()
        assert link.query(question).split(";")[0] == "0"
        # Those with a carrier count how often it was out without a modulation.
        assert getattr(server.instrument, "bare_carriers", 0) == 0


@pytest.mark.parametrize("model", GENERATORS)
def test_one_that_never_answers_is_stopped_within_one_deadline(model: str) -> None:
    _, question, off = GENERATORS[model]
    with opened(model) as (generator, link, server):
        generator.ensure_ready()
        server.instrument.execute(LEFT_ON[model])
        link.timeout_s = 0.2
        server.inject(Fault("silent", on="*STB?", times=0))
        generator.ensure_stopped()
        # Two of 0.2 s are the whole of it, however many steps there are.
        timeouts = [one for one in link.log.entries if one.text.startswith("timeout")]
        assert 1 <= len(timeouts) <= 2
        assert link.query(question) == off


@pytest.mark.parametrize("model", GENERATORS)
def test_limits_are_asked_without_a_setting_while_an_output_is_on(model: str) -> None:
    output, question, off = GENERATORS[model]
    with opened(model) as (generator, link, server):
        server.instrument.execute(LEFT_ON[model])
        on = link.query(question)
        assert on != off
        asked_from = link.log.count
        if model in MODES:
            with pytest.raises(DeviceStateError, match=r":OUTP1 is on.*switch its outputs off"):
                generator.limits(output)
        else:
            generator.limits(output)
        sent = [one.text for one in link.log.entries[asked_from:] if one.direction == "sent"]
        assert sent
        assert [text for text in sent if "?" not in text] == []
        assert link.query(question) == on


@pytest.mark.parametrize("model", MODES)
def test_modes_that_were_set_for_limits_are_put_back(model: str) -> None:
    output, _, _ = GENERATORS[model]
    with opened(model) as (generator, link, _):
        found = link.query(MODES[model])
        asked_from = link.log.count
        generator.limits(output)
        assert any("?" not in one.text and one.direction == "sent"
                   for one in link.log.entries[asked_from:])  # fmt: skip
        assert link.query(MODES[model]) == found


@pytest.mark.parametrize("model", GENERATORS)
def test_calls_out_of_order_and_bad_waveforms_are_refused(model: str) -> None:
    output, _, _ = GENERATORS[model]
    with opened(model) as (generator, _, _):
        for call in (
            generator.arm,
            generator.trigger,
            lambda: generator.queue(["a"]),
            lambda: generator.upload("a", waveform(output)),
        ):
            with pytest.raises(DeviceStateError):
                call()
        generator.ensure_ready()
        generator.configure(output)
        with pytest.raises(DeviceSettingsError, match="0 waveforms"):
            generator.queue([])
        with pytest.raises(DeviceSettingsError, match="waveform b, not uploaded"):
            generator.queue(["b"])
        with pytest.raises(DeviceStateError):
            generator.arm()
        other = MODULATED if output.signal == "real" else REAL
        with pytest.raises(DeviceSettingsError, match=r"waveform a is (real|complex)"):
            generator.upload("a", waveform(other))
