"""Every header that the Tektronix drivers send is in the command tree of tm_devices."""

import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from tm_devices.commands import AWG70KBCommands, AWG5200Commands, MSO4Commands, MSO6BCommands

from drivers.errors import DeviceTimeoutError
from drivers.simulators.bench.rf_bench import RfBench
from drivers.simulators.digitizers.tektronix.mso import SimulatedTektronixMso
from drivers.simulators.generators.tektronix.awg import SimulatedTektronixAwg
from drivers.visa.catalogue import open_digitizer, open_generator
from drivers.visa.digitizers.tektronix import mso, preamble
from drivers.visa.generators.tektronix import awg, memory, output
from drivers.visa.generators.tektronix.awg import TektronixAwg
from drivers.visa.instrument import CaptureSettings, ClockReference, OutputSettings, Signal
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform
from tests.drivers.visa.tektronix_tree import TektronixTree
from tests.drivers.visa.vendor_headers import headers_of

# What stands in the sources, to see that nothing of it is left out of the full use below.
_IN_SOURCE = re.compile(r"""["'](\{\w+\}:)?([A-Za-z*{][\w*{}:]*:[\w{}:]*|\*[A-Z]{3})(\??)[ "';]""")

# What stands in a name before it is put into headers, which are found themselves.
_PARTS = {
    "DATA:I",
    "DATA:Q",
    "SLISt:SEQuence:STEP{number}",
    "{source}:MARKer{marker}:VOLTage:LEVel:IMMediate",
    "{source}:VOLTage:LEVel:IMMediate",
}


def _everything_of_a_generator(model: str, options: str | None = None) -> set[str]:
    """Use a generator in all the ways that there are; returns the headers that were sent."""
    simulated = SimulatedTektronixAwg(model=model, options=options)
    with connected(simulated) as link:
        generator = open_generator(link)
        assert isinstance(generator, TektronixAwg)
        real = ArrayWaveform(np.zeros(5000, np.float32))
        plays: tuple[tuple[Signal, ClockReference], ...] = (
            ("real", "external"),
            ("iq", "internal"),
        )
        for signal, reference in plays:
            generator.ensure_ready()
            channels = (1,) if signal == "real" else (1, 2)
            output = OutputSettings(
                signal, 1e9, channels, peak_v=0.2, clock_reference=reference, markers=2
            )
            generator.limits(output)
            generator.configure(output)
            waveform = real if signal == "real" else ArrayWaveform(np.zeros(5000, np.complex64))
            generator.upload("one", waveform)
            generator.upload("one", waveform)
            if signal == "real":
                generator.upload_route = "file"
                generator.upload("two", waveform)
                generator.upload_route = "list"
            else:
                generator.upload("two", waveform)
            generator.queue(["one", "two"])
            generator.arm()
            for _ in range(2):
                generator.trigger()
                generator.wait_played(2.0)
            generator.read_back()
            generator.ensure_stopped()
        generator.ensure_ready()
        if generator.has_sequencer:
            generator.configure(OutputSettings("real", 1e9, (1,), 0.2, trigger="external"))
            generator.upload("one", real)
            generator.queue(["one"])
            generator.arm()
            simulated.external_trigger()
            generator.wait_played(2.0)
        generator.ensure_stopped()
        return {header for message in sent(link) for header in headers_of(message)}


def _everything_of_a_digitizer(model: str) -> set[str]:
    """Use a digitizer in all the ways that there are; returns the headers that were sent."""
    bench = RfBench()
    simulated = SimulatedTektronixMso("scope", model=model, bench=bench)
    has_aux = simulated.model.has_aux
    with connected(simulated) as link:
        digitizer = open_digitizer(link)
        digitizer.ensure_ready()
        digitizer.limits((1, 2))
        for segments, source in ((1, "external"), (3, "channel 4"), (1, "channel 4")):
            if source == "external" and not has_aux:
                continue
            capture = CaptureSettings(
                (1, 2),
                1e9,
                2e-6,
                segments=segments,
                trigger_input=source,
                clock_reference="external",
            )
            digitizer.configure(capture)
            digitizer.arm()
            for _ in range(segments):
                simulated.execute(b"TRIGger FORCe")
            digitizer.wait_captured(2.0)
            for segment in range(segments):
                digitizer.fetch(2, segment)
        digitizer.read_back()
        digitizer.arm()
        with pytest.raises(DeviceTimeoutError, match="finish its record"):
            digitizer.wait_captured(0.01)
        digitizer.ensure_stopped()
        return {header for message in sent(link) for header in headers_of(message)}


@pytest.fixture(scope="module")
def generator_headers() -> set[str]:
    return _everything_of_a_generator("AWG5204") | _everything_of_a_generator("AWG5204", "25")


@pytest.fixture(scope="module")
def digitizer_headers() -> set[str]:
    return _everything_of_a_digitizer("MSO44")


def test_headers_of_the_awg5200(generator_headers: set[str]) -> None:
    tree = TektronixTree(AWG5200Commands)
    assert [header for header in sorted(generator_headers) if not tree.has(header)] == []


def test_headers_of_the_awg70000() -> None:
    tree = TektronixTree(AWG70KBCommands)
    headers = _everything_of_a_generator("AWG70002B")
    assert [header for header in sorted(headers) if not tree.has(header)] == []


@pytest.mark.parametrize("commands", [MSO4Commands, MSO6BCommands])
def test_headers_of_the_mso(commands: type, digitizer_headers: set[str]) -> None:
    tree = TektronixTree(commands)
    assert [header for header in sorted(digitizer_headers) if not tree.has(header)] == []


def test_nothing_is_left_out(generator_headers: set[str], digitizer_headers: set[str]) -> None:
    """All headers of the sources were sent, so that none escapes the comparison."""

    for modules, headers, parts in (
        ((awg, memory, output), generator_headers, _PARTS),
        ((mso, preamble), digitizer_headers, set()),
    ):
        said = {re.sub(r"\d+", "", header).strip(":").upper() for header in headers}
        written = set(_written(modules))
        assert len(written) > 20
        missing = {
            header
            for header in written
            if not any(re.fullmatch(_whole(header), one) for one in said)
        }
        assert missing == parts


def _whole(header: str) -> str:
    """Make a pattern of a whole header: a name stands for a suffix, or at an end for nodes."""
    begun = re.sub(r"^\{\w+\}:", "<", header.strip(":").upper())
    marked = re.sub(r":(\{\w+\})+$", ":>", begun)
    plain = re.escape(re.sub(r"\{\w+\}|\d+", "", marked))
    return plain.replace("<", "(?:.+:)?").replace(">", ".+")


def _written(modules: tuple[ModuleType, ...]) -> Iterator[str]:
    for module in modules:
        code = re.sub(r'"""[\s\S]*?"""', "", inspect.getsource(module))
        for begun, header, query in _IN_SOURCE.findall(code):
            if "::" not in header:
                yield begun + header + query


@pytest.mark.parametrize(
    "header",
    [
        "SOURce1:RMODES",
        "SOURce1:RMO",
        "WLISt:WAVeform",
        "SYST:ERR?",
        "OUTPut1:OF",
        "AWGControl:RUN",
    ],
)
def test_a_wrong_header_is_found(header: str) -> None:
    assert not TektronixTree(AWG5200Commands).has(header)


@pytest.mark.parametrize("header", ["sour2:rmod?", ":SOURCE2:RMODE?", "*OPC?", "WLIS:WAV:DATA"])
def test_a_header_in_any_form_is_found(header: str) -> None:
    assert TektronixTree(AWG5200Commands).has(header)
