from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_core.errors import SamplingError
from sim_core.geometry.delay_history import DelayHistory
from sim_core.signal.echo import PointEcho, echo_blocks, require_echo_in_window
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.sampled_pulse import sampled_pulse
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import Window
from tests.sim_core.signal.conftest import HistoryMaker

RATE_HZ = 96e6
CARRIER_HZ = 2.3e10
CHIRP = LinearChirp(1e13, 8e-6)
WINDOW = 1024

# Power series of the delay: zero Doppler in mid-aperture as in the paper; and a target that comes
# or goes at the fastest, with +-75 kHz at 23 GHz.
ZERO_DOPPLER = [2.3357, 0.0, 1.017e-10, 1e-16]
RECEDING = [2.6, 3.26e-6, 4e-11, -1e-15]
APPROACHING = [2.6, -3.26e-6, 4e-11, 1e-15]

Extended = np.longdouble
TURN = 2 * Extended("3.14159265358979323846264338327950288")


def schedule_on(history: DelayHistory, pulses: int = 12, prf_hz: float = 600.0) -> PulseSchedule:
    ticks = transmit_ticks(RATE_HZ, prf_hz, pulses / prf_hz)
    return follow_echo(ticks, history, RATE_HZ, WINDOW, CHIRP.duration_s)


def echoes(
    schedule: PulseSchedule, targets: list[PointEcho], pulses_per_block: int = 5
) -> np.ndarray:
    blocks = list(echo_blocks(schedule, CHIRP, CARRIER_HZ, targets, pulses_per_block))
    firsts = [first for first, _ in blocks]
    assert firsts == list(range(0, schedule.pulses, pulses_per_block))
    return np.concatenate([samples for _, samples in blocks])


def brute_force(
    schedule: PulseSchedule, powers: list[float], amplitude: complex, waveform: Waveform = CHIRP
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate the defining equations at each sample; also how far inside the pulse it lies.

    For every receive time t the transmit time u with u + tau(u) = t is found, tau being the power
    series itself; the pulse and the carrier follow from u and t. A longdouble holds 3 s to 2e-19 s,
    or 5e-9 cycles of the carrier.
    """
    rate = Extended(schedule.sample_rate_hz)
    carrier = Extended(CARRIER_HZ)
    leading = schedule.transmit_tick.astype(Extended)[:, None] / rate
    ticks = schedule.window_start_tick[:, None] + np.arange(schedule.window_samples)
    t = ticks.astype(Extended) / rate
    u = t - Extended(powers[0])
    for _ in range(8):  # each round gains more than five digits
        delay = sum(Extended(c) * u**k for k, c in enumerate(powers))
        u = t - delay
    x = u - leading
    duration = Extended(waveform.duration_s)
    cycles = -carrier * delay
    pulse: np.ndarray | complex = 1.0
    if isinstance(waveform, LinearChirp):
        cycles = cycles + Extended(waveform.chirp_rate_hz_per_s) / 2 * (x - duration / 2) ** 2
    else:
        # The tests of each waveform hold it to its definition.
        pulse = waveform.baseband(x.astype(np.float64))
    angle = TURN * (cycles - np.floor(cycles))
    samples = amplitude * pulse * (np.cos(angle) + 1j * np.sin(angle)).astype(np.complex128)
    inside_s = np.minimum(x, duration - x).astype(np.float64)
    return np.where(inside_s >= 0.0, samples, 0.0), inside_s


@pytest.mark.parametrize("powers", [ZERO_DOPPLER, RECEDING, APPROACHING])
@pytest.mark.parametrize("prf_hz", [600.0, 0.12])
def test_echo_is_the_defining_equations(
    make_history: HistoryMaker, powers: list[float], prf_hz: float
) -> None:
    # 12 pulses in succession, and 12 over an aperture of 100 s.
    history = make_history(powers)
    schedule = schedule_on(history, prf_hz=prf_hz)
    amplitude = 0.6 - 0.35j
    found = echoes(schedule, [PointEcho(history, amplitude)])
    expected, inside_s = brute_force(schedule, powers, amplitude)
    # A sample within rounding of the pulse's ends may fall on either side of them.
    clear = np.abs(inside_s) > 1e-15
    assert np.count_nonzero(~clear) <= schedule.pulses
    # Amplitude and phase together: single precision of 0.7 in either part is 8e-8; the delay's
    # remainder of up to 1e-3 s in doubles is 1e-19 s, or 3e-8 rad.
    assert np.max(np.abs(found - expected)[clear]) < 2e-7
    # The two agree about where the pulse is, sample by sample.
    assert np.array_equal((found != 0.0)[clear], (expected != 0.0)[clear])


def test_down_chirp_is_synthesised_as_well(make_history: HistoryMaker) -> None:
    history = make_history(RECEDING)
    schedule = schedule_on(history)
    chirp = LinearChirp(-1e13, 8e-6)
    ((_, found),) = echo_blocks(schedule, chirp, CARRIER_HZ, [PointEcho(history, 1.0)], 100)
    expected, inside_s = brute_force(schedule, RECEDING, 1.0, chirp)
    clear = np.abs(inside_s) > 1e-15
    assert np.max(np.abs(found - expected)[clear]) < 1.5e-6


@pytest.mark.parametrize(
    "waveform",
    [
        nonlinear_chirp(80e6, 8e-6, Window("taylor", nbar=5, sidelobe_db=35.0)),
        tapered_pulse(CHIRP, Window("hann")),
        tapered_pulse(nonlinear_chirp(80e6, 6e-6, Window("hamming"), down=True), Window("taylor")),
        phase_coded_pulse(code_phases("p4-100"), 5e-8),
        phase_coded_pulse(code_phases("barker-13"), 1e-7, 1.0),
        sampled_pulse(CHIRP.baseband(np.arange(840) / 105e6), 105e6, 80e6),
    ],
    ids=lambda waveform: waveform.name,
)
@pytest.mark.parametrize("powers", [ZERO_DOPPLER, RECEDING])
def test_echoes_of_any_waveform_are_the_defining_equations(
    make_history: HistoryMaker, waveform: Waveform, powers: list[float]
) -> None:
    history = make_history(powers)
    ticks = transmit_ticks(RATE_HZ, 600.0, 12 / 600.0)
    schedule = follow_echo(ticks, history, RATE_HZ, WINDOW, waveform.duration_s)
    blocks = echo_blocks(schedule, waveform, CARRIER_HZ, [PointEcho(history, 0.6 - 0.35j)], 5)
    found = np.concatenate([samples for _, samples in blocks])
    expected, inside_s = brute_force(schedule, powers, 0.6 - 0.35j, waveform)
    clear = np.abs(inside_s) > 1e-15
    # As above, and the steps between the polynomials: a sample within rounding of one may be
    # evaluated by the next, which differs by twice the stated error.
    assert np.max(np.abs(found - expected)[clear]) < 5e-7


def test_gain_of_the_antenna_is_that_of_each_pulse(make_history: HistoryMaker) -> None:
    history = make_history(RECEDING)
    schedule = schedule_on(history)
    gain = np.linspace(0.2, 1.3, schedule.pulses)
    found = echoes(schedule, [PointEcho(history, 0.5j, pulse_gain=gain)])
    plain = echoes(schedule, [PointEcho(history, 0.5j)])
    # Rounding of the product against that of the two factors, in single precision.
    assert np.max(np.abs(found - gain[:, None] * plain)) < 1e-7


@pytest.mark.parametrize("gain", [np.ones(11), np.ones((12, 1)), np.float64(1.0)])
def test_gains_that_are_not_one_for_each_pulse_are_refused(
    make_history: HistoryMaker, gain: np.ndarray
) -> None:
    history = make_history(ZERO_DOPPLER)
    schedule = schedule_on(history)
    with pytest.raises(SamplingError, match="gains of shape"):
        echoes(schedule, [PointEcho(history, 1.0, pulse_gain=gain)])


def test_stop_and_go_would_fail_here(make_history: HistoryMaker) -> None:
    # The comparison above sees the motion inside the pulse: 75 kHz turn the phase by 1.9 rad from
    # the centre of the pulse to its end, and the stretched chirp's edge moves by 2.6e-11 s.
    history = make_history(RECEDING)
    schedule = schedule_on(history)
    found = echoes(schedule, [PointEcho(history, 1.0)])
    frozen = []
    for n in range(schedule.pulses):
        delay_s = float(history.delay_s(schedule.slow_time_s()[n]))
        stopped = brute_force(schedule.pulses_slice(n, 1), [delay_s], 1.0)[0]
        frozen.append(stopped[0])
    turned = np.angle(found * np.conj(np.array(frozen)))
    both = (np.abs(found) > 0.5) & (np.abs(np.array(frozen)) > 0.5)
    assert np.max(np.abs(turned[both])) == pytest.approx(2.0 * np.pi * 75e3 * 4e-6, rel=0.05)


def test_phase_at_the_pulse_centre_is_that_of_the_delay(make_history: HistoryMaker) -> None:
    # -2 pi f tau, exactly: the phase of the sample next to the centre, brought there.
    powers = [2.3357 + 1e-9, 0.0, 0.0]
    history = make_history(powers)
    schedule = schedule_on(history, pulses=4)
    found = echoes(schedule, [PointEcho(history, 1.0)])
    delay = Fraction(history.reference_delay_s) + Fraction(
        float(history.relative_delay_s(0.0, Fraction(history.reference_delay_s)))
    )
    for n in range(4):
        centre_tick = Fraction(int(schedule.transmit_tick[n])) + delay * 96_000_000 + 384
        sample = round(centre_tick) - int(schedule.window_start_tick[n])
        off_s = float(round(centre_tick) - centre_tick) / RATE_HZ
        expected = -float((delay * 23_000_000_000) % 1) + 0.5 * 1e13 * off_s**2
        error = found[n, sample] * np.exp(-2j * np.pi * expected)
        assert np.angle(error) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("pulses_per_block", [1, 2, 5, 7, 12, 1000])
def test_blocks_of_any_size_are_the_same_bits(
    make_history: HistoryMaker, pulses_per_block: int
) -> None:
    history = make_history(RECEDING)
    schedule = schedule_on(history)
    targets = [PointEcho(history, 0.5), PointEcho(make_history([2.6 + 3e-7, *RECEDING[1:]]), 0.3j)]
    assert np.array_equal(
        echoes(schedule, targets, pulses_per_block), echoes(schedule, targets, 12)
    )


def test_targets_add_up(make_history: HistoryMaker) -> None:
    near = make_history(ZERO_DOPPLER)
    far = make_history([ZERO_DOPPLER[0] + 8e-7, 2e-9, *ZERO_DOPPLER[2:]])
    schedule = schedule_on(near)
    targets = [PointEcho(near, 0.5), PointEcho(far, 0.25 + 0.1j), PointEcho(near, -0.5)]
    alone = sum(echoes(schedule, [target]).astype(np.complex128) for target in targets)
    # Sums of single precision, three of them.
    assert np.max(np.abs(echoes(schedule, targets) - alone)) < 2e-7
    # The first and the last cancel.
    assert np.array_equal(
        echoes(schedule, targets[:1]) + echoes(schedule, targets[2:]), np.zeros((12, WINDOW))
    )


def test_no_targets_are_silence(make_history: HistoryMaker) -> None:
    schedule = schedule_on(make_history(ZERO_DOPPLER))
    silence = echoes(schedule, [])
    assert silence.dtype == np.complex64
    assert silence.shape == (12, WINDOW)
    assert not silence.any()


def test_each_block_is_an_array_of_its_own(make_history: HistoryMaker) -> None:
    history = make_history(ZERO_DOPPLER)
    blocks = [b for _, b in echo_blocks(schedule_on(history), CHIRP, CARRIER_HZ, [], 6)]
    first, second = blocks
    assert not np.shares_memory(first, second)


@settings(max_examples=25)
@given(st.floats(-1.5e-6, 1.5e-6), st.complex_numbers(min_magnitude=0.1, max_magnitude=1.0))
def test_amplitude_is_constant_inside_the_pulse(
    make_history: HistoryMaker, beyond_s: float, amplitude: complex
) -> None:
    centre = make_history(ZERO_DOPPLER)
    shifted = make_history([ZERO_DOPPLER[0] + beyond_s, *ZERO_DOPPLER[1:]])
    schedule = schedule_on(centre, pulses=3)
    found = np.abs(echoes(schedule, [PointEcho(shifted, amplitude)]))
    # Single precision, and 2e-9 of the phasor. Parts beyond the window are cut off.
    present = found > 0.0
    assert found[present] == pytest.approx(abs(amplitude), rel=3e-7)
    assert np.all(np.abs(present.sum(axis=1) - 768) <= 144 - 127 + 1)


def test_echoes_beyond_the_window_are_cut_off(make_history: HistoryMaker) -> None:
    schedule = schedule_on(make_history(ZERO_DOPPLER), pulses=3)
    for moved_samples, left in ((-500, 395), (500, 397), (-2000, 0), (2000, 0)):
        moved = make_history([ZERO_DOPPLER[0] + moved_samples / RATE_HZ, *ZERO_DOPPLER[1:]])
        count = np.count_nonzero(echoes(schedule, [PointEcho(moved, 1.0)]), axis=1)
        # 127 to 128 samples are spare before the pulse; an edge may fall on either side of a tick.
        assert np.all(np.abs(count - left) <= 1)


@pytest.mark.parametrize(
    ("moved_samples", "side"),
    [(-129, "before"), (129, "after"), (-5000, "before"), (5000, "after")],
)
def test_target_outside_the_windows_is_refused(
    make_history: HistoryMaker, moved_samples: int, side: str
) -> None:
    schedule = schedule_on(make_history(ZERO_DOPPLER))
    moved = make_history([ZERO_DOPPLER[0] + moved_samples / RATE_HZ, *ZERO_DOPPLER[1:]])
    with pytest.raises(SamplingError, match=f"samples {side} its receive window") as caught:
        require_echo_in_window(schedule, PointEcho(moved, 1.0))
    wanted = int(caught.value.remedy.split("window to ")[1].split()[0])
    # The remedy helps.
    longer = follow_echo(
        schedule.transmit_tick, make_history(ZERO_DOPPLER), RATE_HZ, wanted, CHIRP.duration_s
    )
    require_echo_in_window(longer, PointEcho(moved, 1.0))


@pytest.mark.parametrize("moved_samples", [-126, 0, 126])
def test_target_inside_the_windows_is_accepted(
    make_history: HistoryMaker, moved_samples: int
) -> None:
    schedule = schedule_on(make_history(ZERO_DOPPLER))
    moved = make_history([ZERO_DOPPLER[0] + moved_samples / RATE_HZ, *ZERO_DOPPLER[1:]])
    require_echo_in_window(schedule, PointEcho(moved, 1.0))


def test_window_of_the_remedy_serves_all_targets(make_history: HistoryMaker) -> None:
    schedule = schedule_on(make_history(ZERO_DOPPLER))
    near, far = (
        make_history([ZERO_DOPPLER[0] + samples / RATE_HZ, *ZERO_DOPPLER[1:]])
        for samples in (140, -400)
    )
    with pytest.raises(SamplingError, match="up to 13 samples after") as caught:
        require_echo_in_window(
            schedule, PointEcho(near, 1.0), (PointEcho(near, 1.0), PointEcho(far, 1.0))
        )
    wanted = int(caught.value.remedy.split("window to ")[1].split()[0])
    longer = follow_echo(
        schedule.transmit_tick, make_history(ZERO_DOPPLER), RATE_HZ, wanted, CHIRP.duration_s
    )
    for history in (near, far):
        require_echo_in_window(longer, PointEcho(history, 1.0))


def test_target_that_walks_out_is_refused(make_history: HistoryMaker) -> None:
    # 0.5 km of azimuth at a Doppler shift off the reference: in the window first, out of it later.
    reference = make_history(ZERO_DOPPLER)
    schedule = schedule_on(reference, pulses=12, prf_hz=0.12)
    walks = make_history([ZERO_DOPPLER[0], 5e-8, *ZERO_DOPPLER[2:]])
    with pytest.raises(SamplingError, match="its receive window"):
        require_echo_in_window(schedule, PointEcho(walks, 1.0))
