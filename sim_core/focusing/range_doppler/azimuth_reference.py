"""The azimuth spectrum of a point, from its exact delay history.

In the linear frame a point's phase is ``-2 pi (f + f_c) eps(t)``, eps its delay against the frame.
Its azimuth spectrum follows by stationary phase, ``eps'(g) = -nu`` with ``nu = f_D / (f + f_c)``:

    -2 pi (f + f_c) L(nu),    L(nu) = eps(g) + nu g

L is the Legendre transform of the history, found numerically; no hyperbola is assumed. Expanded in
f about the carrier its terms are: the azimuth phase ``f_c L``, the range migration ``L - nu L'``,
which is ``eps(g)``, and the coupling of secondary range compression, ``-nu^2 / (f_c eps'')``.
Formulas: docs/algorithms/range-doppler.md.
"""

from dataclasses import dataclass

import numpy as np

from sim_core.focusing.reference import FloatArray, Reference


@dataclass(frozen=True, slots=True, eq=False)
class AzimuthReference:
    """The reference point's azimuth spectrum by stationary phase.

    Parameters
    ----------
    doppler_hz : ndarray of float64
        Doppler frequencies against the frame, at the carrier.
    stationary_s : ndarray of float64
        Slow time g at which the reference has each frequency.
    delay_s : ndarray of float64
        ``eps(g)``, the reference's delay against the frame: its range migration.
    curvature_per_s : ndarray of float64
        ``eps''(g)``.
    carrier_hz : float
        Carrier of the radar.
    """

    doppler_hz: FloatArray
    stationary_s: FloatArray
    delay_s: FloatArray
    curvature_per_s: FloatArray
    carrier_hz: float

    def azimuth_cycles(self, origin_s: float) -> FloatArray:
        """Return ``f_c L``, slow time counted from `origin_s`: the phase to be added, in cycles.

        The eighth of a cycle that stationary phase leaves is in it.
        """
        return (
            self.carrier_hz * self.delay_s
            + self.doppler_hz * (self.stationary_s - origin_s)
            + 0.125 * np.sign(self.curvature_per_s)
        )

    def range_polynomial(self, step_hz: float) -> FloatArray:
        """Return the phase to be added at range frequency ``k step_hz``, in cycles.

        Parameters
        ----------
        step_hz : float
            Spacing of the range frequencies.

        Returns
        -------
        ndarray of float64, shape (3, frequencies)
            Coefficients of k (range migration), k^2 and k^3 (secondary range compression). What
            the third leaves is f / f_c, 2e-3, times smaller again.
        """
        coupling = -(self.doppler_hz**2) / (self.carrier_hz**3 * self.curvature_per_s)
        return np.stack(
            [
                self.delay_s * step_hz,
                0.5 * coupling * step_hz**2,
                -0.5 * coupling / self.carrier_hz * step_hz**3,
            ]
        )


def azimuth_reference(reference: Reference, doppler_hz: FloatArray) -> AzimuthReference:
    """Find the stationary points of the reference's history, which need not be a hyperbola.

    The spectrum is wanted over the whole band of the PRF, beyond the frequencies of the aperture: a
    filter that ended with them would ring (Fresnel ripples twice over), one that goes on makes the
    response of the aperture that of its length alone. Beyond the end of the history its delay is
    continued as a parabola.

    Parameters
    ----------
    reference : Reference
        The reference point, whose Doppler frequency must be monotonic over the aperture.
    doppler_hz : ndarray of float64
        Doppler frequencies against the frame.

    Returns
    -------
    AzimuthReference
    """
    history, middle_s = reference.history, reference.aperture.middle_s
    first, last = _monotonic_span(reference)

    def rate(slow_time_s: FloatArray) -> FloatArray:
        return reference.delay_rate(slow_time_s) - reference.walk

    def acceleration(slow_time_s: FloatArray) -> FloatArray:
        return history.delay_acceleration(middle_s + slow_time_s)

    wanted = -doppler_hz / reference.carrier_hz
    grid = np.linspace(first, last, 1025)
    grid_rate = rate(grid)
    order = np.argsort(grid_rate)
    inside = np.interp(wanted, grid_rate[order], grid[order])
    # The interpolation is right to 1e-4 s or so; each step squares the relative error.
    for _ in range(2):
        inside = np.clip(inside - (rate(inside) - wanted) / acceleration(inside), first, last)
    curvature = acceleration(inside)
    # What is missing lies beyond the ends, where the rate goes on along its tangent.
    end_rate = rate(inside)
    beyond = (inside <= first) | (inside >= last)
    missing = np.where(beyond, (wanted - end_rate) / curvature, 0.0)
    delay = reference.delay_beyond_base_s(inside) - reference.walk * inside
    return AzimuthReference(
        doppler_hz=doppler_hz,
        stationary_s=inside + missing,
        delay_s=delay + (end_rate + 0.5 * curvature * missing) * missing,
        curvature_per_s=curvature,
        carrier_hz=reference.carrier_hz,
    )


def _monotonic_span(reference: Reference) -> tuple[float, float]:
    """Return the slow times about the aperture between which the Doppler frequency is monotonic."""
    history, aperture = reference.history, reference.aperture
    time = np.linspace(history.start_s, history.stop_s, 1025)
    acceleration = history.delay_acceleration(time)
    middle = int(np.argmin(np.abs(time - aperture.middle_s)))
    wrong = np.flatnonzero(acceleration * acceleration[middle] <= 0.0)
    before, after = wrong[wrong < middle], wrong[wrong > middle]
    first = time[before[-1] + 1] if before.size else time[0]
    last = time[after[0] - 1] if after.size else time[-1]
    # A microsecond inwards: sums of slow time and middle must not round to beyond the ends.
    return float(first) - aperture.middle_s + 1e-6, float(last) - aperture.middle_s - 1e-6
