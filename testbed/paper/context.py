"""What the sections share: settings, models of the motion, and the epoch of the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError, KernelError, NotVisibleError
from sim_core.geometry.delay_minimum import DelayCase
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.epoch_search import (
    EpochFit,
    EpochSearch,
    PublishedDelay,
    fit_at,
    search_epochs,
)
from sim_core.geometry.moon_over_earth import MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import MotionModel, motion_model, site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import ZeroDopplerFrame, zero_doppler_frame
from testbed.errors import locate_errors
from testbed.paper import published
from testbed.paper.settings import PaperSettings
from testbed.report.progress import RunProgress

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

YEAR_KEY, NODAL_KEY, EPOCH_KEY = "year_start_utc", "nodal_start_utc", "epoch_utc"
"""Settings that say when."""

HOUR_S = 3600.0
"""How far about an epoch its smallest delays are looked for; see `delay_minimum`."""

TOLERANCE_S = 1e-4
"""Within which smallest delays are sought: one of the last printed digit, to either side."""

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
    _given: EpochFit | None = field(default=None, init=False)

    @property
    def site(self) -> LunarSite:
        """The radar of the settings."""
        site = self.settings.site
        return LunarSite(site.latitude_deg, site.longitude_deg, site.height_m)

    @property
    def year_start(self) -> Epoch:
        """Begin of the sidereal year."""
        return self.instant(YEAR_KEY)

    def instant(self, key: str) -> Epoch:
        """Return the epoch that a setting gives.

        Parameters
        ----------
        key : str
            The setting.

        Raises
        ------
        ConfigError
            If its leap seconds are not known.
        """
        with locate_errors(self.settings, key):
            return Epoch.from_utc(getattr(self.settings, key))

    def model(
        self, start: Epoch, duration_s: float, key: str = YEAR_KEY, before_s: float = 0.0
    ) -> MotionModel:
        """Return a model of the motion over a span.

        Parameters
        ----------
        start : Epoch
            Begin of the span.
        duration_s : float
            Its length.
        key : str
            The setting to blame if the span cannot be had.
        before_s : float
            How much before the begin is wanted as well.

        Raises
        ------
        ConfigError
            If ephemeris or Earth orientation do not cover it.
        """
        with (
            locate_errors(self.settings, "ephemeris", (KernelError,)),
            locate_errors(self.settings, key, (EpochError,)),
        ):
            model, _ = motion_model(
                start.plus_seconds(-before_s),
                start.plus_seconds(duration_s),
                self.settings.ephemeris,
            )
        return model

    def moon(
        self, start: Epoch, elapsed_s: FloatArray, key: str = YEAR_KEY
    ) -> tuple[MotionModel, MoonOverEarth]:
        """Return the Moon's motion over the Earth at instants from an epoch; see `model`."""
        model = self.model(start, float(elapsed_s.max()), key)
        return model, moon_over_earth(model, start, elapsed_s)

    def frame(
        self, start: Epoch, elapsed_s: FloatArray, key: str = YEAR_KEY
    ) -> tuple[ZeroDopplerFrame, BoolArray]:
        """Return the zero-Doppler frame of the settings' site at instants from an epoch.

        Parameters
        ----------
        start, elapsed_s, key
            As for `moon`.

        Returns
        -------
        frame : ZeroDopplerFrame
            At all instants.
        in_sight : ndarray of bool, shape (instants,)
            At which of them the site sees the Earth.

        Raises
        ------
        ConfigError
            If the span cannot be had, or the site never sees the Earth in it.
        """
        model, moon = self.moon(start, elapsed_s, key)
        station = site_station(model.ephemeris, self.site)
        return zero_doppler_frame(moon.site_motion(station)), self.in_sight(model, moon)

    def in_sight(self, model: MotionModel, moon: MoonOverEarth) -> BoolArray:
        """Return when the Earth's centre is above the horizon of the settings' site.

        Parameters
        ----------
        model : MotionModel
            Of which `moon` was made.
        moon : MoonOverEarth
            At the instants.

        Returns
        -------
        ndarray of bool, shape (instants,)

        Raises
        ------
        ConfigError
            If it never is.
        """
        seen = self.earth_up(model, moon)
        with locate_errors(self.settings, "site"):
            if not seen.any():
                if seen.size == 1:
                    instant = moon.epoch.plus_seconds(float(moon.elapsed_s[0]))
                    raise NotVisibleError(
                        "the Earth is below the horizon of this place of the Moon at "
                        f"{instant.utc_iso(0)} UTC, the epoch of the tables",
                        "give epoch_utc, an epoch at which it is up, or another site",
                        "site",
                    )
                raise NotVisibleError(
                    "the Earth never rises over this place of the Moon in the span",
                    "give a site of the near side: longitudes of about -90 to 90",
                    "site",
                )
        return seen

    def earth_up(self, model: MotionModel, moon: MoonOverEarth) -> BoolArray:
        """Return when the Earth's centre is above the site's horizon; see `in_sight`."""
        place_m = np.array(site_station(model.ephemeris, self.site))
        up = moon.axes @ (place_m / np.linalg.norm(place_m))
        position_m = moon.centre_m + moon.axes @ place_m
        return np.asarray(np.sum(up * position_m, axis=-1) < 0.0)

    def table_model(self) -> MotionModel:
        """Return a model about the epoch of Tables 2 to 4, at which the site sees the Earth.

        Raises
        ------
        ConfigError
            If the epoch cannot be had, or the Earth is below the site's horizon then.
        """
        epoch = self.table_epoch()
        model = self.model(epoch, HOUR_S, EPOCH_KEY, HOUR_S)
        self.in_sight(model, moon_over_earth(model, epoch, np.zeros(1)))
        return model

    def sight_text(self, seen: BoolArray, span: str, then: str) -> tuple[str, ...]:
        """Say for how long the site sees the Earth; nothing where it always does.

        Parameters
        ----------
        seen : ndarray of bool, shape (instants,)
            At which instants it does; see `in_sight`.
        span : str
            Of what they are, such as "month".
        then : str
            What that means for what is shown.
        """
        if seen.all():
            return ()
        return (
            "From this site the Earth's centre is above the horizon for "
            f"{100.0 * seen.mean():.0f} percent of the {span}; {then}.",
        )

    def search(self) -> EpochSearch:
        """Seek the epochs at which Table 3 holds; done once."""
        if self._search is None:
            with self.progress.stage(SEARCH_STAGE, "Seek the epoch of Table 3") as advance:
                self._search = self.search_for(
                    PUBLISHED_DELAYS, lambda share: advance(round(1000 * share), 1000)
                )
        return self._search

    def search_for(
        self,
        rows: Sequence[PublishedDelay],
        tell: Callable[[float], None] | None = None,
        tolerance_s: float = TOLERANCE_S,
    ) -> EpochSearch:
        """Seek the epochs of the settings' years at which delays hold.

        Parameters
        ----------
        rows : sequence of PublishedDelay
            The delays and time spans.
        tell : callable, optional
            Is told the share that is done.
        tolerance_s : float
            By how much delays may differ.

        Raises
        ------
        ConfigError
            If the ephemeris does not cover the years.
        """
        years = self.settings.search_years
        with (
            locate_errors(self.settings, "ephemeris", (KernelError,)),
            locate_errors(self.settings, "search_years", (EpochError,)),
        ):
            return search_epochs(
                rows,
                Epoch.from_utc(f"{years.first:04d}-01-01T00:00:00"),
                Epoch.from_utc(f"{years.last + 1:04d}-01-01T00:00:00"),
                tolerance_s=tolerance_s,
                ephemeris_name=self.settings.ephemeris,
                progress=tell,
            )

    def table_epoch(self) -> Epoch:
        """Return the epoch of Tables 2 to 4: the settings', or the best of the search."""
        if self.settings.epoch_utc is not None:
            return self.instant(EPOCH_KEY)
        return self.best_fit().epoch

    def table_side(self) -> Side:
        """Return the way in which beams of Tables 2 to 4 are turned."""
        return self.settings.side if self.settings.epoch_utc is not None else self.best_fit().side

    def best_fit(self) -> EpochFit:
        """Return the best fit to Table 3: of the search, or of the settings' epoch and side.

        Raises
        ------
        ConfigError
            If the search has found none, or the epoch cannot be had.
        """
        settings = self.settings
        if settings.epoch_utc is not None:
            if self._given is None:
                epoch = self.instant(EPOCH_KEY)
                model = self.model(epoch, HOUR_S, EPOCH_KEY, HOUR_S)
                self._given = fit_at(model, epoch, PUBLISHED_DELAYS, settings.side)
            return self._given
        fits = self.search().fits
        with locate_errors(settings, "search_years"):
            if not fits:
                raise EpochError(
                    "Table 3 holds at no epoch of these years",
                    "search more of them, or give epoch_utc",
                )
        return fits[0]


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
