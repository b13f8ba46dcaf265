import tracemalloc
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.visa.pair.layout import Layout, choose_guard
from drivers.visa.pair.oscillator import CYCLE, phase_at, phase_step
from drivers.visa.pair.playback import WindowWaveform, interpolate
from tests.drivers.visa.pair.closed_form import envelope, random_windows

# float32 has 1.2e-7 of full scale; transforms of 1e3 samples leave a few of that.
FLOAT32 = 2e-6
RATE_HZ = 96e6


def layout_of(window_samples: int = 100, factor: int = 4, guard_samples: int = 92) -> Layout:
    return Layout(RATE_HZ, window_samples, guard_samples, factor)


def played(waveform: WindowWaveform) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    chunks = list(waveform.chunks())
    samples = np.concatenate([np.asarray(chunk.samples) for chunk in chunks])
    markers = np.concatenate([chunk.markers for chunk in chunks])
    assert samples.size == markers.size == waveform.samples
    return samples, markers


@pytest.mark.parametrize("guard_samples", [92, 93])
@pytest.mark.parametrize("factor", [1, 2, 5, 16])
def test_interpolation_is_the_band_limited_signal(factor: int, guard_samples: int) -> None:
    layout = layout_of(factor=factor, guard_samples=guard_samples)
    windows = random_windows(3, 100)
    wide = interpolate(windows, layout)
    time_s = np.arange(wide.size) / layout.generator_rate_hz
    expected = envelope(windows, layout, time_s + 1e-18)
    np.testing.assert_allclose(wide.reshape(-1), expected, rtol=0, atol=FLOAT32)
    begin = layout.lead_samples * factor
    kept = wide[:, begin : begin + 100 * factor : factor]
    np.testing.assert_allclose(kept, windows, rtol=0, atol=FLOAT32)


@pytest.mark.parametrize("carrier_hz", [96e6, 101.234567e6, 150e6])
def test_real_samples_are_the_envelope_on_its_carrier(carrier_hz: float) -> None:
    layout = layout_of(factor=5)
    windows = random_windows(7, 100)
    samples, _ = played(WindowWaveform(windows, layout, carrier_hz))
    assert samples.dtype == np.float32
    time_s = np.arange(samples.size) / layout.generator_rate_hz
    carrier = np.exp(2j * np.pi * np.mod(carrier_hz * time_s, 1.0))
    expected = (interpolate(windows, layout).reshape(-1) * carrier).real
    np.testing.assert_allclose(samples, expected, rtol=0, atol=FLOAT32)


def test_carrier_goes_on_through_chunks() -> None:
    # 2^20 samples a chunk: three of them.
    layout = layout_of(factor=64)
    windows = np.ones((200, 100), np.complex64)
    waveform = WindowWaveform(windows, layout, 101.1e6)
    assert len(list(waveform.chunks())) == 3
    samples, _ = played(waveform)
    middle = samples[(layout.lead_samples + 50) * 64 :: layout.period_played]
    envelope_there = interpolate(windows[:1], layout)[0, (layout.lead_samples + 50) * 64]
    # Exact: whole numbers of a rational cycle.
    cycle = Fraction(101_100_000, 96_000_000 * 64)
    sample = [(n * layout.period_samples + layout.lead_samples + 50) * 64 for n in range(200)]
    angle = [2.0 * np.pi * float(cycle * n % 1) for n in sample]
    expected = envelope_there.real * np.cos(angle) - envelope_there.imag * np.sin(angle)
    np.testing.assert_allclose(middle, expected, rtol=0, atol=FLOAT32)


def test_it_can_be_walked_twice() -> None:
    waveform = WindowWaveform(random_windows(5, 100), layout_of(), 96e6)
    np.testing.assert_array_equal(played(waveform)[0], played(waveform)[0])


def test_complex_samples_are_the_envelope() -> None:
    layout = layout_of(factor=2)
    windows = random_windows(4, 100)
    waveform = WindowWaveform(windows, layout, None)
    assert waveform.is_complex
    samples, _ = played(waveform)
    np.testing.assert_array_equal(samples, interpolate(windows, layout).reshape(-1))


def test_marker_rises_with_the_waveform_or_with_each_window() -> None:
    layout = layout_of()
    windows = random_windows(3, 100)
    _, once = played(WindowWaveform(windows, layout, 96e6, marker=2))
    assert set(np.unique(once)) == {0, 2}
    assert once[0] and not once[-1]
    assert np.count_nonzero(np.diff(once)) == 1
    _, each = played(WindowWaveform(windows, layout, 96e6, marker_each=True))
    rises = np.flatnonzero(np.diff(each, prepend=np.uint8(0)) == 1)
    np.testing.assert_array_equal(rises, np.arange(3) * layout.period_played)


def test_what_passes_full_scale_is_told_by_window() -> None:
    layout = layout_of()
    windows = np.zeros((4, 100), np.complex64)
    windows[1, 30:40] = 2.0
    windows[3, 99] = 1.5j
    for carrier_hz in (96e6, None):
        waveform = WindowWaveform(windows, layout, carrier_hz)
        for _ in range(2):  # the second walk counts no more than the first
            played(waveform)
        spans = waveform.clipped
        np.testing.assert_array_equal(spans.count > 0, [False, True, False, True])
        assert 28 <= spans.first[1] <= 30
        assert 39 <= spans.last[1] <= 41
        assert spans.last[3] == 99  # what rings into the guard counts as the window's end


def test_full_scale_itself_does_not_clip() -> None:
    layout = layout_of(factor=2)
    windows = np.zeros((1, 100), np.complex64)
    windows[0, 50] = 1.0  # its interpolation is a kernel of height 1
    waveform = WindowWaveform(windows, layout, None)
    played(waveform)
    assert not waveform.clipped.count.any()


def test_phase_is_that_of_exact_fractions() -> None:
    carrier_hz, rate_hz = 101_234_567.25, 384e6
    step = phase_step(carrier_hz, rate_hz)
    for sample in (-7, 1, 10**6, 10**10):
        exact = Fraction(carrier_hz) / Fraction(rate_hz) * sample % 1
        error = abs(Fraction(phase_at(step, sample), CYCLE) - exact)
        assert min(error, 1 - error) <= abs(sample) * Fraction(1, 2**65)
    # A quarter of the rate is a quarter of a cycle, for ever.
    assert phase_at(phase_step(96e6, 384e6), 10**15 + 1) == CYCLE // 4


def test_guard_leaves_room_for_the_filters() -> None:
    guard = choose_guard(1024, RATE_HZ, None)
    assert guard >= 2 * 33
    assert choose_guard(1024, RATE_HZ, None, rearm_s=1e-6) >= guard + 90
    assert choose_guard(1024, RATE_HZ, 66) == 66


def test_memory_does_not_grow_with_the_waveform() -> None:
    layout = layout_of(factor=64)
    peaks = []
    for windows in (300, 1200):
        waveform = WindowWaveform(random_windows(windows, 100), layout, 96e6)
        tracemalloc.start()
        for _ in waveform.chunks():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Of 15 Msamples, a chunk of a million at a time.
    assert peaks[1] < 1.1 * peaks[0] < 60e6
