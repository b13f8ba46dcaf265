import numpy as np
import pytest
import scipy.fft

from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import NO_TAPER, Window, band_quadrature

CHIRP = LinearChirp(1e13, 8e-6)
WINDOWS = [
    NO_TAPER,
    Window("hann"),
    Window("hamming"),
    Window("kaiser", beta=8.0),
    Window("taylor", nbar=6, sidelobe_db=40.0),
]


@pytest.mark.parametrize("taper", WINDOWS, ids=lambda window: window.name)
def test_tapered_chirp_is_chirp_times_taper(taper: Window) -> None:
    pulse = tapered_pulse(CHIRP, taper)
    t = np.random.default_rng(3).uniform(0.0, 8e-6, 5000)
    # The chirp's phase of up to 80 cycles, in extended precision.
    x = t.astype(np.longdouble) - np.longdouble(8e-6) / 2
    cycles = np.longdouble(1e13) * x**2 / 2
    phasor = np.exp(2j * np.pi * (cycles - np.floor(cycles)).astype(np.float64))
    expected = taper.weight(t / 8e-6 - 0.5) * phasor
    assert pulse.shape.error < 1e-7
    assert np.max(np.abs(pulse.baseband(t) - expected)) < 1e-7 + 1e-11


def test_tapers_go_over_any_pulse_and_over_each_other() -> None:
    base = nonlinear_chirp(80e6, 8e-6, Window("hamming"))
    once = tapered_pulse(base, Window("hann"))
    twice = tapered_pulse(once, Window("hamming"))
    t = np.linspace(0.0, 7.999e-6, 3001)
    place = t / 8e-6 - 0.5
    expected = base.baseband(t) * Window("hann").weight(place)
    assert np.max(np.abs(once.baseband(t) - expected)) < 1e-7
    expected = expected * Window("hamming").weight(place)
    assert np.max(np.abs(twice.baseband(t) - expected)) < 2e-7
    assert twice.bandwidth_hz == base.bandwidth_hz
    assert twice.name == "non-linear FM, hamming, tapered by hann, tapered by hamming"


def correlated(waveform: Waveform, cells: np.ndarray) -> np.ndarray:
    samples = waveform.baseband(
        (np.arange(round(16.0 * waveform.time_bandwidth_product)) + 0.5)
        / (16.0 * waveform.bandwidth_hz)
    )
    lags = scipy.fft.ifft(np.abs(scipy.fft.fft(samples, 2 * samples.size)) ** 2)
    return np.asarray(np.abs(lags[np.rint(16.0 * cells).astype(int)] / lags[0]))


def test_compressed_pulse_is_that_of_the_taper_squared() -> None:
    # A chirp maps time to frequency, so echo and replica bring one taper each over the band. Of
    # smooth tapers stationary phase leaves little: the square of w''/w over B T, and the overlap.
    taper = Window("hamming")
    cells = np.arange(0.0, 10.0, 1.0 / 16.0)
    u, weight = band_quadrature(64)
    squared = weight * taper.weight(u) ** 2
    wanted = np.abs(np.cos(2.0 * np.pi * np.outer(cells, u)) @ squared) / np.sum(squared)
    found = correlated(tapered_pulse(CHIRP, taper), cells)
    assert np.max(np.abs(found - wanted)) < 1e-3
