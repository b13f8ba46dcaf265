"""Gain, phase and delay between what was played and what was recorded."""

import math

import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from testbed.report.loop_comparison import compare_pulses
from tests.testbed.report.synthetic_result import SAMPLE_RATE_HZ, played_window, quantised

PICOSECOND = 1e-12
SAMPLE = 1.0 / SAMPLE_RATE_HZ


def delayed(samples: NDArray[np.complex64], delay_samples: float) -> NDArray[np.complex128]:
    """Shift by any number of samples through the spectrum, padded so that nothing wraps."""
    length = 2 * samples.size
    ramp = np.exp(-2j * np.pi * scipy.fft.fftfreq(length) * delay_samples)
    spectrum = scipy.fft.fft(samples.astype(np.complex128), length)
    shifted: NDArray[np.complex128] = scipy.fft.ifft(spectrum * ramp)[: samples.size]
    return shifted


def test_a_wire_changes_nothing() -> None:
    loop = compare_pulses(played_window(), played_window(), SAMPLE_RATE_HZ, 7)

    assert loop.pulse == 7
    assert loop.gain_db == pytest.approx(0.0, abs=1e-9)
    assert loop.phase_deg == pytest.approx(0.0, abs=1e-9)
    assert loop.delay_s == pytest.approx(0.0, abs=0.001 * PICOSECOND)
    # Rounding of complex128 over a thousand samples.
    assert loop.residual_db < -250.0


@given(
    gain_db=st.floats(-40.0, 20.0),
    phase_deg=st.floats(-179.0, 179.0),
    delay_samples=st.floats(-60.0, 60.0),
)
def test_gain_phase_and_delay_are_found(
    gain_db: float, phase_deg: float, delay_samples: float
) -> None:
    gain = 10.0 ** (gain_db / 20.0) * np.exp(1j * math.radians(phase_deg))

    loop = compare_pulses(
        played_window(), gain * delayed(played_window(), delay_samples), SAMPLE_RATE_HZ, 0
    )

    assert loop.gain_db == pytest.approx(gain_db, abs=1e-3)
    assert loop.phase_deg == pytest.approx(phase_deg, abs=0.05)
    # What a fractional shift rings beyond the window is cut off; that biases the fit by less.
    assert loop.delay_s == pytest.approx(delay_samples * SAMPLE, abs=1e-3 * SAMPLE)
    assert loop.residual_db < -50.0


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_the_residual_of_a_converter_is_its_quantisation_noise(bits: int) -> None:
    played = played_window()
    loop = compare_pulses(played, quantised(played, bits), SAMPLE_RATE_HZ, 0)

    # Two components of step^2/12 against the power of a chirp of amplitude 0.708; a repeated
    # chirp's rounding errors are uniform to about a decibel.
    step = 1.0 / (2 ** (bits - 1) - 1)
    expected_db = 10.0 * math.log10(2.0 * step**2 / 12.0 / 0.708**2)
    assert loop.residual_db == pytest.approx(expected_db, abs=1.0)


@pytest.mark.parametrize("silent", ["played", "recorded"])
def test_silence_on_either_side_has_no_fit(silent: str) -> None:
    nothing = np.zeros(1024, dtype=np.complex64)
    played = nothing if silent == "played" else played_window()
    recorded = nothing if silent == "recorded" else played_window()

    loop = compare_pulses(played, recorded, SAMPLE_RATE_HZ, 0)

    assert math.isnan(loop.gain_db)
    assert math.isnan(loop.delay_s)
    assert math.isnan(loop.residual_db)
    np.testing.assert_array_equal(loop.residual, recorded)
    assert loop.problem == f"the {silent} pulse is silent"


@pytest.mark.parametrize(("noise_db", "measurable"), [(-6.0, True), (0.0, False), (20.0, False)])
def test_noise_above_the_pulse_leaves_nothing_to_fit(noise_db: float, measurable: bool) -> None:
    played = played_window()
    # Noise over the window against the pulse over its 768 of 1024 samples, by energy.
    rms = 0.708 * math.sqrt(0.75) * 10.0 ** (noise_db / 20.0)
    generator = np.random.default_rng(4)
    noise = generator.standard_normal(1024) + 1j * generator.standard_normal(1024)
    recorded = played + rms / math.sqrt(2.0) * noise

    loop = compare_pulses(played, recorded, SAMPLE_RATE_HZ, 0)

    if measurable:
        assert loop.problem == ""
        # A thousand samples of noise have their power to a few per cent.
        assert loop.residual_db == pytest.approx(noise_db, abs=0.3)
    else:
        assert loop.problem == "noise exceeds the pulse"
        values = (loop.gain_db, loop.phase_deg, loop.delay_s, loop.residual_db)
        assert all(map(math.isnan, values))
        assert not np.any(loop.fitted)
