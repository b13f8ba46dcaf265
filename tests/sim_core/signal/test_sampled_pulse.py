import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim_core.errors import SamplingError
from sim_core.signal.sampled_pulse import sampled_pulse
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import Window

CHIRP = LinearChirp(1e13, 8e-6)


def test_samples_come_back_at_their_own_rate() -> None:
    samples = CHIRP.baseband(np.arange(800) / 100e6) * (3.0 - 4.0j)
    pulse = sampled_pulse(samples, 100e6)
    assert pulse.duration_s == pytest.approx(8e-6)
    replica = pulse.replica(100e6)
    assert replica.shape == (800,)
    # Up to one factor, which makes the peak 1; single precision of the replica.
    factor = np.vdot(samples, replica) / np.vdot(samples, samples)
    assert np.max(np.abs(replica - factor * samples)) < 3e-7
    assert np.max(np.abs(pulse.baseband(np.linspace(0.0, 8e-6, 40001)))) == pytest.approx(
        1.0, abs=1e-3
    )


def test_smooth_pulse_is_right_between_its_samples() -> None:
    # Edges that rise from zero, at 1.2 samples per band: to -80 dB everywhere.
    smooth = tapered_pulse(CHIRP, Window("hann"))
    pulse = sampled_pulse(smooth.baseband(np.arange(768) / 96e6), 96e6, 80e6)
    t = np.random.default_rng(5).uniform(0.0, 8e-6, 20000)
    error = pulse.baseband(t) * smooth.shape.peak_magnitude() - smooth.baseband(t)
    assert 20.0 * math.log10(float(np.max(np.abs(error)))) < -80.0


def test_hard_edges_are_felt_for_24_samples() -> None:
    pulse = sampled_pulse(CHIRP.baseband(np.arange(768) / 96e6), 96e6, 80e6)
    t = np.random.default_rng(6).uniform(24.0 / 96e6, 8e-6 - 24.0 / 96e6, 20000)
    ratio = pulse.baseband(t) / CHIRP.baseband(t)
    assert np.max(np.abs(ratio / ratio[0] - 1.0)) < 1e-4  # -80 dB
    # Beyond, the interpolation overshoots by what a step makes of a band's edge.
    near = np.abs(pulse.baseband(np.linspace(0.0, 24.0 / 96e6, 2000))) / np.abs(ratio[0])
    assert 1.02 < np.max(near) < 1.3


def test_band_is_measured_or_stated() -> None:
    samples = CHIRP.baseband(np.arange(1600) / 200e6)
    # 99 % of the energy of a chirp of 640 cells lies within 1.00 of its swept band, and 1 % beyond
    # it: the Fresnel skirts.
    assert sampled_pulse(samples, 200e6).bandwidth_hz == pytest.approx(80e6, rel=0.03)
    assert sampled_pulse(samples, 200e6, 90e6).bandwidth_hz == 90e6
    assert sampled_pulse(samples, 200e6).doppler_coupling_s_per_hz == pytest.approx(1e-13, rel=0.01)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: sampled_pulse([1.0], 1e6), "make no pulse"),
        (lambda: sampled_pulse([[1.0, 1.0]], 1e6), "make no pulse"),
        (lambda: sampled_pulse([0.0, 0.0], 1e6), "make no pulse"),
        (lambda: sampled_pulse([1.0, math.nan], 1e6), "make no pulse"),
        (lambda: sampled_pulse(np.ones(50), 0.0), "no rate"),
        (lambda: sampled_pulse(np.ones(50), math.inf), "no rate"),
        (lambda: sampled_pulse(np.ones(50), 1e6, 0.0), "no band"),
        (lambda: sampled_pulse(np.ones(50), 1e6, math.nan), "do not hold a band"),
        (lambda: sampled_pulse(np.ones(50), 1e6, 0.9e6), "do not hold a band"),
        (lambda: sampled_pulse(CHIRP.replica(82e6), 82e6), "do not hold a band"),
    ],
)
def test_what_is_no_pulse_is_refused(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(SamplingError, match=named) as caught:
        make()
    assert caught.value.remedy
