import numpy as np
import pytest

from sim_core.focusing.back_projection.loops import PULSES_PER_SUM, add_pulses, rows_to_cubics
from sim_core.focusing.interpolation import piecewise_cubic_weights

OVERSAMPLING = 4
SAMPLES = 400
WEIGHTS = piecewise_cubic_weights(OVERSAMPLING).astype(np.float32)


def compressed(place: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Compressed pulses about the middle of a row: those of a flat band without edges, damped."""
    offset = (place - centre) / OVERSAMPLING
    damped = np.exp(-((offset / 12.0) ** 2))
    pulse: np.ndarray = np.sinc(0.8 * offset) * damped * np.exp(0.4j * centre)
    return pulse


def cubics_of(rows: np.ndarray) -> np.ndarray:
    cubics = np.empty((rows.shape[0], rows.shape[1] + 2, 8), dtype=np.float32)
    rows_to_cubics(rows.astype(np.complex64), WEIGHTS, cubics)
    return cubics


def values(cubics: np.ndarray, place: np.ndarray) -> np.ndarray:
    interval = np.floor(place).astype(int)
    powers = (place - interval)[:, None] ** np.arange(4)
    of_row = cubics[0, interval + 1].astype(np.float64)
    value: np.ndarray = np.sum(powers * (of_row[:, :4] + 1j * of_row[:, 4:]), axis=1)
    return value


def test_cubics_follow_a_compressed_pulse() -> None:
    place = np.random.default_rng(3).uniform(0.0, SAMPLES - 1e-9, 4000)
    centre = np.array([201.3])
    cubics = cubics_of(compressed(np.arange(SAMPLES)[None, :], centre[:, None]))
    error = np.abs(values(cubics, place) - compressed(place, centre))
    # -98 dB rms in the band, whose edge is 79 dB down: no place is off by as much as that.
    assert np.sqrt(np.mean(error**2)) < 10.0 ** (-98.0 / 20.0)
    assert np.max(error) < 10.0 ** (-79.0 / 20.0)


def test_rows_are_periodic_and_end_in_empty_intervals() -> None:
    rows = np.exp(2j * np.pi * 3.0 * np.arange(SAMPLES) / SAMPLES)[None, :]
    cubics = cubics_of(rows)
    place = np.array([0.2, 0.9, SAMPLES - 1.3, SAMPLES - 0.1])
    exact = np.exp(2j * np.pi * 3.0 * place / SAMPLES)
    assert np.abs(values(cubics, place) - exact) == pytest.approx(0.0, abs=2e-5)
    assert not cubics[0, 0].any() and not cubics[0, -1].any()


def test_pulses_add_up_as_the_formula_says() -> None:
    """Random cubic delays of a tile, against the sum in closed form: phases of 1e6 cycles."""
    generator = np.random.default_rng(8)
    pulses, terms = 2 * PULSES_PER_SUM + 5, 3
    y, x = np.linspace(-1.0, 1.0, 7), np.linspace(-1.0, 1.0, 9)
    series = generator.uniform(-1.0, 1.0, (terms, 16))
    time = generator.uniform(-1.0, 1.0, (pulses, terms))
    phase_basis, place_basis = 1e6 * time, 3.0 * time
    place_basis[:, 0] += 201.0
    series[0] = 0.0
    series[0, 0] = 1.0
    centre = generator.uniform(195.0, 205.0, (pulses, 1))
    total = np.zeros((7, 9), dtype=np.complex128)
    rows = compressed(np.arange(SAMPLES)[None, :], centre)
    add_pulses(cubics_of(rows), phase_basis, place_basis, series, y, x, total)

    powers = (y[:, None, None, None] ** np.arange(4)[:, None]) * (x[:, None, None] ** np.arange(4))
    over_tile = np.einsum("yxij,kij->kyx", powers, series.reshape(terms, 4, 4))
    cycles = np.tensordot(phase_basis, over_tile, 1)
    place = np.tensordot(place_basis, over_tile, 1) - 1.0
    exact = np.sum(
        compressed(place, centre[:, :, None]) * np.exp(2j * np.pi * np.mod(cycles, 1.0)), axis=0
    )
    # Cubics: -79 dB of each pulse at worst, of random signs; phases of 1e6 cycles are good to 1e-9.
    assert np.max(np.abs(total - exact)) < 1e-4 * np.sqrt(pulses)
    assert np.max(np.abs(exact)) > 5.0


def test_pixels_beyond_a_row_get_nothing() -> None:
    cubics = cubics_of(np.ones((3, SAMPLES)))
    series = np.zeros((1, 16))
    series[0, 0] = 1.0
    for place, expected in (
        (-1e7, 0.0),
        (0.99, 0.0),
        (1.01, 3.0),
        (SAMPLES + 1.01, 0.0),
        (1e7, 0.0),
    ):
        total = np.zeros((1, 1), dtype=np.complex128)
        add_pulses(
            cubics,
            np.zeros((3, 1)),
            np.full((3, 1), place),
            series,
            np.zeros(1),
            np.zeros(1),
            total,
        )
        # A row of ones is interpolated to 1 to -90 dB, 3e-5.
        assert total[0, 0] == pytest.approx(expected, abs=1e-4)
