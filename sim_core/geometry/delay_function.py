"""A delay history as those see it who do not care how it was made."""

from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class DelayFunction(Protocol):
    """What echoes and focusing need of a delay history: `DelayHistory`, `FieldHistory`."""

    @property
    def start_s(self) -> float:
        """First transmit time that the history holds for."""

    @property
    def stop_s(self) -> float:
        """Last transmit time that the history holds for."""

    def relative_delay_s(self, transmit_s: FloatArray, reference_s: Fraction) -> FloatArray:
        """Return the two-way delay minus a reference, without loss of digits."""

    def delay_rate(self, transmit_s: FloatArray) -> FloatArray:
        """Return the derivative of the delay by transmit time."""

    def delay_acceleration(self, transmit_s: FloatArray) -> FloatArray:
        """Return the second derivative of the delay by transmit time, in 1/s."""
