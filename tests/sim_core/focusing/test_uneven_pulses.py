"""Missing, flagged and dithered pulses, and gaps, against the sum over the pulses there are."""

import dataclasses
import functools
import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.focus import focus
from sim_core.focusing.image import Method
from sim_core.focusing.prediction import predict_peak
from sim_core.focusing.pulse_weights import pulse_weights
from sim_core.focusing.reference import Reference
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.settings import FocusSettings
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER
from tests.sim_core.focusing.point_echoes import (
    CARRIER_HZ,
    Echoes,
    PolynomialDelay,
    echo_samples,
    schedule_of,
)

WAVEFORM = LinearChirp(1e13, 4e-6)
WALK = 2.3e-6
HISTORY = PolynomialDelay(walk=WALK)
EVEN = schedule_of(HISTORY, WAVEFORM, 200.0, 20.0, 512, centre_s=3.7)
# Beside the reference in both coordinates, so that nothing is right by symmetry.
TARGET = HISTORY.moved(2.3, 21.3 / WAVEFORM.bandwidth_hz + WALK * 2.3)
AMPLITUDE = 0.5 * np.exp(0.7j)
METHODS: list[Method] = ["range-doppler", "deramp"]


def dithered(schedule: PulseSchedule, share: float) -> PulseSchedule:
    """Move each pulse, and its window, by up to a share of the interval."""
    ticks = round(share * 480_000)
    jitter = np.random.default_rng(5).integers(-ticks, ticks + 1, schedule.pulses)
    return dataclasses.replace(
        schedule,
        transmit_tick=schedule.transmit_tick + jitter,
        window_start_tick=schedule.window_start_tick + jitter,
    )


def without(schedule: PulseSchedule, kept: np.ndarray) -> PulseSchedule:
    return dataclasses.replace(
        schedule,
        transmit_tick=schedule.transmit_tick[kept],
        window_start_tick=schedule.window_start_tick[kept],
    )


def random_losses(share: float) -> np.ndarray:
    return np.random.default_rng(6).random(EVEN.pulses) > share


def gap(share: float) -> np.ndarray:
    valid = np.ones(EVEN.pulses, dtype=np.bool_)
    first = round(0.4 * EVEN.pulses)
    valid[first : first + round(share * EVEN.pulses)] = False
    return valid


def highest_lobes_db(schedule: PulseSchedule, valid: np.ndarray | None) -> tuple[float, float]:
    """Sum the pulses at their own places in the Doppler band: the response by definition."""
    reference = Reference.over(HISTORY, schedule, CARRIER_HZ)
    weight = pulse_weights(reference, NO_TAPER, valid)
    place = reference.place_in_band(reference.aperture.slow_time_s)
    cells = np.linspace(1.1, 2.2, 1101)
    levels = [
        np.abs(weight @ np.exp(2j * np.pi * np.multiply.outer(place, side * cells)))
        for side in (-1.0, 1.0)
    ]
    left, right = (20.0 * math.log10(np.max(level) / np.sum(weight)) for level in levels)
    return left, right


CASES = {
    "dithered by a fifth of the interval": (dithered(EVEN, 0.2), None),
    "5 % flagged at random": (EVEN, random_losses(0.05)),
    "5 % not in the schedule": (without(EVEN, random_losses(0.05)), None),
    "10 % flagged in one gap": (EVEN, gap(0.1)),
    "10 % gap in the schedule": (without(EVEN, gap(0.1)), None),
    "dithered, and both": (dithered(EVEN, 0.2), gap(0.1) & random_losses(0.05)),
}


@functools.lru_cache(maxsize=1)
def echoes_of(case: str) -> Echoes:
    schedule, valid = CASES[case]
    echoes = echo_samples([(TARGET, AMPLITUDE)], schedule, WAVEFORM)
    if valid is not None:
        # Whatever a lost pulse's samples hold, nobody looks at them.
        echoes.samples[~valid] = np.nan
    return echoes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", CASES)
def test_the_response_is_that_of_the_pulses_there_are(case: str, method: Method) -> None:
    schedule, valid = CASES[case]
    echoes = echoes_of(case)
    settings = FocusSettings(method=method)
    image = focus(echoes, schedule, WAVEFORM, CARRIER_HZ, HISTORY, settings, pulse_valid=valid)
    peak = predict_peak(
        TARGET, HISTORY, schedule, WAVEFORM, CARRIER_HZ, method, target_phase_rad=0.7
    )
    response = measure(image, peak.range_s, peak.azimuth_s)
    # The project's bars are 0.02 cell and 0.5 degree.
    assert abs(response.peak_range_s - peak.range_s) < 0.002 * image.range_cell_s
    assert abs(response.peak_azimuth_s - peak.azimuth_s) < 0.002 * image.azimuth_cell_s
    phase = math.remainder(response.peak_phase_rad - peak.phase_rad, math.tau)
    assert abs(math.degrees(phase)) < 0.2
    # The weights are normalised by the azimuth's sum; the rest is the sampled pulse's edges.
    assert response.peak_magnitude == pytest.approx(0.5, rel=3e-3)
    left_db, right_db = highest_lobes_db(schedule, valid)
    # De-ramping is that sum. Range-Doppler goes by way of the whole band of the PRF, over which
    # uneven pulses scatter 5e-3 of the peak (the second difference that a bridged pulse makes,
    # 200 times, at random). A quarter of that comes back into the Doppler band.
    tolerance_db = 0.001 if method == "deramp" else 0.04
    assert response.azimuth.pslr_left_db == pytest.approx(left_db, abs=tolerance_db)
    assert response.azimuth.pslr_right_db == pytest.approx(right_db, abs=tolerance_db)


def test_sparse_dithered_pulses_keep_the_side_lobes_of_theory() -> None:
    # 40 Hz for a Doppler bandwidth of 94 Hz.
    sparse = dithered(without(EVEN, np.arange(EVEN.pulses) % 5 == 0), 0.3)
    echoes = echo_samples([(TARGET, AMPLITUDE)], sparse, WAVEFORM)
    image = focus(echoes, sparse, WAVEFORM, CARRIER_HZ, HISTORY, FocusSettings())
    assert image.method == "deramp"
    peak = predict_peak(TARGET, HISTORY, sparse, WAVEFORM, CARRIER_HZ, "deramp")
    response = measure(image, peak.range_s, peak.azimuth_s)
    # With each pulse weighted by its share of the aperture: without, random places of 800 pulses
    # scatter the lobes by 0.05 dB.
    assert response.azimuth.pslr_db == pytest.approx(-13.2615, abs=0.005)


def test_masks_are_checked_before_anything_is_read() -> None:
    with pytest.raises(FocusingError, match="does not fit 4000 pulses"):
        focus(
            echo_samples([], EVEN, WAVEFORM),
            EVEN,
            WAVEFORM,
            CARRIER_HZ,
            HISTORY,
            FocusSettings(),
            pulse_valid=np.ones(3, dtype=np.bool_),
        )
