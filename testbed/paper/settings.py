"""What `moonecho paper` computes: by default what the paper shows, or the same elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from testbed.config.problems import Problem, config_error, wrong_together
from testbed.config.sections.base import Number, Section, Whole
from testbed.config.sections.geometry import Ephemeris, Site, Utc
from testbed.config.yaml_source import read_yaml

Angle = Annotated[Number, Field(ge=0.0, le=1.2)]


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
    nodal_step_days: Number = Field(
        1.0, ge=0.1, le=5, description="Between instants of the nodal cycle."
    )


class PaperSettings(Section):
    """Settings of the reproduction."""

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
        SearchYears(), description="Years among which that epoch is sought."
    )
    year_start_utc: Utc = Field(
        "2021-01-01T00:00:00",
        description="Begin of the sidereal year of Table 1 and Figs 1 and 4, and of the sidereal "
        "month of Figs 2 and 5.",
        json_schema_extra={"form": "a date and time such as 2021-01-01T00:00:00"},
    )
    nodal_start_utc: Utc = Field(
        "2006-01-01T00:00:00",
        description="Begin of the nodal cycle of Figs 2 and 3, 18.6 years. Earth orientation is "
        "known from 1973 to about a year from now.",
        json_schema_extra={"form": "a date and time such as 2006-01-01T00:00:00"},
    )
    site: Site = Field(
        Site(latitude_deg=0.0, longitude_deg=0.0),
        description="Radar of Table 2, Figs 2 to 5, steering and what goes beyond the paper.",
    )
    side: Literal["north", "south"] = Field(
        "south", description="Way in which a beam is turned where one has to be chosen."
    )
    look_angles_deg: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=12)] = Field(
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), description="Look angles of Fig. 2 and of steering."
    )
    hours_look_angles_deg: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=4)] = Field(
        (0.4, 0.6), description="Look angles of the maps of hours, Fig. 4."
    )
    beam: Beam = Field(Beam(), description="Beam of the maps of hours.")
    fineness: Fineness = Field(Fineness(), description="How fine maps and series are.")

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
    values, source = read_yaml(path)
    try:
        return PaperSettings.model_validate(values)
    except ValidationError as error:
        raise config_error(error, PaperSettings, source) from error
