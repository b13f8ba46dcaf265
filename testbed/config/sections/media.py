"""Sections ``tides`` and ``media``: what the Earth adds to the delays."""

from typing import Literal, Self

from pydantic import Field, model_validator

from testbed.config.problems import Problem, wrong_together
from testbed.config.sections.base import Number, Section, Switch


class Tides(Section):
    """Tides of the Earth.

    Both are off by default, as relativity is: the report's delay budget says what they would do.
    """

    sub_daily_rotation: Switch = Field(
        False,
        description="Whether UT1 and the pole have their diurnal and semidiurnal terms: ocean "
        "tides and libration, IERS Conventions (2010), chapters 5 and 8; up to 4 cm on the "
        "equator. Without them, the published daily values are interpolated.",
    )
    solid_earth: Switch = Field(
        False,
        description="Whether the targets move with the solid Earth tide: IERS Conventions (2010), "
        "section 7.1.1, steps 1 and 2; up to 0.4 m. Ocean loading and the pole tide (centimetres) "
        "are not modelled.",
    )


class Troposphere(Section):
    """The neutral air over the scene.

    It delays (Saastamoinen; Askne and Nordius; mapped by the Global Mapping Functions, from an
    elevation of 3 deg upwards) and absorbs (ITU-R P.676). The level of an echo is below
    `device.level_dbfs` by what is absorbed both ways.
    """

    model: Literal["none", "standard", "weather"] = Field(
        "none",
        description="`standard`: the mean annual global reference atmosphere of ITU-R P.835 at the "
        "target's height. `weather`: what is measured at the aim point.",
    )
    pressure_hpa: Number | None = Field(
        None, ge=100, le=1200, description="Only and always with `weather`: pressure of the air."
    )
    temperature_k: Number | None = Field(
        None, ge=180, le=340, description="Only and always with `weather`: its temperature."
    )
    humidity_percent: Number | None = Field(
        None, ge=0, le=100, description="Only and always with `weather`: its relative humidity."
    )

    @model_validator(mode="after")
    def _measured_weather_alone_has_numbers(self) -> Self:
        problems = []
        for name in ("pressure_hpa", "temperature_k", "humidity_percent"):
            given = getattr(self, name) is not None
            if self.model == "weather" and not given:
                problem = Problem(name, "is missing: the model weather needs it", f"add {name}")
                problems.append(problem)
            elif self.model != "weather" and given:
                problem = Problem(
                    name, f"is no parameter of the model {self.model}",
                    "remove it, or give model: weather",
                )  # fmt: skip
                problems.append(problem)
        if problems:
            raise wrong_together(problems)
        return self


class Ionosphere(Section):
    """The electrons over the scene, as a thin shell.

    They delay the echo's envelope and advance its carrier's phase.
    """

    vertical_tec_tecu: Number | None = Field(
        None,
        ge=0,
        le=1000,
        description="Electrons straight up from the scene, in units of 1e16 per square metre: 5 in "
        "a quiet night, 150 at noon of a solar maximum; see the maps of the IGS. `null` is none.",
    )
    shell_height_m: Number = Field(
        450e3, ge=100e3, le=2000e3, description="Height of the shell above the ground."
    )


class Media(Section):
    """What the waves pass on their way.

    Empty space by default: the report's delay budget says what a standard atmosphere and 20 TECU
    would do.
    """

    troposphere: Troposphere = Field(Troposphere(), description="The neutral air.")
    ionosphere: Ionosphere = Field(Ionosphere(), description="The electrons above it.")
