"""The table of ``moonecho delay``: delay and Doppler histories, and the budget of their terms."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import numpy.typing as npt

from sim_core.errors import KernelError, LunarOrientationError, NotVisibleError
from sim_core.geometry.delay_history import legs_on_clock
from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.geometry.earth_orientation import OrientationProvenance
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.ionosphere import Ionosphere
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import MotionModel, motion_model, site_station, target_station
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import (
    LookAngles,
    elevation_angles,
    look_angles,
    require_visible,
)
from sim_core.geometry.weather import Weather
from testbed.errors import OutputError, locate_option_errors
from testbed.history_file import write_dataset
from testbed.options import DelayRequest, Place

if TYPE_CHECKING:
    import xarray
    from rich.console import Console

FloatArray = npt.NDArray[np.float64]

COLUMNS = ("transmit_s", "delay_s", "delay_rate", "doppler_hz", "downlink_s", "uplink_s")

# What relativity adds to a delay is smooth over minutes: its rate is a difference over this span.
_DIFFERENCE_S = 60.0
# And so is what tide, air and electrons add; near the horizon the air's delay bends most: the
# difference over this span is good to 4e-16 at 5 deg.
_PATH_DIFFERENCE_S = 4.0
# The budget and the visibility are looked at this often at least.
_ROWS_PER_CHUNK = 100_000


def write_delay_table(request: DelayRequest, console: "Console") -> None:
    """Compute a delay table, write it, and print the budget of its terms.

    Parameters
    ----------
    request : DelayRequest
        What is wanted.
    console : Console
        Where the budget goes; not the standard output if the table goes there.

    Raises
    ------
    OptionError
        If the epoch is not covered, or site and target never see each other in the table.
    OutputError
        If the file cannot be written.
    """
    table = DelayTable(request)
    hidden = table.rows_not_visible()
    if request.out is None:
        table.write_csv(sys.stdout)
    elif request.out.suffix == ".csv":
        with _new_file(request.out) as part, part.open("w", encoding="ascii") as file:
            table.write_csv(file)
    else:
        write_dataset(request.out, table.dataset())
    if hidden:
        console.print(
            f"[yellow]note:[/] in {hidden} of {request.rows} rows site and target do not see each "
            "other; the delay there is that of empty space"
        )
    if table.orientation.predicted:
        console.print("[yellow]note:[/] the Earth orientation is predicted for part of the table")
    _print_budget(console, table.budget())


class DelayTable:
    """Delay and Doppler of a site and a target over a span of transmit times.

    Parameters
    ----------
    request : DelayRequest
        What is wanted.

    Raises
    ------
    OptionError
        If an option asks for what cannot be computed.
    """

    def __init__(self, request: DelayRequest) -> None:
        self.request = request
        with locate_option_errors("--site", _text(request.site)):
            self._place = LunarSite(*_coordinates(request.site))
        with locate_option_errors("--target", _text(request.target)):
            self._target_place = EarthPoint(*_coordinates(request.target))
        self.model: MotionModel
        self.orientation: OrientationProvenance
        with (
            locate_option_errors("--start", request.start_utc),
            locate_option_errors("--kernel", request.kernel, (KernelError,)),
            locate_option_errors(
                "--lunar-orientation", request.lunar_orientation, (LunarOrientationError,)
            ),
        ):
            self.epoch = Epoch.from_utc(request.start_utc)
            self.model, self.orientation = motion_model(
                self.epoch.plus_seconds(-_DIFFERENCE_S),
                self.epoch.plus_seconds(request.duration_s + _DIFFERENCE_S),
                request.kernel,
                lunar_orientation=request.lunar_orientation,
                relativistic=request.relativity == "full",
                sub_daily_rotation=request.tides in {"rotation", "full"},
            )
        self.site = site_station(self.model.ephemeris, self._place)
        self.target = target_station(self._target_place)
        self.effects = self._effects()
        self._path = PathTerms(self.model, self.site, self._target_place, self.epoch, self.effects)
        self._clock = (
            LunarClock(
                self.model,
                self.site,
                self.epoch,
                -_DIFFERENCE_S,
                request.duration_s + _DIFFERENCE_S,
            )
            if self.model.relativistic
            else None
        )

    def _effects(self) -> PathEffects:
        """Return the tide, air and electrons that were asked for."""
        request, height_m = self.request, self._target_place.height_m
        air, weather = request.troposphere, None
        with locate_option_errors("--troposphere", air):
            if air == "standard":
                weather = Weather.standard(height_m)
            elif air != "none":
                pressure_hpa, temperature_k, humidity_percent = air
                weather = Weather.measured(
                    height_m, pressure_hpa, temperature_k, 0.01 * humidity_percent
                )
        with locate_option_errors("--tec", request.vertical_tecu):
            ionosphere = Ionosphere(request.vertical_tecu) if request.vertical_tecu else None
        with locate_option_errors("--carrier-hz", request.carrier_hz):
            if ionosphere is not None:
                ionosphere.require_first_order(request.carrier_hz)
        solid_tide = request.tides in {"solid-earth", "full"}
        return PathEffects(solid_tide, weather, ionosphere, request.carrier_hz)

    def transmit_s(self) -> FloatArray:
        """Return the transmit times of all rows, on the radar's clock from the start."""
        return self.request.step_s * np.arange(self.request.rows, dtype=np.float64)

    def rows_not_visible(self) -> int:
        """Count the rows in which site and target do not see each other.

        Raises
        ------
        OptionError
            If that is so in all of them, or the target stands too low for the troposphere's model.
        """
        times_s = self.transmit_s()
        at_site, at_target = elevation_angles(
            self.model, self._place, self._target_place, self.epoch, times_s
        )
        hidden = (at_site <= 0.0) | (at_target <= 0.0)
        if hidden.all():
            try:
                best = times_s[[int(np.argmax(np.minimum(at_site, at_target)))]]
                require_visible(self.model, self._place, self._target_place, self.epoch, best)
            except NotVisibleError as error:
                option = "--site" if error.end == "site" else "--target"
                place = self.request.site if error.end == "site" else self.request.target
                with locate_option_errors(option, _text(place)):
                    raise
        if self.effects.weather is not None:
            # Now, not after half of the table was written.
            lowest_s = times_s[[int(np.argmin(at_target))]]
            with locate_option_errors("--troposphere", self.request.troposphere):
                self._path.added_s(lowest_s + 0.5 * _PATH_DIFFERENCE_S)
                self._path.added_s(lowest_s - 0.5 * _PATH_DIFFERENCE_S)
        return int(np.count_nonzero(hidden))

    def columns(self, transmit_s: FloatArray) -> FloatArray:
        """Compute the table for some transmit times.

        Parameters
        ----------
        transmit_s : ndarray of float64, shape (rows,)
            Transmit times on the radar's clock from the start.

        Returns
        -------
        ndarray of float64, shape (6, rows)
            The columns `COLUMNS`.
        """
        newtonian = MotionModel(self.model.ephemeris, self.model.orientation, False)
        solved = two_way_light_times(
            newtonian, self.site, self.target, *self.epoch.split(transmit_s)
        )
        downlink_s, uplink_s, rate = solved.downlink_s, solved.uplink_s, solved.delay_rate
        if self._clock is not None:
            downlink_s, uplink_s, rate = self._with_relativity(transmit_s, rate)
        doppler_hz = self._doppler_hz(rate)
        if self.effects.any:
            down_s, up_s, added_rate = self._on_the_way(transmit_s)
            doppler_hz = self._doppler_hz(rate + added_rate)
            # Delays are the envelope's; half of what the electrons part it from the phase by is on
            # either leg.
            lag_s, lag_rate = self._envelope_lag(transmit_s)
            downlink_s = downlink_s + (down_s + 0.5 * lag_s)
            uplink_s = uplink_s + (up_s + 0.5 * lag_s)
            rate = rate + (added_rate + lag_rate)
        return np.stack((transmit_s, downlink_s + uplink_s, rate, doppler_hz, downlink_s, uplink_s))

    def _doppler_hz(self, rate: FloatArray) -> FloatArray:
        return -self.request.carrier_hz * rate / (1.0 + rate)

    def _on_the_way(self, transmit_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what is added to either leg, and its rate; the carrier's phase."""
        tdb_s = transmit_s if self._clock is None else self._clock.tdb_s(transmit_s)
        down_s, up_s = self._path.added_s(tdb_s)
        half_s = 0.5 * _PATH_DIFFERENCE_S
        late, early = (np.add(*self._path.added_s(tdb_s + shift)) for shift in (half_s, -half_s))
        return down_s, up_s, (late - early) / _PATH_DIFFERENCE_S

    def _envelope_lag(self, transmit_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how much later than the phase the envelope comes, and the rate of that."""
        tdb_s = transmit_s if self._clock is None else self._clock.tdb_s(transmit_s)
        half_s = 0.5 * _PATH_DIFFERENCE_S
        late, early = (self._path.envelope_lag_s(tdb_s + shift) for shift in (half_s, -half_s))
        return self._path.envelope_lag_s(tdb_s), (late - early) / _PATH_DIFFERENCE_S

    def _with_relativity(
        self, transmit_s: FloatArray, newtonian_rate: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return downlink, uplink and delay rate with relativity, on the radar's clock."""
        newtonian = MotionModel(self.model.ephemeris, self.model.orientation, False)

        def added_s(times_s: FloatArray) -> FloatArray:
            down_s, up_s = self._legs(times_s)
            plain = two_way_light_times(
                newtonian, self.site, self.target, *self.epoch.split(times_s)
            )
            return (down_s - plain.downlink_s) + (up_s - plain.uplink_s)

        half_s = 0.5 * _DIFFERENCE_S
        slope = (added_s(transmit_s + half_s) - added_s(transmit_s - half_s)) / _DIFFERENCE_S
        downlink_s, uplink_s = self._legs(transmit_s)
        return downlink_s, uplink_s, newtonian_rate + slope

    def _legs(self, transmit_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        return legs_on_clock(
            self.model, self.site, self.target, self.epoch, transmit_s, self._clock
        )

    def write_csv(self, file: TextIO) -> None:
        """Write the table as CSV; every float reads back exactly."""
        file.write(",".join(COLUMNS) + "\n")
        times_s = self.transmit_s()
        for first in range(0, times_s.size, _ROWS_PER_CHUNK):
            rows = self.columns(times_s[first : first + _ROWS_PER_CHUNK]).T.tolist()
            file.writelines(",".join(map(repr, row)) + "\n" for row in rows)

    def dataset(self) -> "xarray.Dataset":
        """Return the table as a dataset, with units and provenance."""
        import xarray

        units = ("s", "s", "1", "Hz", "s", "s")
        meanings = (
            "transmit time on the radar's clock, from the start",
            "two-way delay",
            "derivative of the two-way delay against transmit time",
            "Doppler shift of the echo",
            "light time from the site to the target",
            "light time from the target to the site",
        )
        values = self.columns(self.transmit_s())
        described: dict[str, tuple[str, npt.NDArray[Any], dict[str, str]]] = {
            name: ("transmit_s", row, {"units": unit, "long_name": meaning})
            for name, row, unit, meaning in zip(COLUMNS, values, units, meanings, strict=True)
        }
        look = look_angles(
            self.model, self._place, self._target_place, self.epoch, self.transmit_s()
        )
        for name, radians in zip(LookAngles._fields[:4], look[:4], strict=True):
            where, what, _ = name.split("_")
            described[f"{where}_{what}_deg"] = (
                "transmit_s",
                np.degrees(radians),
                {"units": "deg", "long_name": f"{what} of the light at the {where}"},
            )
        for limb, hidden in (("moon", look.behind_moon), ("earth", look.behind_earth)):
            described[f"behind_{limb}"] = (
                "transmit_s",
                hidden.astype(np.int8),
                {"long_name": f"1 where the limb of the {limb.capitalize()} is in the way"},
            )
        request = self.request
        return xarray.Dataset(
            described,
            attrs={
                "title": "two-way delay and Doppler, Moon to Earth and back",
                "start_utc": request.start_utc,
                "site_deg_m": _coordinates(request.site),
                "target_deg_m": _coordinates(request.target),
                "carrier_hz": request.carrier_hz,
                "ephemeris": request.kernel,
                "lunar_orientation": request.lunar_orientation,
                "relativity": request.relativity,
                "tides": request.tides,
                "troposphere": request.troposphere,
                "vertical_tec_tecu": request.vertical_tecu,
                "earth_orientation": self.orientation.source,
                "earth_orientation_predicted": int(self.orientation.predicted),
            },
        ).set_coords("transmit_s")

    def budget(self) -> tuple[DelayTerm, ...]:
        """Return the budget of the delay's terms over the table."""
        return delay_budget(
            self.model,
            self.site,
            self._target_place,
            self.epoch,
            0.0,
            self.request.duration_s,
            self.effects,
            sub_daily_rotation=self.request.tides in {"rotation", "full"},
        )


def _coordinates(place: Place) -> tuple[float, float, float]:
    return place.latitude_deg, place.longitude_deg, place.height_m


def _text(place: Place) -> str:
    return ",".join(f"{number:g}" for number in _coordinates(place))


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Give a name to write to; the file gets its own when it is complete."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        raise OutputError(
            path,
            f"cannot be written: {error.strerror or error}",
            "name a file in a folder that exists, on a disk with room",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _print_budget(console: "Console", terms: tuple[DelayTerm, ...]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(
        title="Delay budget, two-way",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        header_style="bold",
        pad_edge=False,
    )
    table.add_column("term")
    table.add_column("size / s", justify="right")
    table.add_column("change / s", justify="right")
    table.add_column("in the delay")
    for term in terms:
        table.add_row(
            term.name,
            f"{term.size_s:.4g}" if term.size_s < 0.1 else f"{term.size_s:.12f}",
            f"{term.change_s:.3g}",
            "yes" if term.included else "no",
        )
    console.print(table)
    for term in terms:
        if term.assumed:
            console.print(f"[dim]{term.name}: {term.note}[/]")
