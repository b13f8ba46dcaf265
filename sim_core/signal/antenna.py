"""The radar's antenna: gain, pattern, and how its beam lies over the ground.

A rectangular aperture with separable illumination: its far field is the product of the Fourier
transforms of the two tapers, in the direction cosines along the aperture's edges (Balanis, "Antenna
Theory", section 12.5). The same antenna transmits and receives, so that an echo's *amplitude*
carries the square of the one-way amplitude pattern.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb
from scipy import optimize

from sim_core.errors import RadarEquationError
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes, series_along
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S, MotionModel, Station
from sim_core.geometry.pointing import Side, Track, track_over_earth, zero_doppler_direction
from sim_core.geometry.sites import EarthPoint
from sim_core.signal.window import NO_TAPER, Window, band_quadrature

FloatArray = npt.NDArray[np.float64]

# Panels of the integral over a tapered illumination: enough for 100 side lobes to either side.
_PANELS = 128

# Instants at which the beam is set up: a series of as many terms is evaluated in time.
_INSTANTS = 17
_NEGLIGIBLE_GAIN = 1e-9

# Places that are evaluated together.
_PLACES_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class ApertureAntenna:
    """A rectangular aperture, used both ways.

    Parameters
    ----------
    azimuth_m, elevation_m : float
        Lengths along the track and across it.
    efficiency : float
        Radiation efficiency: ohmic losses and errors of the surface, but not the tapers.
    azimuth_taper, elevation_taper : Window
        Amplitude of the illumination over either length.

    Raises
    ------
    RadarEquationError
        If a length is not positive or the efficiency not within 0 to 1.
    """

    azimuth_m: float = 20.0
    elevation_m: float = 4.0
    efficiency: float = 1.0
    azimuth_taper: Window = NO_TAPER
    elevation_taper: Window = NO_TAPER

    def __post_init__(self) -> None:
        if not all(0.0 < length < math.inf for length in (self.azimuth_m, self.elevation_m)):
            raise RadarEquationError(
                f"an antenna of {self.azimuth_m} m by {self.elevation_m} m has no aperture",
                "give positive lengths in m",
            )
        if not 0.0 < self.efficiency <= 1.0:
            raise RadarEquationError(
                f"an efficiency of {self.efficiency} is out of range", "give a number from 0 to 1"
            )

    def gain(self, carrier_hz: float) -> float:
        """Return the one-way power gain on boresight, ``4 pi A / lambda^2`` times efficiencies."""
        taper_db = self.azimuth_taper.snr_loss_db + self.elevation_taper.snr_loss_db
        wavelength_m = SPEED_OF_LIGHT_M_PER_S / carrier_hz
        directivity = 4.0 * math.pi * self.azimuth_m * self.elevation_m / wavelength_m**2
        return self.efficiency * math.pow(10.0, taper_db / 10.0) * directivity

    def one_way(
        self, azimuth_cosine: npt.ArrayLike, elevation_cosine: npt.ArrayLike, carrier_hz: float
    ) -> FloatArray:
        """Evaluate the one-way amplitude pattern.

        Parameters
        ----------
        azimuth_cosine, elevation_cosine : array_like of float
            Components of the unit vector to a place along the aperture's edges: sines of the
            angles off boresight. They are broadcast.
        carrier_hz : float
            Carrier of the radar.

        Returns
        -------
        ndarray of float64
            1 on boresight; side lobes alternate in sign.
        """
        per_m = carrier_hz / SPEED_OF_LIGHT_M_PER_S
        along = np.asarray(azimuth_cosine, dtype=np.float64) * (self.azimuth_m * per_m)
        across = np.asarray(elevation_cosine, dtype=np.float64) * (self.elevation_m * per_m)
        return _line_pattern(self.azimuth_taper, along) * _line_pattern(
            self.elevation_taper, across
        )

    def two_way_width_rad(self, carrier_hz: float) -> tuple[float, float]:
        """Return the widths in azimuth and elevation over which an echo loses 3 dB at most."""
        wavelength_m = SPEED_OF_LIGHT_M_PER_S / carrier_hz
        return (
            2.0 * math.asin(_two_way_edge(self.azimuth_taper) * wavelength_m / self.azimuth_m),
            2.0 * math.asin(_two_way_edge(self.elevation_taper) * wavelength_m / self.elevation_m),
        )


def _line_pattern(taper: Window, u: FloatArray) -> FloatArray:
    """Transform a taper: u is the direction cosine times the length in wavelengths."""
    if taper.name == "none":
        return np.asarray(np.sinc(u))
    x, quadrature = band_quadrature(_PANELS)
    weight = quadrature * taper.weight(x)
    # One node after the other: the matrix of all places by all nodes would not fit.
    total = np.zeros_like(u)
    half = x.size // 2  # tapers are even
    for place, share in zip(x[half:], weight[half:], strict=True):
        total += 2.0 * share * np.cos(2.0 * np.pi * place * u)
    return np.asarray(total / np.sum(weight))


def _two_way_edge(taper: Window) -> float:
    """Return where the two-way power has fallen to half, in wavelengths over the length."""

    def excess(u: float) -> float:
        return float(_line_pattern(taper, np.array([u]))[0]) - math.pow(0.5, 0.25)

    return float(optimize.brentq(excess, 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class BeamPath:
    """Where the antenna is and how it is turned, in the Earth-fixed frame.

    Parameters
    ----------
    start_s, stop_s : float
        Span of transmit times.
    position_m : ndarray of float64, shape (instants, 3)
        The antenna at the Chebyshev nodes of the span, when what leaves then is reflected.
    azimuth_axis, elevation_axis : ndarray of float64, shape (instants, 3)
        Unit vectors along the aperture's edges.
    """

    start_s: float
    stop_s: float
    position_m: FloatArray
    azimuth_axis: FloatArray
    elevation_axis: FloatArray

    def gain_series(
        self,
        antenna: ApertureAntenna,
        carrier_hz: float,
        centre: EarthPoint,
        east_m: npt.ArrayLike,
        north_m: npt.ArrayLike,
        up_m: npt.ArrayLike,
    ) -> FloatArray:
        """Return the two-way amplitude gain of places against that on boresight.

        Parameters
        ----------
        antenna : ApertureAntenna
            The antenna.
        carrier_hz : float
            Carrier of the radar.
        centre : EarthPoint
            Where offsets count from.
        east_m, north_m, up_m : array_like of float, shape (places,)
            Offsets in the tangent plane's axes of the centre.

        Returns
        -------
        ndarray of float64, shape (places, terms)
            Chebyshev series in transmit time over ``start_s .. stop_s``; at most 17 terms, which
            hold as long as a place crosses no more than a few side lobes.
        """
        offsets = np.stack(np.broadcast_arrays(*map(np.atleast_1d, (east_m, north_m, up_m))), -1)
        places_m = np.asarray(offsets, dtype=np.float64).reshape(-1, 3)
        series = np.empty((places_m.shape[0], self.position_m.shape[0]))
        from_site_m = centre.earth_fixed_m() - self.position_m
        for first in range(0, places_m.shape[0], _PLACES_AT_ONCE):
            part = slice(first, first + _PLACES_AT_ONCE)
            fixed_m = places_m[part] @ centre.east_north_up()
            sight_m = fixed_m[:, None, :] + from_site_m
            distance_m = np.linalg.norm(sight_m, axis=-1)
            along = np.einsum("pni,ni->pn", sight_m, self.azimuth_axis) / distance_m
            across = np.einsum("pni,ni->pn", sight_m, self.elevation_axis) / distance_m
            series[part] = series_along(antenna.one_way(along, across, carrier_hz) ** 2, 1)
        needed = np.nonzero(np.max(np.abs(series), axis=0) > _NEGLIGIBLE_GAIN)[0]
        return np.ascontiguousarray(series[:, : 1 + int(np.max(needed, initial=0))])

    def pulse_gain(
        self,
        antenna: ApertureAntenna,
        carrier_hz: float,
        place: EarthPoint,
        transmit_s: npt.ArrayLike,
    ) -> FloatArray:
        """Return the two-way amplitude gain of one place at transmit times, shape (pulses,).

        Raises
        ------
        RadarEquationError
            If a time lies outside the span.
        """
        times_s = np.asarray(transmit_s, dtype=np.float64)
        if times_s.size and not (self.start_s <= times_s.min() and times_s.max() <= self.stop_s):
            raise RadarEquationError(
                f"transmit times {times_s.min():g} to {times_s.max():g} s lie outside the beam's",
                f"it holds from {self.start_s:g} to {self.stop_s:g} s",
            )
        series = self.gain_series(antenna, carrier_hz, place, 0.0, 0.0, 0.0)[0]
        x = (2.0 * times_s - (self.start_s + self.stop_s)) / (self.stop_s - self.start_s)
        return np.asarray(cheb.chebval(x, series))


def spotlight_path(
    model: MotionModel,
    site: Station,
    epoch: Epoch,
    start_s: float,
    stop_s: float,
    aim: EarthPoint,
    one_way_s: float,
) -> BeamPath:
    """Keep the beam on a point of the ground.

    Parameters
    ----------
    model : MotionModel
        Covers the span.
    site : Station
        Principal-axis coordinates of the radar in m.
    epoch : Epoch
        Zero of the times.
    start_s, stop_s : float
        Span of transmit times.
    aim : EarthPoint
        What the boresight follows.
    one_way_s : float
        About half the two-way delay: positions are those at the bounce.

    Returns
    -------
    BeamPath
        The azimuth axis lies in the plane of the line of sight and the track over the Earth.
    """
    target_m = aim.earth_fixed_m()

    def boresight(track: Track) -> FloatArray:
        sight_m = target_m - track.position_m
        return np.asarray(sight_m / np.linalg.norm(sight_m))

    return _path(model, site, epoch, (start_s, stop_s), one_way_s, boresight)


def stripmap_path(
    model: MotionModel,
    site: Station,
    epoch: Epoch,
    start_s: float,
    stop_s: float,
    look_angle_rad: float,
    side: Side,
    one_way_s: float,
) -> BeamPath:
    """Keep the beam in the zero-Doppler plane at a look angle, so that it sweeps over the ground.

    Parameters
    ----------
    model, site, epoch, start_s, stop_s, one_way_s
        As for `spotlight_path`.
    look_angle_rad, side
        As for `pointing.zero_doppler_direction`.

    Returns
    -------
    BeamPath
    """

    def boresight(track: Track) -> FloatArray:
        return zero_doppler_direction(track, look_angle_rad, side)

    return _path(model, site, epoch, (start_s, stop_s), one_way_s, boresight)


def _path(
    model: MotionModel,
    site: Station,
    epoch: Epoch,
    span_s: tuple[float, float],
    one_way_s: float,
    boresight: Callable[[Track], FloatArray],
) -> BeamPath:
    """Set up the beam at the nodes of a span.

    Both ends are taken where they are at the bounce. What that leaves out - the radar moves by 1.3
    km on either way, 3e-6 rad - shifts the transmit and the receive pattern by opposite amounts,
    and a two-way pattern of 4e-4 rad by less than 1e-4 of its peak.
    """
    start_s, stop_s = span_s
    if not start_s < stop_s:  # refuses NaN as well
        raise RadarEquationError(
            f"a beam from {start_s:g} to {stop_s:g} s spans nothing",
            "give a span that begins before it ends",
        )
    times_s = 0.5 * (start_s + stop_s) + 0.5 * (stop_s - start_s) * chebyshev_nodes(_INSTANTS)
    tracks = [track_over_earth(model, site, epoch.plus_seconds(t + one_way_s)) for t in times_s]
    sights = np.array([boresight(track) for track in tracks])
    velocity = np.array([track.velocity_m_per_s for track in tracks])
    along = velocity - np.sum(velocity * sights, axis=1, keepdims=True) * sights
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return BeamPath(
        start_s=start_s,
        stop_s=stop_s,
        position_m=np.array([track.position_m for track in tracks]),
        azimuth_axis=along,
        elevation_axis=np.cross(sights, along),
    )
