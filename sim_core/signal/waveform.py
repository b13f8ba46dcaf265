"""The transmitted pulse at complex baseband: what every waveform offers, and the linear chirp."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.signal.pulse_shape import PulseShape


class Waveform(Protocol):
    """A pulse at complex baseband, of magnitude 1 at most.

    Time counts from the leading edge. The pulse's centre is the middle of its duration.
    """

    @property
    def name(self) -> str:
        """What it is, for reports."""

    @property
    def duration_s(self) -> float:
        """Time from the leading to the trailing edge."""

    @property
    def bandwidth_hz(self) -> float:
        """Width of the band about zero frequency, of which one range cell is the inverse."""

    @property
    def time_bandwidth_product(self) -> float:
        """Duration times bandwidth."""

    @property
    def doppler_coupling_s_per_hz(self) -> float:
        """Advance of the compressed peak per Hz of Doppler frequency that is left in the echo.

        An echo ``p(x) exp(2j pi d x)`` compresses to a peak at ``-d`` times this, along the ridge
        of the ambiguity function at its origin: ``<t f> / <f^2>``, with the moments of time and
        frequency about the pulse's centre. 1/K for a linear chirp.
        """

    def pulse_shape(self) -> PulseShape:
        """Return the pulse as piecewise polynomials, which compiled loops evaluate."""

    def baseband(self, time_s: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Evaluate the pulse at any time since its leading edge; zero outside of it."""

    def sample_count(self, sample_rate_hz: float) -> int:
        """Count the sample ticks 0, 1, 2, ... that fall inside the pulse."""

    def replica(self, sample_rate_hz: float) -> npt.NDArray[np.complex64]:
        """Sample the pulse at the ticks from its leading edge, shape (sample_count,)."""


def count_samples(duration_s: float, sample_rate_hz: float) -> int:
    """Count the sample ticks 0, 1, 2, ... that fall inside a duration."""
    # A duration that is a whole number of ticks in decimal may come out a few ulp above it.
    return math.ceil(duration_s * sample_rate_hz * (1.0 - 1e-12))


def require_duration(duration_s: float) -> None:
    """Raise a SamplingError unless a duration is finite and positive."""
    if not (math.isfinite(duration_s) and duration_s > 0.0):
        raise SamplingError(
            f"a pulse of {duration_s} s has no duration", "give a positive duration in s"
        )


def require_positive_band(bandwidth_hz: float) -> None:
    """Raise a SamplingError unless a bandwidth is finite and positive."""
    if not (math.isfinite(bandwidth_hz) and bandwidth_hz > 0.0):
        raise SamplingError(
            f"a bandwidth of {bandwidth_hz} Hz is no band", "give a positive bandwidth in Hz"
        )


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
        require_duration(self.duration_s)
        if not math.isfinite(self.chirp_rate_hz_per_s) or self.chirp_rate_hz_per_s == 0.0:
            raise SamplingError(
                f"a chirp rate of {self.chirp_rate_hz_per_s} Hz/s sweeps no band",
                "give a finite rate in Hz/s other than zero, such as 1e13",
            )

    @property
    def name(self) -> str:
        """What it is, for reports."""
        return "linear FM"

    @property
    def bandwidth_hz(self) -> float:
        """Width of the band that the chirp sweeps, ``|K| T``."""
        return abs(self.chirp_rate_hz_per_s) * self.duration_s

    @property
    def time_bandwidth_product(self) -> float:
        """Compression ratio ``|K| T^2``."""
        return self.bandwidth_hz * self.duration_s

    @property
    def doppler_coupling_s_per_hz(self) -> float:
        """Advance of the compressed peak per Hz of Doppler frequency, ``1 / K``."""
        return 1.0 / self.chirp_rate_hz_per_s

    def pulse_shape(self) -> PulseShape:
        """Return the pulse as a polynomial: one segment, and exact."""
        edge_cycles = self.chirp_rate_hz_per_s * self.duration_s**2 / 8.0
        return PulseShape(
            self.duration_s, np.array([[0.0], [0.0], [edge_cycles]]), np.ones((1, 1), complex), 0.0
        )

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
        return count_samples(self.duration_s, sample_rate_hz)

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
