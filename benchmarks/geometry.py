"""What a two-way light time costs beside CSPICE, skyfield and astropy, on one thread, in one run.

All orientation is included: a site on the turning Moon, a point on the turning Earth. The least of
several repetitions counts, since other work on the machine can only add to it.

    python -m benchmarks.geometry [--epochs 100000] [--repetitions 9]
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numba
import numpy as np
from astropy.utils import iers

from benchmarks import peers
from sim_core.geometry.delay_history import solve_delay_history
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.motion import motion_model, site_station, target_station
from sim_core.geometry.sites import EarthPoint, LunarSite

SITE, TARGET = LunarSite(10.0, 20.0), EarthPoint(40.0, -30.0, 100.0)
START, STOP = Epoch.from_utc("2024-01-01"), Epoch.from_utc("2025-01-01")

COST_BAR_US = 1.0
RATIO_BAR = 20.0
HISTORY_BAR_MS = 50.0

# The peers are slower, and need fewer epochs to be timed.
_PEER_EPOCHS = 1000


class Cost(NamedTuple):
    """Time per two-way light time, for epochs at random within a year and on a grid of 1 ms."""

    name: str
    random_us: float
    dense_us: float


def least_s(task: Callable[[], object], repetitions: int) -> float:
    """Return the shortest of several durations of a task."""
    durations = []
    task()
    for _ in range(repetitions):
        began = time.perf_counter()
        task()
        durations.append(time.perf_counter() - began)
    return min(durations)


def measure_costs(epochs: int, repetitions: int) -> list[Cost]:
    """Time this package and its peers.

    Parameters
    ----------
    epochs : int
        Epochs per call of this package.
    repetitions : int
        Repetitions, of which the least counts; a third of it for the peers.

    Returns
    -------
    list of Cost
        This package first.
    """
    iers.conf.auto_download = False
    model, _ = motion_model(START, STOP)
    site, target = site_station(model.ephemeris, SITE), target_station(TARGET)
    span_s = STOP.seconds_since(START)
    random_s = np.random.default_rng(1).uniform(10.0, span_s - 10.0, epochs)
    random = START.split(random_s)
    # Peers take epochs in order, as their caches like it best.
    few = START.split(np.sort(random_s[:_PEER_EPOCHS]))
    dense = START.split(0.5 * span_s + 1e-3 * np.arange(epochs))
    few_dense = dense[0][:_PEER_EPOCHS], dense[1][:_PEER_EPOCHS]

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        own = [
            least_s(partial(two_way_light_times, model, site, target, *at), repetitions)
            for at in (random, dense)
        ]
    finally:
        numba.set_num_threads(threads)
    costs = [Cost("moonecho", *(1e6 * one / epochs for one in own))]
    with peers.kernels(SITE, TARGET) as files:
        sky = peers.Skyfield(files.ephemeris, SITE, TARGET)
        for name, task in (
            ("CSPICE, vectorised", peers.cspice),
            ("skyfield", sky.two_way),
            ("astropy, Moon's centre", partial(peers.astropy_centre, files.ephemeris, TARGET)),
        ):
            took = [
                least_s(partial(task, *at), max(2, repetitions // 3)) for at in (few, few_dense)
            ]
            costs.append(Cost(name, *(1e6 * one / _PEER_EPOCHS for one in took)))
    return costs


def history_cost_ms(repetitions: int) -> float:
    """Return the least time for the delay history of one target over 250 s."""
    epoch = Epoch.from_utc("2024-03-25T07:00:00")
    model, _ = motion_model(epoch.plus_seconds(-130.0), epoch.plus_seconds(130.0))
    site, target = site_station(model.ephemeris, SITE), target_station(TARGET)
    return 1e3 * least_s(
        partial(solve_delay_history, model, site, target, epoch, -125.0, 125.0), repetitions
    )


def main() -> None:
    """Print the costs as a table, with ratios, and the bars."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=100_000)
    parser.add_argument("--repetitions", type=int, default=9)
    options = parser.parse_args()
    costs = measure_costs(options.epochs, options.repetitions)
    own = costs[0]
    columns = f"{'random':>11}{'ratio':>8}{'1 ms grid':>12}{'ratio':>8}"
    print(f"{'two-way light time, one thread':32}{columns}")
    for cost in costs:
        print(
            f"{cost.name:32}{cost.random_us:8.3f} us{cost.random_us / own.random_us:8.0f}"
            f"{cost.dense_us:9.3f} us{cost.dense_us / own.dense_us:8.0f}"
        )
    print(f"bars: below {COST_BAR_US:g} us; CSPICE takes more than {RATIO_BAR:g} times as long")
    history_ms = history_cost_ms(options.repetitions)
    print(f"delay history of one target over 250 s: {history_ms:.1f} ms (bar: {HISTORY_BAR_MS:g})")


if __name__ == "__main__":
    main()
