"""Headers of ``.wfmx`` are those that QCoDeS writes, which laboratories load into AWG70000s."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from qcodes.instrument_drivers.tektronix.AWG70000A import TektronixAWG70000Base

from drivers.visa.generators.tektronix.wfmx_file import wfmx_header


@pytest.mark.parametrize("samples", [2400, 2401, 99_999, 1_000_000])
@pytest.mark.parametrize("markers", [False, True])
def test_header_is_that_of_qcodes(samples: int, markers: bool) -> None:
    theirs = TektronixAWG70000Base._makeWFMXFileHeader(samples, markers)
    timestamp = re.search("<Timestamp>(.*)</Timestamp>", theirs)
    assert timestamp is not None
    ours = wfmx_header(samples, markers=markers, timestamp=timestamp.group(1))
    assert ours == theirs.encode("ascii")


def test_whole_file_is_that_of_qcodes() -> None:
    random = np.random.default_rng(0)
    samples = random.uniform(-1.0, 1.0, 3000).astype(np.float32)
    markers = random.integers(0, 2, (2, 3000))
    # At an amplitude of 2 V peak to peak, theirs are not scaled.
    theirs = TektronixAWG70000Base.makeWFMXFile(np.vstack([samples, markers]).astype(float), 2.0)
    timestamp = re.search(b"<Timestamp>(.*)</Timestamp>", theirs)
    assert timestamp is not None
    header = wfmx_header(3000, markers=True, timestamp=timestamp.group(1).decode())
    ours = header + samples.tobytes() + (markers[0] + 2 * markers[1]).astype(np.uint8).tobytes()
    assert ours == theirs


def test_header_tells_its_own_length_and_is_xml() -> None:
    header = wfmx_header(
        5000, markers=True, timestamp="2026-11-20T12:00:00.000+00:00", sample_rate_hz=2.5e9
    )
    root = ElementTree.fromstring(header)
    assert int(root.attrib["offset"]) == len(header)
    rate = root.find(".//{http://www.tektronix.com}ReccSamplingRate")
    assert rate is not None
    assert rate.text == "2500000000"
