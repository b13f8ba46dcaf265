"""Angle between the track of a lunar site and its direction to the Earth's centre.

If it were a right angle, an antenna aimed at the Earth's centre would look into the zero-Doppler
plane without steering. It departs from that by the speed at which the Moon recedes, over that of
the track: up to 0.18 deg (Table 1 of the paper).
"""

import math

import numba
import numpy as np
import numpy.typing as npt

from sim_core.geometry.doppler_map import SiteGrid, Spread
from sim_core.geometry.moon_over_earth import MoonOverEarth
from sim_core.geometry.steering import TrackVelocity

FloatArray = npt.NDArray[np.float64]


def track_angle_spread_rad(
    moon: MoonOverEarth, grid: SiteGrid, velocity_of: TrackVelocity = "site"
) -> Spread:
    """Return the largest, mean and smallest angle over the epochs for each site.

    Parameters
    ----------
    moon : MoonOverEarth
        At epochs in even steps.
    grid : SiteGrid
        The sites.
    velocity_of : {"site", "moon_centre"}
        Whose velocity makes the track; see `steering.zero_doppler_frame`.

    Returns
    -------
    Spread
        Angles in rad, shape (latitudes, longitudes). Above a right angle when the Moon recedes.
    """
    shape = grid.principal_axes_m.shape[:2]
    spread = np.empty((3, *shape))
    _fill(
        moon.centre_m, moon.centre_m_per_s, moon.axes, moon.axes_per_s, moon.spin_rad_per_s,
        np.ascontiguousarray(grid.principal_axes_m.reshape(-1, 3)),
        velocity_of == "moon_centre",
        spread.reshape(3, -1),
    )  # fmt: skip
    return Spread(*spread)


@numba.njit(cache=True, parallel=True, error_model="numpy")
def _fill(
    centre: FloatArray,
    centre_per_s: FloatArray,
    axes: FloatArray,
    axes_per_s: FloatArray,
    spin: FloatArray,
    sites_m: FloatArray,
    of_centre: bool,
    spread: FloatArray,
) -> None:
    epochs = centre.shape[0]
    for n in numba.prange(sites_m.shape[0]):
        largest, smallest, total = -math.inf, math.inf, 0.0
        for k in range(epochs):
            along = square = position_square = 0.0
            for i in range(3):
                # Components after this one, for the products W x r.
                a, b = (i + 1) % 3, (i + 2) % 3
                own = own_rate = own_a = own_b = 0.0
                for j in range(3):
                    own += axes[k, i, j] * sites_m[n, j]
                    own_rate += axes_per_s[k, i, j] * sites_m[n, j]
                    own_a += axes[k, a, j] * sites_m[n, j]
                    own_b += axes[k, b, j] * sites_m[n, j]
                velocity = centre_per_s[k, i]
                if of_centre:
                    velocity -= spin[k, a] * own_b - spin[k, b] * own_a
                else:
                    velocity += own_rate
                position = centre[k, i] + own
                along += position * velocity
                square += velocity * velocity
                position_square += position * position
            angle = math.asin(along / math.sqrt(square * position_square))
            weight = 0.5 if epochs > 1 and (k == 0 or k == epochs - 1) else 1.0
            largest, smallest = max(largest, angle), min(smallest, angle)
            total += weight * angle
        right = 0.5 * math.pi
        spread[0, n], spread[2, n] = right + largest, right + smallest
        spread[1, n] = right + total / max(1.0, epochs - 1.0)
