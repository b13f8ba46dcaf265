import dataclasses

import numpy as np
import pytest
import scipy.fft
from scipy import signal, special

from sim_core.errors import FocusingError
from sim_core.focusing.range_compression.columns import transpose
from sim_core.focusing.range_compression.compression import (
    RangeCompression,
    compress_range,
    compress_rows,
)
from sim_core.focusing.range_compression.gates import RangeGates, plan_gates
from sim_core.focusing.range_compression.matched_filter import matched_filter
from sim_core.focusing.reference import Reference
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER, Window
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


def plan(
    schedule: PulseSchedule = SCHEDULE,
    waveform: LinearChirp = WAVEFORM,
    weight: np.ndarray | None = None,
    window: Window = NO_TAPER,
    delay_s: float = 0.0,
    replica: np.ndarray | None = None,
    oversampling: int = 1,
) -> RangeCompression:
    """Plan the compression of all that the windows hold, in the reference's own frame."""
    reference = Reference.over(HISTORY, schedule, CARRIER_HZ)
    frame_s = reference.pulse_delay_s()
    return RangeCompression.plan(
        schedule,
        waveform,
        reference,
        frame_s,
        np.ones(schedule.pulses) if weight is None else weight,
        plan_gates(schedule, waveform, reference, frame_s, delay_s),
        window,
        chain_delay_s=delay_s,
        replica=replica,
        oversampling=oversampling,
    )


def compressed(
    history: PolynomialDelay = HISTORY,
    schedule: PulseSchedule = SCHEDULE,
    waveform: LinearChirp = WAVEFORM,
    chain_delay_s: float = 0.0,
    known_delay_s: float = 0.0,
    window: Window = NO_TAPER,
) -> tuple[np.ndarray, RangeGates]:
    """Compress the echoes of the reference itself in its own frame, back in the range domain."""
    compression = plan(schedule, waveform, window=window, delay_s=known_delay_s)
    gates = compression.gates
    spectra = np.empty((gates.gates, schedule.pulses), dtype=np.complex64)
    compress_range(
        echo_samples([(history, 1.0)], schedule, waveform, chain_delay_s),
        compression,
        spectra,
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
    compression = plan()
    with pytest.raises(FocusingError, match=r"\(100, 512\).*\(100, 1024\)|the shape"):
        compress_range(
            Echoes(np.zeros((100, 512), dtype=np.complex64)),
            compression,
            np.empty((compression.gates.gates, SCHEDULE.pulses), dtype=np.complex64),
            lambda fraction: None,
        )


def test_a_sample_rate_below_the_band_is_refused() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    with pytest.raises(FocusingError, match="does not hold a bandwidth"):
        plan_gates(SCHEDULE, LinearChirp(1.3e13, 8e-6), reference, reference.pulse_delay_s(), 0.0)


def test_side_lobes_do_not_lean_with_the_edges_of_the_replica() -> None:
    """The mean over an aperture against the spectrum of the pulse, by Fresnel integrals.

    Within half the sample rate that spectrum gives -13.25656 dB on either side (-13.281 dB is the
    closed form of an endless band). A filter made of a sampled replica gives -13.263 and -13.248.
    """
    rate, length, half = 10e12, 1024, 4e-6
    frequency = scipy.fft.fftfreq(length, 1.0 / SAMPLE_RATE_HZ)
    scale = np.sqrt(2.0 * rate)
    sine_1, cosine_1 = special.fresnel(scale * (-half - frequency / rate))
    sine_2, cosine_2 = special.fresnel(scale * (half - frequency / rate))
    power = (cosine_2 - cosine_1) ** 2 + (sine_2 - sine_1) ** 2
    spectrum = np.conj(matched_filter(WAVEFORM, SAMPLE_RATE_HZ, length, NO_TAPER))
    exact = power / np.mean(power)
    assert np.abs(spectrum) ** 2 / np.mean(np.abs(spectrum) ** 2) == pytest.approx(exact, abs=1e-4)
    schedule = schedule_of(HISTORY, WAVEFORM, 50.0, 20.0, 1024)
    compression = plan(schedule, weight=np.full(schedule.pulses, 1.0 / schedule.pulses))
    gates = compression.gates
    rows = np.zeros((schedule.pulses, gates.gates), dtype=np.complex64)

    def store(pulses: slice, compressed: np.ndarray) -> None:
        rows[pulses] = compressed

    compress_rows(
        echo_samples([(HISTORY, 1.0)], schedule, WAVEFORM), compression, store, lambda done: None
    )
    fine = signal.resample(rows.sum(axis=0, dtype=np.complex128), 64 * gates.gates)
    level_db = 20.0 * np.log10(np.abs(fine))
    peak = -64 * gates.first_gate
    # 1000 pulses at random places between the ticks leave 1e-3 dB of their scatter of 0.015 dB.
    assert level_db[peak] == pytest.approx(0.0, abs=1e-3)
    assert level_db[peak - 150 : peak - 90].max() == pytest.approx(-13.2566, abs=2e-3)
    assert level_db[peak + 90 : peak + 150].max() == pytest.approx(-13.2566, abs=2e-3)


def test_oversampled_rows_hold_the_gates_of_plain_ones() -> None:
    received = echo_samples([(HISTORY, 1.0)], SCHEDULE, WAVEFORM).read(0, 8)
    plain, finer = (plan(oversampling=times).rows(slice(0, 8), received) for times in (1, 4))
    assert finer[:, ::4] == pytest.approx(plain, abs=2e-6)


def test_pulses_of_weight_zero_are_zero_whatever_they_hold() -> None:
    weight = np.ones(SCHEDULE.pulses)
    weight[3] = 0.0
    received = np.full((8, SCHEDULE.window_samples), np.nan + 1j * np.inf, dtype=np.complex64)
    received[4:] = 1.0
    rows = plan(weight=weight).rows(slice(0, 8), received)
    assert np.all(rows[3] == 0.0)
    assert np.all(np.isfinite(rows[4:]))


def test_a_measured_replica_takes_out_the_delay_that_it_holds() -> None:
    delay_s = 0.4e-6
    ticks = np.arange(900)
    replica = 0.7j * WAVEFORM.baseband(ticks / SAMPLE_RATE_HZ - delay_s).astype(np.complex64)
    received = echo_samples([(HISTORY, 0.7j)], SCHEDULE, WAVEFORM, chain_delay_s=delay_s)
    compression = plan(delay_s=delay_s, replica=replica)
    peak = compression.rows(slice(0, SCHEDULE.pulses), received.samples)[
        :, -compression.gates.first_gate
    ]
    # Edges between samples, of the echo and of the replica.
    assert np.abs(peak) == pytest.approx(1.0, abs=3e-3)
    assert np.degrees(np.angle(peak)) == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize("shape", [(1, 1), (16, 33), (47, 5)])
def test_the_tiled_transpose_is_a_transpose(shape: tuple[int, int]) -> None:
    source = (np.arange(shape[0] * shape[1]).reshape(shape) * (1 + 2j)).astype(np.complex64)
    target = np.empty(shape[::-1], dtype=np.complex64)
    transpose(source, target)
    assert np.array_equal(target, source.T)
