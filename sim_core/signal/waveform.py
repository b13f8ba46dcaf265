"""The transmitted pulse: a linear frequency-modulated chirp at complex baseband."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError


@dataclass(frozen=True, slots=True)
class LinearChirp:
    """A linear FM pulse of constant amplitude, symmetric about its centre.

    ``p(x) = exp(j pi K (x - T/2)^2)`` for ``0 <= x < T``, with `x` counted from the leading edge.

    Parameters
    ----------
    chirp_rate_hz_per_s : float
        Rate K of the instantaneous frequency; a negative rate is a down-chirp.
    duration_s : float
        Pulse duration T.

    Raises
    ------
    SamplingError
        If the duration is not positive or the rate is zero or not finite.
    """

    chirp_rate_hz_per_s: float
    duration_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration_s) and self.duration_s > 0.0):
            raise SamplingError(
                f"a pulse of {self.duration_s} s has no duration", "give a positive duration in s"
            )
        if not math.isfinite(self.chirp_rate_hz_per_s) or self.chirp_rate_hz_per_s == 0.0:
            raise SamplingError(
                f"a chirp rate of {self.chirp_rate_hz_per_s} Hz/s sweeps no band",
                "give a finite rate in Hz/s other than zero, such as 1e13",
            )

    @property
    def bandwidth_hz(self) -> float:
        """Width of the band that the chirp sweeps, ``|K| T``."""
        return abs(self.chirp_rate_hz_per_s) * self.duration_s

    @property
    def time_bandwidth_product(self) -> float:
        """Compression ratio ``|K| T^2``."""
        return self.bandwidth_hz * self.duration_s

    def baseband(self, time_s: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Evaluate the pulse at any time since its leading edge.

        Parameters
        ----------
        time_s : array_like of float
            Time since the leading edge.

        Returns
        -------
        ndarray of complex128, same shape
            Unit amplitude inside the pulse, zero outside.
        """
        x = np.asarray(time_s, dtype=np.float64)
        half_s = 0.5 * self.duration_s
        phase = math.pi * self.chirp_rate_hz_per_s * (x - half_s) ** 2
        inside = (x >= 0.0) & (x < self.duration_s)
        return np.where(inside, np.exp(1j * phase), 0.0)

    def sample_count(self, sample_rate_hz: float) -> int:
        """Count the sample ticks 0, 1, 2, ... that fall inside the pulse."""
        # A duration that is a whole number of ticks in decimal may come out a few ulp above it.
        return math.ceil(self.duration_s * sample_rate_hz * (1.0 - 1e-12))

    def replica(self, sample_rate_hz: float) -> npt.NDArray[np.complex64]:
        """Sample the pulse from its leading edge, as the matched filter needs it.

        Parameters
        ----------
        sample_rate_hz : float
            Rate of the sample clock.

        Returns
        -------
        ndarray of complex64, shape (sample_count,)
        """
        ticks = np.arange(self.sample_count(sample_rate_hz))
        return self.baseband(ticks / sample_rate_hz).astype(np.complex64)
