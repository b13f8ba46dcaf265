import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.visa.pair.pilot import SignalMissingError, find_pilot, make_pilot


@pytest.mark.parametrize("samples", [16, 256, 1001])
def test_pilot_is_found_in_its_place(samples: int) -> None:
    place = find_pilot(make_pilot(samples))
    assert place.delay_samples == pytest.approx(0.0, abs=1e-9)
    assert place.gain == pytest.approx(1.0, abs=1e-6)
    assert place.coherence == pytest.approx(1.0, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(-6.0, 6.0), st.floats(-3.1, 3.1), st.floats(1e-3, 2.0))
def test_delay_gain_and_phase_are_told(delay: float, phase: float, gain: float) -> None:
    # Evaluated between its samples, so that what is shifted out is as in a window with guards.
    place = np.arange(256) - delay
    offset = place - 127.5
    inside = (place >= -0.5) & (place < 255.5)
    played = 0.5 * np.exp(2j * np.pi * offset**2 / 768.0) * inside
    found = find_pilot((gain * np.exp(1j * phase) * played).astype(np.complex64))
    # A parabola over a correlation peak that is 1.5 samples wide; edges beyond the window are lost.
    assert found.delay_samples == pytest.approx(delay, abs=0.1)
    assert np.angle(found.gain * np.exp(-1j * phase)) == pytest.approx(0.0, abs=0.05)


def test_noise_and_silence_are_no_pilot() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=(256, 2)).astype(np.float32).view(np.complex64)[:, 0]
    for received in (noise, np.zeros(256, np.complex64)):
        with pytest.raises(SignalMissingError, match="of the power at the input"):
            find_pilot(received)


def test_pilot_does_not_clip_and_stays_in_the_band() -> None:
    pilot = make_pilot(512)
    assert np.abs(pilot).max() == pytest.approx(0.5, rel=1e-6)
    turn = np.angle(pilot[1:] * pilot[:-1].conj()) / (2.0 * np.pi)
    assert np.abs(turn).max() < 0.34
