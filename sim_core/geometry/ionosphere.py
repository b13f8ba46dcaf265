"""Delay and phase of radio waves in the ionosphere, to first order.

The free electrons of a path delay the envelope of a signal by ``40.3 TEC / (c f^2)`` and advance
the phase of its carrier by as much (IERS Conventions 2010, section 9.4).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import MediumError
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S

FloatArray = npt.NDArray[np.float64]

ELECTRONS_PER_M2_PER_TECU = 1e16

# e^2 / (8 pi^2 epsilon_0 m_e), CODATA 2018, in m^3/s^2.
_REFRACTION_M3_PER_S2 = 40.308193
_EARTH_RADIUS_M = 6371e3

# The densest ionosphere has a plasma frequency of 20 MHz: at ten times that the second order is 1 %
# of the first.
_LOWEST_CARRIER_HZ = 200e6

# Of the phase, what a plain delay and a plain phase leave at the edges of a band.
_LARGEST_DISPERSION_CYCLES = 0.01


@dataclass(frozen=True, slots=True)
class Ionosphere:
    """The electrons over a place, as a thin shell.

    Parameters
    ----------
    vertical_tecu : float
        Electrons straight up, in TEC units of 1e16 per square metre.
    shell_height_m : float
        Height at which they are.

    Raises
    ------
    MediumError
        If they are no such thing.
    """

    vertical_tecu: float
    shell_height_m: float = 450e3

    def __post_init__(self) -> None:
        if not 0.0 <= self.vertical_tecu <= 1000.0:  # refuses NaN as well
            raise MediumError(
                f"a vertical TEC of {self.vertical_tecu:g} TECU is none",
                "give 0 to 1000 TECU (1 TECU is 1e16 electrons per square metre; a quiet night has "
                "5, a solar maximum at noon 150)",
            )
        if not 100e3 <= self.shell_height_m <= 2000e3:
            raise MediumError(
                f"a shell at {self.shell_height_m:g} m is not in the ionosphere",
                "give 100e3 to 2000e3 m; 450e3 m is usual",
            )

    def require_first_order(self, carrier_hz: float) -> None:
        """Refuse a carrier so low that the first order is not enough.

        Parameters
        ----------
        carrier_hz : float
            Carrier.

        Raises
        ------
        MediumError
            If it is below 200 MHz.
        """
        if carrier_hz < _LOWEST_CARRIER_HZ and self.vertical_tecu > 0.0:
            raise MediumError(
                f"electrons act on a carrier of {carrier_hz:g} Hz beyond the first order, which is "
                "all that is modelled",
                f"give a carrier above {_LOWEST_CARRIER_HZ:g} Hz, or no electrons",
            )

    def obliquity(self, elevation_rad: npt.ArrayLike) -> FloatArray:
        """Return how much longer the path in the shell is than the vertical one.

        Parameters
        ----------
        elevation_rad : array_like of float
            Elevation of the path on the ground.
        """
        ratio = _EARTH_RADIUS_M / (_EARTH_RADIUS_M + self.shell_height_m)
        return np.asarray(1.0 / np.sqrt(1.0 - (ratio * np.cos(elevation_rad)) ** 2))

    def group_delay_s(self, elevation_rad: npt.ArrayLike, carrier_hz: float) -> FloatArray:
        """Return the delay of the envelope, one way; the carrier's phase is early by as much.

        Parameters
        ----------
        elevation_rad : array_like of float
            Elevation of the path on the ground.
        carrier_hz : float
            Carrier.
        """
        electrons_per_m2 = ELECTRONS_PER_M2_PER_TECU * self.vertical_tecu
        zenith_s = (
            _REFRACTION_M3_PER_S2 * electrons_per_m2 / (SPEED_OF_LIGHT_M_PER_S * carrier_hz**2)
        )
        return zenith_s * self.obliquity(elevation_rad)

    def require_narrow(self, elevation_rad: float, carrier_hz: float, bandwidth_hz: float) -> None:
        """Refuse a band over which the ionosphere is more than one delay and one phase.

        Two ways, what is left at the edges of the band is ``2 f_c I (B / 2 f_c)^2`` cycles: 4e-6
        for 10 TECU at 23 GHz and 80 MHz.

        Parameters
        ----------
        elevation_rad : float
            Lowest elevation of the path.
        carrier_hz, bandwidth_hz : float
            The signal.

        Raises
        ------
        MediumError
            If more than 0.01 cycles are left.
        """
        delay_s = float(self.group_delay_s(elevation_rad, carrier_hz))
        left_cycles = 2.0 * carrier_hz * delay_s * (0.5 * bandwidth_hz / carrier_hz) ** 2
        if left_cycles > _LARGEST_DISPERSION_CYCLES:
            narrow_hz = bandwidth_hz * math.sqrt(_LARGEST_DISPERSION_CYCLES / left_cycles)
            raise MediumError(
                f"{self.vertical_tecu:g} TECU spread a band of {bandwidth_hz:.4g} Hz at "
                f"{carrier_hz:.4g} Hz by {left_cycles:.2g} cycles, which is not modelled",
                f"give a bandwidth of at most {narrow_hz:.3g} Hz, or a higher carrier",
            )
