"""The matched filter in range, from the nominal pulse or from one that was measured."""

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.signal.waveform import Waveform
from sim_core.signal.window import Window

ComplexVector = npt.NDArray[np.complex64]

# Midpoints per sample at which the nominal pulse is evaluated for its spectrum: what folds back
# onto the band comes from 32 times the sample rate, and is 1e-3 of the pulse's skirts.
_MIDPOINTS = 32


def matched_filter(
    waveform: Waveform,
    sample_rate_hz: float,
    length: int,
    window: Window,
    replica: npt.NDArray[np.complexfloating] | None = None,
) -> ComplexVector:
    """Return the matched filter's spectrum, normalised to a peak of 1 for a unit echo.

    A replica that was measured is the pulse as the chain returned it, with the chain's gain g,
    delay and distortion. An echo that came through the same chain is the replica itself: it
    compresses to 1 at delay zero, without the chain's phase over the band. Its amplitude over the
    band stays, and counts twice, as in any matched filter. So the delay that the replica holds must
    not be taken out a second time. Noise in the replica lowers the peak by the replica's noise over
    signal energy: average enough pulses.

    Parameters
    ----------
    waveform : Waveform
        Transmitted pulse; of it, `bandwidth_hz` is used even where there is a replica.
    sample_rate_hz : float
        Rate of the samples.
    length : int
        Length of the FFT.
    window : Window
        Taper over the band ``|f| < B/2``; the one named "none" leaves the filter as it is, skirts
        outside of the band included.
    replica : ndarray of complex, shape (samples,), optional
        Measured pulse at the same rate, whose first sample is at the tick of the leading edge of
        transmission. Without it the nominal pulse is taken.

    Returns
    -------
    ndarray of complex64, shape (length,)
        ``w conj(P) / mean(w |P|^2)`` in FFT order, with the spectrum P of the pulse.

    Raises
    ------
    FocusingError
        If the pulse is longer than the FFT, or the replica is no signal.
    """
    if replica is None:
        _require_pulse(waveform.sample_count(sample_rate_hz), length)
        spectrum = pulse_spectrum(waveform, sample_rate_hz, length)
    else:
        pulse = np.asarray(replica).astype(np.complex128)
        if pulse.ndim != 1:
            raise FocusingError(
                f"a replica of shape {pulse.shape} is not one pulse", "give its samples in one row"
            )
        _require_pulse(pulse.size, length)
        if not (np.all(np.isfinite(pulse)) and np.any(pulse)):
            raise FocusingError(
                "the replica holds no signal, or values that are not finite",
                "give the samples of one measured pulse",
            )
        spectrum = scipy.fft.fft(pulse, length)
    position = scipy.fft.fftfreq(length, 1.0 / sample_rate_hz) / waveform.bandwidth_hz
    weight = np.ones(length) if window.name == "none" else window.weight(position)
    peak = float(np.mean(weight * np.abs(spectrum) ** 2))
    if peak == 0.0:
        raise FocusingError(
            "the replica holds nothing inside the band of the waveform",
            "give a replica of the pulse that the configuration describes",
        )
    result: ComplexVector = (weight / peak * np.conj(spectrum)).astype(np.complex64)
    return result


def pulse_spectrum(
    waveform: Waveform, sample_rate_hz: float, length: int
) -> npt.NDArray[np.complex128]:
    """Return the spectrum that the pulse has before it is sampled, within half the sample rate.

    The edges of a pulse have skirts far beyond the sample rate. Those of a pulse that is sampled
    from its leading edge on are folded into the band, always in the same way, and a filter made of
    it leans to one side: 0.007 dB of side lobes either way, for a chirp of 640 at 1.2 samples per
    cell. The skirts in the echoes are folded, too, but at other places between the ticks in each
    pulse, so that they average out over an aperture.

    Parameters
    ----------
    waveform : Waveform
        Transmitted pulse.
    sample_rate_hz : float
        Rate of the samples.
    length : int
        Number of frequencies.

    Returns
    -------
    ndarray of complex128, shape (length,)
        In FFT order, in samples: the integral of the pulse, from its leading edge, times the rate.
    """
    rate = _MIDPOINTS * sample_rate_hz
    # The midpoint rule: the pulse's edges lie between the points.
    middles = np.arange(_MIDPOINTS * waveform.sample_count(sample_rate_hz)) + 0.5
    fine = scipy.fft.fft(waveform.baseband(middles / rate), _MIDPOINTS * length)
    index = np.rint(scipy.fft.fftfreq(length, 1.0 / length)).astype(np.int64)
    turned = np.exp(-1j * np.pi * index / (_MIDPOINTS * length))
    return np.asarray(fine[index] * turned / _MIDPOINTS)


def _require_pulse(samples: int, length: int) -> None:
    if samples > length:
        raise FocusingError(
            f"a pulse of {samples} samples does not fit into windows of {length}",
            "give one pulse, cut to the length of the receive windows",
        )
