"""What a digitizer sees of windows behind an ideal path, as a sum that has nothing in common with
the transforms of the code under test."""

import numpy as np
from numpy.typing import NDArray

from drivers.visa.instrument import Record
from drivers.visa.pair.layout import Layout


def envelope(
    windows: NDArray[np.complex64], layout: Layout, time_s: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Sum Dirichlet's kernels: the band-limited periodic signal through a window and its guards."""
    period = layout.period_samples
    place = time_s * layout.sample_rate_hz
    window = np.floor(place / period).astype(int)
    value = np.zeros(time_s.size, np.complex128)
    for row in range(windows.shape[0]):
        inside = np.flatnonzero(window == row)
        for some in np.array_split(inside, max(1, inside.size // 1000)):
            sample = np.arange(layout.window_samples) + layout.lead_samples
            u = (place[some] - row * period)[:, np.newaxis] - sample
            u = np.where(np.abs(u - np.rint(u)) < 1e-9, np.rint(u) + 1e-9, u)
            below = np.tan if period % 2 == 0 else np.sin
            kernel = np.sin(np.pi * u) / (period * below(np.pi * u / period))
            value[some] = kernel @ windows[row].astype(np.complex128)
    return value


def record_of(
    windows: NDArray[np.complex64],
    layout: Layout,
    carrier_hz: float,
    rate_hz: float,
    first_sample_s: float,
    skew_s: float = 0.0,
) -> Record:
    """Give what a digitizer of some rate records of all windows on a carrier, in volts."""
    # Some silence behind.
    count = int((windows.shape[0] * layout.period_s - first_sample_s) * rate_hz) + 20
    time_s = first_sample_s + np.arange(count) / rate_hz - skew_s
    carrier = np.exp(2j * np.pi * np.mod(carrier_hz * time_s, 1.0))
    volts = (envelope(windows, layout, time_s) * carrier).real.astype(np.float32)
    return Record(volts, 1.0, 0.0, first_sample_s, 1.0 / rate_hz)


def random_windows(count: int, samples: int, seed: int = 0) -> NDArray[np.complex64]:
    """Give windows with hard edges whose spectrum fills all of the band, peak 0.7."""
    random = np.random.default_rng(seed)
    parts = random.uniform(-0.5, 0.5, (2, count, samples))
    return np.asarray(parts[0] + 1j * parts[1], np.complex64)


def rms_db(error: NDArray[np.complex64], windows: NDArray[np.complex64]) -> float:
    """Give the rms of an error against the peak of the windows, in dB."""
    rms = np.sqrt(np.mean(np.abs(error.astype(np.complex128)) ** 2))
    return float(20.0 * np.log10(rms / np.abs(windows).max()))
