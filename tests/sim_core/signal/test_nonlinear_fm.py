import math

import numpy as np
import pytest
import scipy.fft

from sim_core.errors import SamplingError
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.window import NO_TAPER, Window, band_quadrature

TAYLOR = Window("taylor", nbar=5, sidelobe_db=35.0)


def autocorrelation(product: float, spectrum: Window, cells: np.ndarray) -> np.ndarray:
    """Correlate a pulse of the time-bandwidth product with itself, at offsets in 1/16 cells."""
    pulse = nonlinear_chirp(1.0, product, spectrum)
    samples = pulse.baseband((np.arange(round(16.0 * product)) + 0.5) / 16.0)
    power = np.abs(scipy.fft.fft(samples, 2 * samples.size)) ** 2
    lags = scipy.fft.ifft(power)
    return np.asarray(np.abs(lags[np.rint(16.0 * cells).astype(int)] / lags[0]))


def test_pulse_of_a_hamming_spectrum_is_its_closed_form() -> None:
    # W = 0.54 + 0.46 cos(2 pi u): t / T = u + q sin(2 pi u) / (2 pi) with q = 0.46 / 0.54, and the
    # phase is B T (u t/T - int t/T du).
    bandwidth_hz, duration_s = 80e6, 8e-6
    pulse = nonlinear_chirp(bandwidth_hz, duration_s, Window("hamming"))
    time_s = np.random.default_rng(2).uniform(0.0, duration_s, 5000)
    one = np.longdouble(1)
    turn, q = 2 * np.longdouble("3.14159265358979323846264338327950288"), one * 46 / 54
    x = time_s.astype(np.longdouble) / np.longdouble(duration_s) - one / 2
    low, high = np.full(x.shape, -one / 2), np.full(x.shape, one / 2)
    for _ in range(70):  # bisection cannot miss, and a bit is gained each time
        u = (low + high) / 2
        late = u + q * np.sin(turn * u) / turn > x
        low, high = np.where(late, low, u), np.where(late, u, high)
    area = u**2 / 2 - q * (np.cos(turn * u) - 1) / turn**2
    cycles = np.longdouble(bandwidth_hz) * np.longdouble(duration_s) * (u * x - area)
    expected = np.exp(2j * np.pi * (cycles - np.floor(cycles)).astype(np.float64))
    # The stated error of the shape, whose checked places are not these.
    found = pulse.baseband(time_s)
    assert np.max(np.abs(found - expected)) < 2.0 * pulse.shape.error + 1e-10
    assert pulse.shape.error < 1e-7


def test_flat_spectrum_makes_a_linear_chirp() -> None:
    pulse = nonlinear_chirp(80e6, 8e-6, NO_TAPER)
    t = np.linspace(0.0, 7.999e-6, 1001)
    expected = np.exp(1j * math.pi * 1e13 * (t - 4e-6) ** 2)
    assert np.max(np.abs(pulse.baseband(t) - expected)) < 1e-7
    assert pulse.doppler_coupling_s_per_hz == pytest.approx(1e-13, rel=1e-9)


@pytest.mark.parametrize("spectrum", [TAYLOR, Window("hamming"), Window("kaiser", beta=4.0)])
def test_frequency_stays_where_the_spectrum_is_strong(spectrum: Window) -> None:
    # The definition, by another quadrature: the time up to a frequency is the area up to it.
    pulse = nonlinear_chirp(80e6, 8e-6, spectrum)
    t = np.linspace(0.05e-6, 7.95e-6, 101)
    step_s = 1e-10
    frequency_hz = (pulse.shape.phase_cycles(t + step_s) - pulse.shape.phase_cycles(t - step_s)) / (
        2.0 * step_s
    )
    u, weight = band_quadrature(32)
    for time_s, place in zip(t, frequency_hz / 80e6, strict=True):
        # Scale the nodes to the part of the band below the frequency.
        width = place + 0.5
        below = np.sum(weight * spectrum.weight((u + 0.5) * width - 0.5)) * width
        assert below / spectrum.coherent_gain == pytest.approx(time_s / 8e-6, abs=1e-6)
    assert np.all(np.diff(frequency_hz) > 0.0)
    down = nonlinear_chirp(80e6, 8e-6, spectrum, down=True)
    assert down.baseband(t) == pytest.approx(np.conj(pulse.baseband(t)), abs=1e-12)


@pytest.mark.parametrize("product", [640.0, 10000.0])
@pytest.mark.parametrize("spectrum", [TAYLOR, Window("kaiser", beta=2.5), Window("hamming")])
def test_side_lobes_are_those_of_the_spectrum(spectrum: Window, product: float) -> None:
    cells = np.arange(0.0, 10.0, 1.0 / 16.0)
    u, weight = band_quadrature(64)
    wanted = np.cos(2.0 * np.pi * np.outer(cells, u)) @ (weight * spectrum.weight(u))
    wanted = np.abs(wanted) / spectrum.coherent_gain
    # Two pulses that are x cells apart overlap for 1 - x/N of their duration, which moves the side
    # lobes of a linear chirp, (1 - x/N) sinc(x - x^2/N), inwards by x^2/N. Their slope is below
    # 1/x there: x/N in all.
    deviation = np.abs(autocorrelation(product, spectrum, cells) - wanted)
    assert np.max(deviation) < 10.0 / product


def test_papers_band_with_a_taylor_spectrum_has_34_db() -> None:
    cells = np.arange(1.75, 300.0, 1.0 / 16.0)
    highest_db = 20.0 * math.log10(float(np.max(autocorrelation(640.0, TAYLOR, cells))))
    # -35.2 dB in the limit; a linear chirp has -13.3 dB. No loss: the amplitude is constant.
    assert highest_db == pytest.approx(-34.0, abs=0.2)


@pytest.mark.parametrize(
    ("bandwidth_hz", "duration_s", "spectrum", "named"),
    [
        (0.0, 8e-6, TAYLOR, "no band"),
        (math.nan, 8e-6, TAYLOR, "no band"),
        (80e6, -1.0, TAYLOR, "no duration"),
        (80e6, 8e-6, Window("hann"), "falls to"),
        (80e6, 8e-6, Window("kaiser", beta=12.0), "falls to"),
    ],
)
def test_what_is_no_chirp_is_refused(
    bandwidth_hz: float, duration_s: float, spectrum: Window, named: str
) -> None:
    with pytest.raises(SamplingError, match=named) as caught:
        nonlinear_chirp(bandwidth_hz, duration_s, spectrum)
    assert caught.value.remedy
