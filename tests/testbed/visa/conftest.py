"""Runs through simulated instruments: the shipped experiment, shortened."""

from pathlib import Path

import pytest

from testbed.config import Configuration, load_configuration
from tests.testbed.experiments import changed

# 96 windows: as few as resolve a point in azimuth, in 1.1 ms of packed windows. So short an
# aperture costs the peak 0.07 dB through an ideal loopback already.
SHORT = {
    "radar.aperture_s": 4.0,
    "radar.prf_hz": 24.0,
    "limits.peak.magnitude_error_db": 0.2,
}


@pytest.fixture(scope="session")
def instruments(repository: Path) -> Configuration:
    return changed(load_configuration(repository / "configs" / "instruments.yaml"), SHORT)


@pytest.fixture
def config(repository: Path, tmp_path: Path) -> Path:
    """The same as a file, for the command line."""
    text = (repository / "configs" / "instruments.yaml").read_text()
    for right, short in (("prf_hz: 60.0", "prf_hz: 24.0"), ("aperture_s: 10.0", "aperture_s: 4.0")):
        assert right in text
        text = text.replace(right, short)
    path = tmp_path / "short.yaml"
    path.write_text(text)
    return path
