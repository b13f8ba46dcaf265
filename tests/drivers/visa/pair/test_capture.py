import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DriverError
from drivers.simulators.bench.analogue import add_interpolated, gaussian_spread_s, kernel
from drivers.visa.instrument import Record
from drivers.visa.pair.capture import Demodulator
from drivers.visa.pair.filters import STOP_BAND_DB
from drivers.visa.pair.layout import REACH_SAMPLES, Layout, choose_guard
from drivers.visa.pair.playback import WindowWaveform
from tests.drivers.visa.pair.closed_form import random_windows, record_of, rms_db

RATE_HZ = 96e6
# What is asked of the whole; the filters' ripple is 106 dB down, and float32 adds as little.
WANTED_DB = -80.0
EXPECTED_DB = -105.0
LAYOUT = Layout(RATE_HZ, 256, choose_guard(256, RATE_HZ, None), 4)


@pytest.mark.parametrize(
    ("carrier_hz", "rate_hz"),
    [
        (96e6, 400e6),
        (96e6, 312.1e6),  # just enough: 2 (96 + 0.625 * 96)
        (96e6, 625e6),
        (96e6, 3.125e9),
        (168e6, 1e9),
        (101.2345e6, 1.0 / 1.7e-9),
        (500e6, 1.25e9),
    ],
)
@pytest.mark.parametrize("first_sample_s", [-31.4e-9, -1.7e-9])
def test_windows_come_back(carrier_hz: float, rate_hz: float, first_sample_s: float) -> None:
    windows = random_windows(3, 256)
    record = record_of(windows, LAYOUT, carrier_hz, rate_hz, first_sample_s)
    back = Demodulator(LAYOUT, carrier_hz, rate_hz, 1.0).windows([record], 3)
    level_db = rms_db(back - windows, windows)
    assert level_db < WANTED_DB
    assert level_db < EXPECTED_DB


def test_i_and_q_of_two_inputs_come_back() -> None:
    windows = random_windows(3, 256)
    parts = [windows, -1j * windows]  # the real part of -j z is the imaginary part of z
    records = [
        record_of(np.ascontiguousarray(part, np.complex64), LAYOUT, 0.0, 250e6, first_s)
        for part, first_s in zip(parts, (-5.1e-9, -6.2e-9), strict=True)
    ]
    # An offset of the preamble is part of the voltage.
    shifted = replace(records[1], codes=records[1].codes - np.float32(0.3), offset_v=0.3)
    back = Demodulator(LAYOUT, 0.0, 250e6, 1.0).windows([records[0], shifted], 3)
    assert rms_db(back - windows, windows) < EXPECTED_DB


def test_codes_are_scaled_to_the_unit() -> None:
    windows = random_windows(2, 256)
    record = record_of(windows, LAYOUT, 96e6, 500e6, 0.0)
    codes = np.rint(record.codes * 30000).astype(np.int16)
    coded = Record(codes, 2e-6, 0.01, record.first_sample_s, record.interval_s)
    # 30000 codes are 60 mV; of an offset nothing is left.
    back = Demodulator(LAYOUT, 96e6, 500e6, 0.06).windows([coded], 2)
    # 1/sqrt(12) codes, doubled by the demodulation; less, as half of the noise is out of band.
    assert rms_db(back - windows, windows) < 20 * math.log10(2 / math.sqrt(12) / 30000 / 0.7)


def test_later_windows_of_a_record_and_segments_of_their_own() -> None:
    windows = random_windows(4, 256)
    record = record_of(windows, LAYOUT, 101.7e6, 625e6, -2e-9)
    demodulator = Demodulator(LAYOUT, 101.7e6, 625e6, 1.0)
    back = demodulator.windows([record], 2, first_window=2, first_in_record=2)
    assert rms_db(back - windows[2:], windows) < EXPECTED_DB
    # Window 3 with a trigger of its own, at the beginning of its period.
    late_s = 3 * LAYOUT.period_s
    segment = replace(record, first_sample_s=record.first_sample_s - late_s)
    alone = demodulator.windows([segment], 1, first_window=3)
    assert rms_db(alone - windows[3:], windows) < EXPECTED_DB


def test_known_skew_is_taken_out() -> None:
    windows = random_windows(2, 256)
    skew_s = 7.3e-9
    record = record_of(windows, LAYOUT, 96e6, 625e6, 1e-9, skew_s)
    back = Demodulator(LAYOUT, 96e6, 625e6, 1.0, skew_s).windows([record], 2)
    assert rms_db(back - windows, windows) < EXPECTED_DB


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.4999, -0.4999])
def test_band_is_flat(offset: float) -> None:
    back = tone(96e6 + offset * RATE_HZ)
    expected = np.exp(2j * np.pi * offset * (np.arange(256) + LAYOUT.lead_samples))
    # Ripple of both filters, and the line between two rows of the first one's table.
    assert np.abs(back - expected).max() < 3 * 10 ** (-STOP_BAND_DB / 20)


@pytest.mark.parametrize("offset", [0.626, -0.626, 0.9, -0.9, 1.4, -1.0, 2.0, 5.0, 11.9])
def test_beyond_the_band_nothing_comes_through(offset: float) -> None:
    # The stop-band begins at 0.625 of the rate: 106 dB, and float32 sums.
    assert np.abs(tone(96e6 + offset * RATE_HZ)).max() < 10 ** (-100 / 20)


def tone(frequency_hz: float) -> NDArray[np.complex64]:
    """Demodulate a tone from 96 MHz; one window."""
    rate_hz = 2.5e9
    time_s = -10e-9 + np.arange(int(LAYOUT.period_s * rate_hz) + 50) / rate_hz
    volts = np.cos(2 * np.pi * frequency_hz * time_s).astype(np.float32)
    record = Record(volts, 1.0, 0.0, float(time_s[0]), 1.0 / rate_hz)
    back = Demodulator(LAYOUT, 96e6, rate_hz, 1.0).windows([record], 1)
    return back.reshape(-1)


def test_white_noise_keeps_what_lies_in_the_band() -> None:
    rate_hz, count = 2.5e9, 40
    random = np.random.default_rng(3)
    samples = int(count * LAYOUT.period_s * rate_hz) + 50
    noise = Record(random.normal(size=samples).astype(np.float32), 1.0, 0.0, 0.0, 1.0 / rate_hz)
    back = Demodulator(LAYOUT, 96e6, rate_hz, 1.0).windows([noise], count)
    # Doubled, of 1 / rate a Hz: 4 fs / rate within half the rate to either side, and a share of
    # the transition from 0.5 to 0.625, which adds at most a quarter. 1e4 samples scatter by 1 %.
    share = float(np.mean(np.abs(back) ** 2)) / (4.0 * RATE_HZ / rate_hz)
    assert 1.0 < share < 1.25


@pytest.mark.parametrize("guard_samples", [2 * REACH_SAMPLES, None])
def test_windows_do_not_hear_their_neighbours(guard_samples: int | None) -> None:
    guard = choose_guard(256, RATE_HZ, guard_samples)
    layout = Layout(RATE_HZ, 256, guard, 4)
    windows = random_windows(5, 256)
    windows[1::2] = 0
    record = record_of(windows, layout, 96e6, 625e6, 0.0)
    back = Demodulator(layout, 96e6, 625e6, 1.0).windows([record], 5)
    # The filters are finite, and end within the guard.
    assert not back[1::2].any()


def through_a_dac(
    windows: NDArray[np.complex64], bandwidth_hz: float, *, holds: bool = False
) -> NDArray[np.complex64]:
    """Play windows, reconstruct them as a DAC does, and capture them behind a bandwidth."""
    waveform = WindowWaveform(windows, LAYOUT, 96e6, holds_samples=holds)
    samples = np.concatenate([np.asarray(chunk.samples) for chunk in waveform.chunks()])
    rate_hz = 1.25e9
    volts = np.zeros(int(windows.shape[0] * LAYOUT.period_s * rate_hz), np.float32)
    generator_rate_hz = LAYOUT.generator_rate_hz
    table = kernel(generator_rate_hz, gaussian_spread_s(bandwidth_hz), 0.0, holds)
    add_interpolated(samples, generator_rate_hz, table, 1e-9, 1.0 / rate_hz, 1.0, 0.0, volts)
    record = Record(volts, 1.0, 0.0, 1e-9, 1.0 / rate_hz)
    return Demodulator(LAYOUT, 96e6, rate_hz, 1.0).windows([record], windows.shape[0])


def test_windows_do_not_hear_their_neighbours_behind_a_dac() -> None:
    # Where two periods meet the waveform jumps, which reconstruction and bandwidth spread.
    windows = random_windows(5, 256)
    windows[1::2] = 0
    back = through_a_dac(windows, 200e6)
    assert np.abs(back[1::2]).max() < 10 ** (-90 / 20) * np.abs(windows).max()


def test_windows_come_back_from_a_dac() -> None:
    windows = random_windows(5, 256)
    # The reconstruction is right to 105 dB; 1 THz is no limit.
    assert rms_db(through_a_dac(windows, 1e12) - windows, windows) < -95.0


def test_hold_of_a_dac_is_taken_out() -> None:
    windows = random_windows(5, 256)
    back = through_a_dac(windows, 1e12, holds=True)
    # The band leaves as weakly as its upper edge, 144 of 384 MHz: sinc(0.375).
    edge = math.sin(0.375 * math.pi) / (0.375 * math.pi)
    assert rms_db(back / np.float32(edge) - windows, windows) < -90.0


def test_guard_shorter_than_the_filters_is_refused() -> None:
    with pytest.raises(DeviceSettingsError, match="guard_samples = 65 is shorter"):
        choose_guard(256, RATE_HZ, 65)
    with pytest.raises(DeviceSettingsError, match="and 1e-06 s of rearming"):
        choose_guard(256, RATE_HZ, 66, rearm_s=1e-6)


def test_clipped_samples_are_found_in_their_windows() -> None:
    windows = random_windows(3, 256)
    record = record_of(windows, LAYOUT, 96e6, 625e6, -3e-9)
    clipped = np.zeros(record.codes.size, np.bool_)

    def mark(window: int, first: float, last: float) -> None:
        ticks = window * LAYOUT.period_samples + LAYOUT.lead_samples
        span = (np.array([first, last]) + ticks) / RATE_HZ
        a, b = np.rint((span - record.first_sample_s) * 625e6).astype(int)
        clipped[a : b + 1] = True

    mark(1, 10.5, 20.5)
    mark(2, 255.5, 270.5)  # into the guard, of which the filter brings some
    mark(0, 256 + REACH_SAMPLES + 1, 256 + REACH_SAMPLES + 2)  # too far away to matter
    marked = replace(record, clipped=clipped)
    spans = Demodulator(LAYOUT, 96e6, 625e6, 1.0).clipped([marked], 3)
    np.testing.assert_array_equal(spans.count > 0, [False, True, True])
    assert (spans.first[1], spans.last[1]) == (10, 20)
    assert (spans.first[2], spans.last[2]) == (255, 255)
    assert spans.count[1] == pytest.approx(10 * 625 / 96, abs=2)
    none = Demodulator(LAYOUT, 96e6, 625e6, 1.0).clipped([record], 3)
    assert not none.count.any()


def test_records_that_do_not_hold_the_windows_are_refused() -> None:
    windows = random_windows(2, 256)
    record = record_of(windows, LAYOUT, 96e6, 625e6, 0.0)
    demodulator = Demodulator(LAYOUT, 96e6, 625e6, 1.0)
    with pytest.raises(DriverError, match="its windows from"):
        demodulator.windows([record], 3)
    with pytest.raises(DriverError, match="its windows from"):
        demodulator.windows([replace(record, first_sample_s=1e-6)], 2)
    with pytest.raises(DriverError, match="where the digitizer had said 625000000"):
        demodulator.windows([replace(record, interval_s=2e-9)], 2)
