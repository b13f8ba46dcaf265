"""How delays go with the coordinates of a de-ramped image, and which lags it has.

The delay of a point less the reference's is nearly linear in the place of the point. With its image
coordinates, the lag a and the delay r, and the mean slope kappa of the reference's delay rate,

    tau(t) - tau_R(t)  ~  r (1 + rho(t)) + a alpha(t) + kappa a^2 / 2

Formulas: docs/algorithms/deramp.md.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft

from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.geometry.delay_field import DelayField

# Rows of the image per azimuth cell; the least that the measurement of responses wants is 1.2.
_ROWS_PER_CELL = 1.28
# How far from the centre the field is sampled to find how delays change with the place: far enough
# that a field's error of 1e-16 s is 1e-5 cycles at the edge of a scene, near enough to be linear.
_STEP_M = 10_000.0
# Places along the aperture at which the kernel is split into delay and lag.
_PLACES = 257


@dataclass(frozen=True, slots=True, eq=False)
class DerampKernel:
    """How the delay of a point, less the reference's, goes with its image coordinates.

    Parameters
    ----------
    alpha : ndarray of float64
        Change of the delay by the lag, at some slow times: the Doppler frequency over the carrier.
    rho : ndarray of float64
        Change of the delay by the delay of the middle of the aperture, less one.
    to_metres : ndarray of float64, shape (2, 2), or None
        Metres to the east and to the north for a second of delay and of lag; None without a field.
    """

    alpha: FloatArray
    rho: FloatArray
    to_metres: FloatArray | None = None

    @property
    def turning(self) -> FloatArray:
        """What the lag is multiplied by in the transform.

        ``alpha (1 - rho)``: a point's gate is ``r + a alpha`` when rho is taken out at its gate.
        """
        return self.alpha * (1.0 - self.rho)


def deramp_kernel(
    reference: Reference, field: DelayField | None, slow_time_s: FloatArray
) -> DerampKernel:
    """Find out how delays go with the place.

    Without a field the points are taken for copies of the reference at another time, of which only
    ``alpha = -(tau_R' - w)`` is known. With one, alpha and rho are those two combinations of the
    field's derivatives to the east and to the north that agree with ``-(tau_R' - w)`` and with 1,
    but for what is orthogonal to both over the aperture: the coordinates stay what they are.

    Parameters
    ----------
    reference : Reference
        The reference point.
    field : DelayField or None
        Delays about the reference point.
    slow_time_s : ndarray of float64
        Times against the aperture's middle at which the kernel is wanted.

    Returns
    -------
    DerampKernel
    """
    nu = reference.walk - reference.delay_rate(slow_time_s)
    if field is None:
        return DerampKernel(nu, np.zeros_like(nu))
    places_s = np.linspace(-0.5, 0.5, _PLACES) * reference.aperture.duration_s
    delay_rate = reference.walk - reference.delay_rate(places_s)
    coordinates = np.stack([np.ones_like(places_s), delay_rate / reference.rate_span], axis=1)
    # Delay and lag (times the span of delay rates) of one metre to the east and to the north.
    along = np.linalg.lstsq(coordinates, _gradient(field, reference, places_s).T)[0]
    to_metres = np.linalg.inv(along) * np.array([1.0, reference.rate_span])
    rho, alpha = to_metres.T @ _gradient(field, reference, slow_time_s)
    return DerampKernel(alpha, rho - 1.0, to_metres)


def _gradient(field: DelayField, reference: Reference, slow_time_s: FloatArray) -> FloatArray:
    """Return the derivatives of the delay to the east and to the north, shape (2, times)."""
    transmit_s = reference.aperture.middle_s + slow_time_s
    east_m, north_m = min(_STEP_M, field.half_east_m), min(_STEP_M, field.half_north_m)
    # Central differences: the curvature of the ground drops out.
    delay = field.relative_delay_s(
        [-east_m, east_m, 0.0, 0.0], [0.0, 0.0, -north_m, north_m], np.zeros(4), transmit_s
    )
    to_east, to_north = delay[1] - delay[0], delay[3] - delay[2]
    return np.asarray(np.stack([to_east / (2.0 * east_m), to_north / (2.0 * north_m)]))


@dataclass(frozen=True, slots=True)
class LagGrid:
    """Azimuth lags of a de-ramped image.

    Parameters
    ----------
    step_s : float
        Spacing.
    first : int
        First lag, in steps.
    lags : int
        Number of lags.
    """

    step_s: float
    first: int
    lags: int

    @property
    def middle(self) -> int:
        """The lag in the middle, in steps."""
        return self.first + self.lags // 2

    @property
    def lag_s(self) -> FloatArray:
        """All lags."""
        return np.arange(self.first, self.first + self.lags, dtype=np.float64) * self.step_s


def lag_grid(reference: Reference, extent_s: tuple[float, float] | None = None) -> LagGrid:
    """Choose the azimuth lags of the image.

    Without an extent they cover the unambiguous width, PRF over Doppler rate, about lag zero, or
    the duration of the aperture where that is less.

    Parameters
    ----------
    reference : Reference
        The reference point.
    extent_s : tuple of float, optional
        First and last lag that is wanted. Beyond the unambiguous width, points are still focused
        at their own lags; their replicas are smeared in range.
    """
    aperture = reference.aperture
    step_s = 1.0 / (_ROWS_PER_CELL * reference.carrier_hz * reference.rate_span)
    if extent_s is not None:
        first = math.floor(extent_s[0] / step_s)
        return LagGrid(
            step_s, first, scipy.fft.next_fast_len(math.ceil(extent_s[1] / step_s) - first + 1)
        )
    rate_hz_per_s = abs(reference.rate_slope_per_s()) * reference.carrier_hz
    prf_hz = 1.0 / AzimuthRaster.of(aperture).interval_s
    width_s = min(prf_hz / rate_hz_per_s, aperture.duration_s)
    lags = scipy.fft.next_fast_len(math.ceil(width_s / step_s))
    return LagGrid(step_s, -(lags // 2), lags)


def range_walk_s(reference: Reference, kernel: DerampKernel, grid: LagGrid) -> tuple[float, float]:
    """Return how far below and above their column the image's points move in the frame, in s."""
    ends_s = np.array([grid.lag_s[0], 0.0, grid.lag_s[-1]])
    bend_s = 0.5 * reference.rate_slope_per_s() * ends_s**2
    extremes = np.array([kernel.alpha.min(), kernel.alpha.max()])
    walk_s = extremes[:, None] * ends_s + bend_s
    return float(walk_s.min()), float(walk_s.max())
