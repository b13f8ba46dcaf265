"""What the sections share: settings, models of the motion, and the epoch of the tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.delay_minimum import DelayCase
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.epoch_search import EpochFit, EpochSearch, PublishedDelay, search_epochs
from sim_core.geometry.moon_over_earth import MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import MotionModel, motion_model, site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import TrackVelocity, ZeroDopplerFrame, zero_doppler_frame
from testbed.paper import published
from testbed.paper.settings import PaperSettings
from testbed.report.progress import RunProgress

FloatArray = npt.NDArray[np.float64]

SEARCH_STAGE = "epoch"
"""Key of the time that the search for an epoch takes."""


@dataclass(slots=True, eq=False)
class PaperContext:
    """Settings, and what is computed once for several sections.

    Parameters
    ----------
    settings : PaperSettings
        What is asked for.
    progress : RunProgress
        Where stages are shown.
    """

    settings: PaperSettings
    progress: RunProgress
    _search: EpochSearch | None = field(default=None, init=False)

    @property
    def site(self) -> LunarSite:
        """The radar of the settings."""
        site = self.settings.site
        return LunarSite(site.latitude_deg, site.longitude_deg, site.height_m)

    @property
    def year_start(self) -> Epoch:
        """Begin of the sidereal year."""
        return Epoch.from_utc(self.settings.year_start_utc)

    def model(self, start: Epoch, duration_s: float) -> MotionModel:
        """Return a model of the motion over a span."""
        model, _ = motion_model(start, start.plus_seconds(duration_s), self.settings.ephemeris)
        return model

    def moon(self, start: Epoch, elapsed_s: FloatArray) -> tuple[MotionModel, MoonOverEarth]:
        """Return the Moon's motion over the Earth at instants from an epoch."""
        model = self.model(start, float(elapsed_s.max()))
        return model, moon_over_earth(model, start, elapsed_s)

    def frame(
        self, start: Epoch, elapsed_s: FloatArray, velocity_of: TrackVelocity = "site"
    ) -> ZeroDopplerFrame:
        """Return the zero-Doppler frame of the settings' site at instants from an epoch."""
        model, moon = self.moon(start, elapsed_s)
        station = site_station(model.ephemeris, self.site)
        return zero_doppler_frame(moon.site_motion(station), velocity_of)

    def search(self) -> EpochSearch:
        """Seek the epochs at which Table 3 holds; done once."""
        if self._search is None:
            years = self.settings.search_years
            with self.progress.stage(SEARCH_STAGE, "Seek the epoch of Table 3") as advance:
                self._search = search_epochs(
                    PUBLISHED_DELAYS,
                    Epoch.from_utc(f"{years.first:04d}-01-01T00:00:00"),
                    Epoch.from_utc(f"{years.last + 1:04d}-01-01T00:00:00"),
                    ephemeris_name=self.settings.ephemeris,
                    progress=lambda share: advance(round(1000 * share), 1000),
                )
        return self._search

    def table_epoch(self) -> Epoch:
        """Return the epoch of Tables 2 to 4: the settings', or the best of the search."""
        if self.settings.epoch_utc is not None:
            return Epoch.from_utc(self.settings.epoch_utc)
        return self._best().epoch

    def table_side(self) -> Side:
        """Return the way in which beams of Tables 2 to 4 are turned."""
        return self.settings.side if self.settings.epoch_utc is not None else self._best().side

    def _best(self) -> EpochFit:
        search = self.search()
        if search.fits:
            return search.fits[0]
        years = self.settings.search_years
        raise EpochError(
            f"Table 3 holds at no epoch of the years {years.first} to {years.last}",
            "search more years, or give epoch_utc",
        )


PUBLISHED_DELAYS = tuple(
    PublishedDelay(
        DelayCase(
            LunarSite(row.site_latitude_deg, row.site_longitude_deg),
            np.deg2rad(row.look_angle_deg),
            row.aperture_s,
        ),
        row.delay_min_s,
        row.time_span_s,
    )
    for row in published.TABLE_3
)
"""Table 3 as the search takes it."""
