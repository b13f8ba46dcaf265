"""The azimuth FFT, for pulses at even times and for those that are not.

Pulses at even times are transformed by an FFT. A dithered interval, or one with gaps that the
schedule does not fill, takes the same sum, ``sum_n s_n exp(-2j pi f_D t_n)``, by a non-uniform FFT
(type 1, by the library FINUFFT) onto even Doppler bins. What the sum lacks where pulses are sparse
is a matter of their weights: see `pulse_weights`.
"""

import math
from dataclasses import dataclass

import finufft
import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.pulse_weights import gapless_interval_s
from sim_core.focusing.reference import Aperture, FloatArray

ComplexRows = npt.NDArray[np.complex64]

# Largest unevenness of the pulses that an FFT may take, in cycles of the highest frequency that
# they sample. Rounding to ticks is harmless: each pulse is brought to its frame at its own time,
# and what is left turns by the Doppler frequency against the frame only.
_UNEVENNESS_CYCLES = 1e-3
# Relative error of the non-uniform transform: that of complex64.
_TRANSFORM_ERROR = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class AzimuthRaster:
    """Even places in slow time that stand for the pulses; its FFT has the Doppler bins.

    Parameters
    ----------
    first_s : float
        Slow time of the first place, that of the first pulse.
    interval_s : float
        Spacing: the mean interval of the pulses, gaps apart.
    bins : int
        Number of places and of Doppler bins, the pulses' own number where they are even.
    places_rad : ndarray of float64, shape (pulses,), or None
        Angles of uneven pulses on the circle of the raster; None for even ones.
    """

    first_s: float
    interval_s: float
    bins: int
    places_rad: FloatArray | None

    @classmethod
    def of(cls, aperture: Aperture) -> "AzimuthRaster":
        """Lay a raster through the pulses of an aperture."""
        slow_time_s = aperture.slow_time_s
        first_s = float(slow_time_s[0])
        even = first_s + np.arange(aperture.pulses) * aperture.interval_s
        unevenness_s = float(np.max(np.abs(slow_time_s - even)))
        if unevenness_s * 0.5 * aperture.prf_hz <= _UNEVENNESS_CYCLES:
            return cls(first_s, aperture.interval_s, aperture.pulses, None)
        interval_s = gapless_interval_s(slow_time_s)
        span = (float(slow_time_s[-1]) - first_s) / interval_s
        bins = scipy.fft.next_fast_len(math.ceil(span) + 1)
        places_rad = 2.0 * np.pi / (bins * interval_s) * (slow_time_s - first_s)
        return cls(first_s, interval_s, bins, places_rad)

    @property
    def even(self) -> bool:
        """Whether the pulses are, so that their spectrum repeats with the PRF."""
        return self.places_rad is None

    def doppler_hz(self, centre_bin: int = 0) -> FloatArray:
        """Return the Doppler frequencies of the bins about one of them.

        Bin number j, of a frequency that may lie beyond the PRF, is at ``j mod bins``: FFT order.
        """
        lowest = centre_bin - self.bins // 2
        number = lowest + np.mod(np.arange(self.bins) - lowest, self.bins)
        return np.asarray(number / (self.bins * self.interval_s))

    def forward(
        self,
        spectra: ComplexRows,
        rows: slice,
        target: ComplexRows | None = None,
        centre_bin: int = 0,
    ) -> None:
        """Transform some rows from pulses to Doppler bins.

        Parameters
        ----------
        spectra : ndarray of complex64, shape (gates, width)
            Rows of pulses, each followed by what makes up the width: at least that of the bins.
        rows : slice
            Which rows to transform. Threads may share the rows out.
        target : ndarray of complex64, shape (gates, bins or more), optional
            Whose rows' first `bins` values become ``sum_n s_n exp(-2j pi f_D (t_n - first_s))``;
            `spectra` itself without it.
        centre_bin : int
            About which bin the frequencies lie, see `doppler_hz`. For even pulses all are alike;
            of uneven ones the sum does not repeat with the PRF.
        """
        if target is None:
            target = spectra
        if self.places_rad is None:
            even = spectra[rows, : self.bins]
            target[rows, : self.bins] = scipy.fft.fft(even, axis=1, overwrite_x=target is spectra)
            return
        # Double precision: at the highest of 1e4 bins the phase of a place in single precision
        # would be off by 1e-3 cycles.
        signal = spectra[rows, : self.places_rad.size].astype(np.complex128)
        signal *= np.exp(-1j * np.mod(centre_bin * self.places_rad, 2.0 * np.pi))
        plan = finufft.Plan(
            1,
            (self.bins,),
            n_trans=signal.shape[0],
            eps=_TRANSFORM_ERROR,
            isign=-1,
            dtype="complex128",
            nthreads=1,
            modeord=1,
        )
        plan.setpts(self.places_rad)
        found = plan.execute(signal).reshape(signal.shape[0], self.bins)
        target[rows, : self.bins] = np.roll(found, centre_bin, axis=1)
