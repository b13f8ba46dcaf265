import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.visa.pair.pilot import (
    PartPilots,
    PilotPlace,
    SignalMissingError,
    drift_warning,
    find_pilot,
    make_pilot,
    told_of_pilots,
)


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


def drifting(phase_deg: float, delay_samples: float) -> PartPilots:
    gain = 0.9 * np.exp(1j * np.radians(170.0))
    turned = gain * np.exp(1j * np.radians(phase_deg))
    return PartPilots(
        PilotPlace(0.25, complex(gain), 1.0), PilotPlace(0.25 + delay_samples, complex(turned), 1.0)
    )


def test_drift_is_told_part_by_part() -> None:
    told = told_of_pilots([drifting(20.0, 0.0), drifting(-3.0, 0.5)], 1e8)
    assert told["by_part"]["phase_drift_deg"] == [20.0, -3.0]
    assert told["by_part"]["delay_drift_s"] == pytest.approx([0.0, 5e-9])
    assert told["phase_drift_deg"] == pytest.approx([-3.0, 20.0])
    assert told["delay_s"] == pytest.approx([2.5e-9, 2.5e-9])
    assert told_of_pilots([], 1e8) == {}


@pytest.mark.parametrize(
    ("phase_deg", "delay_samples", "warned"),
    [(3.9, 0.05, False), (-4.1, 0.0, True), (0.0, -0.11, True)],
)
def test_drift_beyond_what_the_verdict_bears_is_warned_of(
    phase_deg: float, delay_samples: float, warned: bool
) -> None:
    pilots = [drifting(0.0, 0.0), drifting(phase_deg, delay_samples)]
    assert (drift_warning(pilots, 1e8) is not None) is warned
    assert drift_warning([], 1e8) is None
