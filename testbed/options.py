"""What the options of the command line say, read and checked."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sim_core.geometry.kernel_names import (
    DEFAULT_ORIENTATION,
    require_ephemeris_name,
    require_orientation_name,
)
from testbed.errors import OptionError, locate_option_errors

LARGEST_TABLE_ROWS = 10_000_000
DELAY_TABLE_SUFFIXES = (".csv", ".nc")


Tides = Literal["none", "rotation", "solid-earth", "full"]
Troposphere = Literal["none", "standard"] | tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the Moon or the Earth.

    Attributes
    ----------
    latitude_deg, longitude_deg : float
        Latitude and longitude, north and east positive.
    height_m : float
        Height above the body's surface of reference.
    """

    latitude_deg: float
    longitude_deg: float
    height_m: float


@dataclass(frozen=True, slots=True)
class DelayRequest:
    """What ``moonecho delay`` was asked for.

    Attributes
    ----------
    site : Place
        The radar: planetocentric, mean-Earth frame, on the sphere of 1737.4 km.
    target : Place
        The target: geodetic, WGS84.
    start_utc : str
        First instant, ``YYYY-MM-DDTHH:MM:SS[.f]``.
    duration_s, step_s : float
        Length and spacing of the table on the radar's clock, s.
    kernel : str
        Ephemeris: a name, or the path of a .bsp file.
    relativity : {"none", "full"}
        Newtonian, or with the relativistic terms.
    carrier_hz : float
        Carrier of the Doppler frequency, Hz.
    lunar_orientation : str
        Orientation of the Moon: a name, or the path of a .bpc file.
    out : Path or None
        ``.csv`` or ``.nc`` file; ``None`` is CSV on the standard output.
    tides : {"none", "rotation", "solid-earth", "full"}
        Sub-daily Earth rotation, solid Earth tide, or both.
    troposphere : {"none", "standard"} or tuple of float
        The standard atmosphere, or pressure in hPa, temperature in K and relative humidity in
        percent at the target.
    vertical_tecu : float
        Electrons over the target in TECU; 0 is no ionosphere.
    """

    site: Place
    target: Place
    start_utc: str
    duration_s: float
    step_s: float
    kernel: str
    relativity: Literal["none", "full"]
    carrier_hz: float
    out: Path | None
    lunar_orientation: str = DEFAULT_ORIENTATION
    tides: Tides = "none"
    troposphere: Troposphere = "none"
    vertical_tecu: float = 0.0

    @property
    def rows(self) -> int:
        """Number of rows of the table: both ends, as far as the step meets the last."""
        # A duration of a whole number of steps keeps its end, whatever its last bit says.
        return math.floor(self.duration_s / self.step_s * (1.0 + 1e-12)) + 1


def read_place(option: str, text: str, heights_m: tuple[float, float]) -> Place:
    """Read ``LAT,LON`` or ``LAT,LON,HEIGHT`` in deg, deg and m.

    Parameters
    ----------
    option : str
        The option, for errors.
    text : str
        What it was given.
    heights_m : tuple of float
        Lowest and highest height.

    Raises
    ------
    OptionError
        If there are other than two or three numbers, or one is out of range.
    """
    example = "write LAT,LON or LAT,LON,HEIGHT in deg and m, such as 40,-3.5,650"
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in {2, 3}:
        count = "1 value" if len(parts) == 1 else f"{len(parts)} values"
        raise OptionError(option, text, f"has {count}, not two or three", example)
    numbers: list[float] = []
    for part in parts:
        try:
            numbers.append(float(part))
        except ValueError as error:
            raise OptionError(option, text, f"{part!r} is not a number", example) from error
    names = ("latitude", "longitude", "height")
    ranges = ((-90.0, 90.0, "deg"), (-180.0, 360.0, "deg"), (*heights_m, "m"))
    for name, number, (low, high, unit) in zip(names, numbers, ranges, strict=False):
        # Negated, so that NaN, which compares with nothing, is refused too.
        if not low <= number <= high:
            order = "; is it LON,LAT?" if name == "latitude" and abs(number) <= 360.0 else ""
            raise OptionError(
                option,
                text,
                f"{name} {number:g} {unit} is out of range",
                f"give {low:g} to {high:g} {unit}{order}",
            )
    return Place(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0.0)


def read_troposphere(option: str, text: str) -> Troposphere:
    """Read ``none``, ``standard``, or ``PRESSURE,TEMPERATURE,HUMIDITY`` in hPa, K and percent.

    Parameters
    ----------
    option : str
        The option, for errors.
    text : str
        What it was given.

    Raises
    ------
    OptionError
        If it is none of these, or a number is out of range.
    """
    example = "give none, standard, or hPa,K,percent such as 1013.25,288.15,50"
    if text == "none":
        return "none"
    if text == "standard":
        return "standard"
    parts = text.split(",")
    if len(parts) != 3:
        raise OptionError(option, text, "is no weather", example)
    numbers = []
    ranges = (
        ("pressure", 100.0, 1200.0, "hPa"),
        ("temperature", 180.0, 340.0, "K"),
        ("humidity", 0.0, 100.0, "%"),
    )
    for part, (name, low, high, unit) in zip(parts, ranges, strict=True):
        try:
            number = float(part)
        except ValueError as error:
            raise OptionError(option, text, f"{part.strip()!r} is not a number", example) from error
        if not low <= number <= high:  # refuses NaN as well
            raise OptionError(
                option,
                text,
                f"{name} {number:g} {unit} is out of range",
                f"give {low:g} to {high:g} {unit}",
            )
        numbers.append(number)
    return numbers[0], numbers[1], numbers[2]


def read_number(option: str, text: str, unit: str, low: float, high: float) -> float:
    """Read a plain number, in the unit of its option.

    Parameters
    ----------
    option : str
        The option, for errors.
    text : str
        What it was given.
    unit : str
        Unit of the option, such as ``s``.
    low, high : float
        The range that is allowed, both ends in it.

    Raises
    ------
    OptionError
        If it is no number or out of range; a number with a unit is converted in the remedy.
    """
    from testbed.config.quantities import conversion_factor, plain_number, read_quantity

    allowed = f"{plain_number(low)} to {plain_number(high)} {unit}"
    try:
        number = float(text)
    except ValueError as error:
        quantity = read_quantity(text)
        factor = conversion_factor(quantity.unit, unit) if quantity is not None else None
        remedy = f"give a plain number in {unit}, {allowed}"
        if quantity is not None and factor is not None:
            remedy = f"give a plain number in {unit}: {plain_number(quantity.number * factor)}"
        raise OptionError(option, text, "is not a plain number", remedy) from error
    if not low <= number <= high:
        raise OptionError(option, text, "is out of range", f"give {allowed}")
    return number


def read_utc(option: str, text: str) -> str:
    """Read an instant of UTC into its normal form.

    Parameters
    ----------
    option : str
        The option, for errors.
    text : str
        What it was given.

    Raises
    ------
    OptionError
        If it is no instant of UTC.
    """
    from testbed.config.utc import normal_utc

    with locate_option_errors(option, text):
        return normal_utc(text)


def read_delay_request(
    *,
    site: str,
    target: str,
    start: str,
    duration: str,
    step: str,
    kernel: str,
    relativity: Literal["none", "full"],
    carrier_hz: str,
    out: Path | None,
    lunar_orientation: str = DEFAULT_ORIENTATION,
    tides: Tides = "none",
    troposphere: str = "none",
    tec: str = "0",
) -> DelayRequest:
    """Read the options of ``moonecho delay``, each given as it was typed.

    Raises
    ------
    OptionError
        If one of them is wrong, or the table would be too long.
    """
    request = DelayRequest(
        site=read_place("--site", site, (-10e3, 20e3)),
        target=read_place("--target", target, (-1000.0, 100e3)),
        start_utc=read_utc("--start", start),
        duration_s=read_number("--duration", duration, "s", 0.0, 10 * 365.25 * 86400.0),
        step_s=read_number("--step", step, "s", 1e-9, 10 * 365.25 * 86400.0),
        kernel=kernel,
        relativity=relativity,
        carrier_hz=read_number("--carrier-hz", carrier_hz, "Hz", 1e6, 1e12),
        out=out,
        lunar_orientation=lunar_orientation,
        tides=tides,
        troposphere=read_troposphere("--troposphere", troposphere),
        vertical_tecu=read_number("--tec", tec, "TECU", 0.0, 1000.0),
    )
    with locate_option_errors("--kernel", kernel):
        require_ephemeris_name(kernel)
    with locate_option_errors("--lunar-orientation", lunar_orientation):
        require_orientation_name(lunar_orientation)
    if request.rows > LARGEST_TABLE_ROWS:
        raise OptionError(
            "--step",
            step,
            f"makes {request.rows} rows, more than {LARGEST_TABLE_ROWS}",
            f"give at least {request.duration_s / (LARGEST_TABLE_ROWS - 1):.3g} s",
        )
    if out is not None and not re.fullmatch(r"\.(csv|nc)", out.suffix):
        raise OptionError(
            "--out",
            out,
            f"has the suffix {out.suffix!r}" if out.suffix else "has no suffix",
            f"name a file that ends in {' or '.join(DELAY_TABLE_SUFFIXES)}",
        )
    return request
