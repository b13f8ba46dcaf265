import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import SamplingError
from sim_core.signal.waveform import LinearChirp

PAPER = LinearChirp(1e13, 8e-6)


def test_paper_has_80_megahertz_and_640() -> None:
    assert PAPER.bandwidth_hz == pytest.approx(80e6)
    assert PAPER.time_bandwidth_product == pytest.approx(640.0)
    assert LinearChirp(-1e13, 8e-6).bandwidth_hz == pytest.approx(80e6)


@pytest.mark.parametrize(
    ("sample_rate_hz", "samples"), [(96e6, 768), (100e6, 800), (1e6, 8), (96.3e6, 771), (1e5, 1)]
)
def test_replica_holds_the_ticks_inside_the_pulse(sample_rate_hz: float, samples: int) -> None:
    replica = PAPER.replica(sample_rate_hz)
    assert replica.shape == (samples,)
    assert PAPER.sample_count(sample_rate_hz) == samples
    assert replica.dtype == np.complex64


def test_replica_starts_at_the_leading_edge() -> None:
    replica = PAPER.replica(96e6)
    x = np.arange(768) / 96e6
    expected = np.exp(1j * np.pi * 1e13 * (x - 4e-6) ** 2)
    # complex64: 6e-8 of 1.
    assert np.max(np.abs(replica - expected)) < 1.3e-7
    assert np.abs(replica) == pytest.approx(1.0, abs=1e-6)


@given(st.floats(0.0, 4e-6, exclude_max=True))
def test_pulse_is_symmetric_about_its_centre(from_centre_s: float) -> None:
    # Phases of up to 500 rad in doubles.
    before, after = PAPER.baseband([4e-6 - from_centre_s, 4e-6 + from_centre_s])
    if 4e-6 + from_centre_s < 8e-6:
        assert abs(before - after) < 1e-10


def test_frequency_sweeps_the_band_upwards() -> None:
    x = np.linspace(0.0, 8e-6, 80001)[:-1]
    phase = np.unwrap(np.angle(PAPER.baseband(x)))
    frequency_hz = np.gradient(phase, x)[1:-1] / (2.0 * math.pi)
    assert frequency_hz == pytest.approx(1e13 * (x[1:-1] - 4e-6), abs=1e4)
    down = LinearChirp(-1e13, 8e-6).baseband(x)
    assert np.max(np.abs(down - np.conj(PAPER.baseband(x)))) < 1e-12


def test_nothing_outside_the_pulse() -> None:
    outside = PAPER.baseband([-1e-12, 8e-6, 9e-6, -1.0])
    assert np.all(outside == 0.0)
    assert abs(PAPER.baseband(0.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("chirp_rate_hz_per_s", "duration_s", "named"),
    [
        (1e13, 0.0, "no duration"),
        (1e13, -8e-6, "no duration"),
        (1e13, math.nan, "no duration"),
        (1e13, math.inf, "no duration"),
        (0.0, 8e-6, "sweeps no band"),
        (math.nan, 8e-6, "sweeps no band"),
        (-math.inf, 8e-6, "sweeps no band"),
    ],
)
def test_what_is_no_chirp_is_refused(
    chirp_rate_hz_per_s: float, duration_s: float, named: str
) -> None:
    with pytest.raises(SamplingError, match=named) as caught:
        LinearChirp(chirp_rate_hz_per_s, duration_s)
    assert caught.value.remedy.startswith("give")
