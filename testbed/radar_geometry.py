"""Where the radar and the scene are, and what lies between them, as a configuration says."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from sim_core.errors import KernelError, LunarOrientationError, MediumError, NotVisibleError
from sim_core.geometry.delay_field import DelayField, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.earth_orientation import OrientationProvenance
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.ionosphere import Ionosphere
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import require_visible
from sim_core.geometry.weather import Weather
from testbed.config import Configuration
from testbed.errors import locate_errors

# A focusing reference is evaluated beyond the aperture, for targets off the reference point: by
# this part of the aperture on either side.
_MARGIN = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class RadarGeometry:
    """The radar on the Moon and the scene reference point on the Earth over the time of a run.

    Parameters
    ----------
    configuration : Configuration
        What it was built from.
    epoch : Epoch
        Time zero: the moment of steering.
    model : MotionModel
        Ephemeris and Earth orientation over the run.
    orientation : OrientationProvenance
        Where the Earth orientation comes from.
    place : LunarSite
        The radar's place.
    site : Station
        The same in principal axes.
    aim : EarthPoint
        Scene reference point.
    clock : LunarClock or None
        The radar's clock, with relativity; without, times are in TDB.
    effects : PathEffects
        Tide, air and electrons.
    """

    configuration: Configuration
    epoch: Epoch
    model: MotionModel
    orientation: OrientationProvenance
    place: LunarSite
    site: Station
    aim: EarthPoint
    clock: LunarClock | None
    effects: PathEffects

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """Build the geometry of a configuration.

        Raises
        ------
        ConfigError
            If there is no such geometry: the key to blame is named.
        """
        geometry = configuration.geometry
        span_s = _span_s(configuration)
        relativistic = geometry.relativity == "full"
        with (
            locate_errors(configuration, "geometry.epoch_utc"),
            locate_errors(configuration, "geometry.ephemeris", (KernelError,)),
            locate_errors(configuration, "geometry.lunar_orientation", (LunarOrientationError,)),
        ):
            epoch = Epoch.from_utc(geometry.epoch_utc)
            model, orientation = motion_model(
                epoch.plus_seconds(-span_s),
                epoch.plus_seconds(span_s),
                geometry.ephemeris,
                lunar_orientation=geometry.lunar_orientation,
                relativistic=relativistic,
                sub_daily_rotation=configuration.tides.sub_daily_rotation,
            )
        with locate_errors(configuration, "geometry.site"):
            place = LunarSite(
                geometry.site.latitude_deg, geometry.site.longitude_deg, geometry.site.height_m
            )
            site = site_station(model.ephemeris, place)
        clock = LunarClock(model, site, epoch, -span_s, span_s) if relativistic else None
        aim = _aim(configuration, model, site, epoch)
        built = cls(
            configuration=configuration,
            epoch=epoch,
            model=model,
            orientation=orientation,
            place=place,
            site=site,
            aim=aim,
            clock=clock,
            effects=_effects(configuration, aim),
        )
        built.require_visible(aim, "geometry.aim")
        return built

    @property
    def half_aperture_s(self) -> float:
        """Half the duration of the aperture."""
        return 0.5 * self.configuration.radar.aperture_s

    def path_to(self, place: EarthPoint) -> PathTerms:
        """Return the terms that tide, air and electrons add on the way to a place."""
        return PathTerms(self.model, self.site, place, self.epoch, self.effects)

    def history_of(self, place: EarthPoint) -> DelayHistory:
        """Solve the two-way delay history of a place.

        Raises
        ------
        ConfigError
            If the air cannot be modelled on that way.
        """
        span_s = _span_s(self.configuration)
        path = self.path_to(place)
        with locate_errors(self.configuration, "media.troposphere.model", (MediumError,)):
            return solve_delay_history(
                self.model,
                self.site,
                target_station(place),
                self.epoch,
                -span_s,
                span_s,
                self.clock,
                path if path.effects.any else None,
            )

    def delay_field(
        self,
        reference: DelayHistory,
        half_east_m: float,
        half_north_m: float,
        up_m: tuple[float, float],
    ) -> DelayField:
        """Solve the delays of all places about the scene reference point."""
        return solve_delay_field(
            self.history_of, reference, self.aim, half_east_m, half_north_m, up_m
        )

    def envelope_lag_s(self, place: EarthPoint) -> float:
        """Return how much later an echo's envelope comes than its carrier's phase."""
        return float(self.path_to(place).envelope_lag_s(0.0)[0])

    def absorption_db(self, place: EarthPoint) -> float:
        """Return what the air absorbs of an echo's power, both ways, at time zero."""
        with locate_errors(self.configuration, "media.troposphere.model", (MediumError,)):
            return self.path_to(place).absorption_db(0.0)

    def require_visible(self, place: EarthPoint, key: str) -> None:
        """Refuse a place that the radar does not see all along the aperture.

        Parameters
        ----------
        place : EarthPoint
            The place.
        key : str
            Key to blame, unless the site is.

        Raises
        ------
        ConfigError
            If one end is below the other's horizon.
        """
        half_s = self.half_aperture_s
        try:
            require_visible(self.model, self.place, place, self.epoch, (-half_s, 0.0, half_s))
        except NotVisibleError as error:
            with locate_errors(self.configuration, "geometry.site" if error.end == "site" else key):
                raise

    def require_narrow(self, bandwidth_hz: float) -> None:
        """Refuse a band over which the ionosphere's dispersion would matter.

        Raises
        ------
        ConfigError
            If it would.
        """
        ionosphere, carrier_hz = self.effects.ionosphere, self.configuration.radar.carrier_hz
        if ionosphere is None:
            return
        with locate_errors(self.configuration, "media.ionosphere.vertical_tec_tecu"):
            ends_s = (-self.half_aperture_s, self.half_aperture_s)
            lowest_rad = float(np.min(self.path_to(self.aim).elevation_rad(ends_s)))
            ionosphere.require_first_order(carrier_hz)
            ionosphere.require_narrow(lowest_rad, carrier_hz, bandwidth_hz)


def _span_s(configuration: Configuration) -> float:
    """Return half the span of time that histories are solved for."""
    return (1.0 + _MARGIN) * 0.5 * configuration.radar.aperture_s


def _effects(configuration: Configuration, aim: EarthPoint) -> PathEffects:
    """Return the tide, air and electrons that a configuration asks for."""
    air, electrons = configuration.media.troposphere, configuration.media.ionosphere
    weather = ionosphere = None
    with locate_errors(configuration, "media.troposphere.model"):
        if air.model == "standard":
            weather = Weather.standard(aim.height_m)
        elif air.model == "weather":
            # The configuration holds all three with this model, and in their ranges.
            assert air.pressure_hpa is not None
            assert air.temperature_k is not None
            assert air.humidity_percent is not None
            weather = Weather.measured(
                aim.height_m, air.pressure_hpa, air.temperature_k, 0.01 * air.humidity_percent
            )
    if electrons.vertical_tec_tecu is not None:
        with locate_errors(configuration, "media.ionosphere.vertical_tec_tecu"):
            ionosphere = Ionosphere(electrons.vertical_tec_tecu, electrons.shell_height_m)
    carrier_hz = configuration.radar.carrier_hz
    return PathEffects(configuration.tides.solid_earth, weather, ionosphere, carrier_hz)


def _aim(
    configuration: Configuration, model: MotionModel, site: Station, epoch: Epoch
) -> EarthPoint:
    """Return the scene reference point, given by coordinates or by a look angle."""
    aim = configuration.geometry.aim
    if aim.ground is not None:
        with locate_errors(configuration, "geometry.aim.ground"):
            return EarthPoint(
                aim.ground.latitude_deg, aim.ground.longitude_deg, aim.ground.height_m
            )
    assert aim.look is not None  # the configuration holds exactly one of the two
    with locate_errors(configuration, "geometry.aim.look.angle_deg"):
        return aim_point(model, site, epoch, math.radians(aim.look.angle_deg), aim.look.side)
