"""Headers that the Keysight drivers send, held to those of other people's drivers.

There is no published command tree of these instruments. QCoDeS's driver of the Infiniium and
PyMeasure's of an InfiniiVision run on the physical instruments: what they know must be spelled
alike. What rests on the guides alone is listed by name, so that the list cannot grow unseen.
"""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.digitizers.keysight.infiniium import SimulatedInfiniium
from drivers.simulators.digitizers.keysight.infiniivision import SimulatedInfiniiVision
from drivers.simulators.instrument import SimulatedInstrument
from drivers.visa.catalogue import open_digitizer
from drivers.visa.instrument import CaptureSettings
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.vendor_headers import headers_of

CAPTURE = CaptureSettings((1,), 1e9, 1e-6, clock_reference="external", full_scale_v=0.25)


def short_node(node: str) -> str:
    """Give the short form of a mnemonic by SCPI's own rule (SCPI-99, volume 1, 6.2.1).

    Four letters at most, or three where the fourth would be a vowel; suffixes and placeholders do
    not count.
    """
    name = re.sub(r"\{[^{}]*\}|%d|\d+$", "", node).upper()
    if len(name) <= 4:
        return name
    return name[:3] if name[3] in "AEIOU" else name[:4]


def short_header(header: str) -> str:
    return ":".join(short_node(node) for node in header.strip(":?").split(":"))


def headers_in(package: str, place: str, channel_class: bool) -> set[str]:
    """Find the headers in a driver's source.

    Those of a channel begin without a colon in PyMeasure, which puts ``:channel1:`` before.
    """
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.submodule_search_locations is not None
    text = Path(found.submodule_search_locations[0], place).read_text(encoding="utf-8")
    pattern = r"\"(:?(?:[A-Za-z]+(?:\{\w+\}|%d)?:?)+)\??(?: [^\"\n]*)?\""
    headers = set()
    for match in re.finditer(pattern, text):
        header = match[1]
        if channel_class and not header.startswith(":"):
            header = f"CHANnel:{header}"
        headers.add(short_header(header))
    return headers


def sent_by_ours(instrument: SimulatedInstrument, bench: RfBench) -> set[str]:
    """Drive it through everything, and give the headers, but for the common commands."""
    with connected(instrument) as link:
        driver = open_digitizer(link)
        driver.limits((1,))
        driver.ensure_ready()
        for segments, trigger in ((1, "external"), (2, "channel 4")):
            driver.configure(replace(CAPTURE, segments=segments, trigger_input=trigger))
            driver.arm()
            markers = np.zeros(4000, np.uint8)
            markers[100:200] = 1
            for _ in range(segments):
                bench.play("awg", Playback(1e9, {}, {"M1": markers}))
            driver.wait_captured(5.0)
            driver.fetch(1, segments - 1)
        driver.read_back()
        driver.ensure_stopped()
        headers = {header for text in sent(link) for header in headers_of(text)}
    return {short_header(header) for header in headers if not header.startswith("*")}


def bench() -> RfBench:
    bench = RfBench()
    for into in ("EXT", "4"):
        bench.connect(("awg", "M1"), ("scope", into))
    return bench


def test_infiniium() -> None:
    wired = bench()
    ours = sent_by_ours(SimulatedInfiniium("scope", bench=wired), wired)
    theirs = headers_in("qcodes", "instrument_drivers/Keysight/Infiniium.py", False)
    assert ours - theirs == {
        # Of the guide alone.
        "ACQ:SEGM:COUN", "ACQ:SEGM:IND", "WAV:SEGM:ALL", "WAV:SEGM:COUN",
        "ADER", "AER", "PDER", "SYST:ERR", "TIM:REF", "TIM:REFC",
    }  # fmt: skip
    assert len(ours & theirs) == 29


def test_infiniivision() -> None:
    wired = bench()
    scope = SimulatedInfiniiVision("scope", bench=wired, model="DSO-X 4154A")
    ours = sent_by_ours(scope, wired)
    theirs = headers_in("pymeasure", "instruments/keysight/keysightDSOX1102G.py", True)
    assert ours - theirs == {
        # Of the guide alone.
        "ACQ:RSIG", "ACQ:SEGM:COUN", "ACQ:SEGM:IND", "ACQ:SRAT", "AER", "EXT:PROB",
        "OPER:COND", "SYST:ERR", "TRIG:EDGE:COUP", "TRIG:EDGE:LEV", "TRIG:EDGE:SLOP",
        "TRIG:EDGE:SOUR", "TRIG:MODE", "TRIG:SWE", "WAV:BYT", "WAV:SEGM:COUN", "WAV:UNS",
    }  # fmt: skip
    assert len(ours & theirs) == 22
