"""A pulse of any form: what the makers of waveforms return."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.signal.pulse_shape import PulseShape
from sim_core.signal.waveform import count_samples, require_positive_band


@dataclass(frozen=True, slots=True, eq=False)
class ShapedPulse:
    """A waveform whose form is a `PulseShape`.

    Made by `nonlinear_chirp`, `tapered_pulse`, `phase_coded_pulse` and `sampled_pulse`.

    Parameters
    ----------
    name : str
        What it is, for reports.
    shape : PulseShape
        The pulse, of magnitude 1 at most.
    bandwidth_hz : float
        Width of its band about zero frequency.

    Raises
    ------
    SamplingError
        If the bandwidth is not positive.
    """

    name: str
    shape: PulseShape
    bandwidth_hz: float

    def __post_init__(self) -> None:
        require_positive_band(self.bandwidth_hz)

    @property
    def duration_s(self) -> float:
        """Time from the leading to the trailing edge."""
        return self.shape.duration_s

    @property
    def time_bandwidth_product(self) -> float:
        """Duration times bandwidth."""
        return self.duration_s * self.bandwidth_hz

    @property
    def doppler_coupling_s_per_hz(self) -> float:
        """Advance of the compressed peak per Hz of Doppler frequency, see `Waveform`."""
        return self.shape.doppler_coupling_s_per_hz()

    def pulse_shape(self) -> PulseShape:
        """Return the pulse as piecewise polynomials."""
        return self.shape

    def baseband(self, time_s: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Evaluate the pulse at any time since its leading edge; zero outside of it."""
        return self.shape.baseband(time_s)

    def sample_count(self, sample_rate_hz: float) -> int:
        """Count the sample ticks 0, 1, 2, ... that fall inside the pulse."""
        return count_samples(self.duration_s, sample_rate_hz)

    def replica(self, sample_rate_hz: float) -> npt.NDArray[np.complex64]:
        """Sample the pulse at the ticks from its leading edge, shape (sample_count,)."""
        ticks = np.arange(self.sample_count(sample_rate_hz))
        return self.baseband(ticks / sample_rate_hz).astype(np.complex64)
