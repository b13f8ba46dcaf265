import numpy as np
import pytest
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.range_compression.matched_filter import matched_filter
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import NO_TAPER, Window

RATE_HZ = 96e6
LENGTH = 1024
CHIRP = LinearChirp(1e13, 8e-6)
WAVEFORMS: list[Waveform] = [
    CHIRP,
    LinearChirp(-1e13, 8e-6),
    nonlinear_chirp(80e6, 8e-6, Window("taylor", nbar=5, sidelobe_db=35.0)),
    tapered_pulse(CHIRP, Window("hann")),
    phase_coded_pulse(code_phases("barker-13"), 1e-7),
]


def compress(samples: np.ndarray, matched: np.ndarray) -> np.ndarray:
    return scipy.fft.ifft(scipy.fft.fft(samples, LENGTH) * matched)


@pytest.mark.parametrize("waveform", WAVEFORMS, ids=lambda waveform: waveform.name)
@pytest.mark.parametrize("window", [NO_TAPER, Window("hamming"), Window("taylor")])
def test_unit_echo_has_a_peak_of_one(waveform: Waveform, window: Window) -> None:
    matched = matched_filter(waveform, RATE_HZ, LENGTH, window)
    frequency = scipy.fft.fftfreq(LENGTH)
    peaks = []
    for offset in (np.arange(64) + 0.5) / 64.0:
        # An echo that begins between two ticks, brought back to one.
        echo = waveform.baseband((np.arange(LENGTH - 1) - offset) / RATE_HZ)
        spectrum = scipy.fft.fft(echo, LENGTH) * np.exp(2j * np.pi * frequency * offset)
        peaks.append(np.mean(spectrum * matched))
    # One by one the edges fall between the samples, 0.5 of 768 at most. On the average over 64
    # places what folds into the band from within 64 times the sample rate is gone.
    assert np.max(np.abs(np.array(peaks) - 1.0)) < 0.7 / 768
    assert np.mean(peaks) == pytest.approx(1.0, abs=1e-5)
    assert matched.dtype == np.complex64


def test_taper_covers_the_band_and_nothing_else() -> None:
    matched = matched_filter(CHIRP, RATE_HZ, LENGTH, Window("hann"))
    frequency_hz = scipy.fft.fftfreq(LENGTH, 1.0 / RATE_HZ)
    assert np.all(matched[np.abs(frequency_hz) > 40.1e6] == 0.0)
    assert np.all(np.abs(matched[np.abs(frequency_hz) < 30e6]) > 0.0)


@pytest.mark.parametrize("window", [NO_TAPER, Window("taylor")])
def test_measured_replica_takes_out_gain_delay_and_distortion(window: Window) -> None:
    # A chain of gain 0.3 at 40 degrees, a delay of 17 ticks, and an echo of its own.
    pulse = np.concatenate([CHIRP.replica(RATE_HZ), np.zeros(40)])
    gain = 0.3 * np.exp(1j * np.radians(40.0))
    replica = gain * (np.roll(pulse, 17) + 0.2 * np.roll(pulse, 25))
    matched = matched_filter(CHIRP, RATE_HZ, LENGTH, window, replica)
    found = compress(replica, matched)
    assert found[0] == pytest.approx(1.0, abs=1e-6)
    assert np.argmax(np.abs(found)) == 0
    # An echo of half the amplitude, turned, 100 ticks later.
    later = compress(0.5j * np.concatenate([np.zeros(100), replica]), matched)
    assert later[100] == pytest.approx(0.5j, abs=1e-6)


def test_noise_in_the_replica_costs_its_share_of_the_energy() -> None:
    # 20 dB below the pulse: energy 1 + 0.01, of which an echo without noise meets 1.
    random = np.random.default_rng(8)
    pulse = CHIRP.replica(RATE_HZ)
    noise = 0.1 * (random.normal(size=768) + 1j * random.normal(size=768)) / np.sqrt(2.0)
    found = compress(pulse, matched_filter(CHIRP, RATE_HZ, LENGTH, NO_TAPER, pulse + noise))
    # The sum of 768 products with the noise has the deviation 0.1 / sqrt(768) = 0.0036.
    assert np.abs(found[0]) == pytest.approx(1.0 / 1.01, abs=0.015)


@pytest.mark.parametrize(
    ("replica", "named"),
    [
        (np.ones(LENGTH + 1), "does not fit"),
        (np.ones((2, 100)), "not one pulse"),
        (np.zeros(100), "no signal"),
        (np.full(100, np.nan), "no signal"),
    ],
)
def test_replicas_that_are_none_are_refused(replica: np.ndarray, named: str) -> None:
    with pytest.raises(FocusingError, match=named) as caught:
        matched_filter(CHIRP, RATE_HZ, LENGTH, NO_TAPER, replica)
    assert caught.value.remedy


def test_pulse_longer_than_the_transform_is_refused() -> None:
    with pytest.raises(FocusingError, match="does not fit"):
        matched_filter(CHIRP, RATE_HZ, 512, NO_TAPER)
