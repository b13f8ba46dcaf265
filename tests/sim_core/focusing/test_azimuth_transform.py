"""The azimuth transform against the sum that it stands for."""

import dataclasses

import numpy as np
import pytest
import scipy.fft

from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.reference import Aperture
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import PolynomialDelay, schedule_of

SCHEDULE = schedule_of(PolynomialDelay(), LinearChirp(1e13, 4e-6), 200.0, 1.5, 640)


def aperture_of(ticks: np.ndarray) -> Aperture:
    schedule: PulseSchedule = dataclasses.replace(
        SCHEDULE, transmit_tick=ticks, window_start_tick=ticks
    )
    return Aperture.of(schedule)


def signal_of(pulses: int, width: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    values = np.zeros((3, width), dtype=np.complex64)
    values[:, :pulses] = generator.standard_normal((3, pulses)) + 1j
    return values


def test_even_pulses_take_an_fft() -> None:
    aperture = aperture_of(SCHEDULE.transmit_tick)
    raster = AzimuthRaster.of(aperture)
    assert raster.bins == aperture.pulses
    assert raster.interval_s == aperture.interval_s
    values = signal_of(raster.bins, raster.bins)
    wanted = scipy.fft.fft(values, axis=1)
    raster.forward(values, slice(0, 3))
    assert np.array_equal(values, wanted)


def test_pulses_rounded_to_ticks_are_even_enough() -> None:
    jitter = np.random.default_rng(1).integers(-1, 2, SCHEDULE.pulses)
    assert AzimuthRaster.of(aperture_of(SCHEDULE.transmit_tick + jitter)).places_rad is None


@pytest.mark.parametrize("kind", ["dithered", "gap"])
def test_uneven_pulses_are_summed_at_their_own_times(kind: str) -> None:
    ticks = SCHEDULE.transmit_tick
    if kind == "dithered":
        ticks = ticks + np.random.default_rng(1).integers(-100_000, 100_000, ticks.size)
    else:
        ticks = np.delete(ticks, slice(100, 140))
    aperture = aperture_of(ticks)
    raster = AzimuthRaster.of(aperture)
    assert raster.interval_s == pytest.approx(1.0 / 200.0, rel=1e-3)
    assert raster.bins >= 300
    values = signal_of(aperture.pulses, max(raster.bins, aperture.pulses))
    original = values[:, : aperture.pulses].copy()
    time = aperture.slow_time_s - raster.first_s
    kernel = np.exp(-2j * np.pi * np.multiply.outer(time, raster.doppler_hz()))
    wanted = original.astype(np.complex128) @ kernel
    about_another = np.zeros((3, raster.bins), dtype=np.complex64)
    raster.forward(values, slice(0, 3), about_another, centre_bin=421)
    raster.forward(values, slice(0, 3))
    # The library's relative error is 1e-7, complex64 leaves 6e-8 of sums that reach 300.
    assert values[:, : raster.bins] == pytest.approx(wanted, abs=1e-4)

    # Beyond the PRF the spectrum of uneven pulses does not repeat.
    doppler_hz = raster.doppler_hz(421)
    assert np.max(np.abs(doppler_hz - 421 / (raster.bins * raster.interval_s))) < 101.0
    kernel = np.exp(-2j * np.pi * np.multiply.outer(time, doppler_hz))
    wanted = original.astype(np.complex128) @ kernel
    assert about_another == pytest.approx(wanted, abs=1e-4)
