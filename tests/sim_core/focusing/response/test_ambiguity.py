import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.response.ambiguity import azimuth_ambiguities, range_ambiguities
from tests.sim_core.focusing.response.ideal_images import (
    AZIMUTH_BANDWIDTH_HZ,
    RANGE_BANDWIDTH_HZ,
    ideal,
    image_of,
)

SHAPE = (1301, 129)
SPACING_S = 300.0 / (1.28 * AZIMUTH_BANDWIDTH_HZ)  # 300 rows
CARRIER_HZ = 23e9


def test_replicas_are_measured_where_they_are_expected() -> None:
    samples = ideal(0.0, 0.0, shape=SHAPE)
    samples += 0.01 * ideal(300.0, 0.0, shape=SHAPE) + 0.003 * ideal(-600.0, 0.0, shape=SHAPE)
    image = image_of(samples, ambiguity_s=SPACING_S)
    found = azimuth_ambiguities(image, 0.0, 0.0, CARRIER_HZ, orders=(-2, -1, 1, 3))
    by_order = {one.order: one for one in found.replicas}
    # The point's own side lobes at 300 rows, 234 cells: -57 dB in amplitude on the replica's -40.
    assert by_order[1].peak_db == pytest.approx(-40.0, abs=1.5)
    assert by_order[1].energy_db == pytest.approx(-40.0, abs=1.5)
    assert by_order[-1].peak_db < -55.0
    # Order -2 lies 39 cells from the image's first row, order 3 beyond its last.
    assert by_order[-2].peak_db == pytest.approx(-50.5, abs=1.5)
    assert math.isnan(by_order[3].peak_db)
    assert math.isnan(by_order[3].energy_db)
    assert by_order[1].azimuth_s == pytest.approx(SPACING_S)
    assert found.peak_db == by_order[1].peak_db
    assert found.energy_db > by_order[1].energy_db


def test_a_replica_that_is_spread_keeps_its_energy_in_its_box() -> None:
    bandwidths = AZIMUTH_BANDWIDTH_HZ * RANGE_BANDWIDTH_HZ
    rows, columns = np.arange(SHAPE[0]) - 650.0, np.arange(SHAPE[1]) - 64.0
    spacing_cells = SPACING_S * AZIMUTH_BANDWIDTH_HZ
    carrier_hz = SPACING_S * bandwidths / 12.0  # 12 cells of spread
    u = (np.arange(256) + 0.5) / 256.0 - 0.5
    along_range = np.exp(2j * np.pi * np.multiply.outer(u, columns / 1.2))
    # One replica, 5 % of the point: at range frequency u its lag is spacing / (1 + u B / f_c).
    lag = spacing_cells / (1.0 + u * RANGE_BANDWIDTH_HZ / carrier_hz)
    along_azimuth = np.sinc(rows[:, None] / 1.28 - lag)
    samples = ideal(0.0, 0.0, shape=SHAPE) + 0.05 * along_azimuth @ along_range / 256.0
    image = image_of(samples, ambiguity_s=SPACING_S)
    (one,) = azimuth_ambiguities(image, 0.0, 0.0, carrier_hz, orders=(1,)).replicas
    assert one.peak_db < -26.0 - 3.0
    # All of it within the box; the point's own side lobes, 234 cells off, have 1 % of it there.
    assert one.energy_db == pytest.approx(-26.0, abs=0.1)


def test_noise_is_told_by_the_background() -> None:
    generator = np.random.default_rng(2)
    noise = generator.standard_normal(SHAPE) + 1j * generator.standard_normal(SHAPE)
    image = image_of(ideal(0.0, 0.0, shape=SHAPE) + 0.01 * noise, ambiguity_s=SPACING_S)
    (one,) = azimuth_ambiguities(image, 0.0, 0.0, CARRIER_HZ, orders=(1,)).replicas
    # Some 800 samples of a box, and the point's side lobes in them.
    assert one.energy_db == pytest.approx(one.background_db, abs=0.3)


def test_range_ambiguities_are_defined_where_the_window_is_long_enough() -> None:
    interval_s = 40.0 / (1.2 * RANGE_BANDWIDTH_HZ)
    samples = ideal(0.0, 0.0, shape=SHAPE) + 0.02 * ideal(0.0, 40.0, shape=SHAPE)
    image = image_of(samples)
    found = range_ambiguities(image, 0.0, 0.0, interval_s)
    assert found.replicas[1].peak_db == pytest.approx(-34.0, abs=4.0)  # its side lobes at 33 cells
    assert math.isnan(range_ambiguities(image, 0.0, 0.0, 1.0 / 600.0).peak_db)


def test_a_replica_in_the_points_own_box_is_none() -> None:
    image = image_of(ideal(0.0, 0.0, shape=SHAPE), ambiguity_s=5.0 / AZIMUTH_BANDWIDTH_HZ)
    assert math.isnan(azimuth_ambiguities(image, 0.0, 0.0, CARRIER_HZ).energy_db)


def test_an_aperture_without_a_doppler_rate_has_no_replicas() -> None:
    image = image_of(ideal(0.0, 0.0, shape=SHAPE), ambiguity_s=math.inf)
    assert math.isnan(azimuth_ambiguities(image, 0.0, 0.0, CARRIER_HZ).peak_db)


def test_what_is_no_ambiguity_is_refused() -> None:
    image = image_of(ideal(0.0, 0.0, shape=SHAPE), ambiguity_s=SPACING_S)
    with pytest.raises(FocusingError, match="order 0"):
        azimuth_ambiguities(image, 0.0, 0.0, CARRIER_HZ, orders=(0, 1))
    with pytest.raises(FocusingError, match="no point at range"):
        azimuth_ambiguities(image, 1.0, 0.0, CARRIER_HZ)
