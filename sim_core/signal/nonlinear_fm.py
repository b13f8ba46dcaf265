"""Chirps whose rate is low where their spectrum is to be strong: side lobes without a taper.

By the principle of stationary phase the power spectrum at a frequency is the time that a pulse of
constant amplitude spends there. So the time at which the instantaneous frequency f is reached is
the integral of the wanted power spectrum W up to f,

    t(f) = T int_{-B/2}^{f} W / int_{-B/2}^{B/2} W

and the autocorrelation of the pulse tends to the transform of W as B T grows: the response that
the taper W over a flat band gives, without its loss of signal to noise. (Cook and Bernfeld, "Radar
signals", 1967, chapter 3; Doerry, "Generating nonlinear FM chirp waveforms for radar",
SAND2006-5856.) The phase follows without another integral over time:

    phi(t) = f t - int_0^f t(f') df',    times from the pulse's centre
"""

import numpy as np
from numpy.polynomial import Chebyshev

from sim_core.errors import SamplingError
from sim_core.signal.pulse_shape import FloatArray, fit_pulse_shape
from sim_core.signal.shaped_pulse import ShapedPulse
from sim_core.signal.waveform import require_duration, require_positive_band
from sim_core.signal.window import Window

# A spectrum that falls further than this at the edges of the band asks for a rate without bound:
# the pulse would have to cross its edges in less than their inverse.
_LOWEST_EDGE = 1e-3
_SEGMENTS = 8


def nonlinear_chirp(
    bandwidth_hz: float, duration_s: float, spectrum: Window, down: bool = False
) -> ShapedPulse:
    """Design a non-linear FM pulse of constant amplitude from its power spectrum.

    Parameters
    ----------
    bandwidth_hz : float
        Band B that the instantaneous frequency sweeps, -B/2 to B/2.
    duration_s : float
        Pulse duration T.
    spectrum : Window
        Wanted power spectrum over the band. It is what a taper over the band of a linear chirp
        would make of the compressed pulse, so it has that taper's IRW and, for a large B T, its
        side lobes.
    down : bool
        Sweep down instead of up.

    Returns
    -------
    ShapedPulse

    Raises
    ------
    SamplingError
        If the duration or the bandwidth is not positive, or the spectrum vanishes at the edges of
        the band, as that of Hann does.
    """
    require_duration(duration_s)
    require_positive_band(bandwidth_hz)
    lowest = float(spectrum.weight(0.5))
    if lowest < _LOWEST_EDGE:
        raise SamplingError(
            f"a power spectrum that falls to {lowest:.3g} at the edges of the band makes no "
            "non-linear chirp",
            f"take one that keeps {_LOWEST_EDGE:g} of its peak there, such as hamming or taylor",
        )
    sweep = _Sweep(spectrum)
    cycles = (-1.0 if down else 1.0) * bandwidth_hz * duration_s
    shape = fit_pulse_shape(
        duration_s,
        lambda time_s: cycles * sweep.phase(time_s / duration_s - 0.5),
        np.ones_like,
        _SEGMENTS,
    )
    return ShapedPulse(f"non-linear FM, {spectrum.name}", shape, bandwidth_hz)


class _Sweep:
    """Frequency against time, both in units of the whole: -1/2 to 1/2."""

    def __init__(self, spectrum: Window) -> None:
        self._density = _series(spectrum)
        self._time = self._density.integ(lbnd=0.0)
        self._area = self._time.integ(lbnd=0.0)
        self._grid = np.linspace(-0.5, 0.5, 2049)
        self._grid_time = self._time(self._grid)

    def frequency(self, time: FloatArray) -> FloatArray:
        """Invert t(f) by Newton's method, from a table."""
        f = np.interp(time, self._grid_time, self._grid)
        # The table is right to 1e-5 or so and each step squares that; the slope has no zeros.
        for _ in range(4):
            f = np.clip(f - (self._time(f) - time) / self._density(f), -0.5, 0.5)
        return np.asarray(f)

    def phase(self, time: FloatArray) -> FloatArray:
        """Return the phase in cycles for a time-bandwidth product of 1, zero at the centre."""
        f = self.frequency(time)
        return np.asarray(f * time - self._area(f))


def _series(spectrum: Window) -> Chebyshev:
    """Expand a power spectrum of unit area: the tapers are entire functions of the frequency."""
    degree = 32
    while True:
        series = Chebyshev.interpolate(spectrum.weight, degree, domain=[-0.5, 0.5])
        tail = np.max(np.abs(series.coef[-4:]))
        if tail < 1e-14 * np.max(np.abs(series.coef)) or degree >= 1024:
            break
        degree *= 2
    area = series.integ(lbnd=-0.5)(0.5)
    return series / area
