"""Compare the geometry with extended precision, CSPICE, skyfield and astropy; write the page.

    python -m benchmarks.validate_geometry [--out docs/validation-geometry.md]

Takes two minutes. The page holds what was found, nothing is carried over from an earlier one.
"""

import argparse
import platform
from collections.abc import Iterable
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from astropy.utils import iers

from benchmarks import geometry, peers
from sim_core.geometry.delay_history import solve_delay_history
from sim_core.geometry.ephemeris import load_ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import LightTimes, two_way_light_times
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.sites import EarthPoint, LunarSite
from tests.sim_core.geometry import extended_precision
from tests.sim_core.geometry.extended_precision import Extended
from tests.sim_core.geometry.given_orientation import day_of_given_parameters

FloatArray = npt.NDArray[np.float64]

CARRIER_HZ = 23e9
SITE, TARGET = geometry.SITE, geometry.TARGET

RANDOM_EPOCHS = 1000
HISTORIES = 24


_HEAD = """\
# Validation of the geometry

Written by `python -m benchmarks.validate_geometry`, which makes every figure anew. How the delays
are computed: [geometry](geometry.md).

The link is a site at 10 N 20 E on the Moon and a target at 40 N 30 W on the Earth, 100 m above the
ellipsoid, unless both are drawn at random. Differences are of the two-way delay, Newtonian unless
stated; the columns hold absolute values.

## Against extended precision

The same model once more, written as in the textbooks: barycentric vectors, elementary rotation
matrices, plain fixed point, in the 64 bits of longdouble and the barycentre in decimal arithmetic.
The {random_epochs} epochs, sites and targets are random, 1950 to 2050. Published Earth orientation
begins in 1962 and ends a year from now, so that UT1 and the pole are given constants here. The
delay histories (last line) have the published ones.
"""

_AFTER_HISTORY = """
A delay history states its own error: {typical:.1e} s (median) to {largest:.1e} s here. That is how
far two fits to independent light times lie apart, plus the bound of what the series leave out.
Single light times scatter about it by {noise:.1e} s rms, which the fit averages away.

## The same echo from its three instants

Light times solved from transmit time, and from the bounce and receive times that follow from them.
"""

_BEFORE_PEERS = """
## Against other software

All read DE421. CSPICE iterates until it converges (`XCN`). It keeps time in one double, seconds
since 2000: around 2000 an instant is good to 4e-9 s, in which the Earth moves 0.1 mm (4e-13 s), in
2024 to 6e-8 s, which is 6e-12 s on each leg. With "our Earth orientation" it reads a binary kernel
made of ours, at whole seconds; its own, ITRF93, lies 0.11 to 0.15 m per axis from the IERS's.
skyfield has the nutation of IAU 2000A without the published offsets (up to 1 cm), astropy has
straight lines between the daily UT1 (up to 1.2 cm). astropy knows no lunar orientation: its site is
the Moon's centre.
"""

_BEFORE_NOISE = """
## Noise

Two-way delay on a grid of 1 ms over 10 s at first quarter, when the Earth's orbital velocity lies
along the line of sight; less a polynomial of degree 5. And as phase at 23 GHz, where the bar of
1e-15 s is 0.01 degrees.
"""

_BEFORE_COSTS = """
## Cost

One two-way site pair per epoch on one thread ({machine}), all orientation included; the least of
several repetitions in one run. Epochs are at random within 2024, and on a grid of 1 ms.
`python -m benchmarks.geometry` prints the same.
"""


class Row(NamedTuple):
    """Differences of one comparison, in s."""

    name: str
    differences_s: FloatArray
    bar_s: float | None


def against_extended_precision(relativistic: bool) -> Row:
    """Compare two-way delays at random epochs, sites and targets, 1950 to 2050."""
    rng = np.random.default_rng(2)
    ephemeris = load_ephemeris("de421")
    first, last = Epoch(2433282.5, 0.0), Epoch(2469807.5, 0.0)
    found = []
    for day in np.floor(rng.uniform(first.day, last.day, RANDOM_EPOCHS) - 0.5) + 0.5:
        model = MotionModel(ephemeris, day_of_given_parameters(float(day)), relativistic)
        site = LunarSite(*rng.uniform((-80.0, -80.0, -3e3), (80.0, 80.0, 3e3)))
        target = EarthPoint(*rng.uniform((-90.0, -180.0, -100.0), (90.0, 180.0, 5e3)))
        second = float(rng.uniform(0.0, 86390.0))
        solved = two_way_light_times(
            model, site_station(ephemeris, site), target_station(target),
            np.array([day]), np.array([second]),
        )  # fmt: skip
        down_s, up_s = extended_precision.two_way(
            model.orientation, site.mean_earth_m(), target.earth_fixed_m(), float(day), second,
            relativistic=relativistic,
        )  # fmt: skip
        found.append(float((solved.downlink_s[0] - down_s) + (solved.uplink_s[0] - up_s)))
    name = "with relativity" if relativistic else "Newtonian"
    return Row(f"two-way delay, {name}", np.array(found), 2e-15)


def history_against_extended_precision() -> tuple[Row, list[float], list[float]]:
    """Compare delay histories over 250 s; also return the errors and noise that they state."""
    rng = np.random.default_rng(3)
    found, stated, noise = [], [], []
    for _ in range(HISTORIES):
        epoch = Epoch(float(np.floor(rng.uniform(2440600.5, 2460600.5))) + 0.5, 40000.0)
        model, _ = motion_model(epoch.plus_seconds(-130.0), epoch.plus_seconds(130.0))
        site = LunarSite(*rng.uniform((-60.0, -60.0, 0.0), (60.0, 60.0, 2e3)))
        target = EarthPoint(*rng.uniform((-70.0, -180.0, 0.0), (70.0, 180.0, 2e3)))
        history = solve_delay_history(
            model, site_station(model.ephemeris, site), target_station(target), epoch,
            -125.0, 125.0,
        )  # fmt: skip
        stated.append(history.error_s)
        noise.append(history.noise_s)
        half = Extended(0.5 * history.reference_delay_s)
        for second in rng.uniform(-125.0, 125.0, 20) + epoch.second:
            # The instant less the epoch without rounding.
            exact_s = float(Fraction(float(second)) - Fraction(epoch.second))
            down_s, up_s = extended_precision.two_way(
                model.orientation, site.mean_earth_m(), target.earth_fixed_m(), epoch.day,
                float(second),
            )  # fmt: skip
            value = history.relative_delay_s(exact_s, Fraction(history.reference_delay_s))
            found.append(float(Extended(value) - ((down_s - half) + (up_s - half))))
    return Row("delay history over 250 s", np.array(found), 2e-16), stated, noise


def difference(found: tuple[FloatArray, FloatArray], solved: LightTimes) -> FloatArray:
    """Return another's two-way delay less ours."""
    return np.asarray((found[0] - solved.downlink_s) + (found[1] - solved.uplink_s))


def against_peers() -> list[Row]:
    """Compare two-way delays with CSPICE, skyfield and astropy."""
    rng = np.random.default_rng(4)
    rows = []
    for name, years, bar in (
        ("CSPICE, our Earth orientation, 1999 to 2001", (2451179.5, 2452274.5), 1e-11),
        ("CSPICE, our Earth orientation, 1972 to 2026", (2441317.5, 2461041.5), 1e-11),
    ):
        days = np.floor(rng.uniform(*years, 150) - 0.5) + 0.5
        # Whole seconds, which CSPICE's one double holds exactly.
        seconds = rng.integers(0, 86390, days.size)
        epochs = [
            Epoch(float(day), float(second)) for day, second in zip(days, seconds, strict=True)
        ]
        models = {one: motion_model(one, one)[0] for one in epochs}
        with peers.kernels(SITE, TARGET, models):
            found = []
            for one, model in models.items():
                at = np.array([one.day]), np.array([one.second])
                found.append(difference(peers.cspice(*at), _solve(model, *at))[0])
        rows.append(Row(name, np.array(found), bar))

    start, stop = Epoch.from_utc("2005-01-01"), Epoch.from_utc("2026-01-01")
    model, _ = motion_model(start, stop)
    day, second = start.split(rng.uniform(10.0, stop.seconds_since(start) - 10.0, 2000))
    with peers.kernels(SITE, TARGET) as files:
        rows.append(
            Row(
                "CSPICE, its ITRF93, 2005 to 2025",
                difference(peers.cspice(day, second), _solve(model, day, second)),
                1.5e-9,
            )
        )
        sky = peers.Skyfield(files.ephemeris, SITE, TARGET)
        back = two_way_light_times(
            model, site_station(model.ephemeris, SITE), target_station(TARGET), day, second,
            "receive",
        )  # fmt: skip
        rows.append(
            Row(
                "skyfield, our UT1 and pole, 2005 to 2025",
                difference(sky.two_way(day, second), back),
                None,
            )
        )
        centre = two_way_light_times(
            model, Station(0.0, 0.0, 0.0), target_station(TARGET), day, second
        )
        rows.append(
            Row(
                "astropy, from the Moon's centre, 2005 to 2025",
                difference(peers.astropy_centre(files.ephemeris, TARGET, day, second), centre),
                None,
            )
        )
    return rows


def _solve(model: MotionModel, day: FloatArray, second: FloatArray) -> LightTimes:
    stations = site_station(model.ephemeris, SITE), target_station(TARGET)
    return two_way_light_times(model, *stations, day, second)


def noise() -> list[tuple[str, float]]:
    """Return the noise of the two-way delay on a grid of 1 ms over 10 s, rms in s."""
    start = Epoch.from_utc("2024-02-16T20:00:00")
    seconds = np.arange(-5.0, 5.0, 1e-3)
    model, _ = motion_model(start.plus_seconds(-10.0), start.plus_seconds(10.0))
    day, second = start.split(seconds)

    def rms(legs: tuple[FloatArray, FloatArray]) -> float:
        relative_s = (legs[0] - legs[0][0]) + (legs[1] - legs[1][0])
        # Of degree 5, what is left out within 10 s is 1e-24 s.
        fit = np.polynomial.Chebyshev.fit(seconds, relative_s, 5)
        return float(np.std(relative_s - fit(seconds)))

    solved = _solve(model, day, second)
    found = [("moonecho", rms((solved.downlink_s, solved.uplink_s)))]
    with peers.kernels(SITE, TARGET) as files:
        sky = peers.Skyfield(files.ephemeris, SITE, TARGET)
        found.append(("CSPICE", rms(peers.cspice(day, second))))
        found.append(("skyfield", rms(sky.two_way(day, second))))
        found.append(
            (
                "astropy, from the Moon's centre",
                rms(peers.astropy_centre(files.ephemeris, TARGET, day, second)),
            )
        )
    return found


def instants_agree() -> FloatArray:
    """Return the differences of light times solved from transmit, bounce and receive time."""
    start, stop = Epoch.from_utc("2024-01-01"), Epoch.from_utc("2025-01-01")
    model, _ = motion_model(start, stop)
    stations = site_station(model.ephemeris, SITE), target_station(TARGET)
    rng = np.random.default_rng(5)
    day, second = start.split(rng.uniform(86400.0, 3e7, 20000))
    sent = two_way_light_times(model, *stations, day, second)
    bounce = two_way_light_times(model, *stations, day, second + sent.downlink_s, "bounce")
    back = two_way_light_times(model, *stations, day, second + sent.delay_s, "receive")
    return np.concatenate(
        [
            getattr(other, leg) - getattr(sent, leg)
            for other in (bounce, back)
            for leg in ("downlink_s", "uplink_s")
        ]
    )


def table(rows: Iterable[Row]) -> list[str]:
    """Write differences as lines of a table."""
    lines = [
        "| compared with | values | median | 99 % | largest | bar |",
        "|---|---|---|---|---|---|",
    ]
    for name, differences_s, bar_s in rows:
        size = np.abs(differences_s)
        bar = "" if bar_s is None else f"{bar_s:.1e} s"
        lines.append(
            f"| {name} | {size.size} | {np.median(size):.1e} s | {np.quantile(size, 0.99):.1e} s "
            f"| {size.max():.1e} s | {bar} |"
        )
    return lines


def page() -> str:
    """Make all comparisons and return the page."""
    iers.conf.auto_download = False
    exact = [against_extended_precision(False), against_extended_precision(True)]
    history, stated, history_noise = history_against_extended_precision()
    other = against_peers()
    agreement = Row("legs from bounce and receive time", instants_agree(), 4e-16)
    costs = geometry.measure_costs(100_000, 9)
    history_ms = geometry.history_cost_ms(9)
    found = peers.versions() | {
        name: version(name) for name in ("numpy", "scipy", "numba", "pyerfa")
    }
    lines = [
        _HEAD.format(random_epochs=RANDOM_EPOCHS),
        *table([*exact, history]),
        _AFTER_HISTORY.format(
            typical=np.median(stated), largest=max(stated), noise=np.median(history_noise)
        ),
        *table([agreement]),
        _BEFORE_PEERS,
        *table(other),
        _BEFORE_NOISE,
        "| | noise, rms | phase at 23 GHz |",
        "|---|---|---|",
    ]
    for name, rms_s in noise():
        lines.append(f"| {name} | {rms_s:.1e} s | {360.0 * CARRIER_HZ * rms_s:.2g} deg |")
    lines += [
        _BEFORE_COSTS.format(machine=platform.machine()),
        "| | random | times ours | grid | times ours |",
        "|---|---|---|---|---|",
    ]
    own = costs[0]
    for cost in costs:
        lines.append(
            f"| {cost.name} | {cost.random_us:.3g} us | {cost.random_us / own.random_us:.0f} "
            f"| {cost.dense_us:.3g} us | {cost.dense_us / own.dense_us:.0f} |"
        )
    lines += [
        "",
        f"A delay history of one target over 250 s takes {history_ms:.1f} ms after the first call.",
        "",
        "## Versions",
        "",
        "| | |",
        "|---|---|",
        f"| Python | {platform.python_version()} |",
        *(f"| {name} | {number} |" for name, number in found.items()),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/validation-geometry.md"))
    options = parser.parse_args()
    options.out.write_text(page(), encoding="utf-8")
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
