"""The table of ``moonecho delay``: delay and Doppler histories, and the budget of their terms."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import numpy.typing as npt

from sim_core.errors import NotVisibleError
from sim_core.geometry.delay_history import legs_on_clock
from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.geometry.earth_orientation import OrientationProvenance
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import MotionModel, motion_model, site_station, target_station
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import elevation_angles, require_visible
from testbed.errors import OutputError, locate_option_errors
from testbed.options import DelayRequest, Place

if TYPE_CHECKING:
    from rich.console import Console

FloatArray = npt.NDArray[np.float64]

COLUMNS = ("transmit_s", "delay_s", "delay_rate", "doppler_hz", "downlink_s", "uplink_s")

# What relativity adds to a delay is smooth over minutes: its rate is a difference over this span.
_DIFFERENCE_S = 60.0
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
        with _new_file(request.out) as part:
            table.write_netcdf(part)
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
        with locate_option_errors("--start", request.start_utc):
            self.epoch = Epoch.from_utc(request.start_utc)
        with locate_option_errors("--kernel", request.kernel):
            known_epoch = Epoch.from_utc("2000-01-01")
            motion_model(known_epoch, known_epoch, request.kernel)
        with locate_option_errors("--start", request.start_utc):
            self.model, self.orientation = motion_model(
                self.epoch.plus_seconds(-_DIFFERENCE_S),
                self.epoch.plus_seconds(request.duration_s + _DIFFERENCE_S),
                request.kernel,
                relativistic=request.relativity == "full",
            )
        self.site = site_station(self.model.ephemeris, self._place)
        self.target = target_station(self._target_place)
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

    def transmit_s(self) -> FloatArray:
        """Return the transmit times of all rows, on the radar's clock from the start."""
        return self.request.step_s * np.arange(self.request.rows, dtype=np.float64)

    def rows_not_visible(self) -> int:
        """Count the rows in which site and target do not see each other.

        Raises
        ------
        OptionError
            If that is so in all of them.
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
        doppler_hz = -self.request.carrier_hz * rate / (1.0 + rate)
        return np.stack((transmit_s, downlink_s + uplink_s, rate, doppler_hz, downlink_s, uplink_s))

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

    def write_netcdf(self, path: Path) -> None:
        """Write the table as netCDF, with units and provenance."""
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
        described = {
            name: ("transmit_s", row, {"units": unit, "long_name": meaning})
            for name, row, unit, meaning in zip(COLUMNS, values, units, meanings, strict=True)
        }
        request = self.request
        dataset = xarray.Dataset(
            described,
            attrs={
                "title": "two-way delay and Doppler, Moon to Earth and back",
                "start_utc": request.start_utc,
                "site_deg_m": _coordinates(request.site),
                "target_deg_m": _coordinates(request.target),
                "carrier_hz": request.carrier_hz,
                "ephemeris": request.kernel,
                "relativity": request.relativity,
                "earth_orientation": self.orientation.source,
            },
        ).set_coords("transmit_s")
        dataset.to_netcdf(path, engine="h5netcdf")

    def budget(self) -> tuple[DelayTerm, ...]:
        """Return the budget of the delay's terms over the table."""
        return delay_budget(
            self.model, self.site, self.target, self.epoch, 0.0, self.request.duration_s
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
    from rich.table import Table

    table = Table(title="Delay budget, two-way", title_justify="left")
    table.add_column("term")
    table.add_column("size / s", justify="right")
    table.add_column("change over the table / s", justify="right")
    table.add_column("in the delay")
    for term in terms:
        table.add_row(
            term.name,
            f"{term.size_s:.4g}" if term.size_s < 0.1 else f"{term.size_s:.12f}",
            f"{term.change_s:.3g}",
            "yes" if term.included else "no",
        )
    console.print(table)
