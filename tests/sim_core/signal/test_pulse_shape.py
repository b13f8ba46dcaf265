import numpy as np
import pytest
import scipy.fft

from sim_core.errors import SamplingError
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.pulse_shape import PulseShape, fit_pulse_shape
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import Window

CHIRP = LinearChirp(1e13, 8e-6)
TAYLOR = Window("taylor", nbar=5, sidelobe_db=35.0)


def wavy(duration_s: float = 2e-6) -> PulseShape:
    return fit_pulse_shape(
        duration_s,
        lambda t: 40.0 * np.sin(3.0 * t / duration_s),
        lambda t: 0.5 * np.exp(1j * np.cos(7.0 * t / duration_s)),
    )


def test_fit_is_the_function_within_its_stated_error() -> None:
    shape = wavy()
    t = np.random.default_rng(1).uniform(0.0, 2e-6, 20000)
    exact = 0.5 * np.exp(1j * np.cos(3.5e6 * t) + 80j * np.pi * np.sin(1.5e6 * t))
    assert shape.error <= 1e-7
    # Places that the fit checked and these ones differ: the error between them is as large.
    assert np.max(np.abs(shape.baseband(t) - exact)) < 2.0 * max(shape.error, 1e-12)
    assert shape.peak_magnitude() == pytest.approx(0.5, abs=1e-6)


def test_pulse_ends_at_its_edges() -> None:
    assert np.all(wavy().baseband([-1e-18, 2e-6, 1.0]) == 0.0)
    assert np.all(wavy().baseband([0.0, 1.9999999e-6]) != 0.0)


def test_linear_chirp_is_a_parabola_exactly() -> None:
    t = np.linspace(-1e-7, 8.1e-6, 10007)
    # 160 cycles in doubles: 160 * 2 pi * 1e-16, a few times.
    assert np.max(np.abs(CHIRP.pulse_shape().baseband(t) - CHIRP.baseband(t))) < 1e-11


def test_parts_and_multiples_of_a_pulse() -> None:
    shape = wavy()
    half = shape.cut(1, 1, 1e-6)
    assert half.duration_s == 1e-6
    t = np.linspace(0.0, 0.999e-6, 100)
    assert half.baseband(t) == pytest.approx(shape.baseband(t + 1e-6), abs=1e-12)
    assert shape.scaled(2j).baseband(t) == pytest.approx(2j * shape.baseband(t), abs=1e-15)


def test_coupling_of_a_linear_chirp_is_one_over_its_rate() -> None:
    for rate in (1e13, -3e12):
        chirp = LinearChirp(rate, 8e-6)
        assert chirp.doppler_coupling_s_per_hz == 1.0 / rate
        assert chirp.pulse_shape().doppler_coupling_s_per_hz() == pytest.approx(
            1.0 / rate, rel=1e-12
        )


@pytest.mark.parametrize(
    ("waveform", "tolerance_cells"),
    [
        # Of two pulses with hard edges that are tau apart, 1 - tau/T overlap. That pulls the peak,
        # whose curvature is pi^2/3 for a flat band and less for one that is weak at its edges,
        # by 3 / (pi^2 B T) = 5e-4 cell towards zero, and by up to four times that.
        (CHIRP, 1e-3),
        (nonlinear_chirp(80e6, 8e-6, TAYLOR), 2e-3),
        (nonlinear_chirp(80e6, 8e-6, TAYLOR, down=True), 2e-3),
        (tapered_pulse(CHIRP, Window("hann")), 1e-4),
        (tapered_pulse(nonlinear_chirp(80e6, 8e-6, TAYLOR), Window("hamming")), 5e-4),
        # The ridge of chips is straight near its origin only: 3 % of the shift here.
        (phase_coded_pulse(code_phases("p4-100"), 1e-7), 0.015),
        (phase_coded_pulse(code_phases("barker-13"), 1e-7), 1e-9),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_coupling_is_where_a_shifted_pulse_compresses_to(
    waveform: Waveform, tolerance_cells: float
) -> None:
    # The received Doppler frequency d makes p exp(2j pi d x), whose peak comes later by -d times
    # the coupling. Here by a fifth of a cell or more.
    doppler_hz = 0.2 / waveform.duration_s
    rate_hz = 32.0 * waveform.bandwidth_hz
    pulse = waveform.baseband((np.arange(round(waveform.duration_s * rate_hz)) + 0.5) / rate_hz)
    ticks = np.arange(pulse.size) - 0.5 * pulse.size
    length = scipy.fft.next_fast_len(2 * pulse.size)
    echo = scipy.fft.fft(pulse * np.exp(2j * np.pi * doppler_hz / rate_hz * ticks), length)
    spectrum = echo * np.conj(scipy.fft.fft(pulse, length))
    # The peak of a smooth function, by Newton's method on its own spectrum.
    frequency = scipy.fft.fftfreq(length)
    tau = 0.0
    for _ in range(20):
        turned = spectrum * np.exp(2j * np.pi * frequency * tau)
        value, slope = np.sum(turned), np.sum(2j * np.pi * frequency * turned)
        bend = np.sum((2j * np.pi * frequency) ** 2 * turned)
        first = np.real(np.conj(value) * slope)
        tau -= first / (np.abs(slope) ** 2 + np.real(np.conj(value) * bend))
    expected_s = -doppler_hz * waveform.doppler_coupling_s_per_hz
    error_cells = (tau / rate_hz - expected_s) * waveform.bandwidth_hz
    assert error_cells == pytest.approx(0.0, abs=tolerance_cells)


def test_step_inside_a_segment_is_refused() -> None:
    with pytest.raises(SamplingError, match="not smooth enough") as caught:
        fit_pulse_shape(1.0, np.zeros_like, lambda t: np.where(t < 0.3, 1.0, -1.0))
    assert "continuous" in caught.value.remedy
