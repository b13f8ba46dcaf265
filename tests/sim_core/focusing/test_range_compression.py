import dataclasses

import numpy as np
import pytest
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.range_compression import RangeGates, compress_range, plan_gates, transpose
from sim_core.focusing.reference import Reference
from sim_core.focusing.window import NO_TAPER, Window
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import (
    CARRIER_HZ,
    SAMPLE_RATE_HZ,
    Echoes,
    PolynomialDelay,
    echo_samples,
    schedule_of,
)

WAVEFORM = LinearChirp(1e13, 8e-6)
# The Doppler frequency of the paper's geometry at its highest: 61 kHz.
HISTORY = PolynomialDelay(walk=2.65e-6)
SCHEDULE = schedule_of(HISTORY, WAVEFORM, prf_hz=5.0, duration_s=20.0, window_samples=1024)


def compressed(
    history: PolynomialDelay = HISTORY,
    schedule: PulseSchedule = SCHEDULE,
    waveform: LinearChirp = WAVEFORM,
    chain_delay_s: float = 0.0,
    known_delay_s: float = 0.0,
    window: Window = NO_TAPER,
) -> tuple[np.ndarray, RangeGates]:
    """Compress the echoes of the reference itself in its own frame, back in the range domain."""
    reference = Reference.over(HISTORY, schedule, CARRIER_HZ)
    frame_s = reference.pulse_delay_s()
    gates = plan_gates(schedule, waveform, reference, frame_s, known_delay_s)
    spectra = compress_range(
        echo_samples([(history, 1.0)], schedule, waveform, chain_delay_s),
        schedule,
        waveform,
        reference,
        frame_s,
        np.ones(schedule.pulses),
        gates,
        window,
        known_delay_s,
        lambda fraction: None,
    )
    return scipy.fft.ifft(spectra, axis=0), gates


def test_the_reference_comes_to_rest_with_phase_zero() -> None:
    rows, gates = compressed()
    peak = rows[-gates.first_gate]
    # The echo's edges fall between samples: 1 of 768 samples, and half a sample of residual phase
    # at the edges of the band, change with each pulse's place between the ticks.
    assert np.abs(peak) == pytest.approx(1.0, abs=2e-3)
    assert np.degrees(np.angle(peak)) == pytest.approx(0.0, abs=0.1)
    left, right = np.abs(rows[-gates.first_gate - 1]), np.abs(rows[-gates.first_gate + 1])
    # Equal neighbours: the peak lies on the gate, to 0.005 of a sample for a slope of 0.6.
    assert left == pytest.approx(right, abs=6e-3)


def test_down_chirps_too() -> None:
    waveform = LinearChirp(-1e13, 8e-6)
    rows, gates = compressed(waveform=waveform)
    assert np.degrees(np.angle(rows[-gates.first_gate])) == pytest.approx(0.0, abs=0.1)


def test_motion_inside_the_pulse_would_be_half_a_cell() -> None:
    # A point that stands still beside a reference that moves: the difference of their Doppler
    # frequencies, f_c r = 61 kHz, shifts its peak by f / K = 6.1 ns = 0.49 cell.
    still = dataclasses.replace(HISTORY, walk=0.0)
    one = SCHEDULE.pulses_slice(49, 2)
    rows, gates = compressed(still, one)
    around = np.abs(rows[-gates.first_gate - 3 : -gates.first_gate + 3, 1])
    shift = (np.sum(around**2 * np.arange(-3, 3)) / np.sum(around**2)) / SAMPLE_RATE_HZ
    moved = 2.65e-6 * float(one.slow_time_s()[1])
    assert shift + moved == pytest.approx(-6.1e-9, abs=1.5e-9)


def test_a_known_delay_of_the_chain_is_taken_out() -> None:
    delay_s = 0.37e-6
    rows, gates = compressed(chain_delay_s=delay_s, known_delay_s=delay_s)
    assert np.abs(rows[-gates.first_gate]) == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("window", [Window("hann"), Window("taylor"), Window("kaiser", beta=4.0)])
def test_tapers_keep_the_peak_at_one(window: Window) -> None:
    rows, gates = compressed(window=window)
    assert np.abs(rows[-gates.first_gate]) == pytest.approx(1.0, abs=2e-3)


def test_gates_are_those_that_all_windows_hold_entirely() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    gates = plan_gates(SCHEDULE, WAVEFORM, reference, reference.pulse_delay_s(), 0.0)
    # 1024 - 768 = 256 gates per window, less the one by which the windows' ticks scatter.
    assert gates.columns == pytest.approx(256, abs=1)
    low, high = gates.full_range_s
    assert gates.first_column == np.ceil(low * SAMPLE_RATE_HZ)
    assert (high - low) * SAMPLE_RATE_HZ == pytest.approx(255, abs=1)
    assert gates.gates >= gates.columns + 64
    assert gates.gates < 1024


def test_short_windows_still_give_columns_to_measure_on() -> None:
    schedule = schedule_of(HISTORY, WAVEFORM, 5.0, 20.0, 780)
    reference = Reference.over(HISTORY, schedule, CARRIER_HZ)
    gates = plan_gates(schedule, WAVEFORM, reference, reference.pulse_delay_s(), 0.0)
    assert gates.columns >= 144 * 1.2
    assert gates.full_range_s[1] - gates.full_range_s[0] < 13 / SAMPLE_RATE_HZ


def test_windows_that_lose_the_echo_are_refused() -> None:
    fixed = dataclasses.replace(
        SCHEDULE, window_start_tick=SCHEDULE.transmit_tick + int(2.3357 * SAMPLE_RATE_HZ)
    )
    reference = Reference.over(HISTORY, fixed, CARRIER_HZ)
    with pytest.raises(FocusingError, match="no delay in common"):
        plan_gates(fixed, WAVEFORM, reference, reference.pulse_delay_s(), 0.0)


def test_samples_that_do_not_fit_the_schedule_are_refused() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    frame_s = reference.pulse_delay_s()
    gates = plan_gates(SCHEDULE, WAVEFORM, reference, frame_s, 0.0)
    with pytest.raises(FocusingError, match=r"\(100, 512\).*\(100, 1024\)|the shape"):
        compress_range(
            Echoes(np.zeros((100, 512), dtype=np.complex64)),
            SCHEDULE,
            WAVEFORM,
            reference,
            frame_s,
            np.ones(SCHEDULE.pulses),
            gates,
            NO_TAPER,
            0.0,
            lambda fraction: None,
        )


def test_a_sample_rate_below_the_band_is_refused() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    with pytest.raises(FocusingError, match="does not hold a bandwidth"):
        plan_gates(SCHEDULE, LinearChirp(1.3e13, 8e-6), reference, reference.pulse_delay_s(), 0.0)


@pytest.mark.parametrize("shape", [(1, 1), (16, 33), (47, 5)])
def test_the_tiled_transpose_is_a_transpose(shape: tuple[int, int]) -> None:
    source = (np.arange(shape[0] * shape[1]).reshape(shape) * (1 + 2j)).astype(np.complex64)
    target = np.empty(shape[::-1], dtype=np.complex64)
    transpose(source, target)
    assert np.array_equal(target, source.T)
