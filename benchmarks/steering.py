"""What steering, Doppler maps and the search for an epoch cost beside a two-way light time.

The least of several repetitions counts, since other work on the machine can only add to it.

    python -m benchmarks.steering [--repetitions 5]
"""

import argparse
import math
import time
from functools import partial

import numba
import numpy as np

from benchmarks.geometry import SITE, START, TARGET, least_s
from sim_core.geometry.delay_minimum import DelayCase
from sim_core.geometry.doppler_map import doppler_map, site_grid
from sim_core.geometry.epoch_search import PublishedDelay, search_epochs
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S, moon_over_earth
from sim_core.geometry.motion import motion_model, site_station, target_station
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import steer
from sim_core.geometry.track_angle import track_angle_spread_rad

SEARCH_BAR_S = 60.0

_EPOCHS = 8767  # hours of a sidereal year
_SITES = 19 * 19

# The paper's Table 3 at (0, 0) and (10, 10), look angle 0.1 deg: delay and time span.
_ROWS = (
    PublishedDelay(DelayCase(LunarSite(0.0, 0.0), math.radians(0.1), 100.0), 2.3356, 44.98),
    PublishedDelay(DelayCase(LunarSite(10.0, 10.0), math.radians(0.1), 150.0), 2.3361, 32.62),
)


def main() -> None:
    """Print the costs, with ratios to a light time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    model, _ = motion_model(START, START.plus_seconds(SIDEREAL_YEAR_S))
    elapsed_s = np.linspace(10.0, SIDEREAL_YEAR_S - 10.0, _EPOCHS)
    site, target = site_station(model.ephemeris, SITE), target_station(TARGET)
    moon = moon_over_earth(model, START, elapsed_s)
    grid = site_grid(model.ephemeris, np.linspace(-90, 90, 19), np.linspace(-90, 90, 19))
    light_time_s = least_s(
        partial(two_way_light_times, model, site, target, *START.split(elapsed_s)), repetitions
    )
    per_light_time = light_time_s / _EPOCHS
    print(f"two-way light time: {1e6 * per_light_time:.2f} us")
    for name, task, count in (
        ("motion of the Moon", partial(moon_over_earth, model, START, elapsed_s), _EPOCHS),
        ("steering", partial(steer, model, SITE, START, elapsed_s, 0.005, "north"), _EPOCHS),
        ("Doppler map, site and epoch", partial(doppler_map, moon, grid, 1.5e9), _EPOCHS * _SITES),
        ("track angle", partial(track_angle_spread_rad, moon, grid), _EPOCHS * _SITES),
    ):
        each = least_s(task, repetitions) / count
        print(f"{name:28}{1e6 * each:8.3f} us, {each / per_light_time:7.3f} of a light time")
    began = time.perf_counter()
    search = search_epochs(_ROWS)
    took_s = time.perf_counter() - began
    print(
        f"epochs of 2000 to 2030: {took_s:.1f} s for {search.crossings} crossings "
        f"(bar: {SEARCH_BAR_S:g}), on {numba.get_num_threads()} threads at most"
    )


if __name__ == "__main__":
    main()
