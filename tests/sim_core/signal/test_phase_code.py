import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import SamplingError
from sim_core.signal.phase_code import code_phases, phase_coded_pulse, zadoff_chu

CHIP_S = 1e-7
BARKER_LENGTHS = [2, 3, 4, 5, 7, 11, 13]


def aperiodic(name: str) -> np.ndarray:
    """Correlate a sequence with itself; the peak is in the middle."""
    code = np.exp(1j * code_phases(name))
    return np.correlate(code, code, "full")


def periodic(phases: np.ndarray) -> np.ndarray:
    code = np.exp(1j * phases)
    return scipy.fft.ifft(np.abs(scipy.fft.fft(code)) ** 2)


@pytest.mark.parametrize("length", BARKER_LENGTHS)
def test_side_lobes_of_barkers_sequences_are_one_at_most(length: int) -> None:
    found = aperiodic(f"barker-{length}")
    assert found[length - 1] == pytest.approx(length)
    others = np.delete(np.abs(found), length - 1)
    assert np.max(others) == pytest.approx(1.0, abs=1e-12)


def test_barker_13_has_its_closed_form() -> None:
    # 13 at the peak, 1 at every even chip, 0 at every odd one (Barker, 1953).
    expected = np.where(np.abs(np.arange(-12, 13)) % 2 == 0, 1.0, 0.0)
    expected[12] = 13.0
    assert aperiodic("barker-13") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["frank-64", "p4-100", "p4-63"])
def test_polyphase_sequences_have_no_periodic_side_lobes(name: str) -> None:
    found = periodic(code_phases(name))
    assert np.max(np.abs(found[1:])) < 1e-10
    # And aperiodically those of P4, about sqrt(2 / N) / pi (Levanon and Mozeson, "Radar signals",
    # 2004, section 6.2.3): the figure is one for long sequences, 6 % low at 63.
    chips = code_phases(name).size
    lobes = np.sort(np.abs(aperiodic(name)))[:-1] / chips
    assert lobes[-1] < 1.1 * math.sqrt(2.0 / chips) / math.pi


@given(st.integers(2, 300), st.integers(1, 300))
def test_zadoff_chu_has_no_periodic_side_lobes(length: int, root: int) -> None:
    if math.gcd(length, root) == 1:
        assert np.max(np.abs(periodic(zadoff_chu(length, root))[1:])) < 1e-9
        assert zadoff_chu(length).shape == (length,)
    else:
        with pytest.raises(SamplingError, match="common factor"):
            zadoff_chu(length, root)


@pytest.mark.parametrize("length", [3, 7, 31, 127, 1023])
def test_m_sequences_have_minus_one_periodically(length: int) -> None:
    found = periodic(code_phases(f"m-sequence-{length}"))
    assert found[1:] == pytest.approx(-1.0, abs=1e-9)
    assert found[0] == pytest.approx(length)


@pytest.mark.parametrize("roll_off", [0.25, 0.5, 1.0])
def test_chips_are_what_their_spectrum_says(roll_off: float) -> None:
    # A single chip against the closed form of its spectrum's transform.
    pulse = phase_coded_pulse([0.0], CHIP_S, roll_off)
    half = math.ceil(6.0 / roll_off)
    assert pulse.duration_s == pytest.approx(2 * half * CHIP_S)
    t = np.random.default_rng(4).uniform(-half + 1.0, half - 1.0, 200)
    edges = np.sin(np.pi * t * (1.0 - roll_off)) + 4.0 * roll_off * t * np.cos(
        np.pi * t * (1.0 + roll_off)
    )
    expected = edges / (np.pi * t * (1.0 - (4.0 * roll_off * t) ** 2))
    expected /= 1.0 - roll_off + 4.0 * roll_off / np.pi
    found = pulse.baseband((t + half) * CHIP_S)
    # Twice the shape's stated error, and 1e-13 over the distance to the formula's poles.
    assert np.max(np.abs(found - expected)) < 2.0 * pulse.shape.error + 1e-10
    assert pulse.shape.error < 1e-6


@pytest.mark.parametrize("name", ["barker-13", "m-sequence-31", "frank-16", "zadoff-chu-31"])
def test_compressed_pulse_is_the_sequences_autocorrelation_at_whole_chips(name: str) -> None:
    pulse = phase_coded_pulse(code_phases(name), CHIP_S)
    samples = pulse.baseband(np.arange(round(16 * pulse.duration_s / CHIP_S)) * CHIP_S / 16)
    lags = scipy.fft.ifft(np.abs(scipy.fft.fft(samples, 2 * samples.size)) ** 2)
    code = aperiodic(name)
    chips = code_phases(name).size
    found = lags[: 16 * chips : 16] / lags[0].real
    # What is cut off of a chip, 6 chips from its centre, is 2e-3 of its peak and falls as the
    # square of the distance: a third of it is missed by the chip that stands there.
    assert found == pytest.approx(code[chips - 1 :] / chips, abs=2e-3 / 3.0)


@pytest.mark.parametrize("roll_off", [0.25, 0.5, 1.0])
def test_band_holds_the_pulse(roll_off: float) -> None:
    pulse = phase_coded_pulse(code_phases("m-sequence-127"), CHIP_S, roll_off)
    assert pulse.bandwidth_hz == pytest.approx((1.0 + roll_off) / CHIP_S)
    samples = pulse.baseband(np.arange(round(32 * pulse.duration_s / CHIP_S)) * CHIP_S / 32)
    power = np.abs(scipy.fft.fft(samples, 4 * samples.size)) ** 2
    frequency_hz = scipy.fft.fftfreq(power.size, CHIP_S / 32)
    outside = np.sum(power[np.abs(frequency_hz) > 0.5 * pulse.bandwidth_hz]) / np.sum(power)
    assert outside < 1e-5
    assert np.max(np.abs(samples)) <= 1.0 + 1e-6
    assert np.max(np.abs(samples)) > 0.95


@pytest.mark.parametrize(
    "name",
    ["barker-6", "m-sequence-100", "frank-63", "frank-3", "gold-31", "barker", "p4-1", "p4-99999"],
)
def test_codes_that_do_not_exist_are_refused(name: str) -> None:
    with pytest.raises(SamplingError) as caught:
        code_phases(name)
    assert caught.value.remedy.startswith(("take", "give"))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: phase_coded_pulse([], CHIP_S), "no sequence"),
        (lambda: phase_coded_pulse([0.0, math.nan], CHIP_S), "no sequence"),
        (lambda: phase_coded_pulse([[0.0]], CHIP_S), "no sequence"),
        (lambda: phase_coded_pulse([0.0, 1.0], 0.0), "no duration"),
        (lambda: phase_coded_pulse([0.0, 1.0], CHIP_S, 0.1), "roll-off"),
        (lambda: phase_coded_pulse([0.0, 1.0], CHIP_S, math.nan), "roll-off"),
    ],
)
def test_what_is_no_coded_pulse_is_refused(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(SamplingError, match=named):
        make()
