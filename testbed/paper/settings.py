"""What `moonecho paper` computes: by default what the paper shows, or the same elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, model_validator

from testbed.config.problems import Problem, config_error, wrong_together, wrong_value
from testbed.config.sections.base import Number, Section, Whole
from testbed.config.sections.geometry import Ephemeris, Site, Utc
from testbed.config.yaml_source import YamlSource, read_yaml

_LARGEST_LOOK_DEG = 1.0  # the Earth's limb lies at 0.90 (apogee) to 1.03 (perigee)


def _look_angle(angle_deg: float) -> float:
    if not 0.0 <= angle_deg <= _LARGEST_LOOK_DEG:
        raise wrong_value("is no look angle", f"give 0 to {_LARGEST_LOOK_DEG:g} deg")
    return angle_deg


Angle = Annotated[Number, AfterValidator(_look_angle)]


class SearchYears(Section):
    """Years among which the epoch of Table 3 is sought."""

    first: Whole = Field(2000, ge=1973, le=2049, description="First year.")
    last: Whole = Field(2026, ge=1973, le=2049, description="Last year, included.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise wrong_together(
                [Problem("last", f"lies before first, {self.first}", "give the later year here")]
            )
        return self


class Beam(Section):
    """Beam of coverage in time: angles from its middle to its edges, and what is of use."""

    half_azimuth_deg: Number = Field(
        0.5, gt=0, le=5, description="To the edges out of the zero-Doppler plane."
    )
    half_range_deg: Number = Field(0.3, gt=0, le=1.2, description="To the edges inside that plane.")
    min_incidence_deg: Number = Field(1.0, ge=0, lt=90, description="Smallest incidence angle.")
    max_incidence_deg: Number = Field(79.0, gt=0, le=90, description="Largest incidence angle.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_incidence_deg <= self.min_incidence_deg:
            problem = Problem(
                "max_incidence_deg",
                f"is not above min_incidence_deg, {self.min_incidence_deg:g}",
                "give the larger angle here",
            )
            raise wrong_together([problem])
        return self


class Fineness(Section):
    """How fine maps and series are."""

    doppler_grid_deg: Number = Field(
        5.0, ge=1, le=30, description="Between lunar sites of the Doppler map."
    )
    doppler_step_s: Number = Field(3600.0, ge=60, le=86400, description="Between its instants.")
    hours_grid_deg: Number = Field(
        2.0, ge=0.5, le=30, description="Between places of the maps of hours."
    )
    hours_step_s: Number = Field(600.0, ge=60, le=7200, description="Between their instants.")
    steering_step_s: Number = Field(
        60.0, ge=1, le=3600, description="Between lines of the file of steering angles."
    )
    nodal_step_days: Number = Field(
        1.0, ge=0.1, le=5, description="Between instants of the nodal cycle."
    )


class PaperSettings(Section):
    """Settings of the reproduction."""

    # Errors of what is not written in any file are about the defaults.
    _source: YamlSource = PrivateAttr(default=YamlSource(Path("default settings")))

    ephemeris: Ephemeris = Field(
        "de421",
        description="Ephemeris of Moon, Earth and Sun, as in an experiment.",
        json_schema_extra={"form": "`de421`, `de440`, or the path of a `.bsp` file"},
    )
    epoch_utc: Utc | None = Field(
        None,
        description="Epoch of Tables 2 to 4; `null` seeks the one that fits Table 3 best.",
        json_schema_extra={"form": "a date and time such as 2001-02-09T01:49:49"},
    )
    search_years: SearchYears = Field(
        SearchYears(),
        description="Years among which that epoch is sought, and for which the extremes of Table 1 "
        "are computed.",
    )
    year_start_utc: Utc = Field(
        "2021-01-01T00:00:00",
        description="Begin of the sidereal year of Table 1 and Figs 1 and 4, of the sidereal "
        "month of Figs 2 and 5, and of the day and month of steering.",
        json_schema_extra={"form": "a date and time such as 2021-01-01T00:00:00"},
    )
    nodal_start_utc: Utc = Field(
        "2006-01-01T00:00:00",
        description="Begin of the nodal cycle of Fig. 3, 18.6 years. Earth orientation is "
        "known from 1973 to about a year from now.",
        json_schema_extra={"form": "a date and time such as 2006-01-01T00:00:00"},
    )
    site: Site = Field(
        Site(latitude_deg=0.0, longitude_deg=0.0),
        description="Radar of Tables 2 and 4, Figs 2 to 5, steering and what goes beyond the "
        "paper; by default at 0 N 0 E. Table 3 keeps the paper's sites.",
    )
    side: Literal["north", "south"] = Field(
        "south", description="Way in which a beam is turned where one has to be chosen."
    )
    look_angles_deg: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=12)] = Field(
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
        description="Look angles of Fig. 2, of steering and of what goes beyond the paper; the "
        "first is that of `steering.csv`, of the comparison of both ways of steering, and of the "
        "effect of the PRF. Table 4 keeps 0.1.",
        json_schema_extra={"form": "a list of 1 to 12 angles of 0 to 1"},
    )
    hours_look_angles_deg: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=4)] = Field(
        (0.4, 0.6),
        description="Look angles of the maps of hours, Fig. 4.",
        json_schema_extra={"form": "a list of 1 to 4 angles of 0 to 1"},
    )
    beam: Beam = Field(Beam(), description="Beam of the maps of hours.")
    fineness: Fineness = Field(Fineness(), description="How fine maps and series are.")

    @property
    def source(self) -> YamlSource:
        """Where each key is written; see `testbed.errors.locate_errors`."""
        return self._source

    def sha256(self) -> str:
        """Return the SHA-256 of the canonical JSON of all values."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_paper_settings(path: Path | None) -> PaperSettings:
    """Load settings from YAML; without a file they are the paper's.

    Parameters
    ----------
    path : Path or None
        The file.

    Raises
    ------
    ConfigError
        If it cannot be read, or anything in it is wrong.
    """
    if path is None:
        return PaperSettings()
    values: dict[str, Any]
    values, source = read_yaml(path, "configs/paper.yaml")
    try:
        settings = PaperSettings.model_validate(values)
    except ValidationError as error:
        raise config_error(error, PaperSettings, source) from error
    settings._source = source
    return settings
