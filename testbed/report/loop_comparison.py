"""The pulse that was played against the pulse that came back.

The chain's gain, phase and delay are fitted and taken out; what is left is what the chain did to
the waveform: quantisation, noise, distortion, ripple.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BAND_FLOOR = 1e-3
"""Spectral power, against its peak, from which a bin belongs to the band of the waveform."""

LARGEST_RESIDUAL_DB = -3.0
"""Highest residual that leaves a fit to be believed: with more, half of what was recorded is not
the pulse, and the largest of the correlation may be the noise's."""


@dataclass(frozen=True, slots=True, eq=False)
class LoopComparison:
    """What the chain between the play and the record side did to one pulse.

    Attributes
    ----------
    pulse : int
        Number of the pulse in the schedule.
    gain_db, phase_deg, delay_s : float
        Best fit of the recorded to the played pulse; NaN when it is not measurable.
    residual_db : float
        Energy of what the fit leaves, against the energy of the fitted pulse; minus infinity when
        nothing is left, NaN when it is not measurable.
    fitted : ndarray of complex128, shape (window_samples,)
        The played pulse with that gain, phase and delay; zero when they are not measurable.
    residual : ndarray of complex128, shape (window_samples,)
        Recorded minus fitted.
    problem : str
        Why nothing can be measured: one of the pulses is silent, or the fit leaves more than
        `LARGEST_RESIDUAL_DB`. Empty when it could.
    """

    pulse: int
    gain_db: float
    phase_deg: float
    delay_s: float
    residual_db: float
    fitted: NDArray[np.complex128]
    residual: NDArray[np.complex128]
    problem: str = ""

    @classmethod
    def not_measurable(
        cls, pulse: int, recorded: NDArray[np.complex128], problem: str
    ) -> LoopComparison:
        """Make a comparison without a fit: all that was recorded is left."""
        return cls(
            pulse=pulse,
            gain_db=math.nan,
            phase_deg=math.nan,
            delay_s=math.nan,
            residual_db=math.nan,
            fitted=np.zeros_like(recorded),
            residual=recorded,
            problem=problem,
        )


def compare_pulses(
    played: NDArray[np.complexfloating],
    recorded: NDArray[np.complexfloating],
    sample_rate_hz: float,
    pulse: int,
) -> LoopComparison:
    """Fit the recorded pulse by the played one with a gain, a phase and a delay.

    The delay comes from the peak of the cross-correlation, to a whole sample, and then from the
    slope of the cross-spectrum's phase over the band, weighted by the spectrum's power.

    Parameters
    ----------
    played, recorded : ndarray of complex, shape (window_samples,)
        The same receive window before and after the chain; 1.0 is full scale.
    sample_rate_hz : float
        Sample rate of both.
    pulse : int
        Number of the pulse in the schedule.

    Returns
    -------
    LoopComparison
    """
    sent = np.asarray(played, dtype=np.complex128)
    heard = np.asarray(recorded, dtype=np.complex128)
    # Twice the length: a delay must not wrap the end of the pulse to its front.
    length = scipy.fft.next_fast_len(2 * max(sent.size, 1))
    sent_spectrum = scipy.fft.fft(sent, length)
    cross = scipy.fft.fft(heard, length) * sent_spectrum.conj()
    if not np.any(cross):
        silent = "recorded" if np.any(sent) else "played"
        return LoopComparison.not_measurable(pulse, heard, f"the {silent} pulse is silent")

    lag_samples = int(np.argmax(np.abs(scipy.fft.ifft(cross))))
    if lag_samples > length // 2:
        lag_samples -= length
    frequency = scipy.fft.fftfreq(length)  # cycles per sample
    aligned = cross * np.exp(2j * np.pi * frequency * lag_samples)
    weight = np.abs(aligned)
    band = weight > _BAND_FLOOR * weight.max()
    # What is left of the delay is below half a sample, so against the mean phase no bin is more
    # than a quarter turn off and the phase needs no unwrapping.
    phase = np.angle(aligned[band] * np.conj(np.sum(aligned)))
    centred = frequency[band] - np.average(frequency[band], weights=weight[band])
    slope = float(np.sum(weight[band] * centred * phase) / np.sum(weight[band] * centred**2))
    delay_samples = lag_samples - slope / (2.0 * math.pi)

    shifted = scipy.fft.ifft(sent_spectrum * np.exp(-2j * np.pi * frequency * delay_samples))
    shifted = shifted[: sent.size]
    gain = complex(np.vdot(shifted, heard) / np.vdot(shifted, shifted).real)
    fitted = gain * shifted
    residual = heard - fitted
    left = float(np.vdot(residual, residual).real)
    whole = float(np.vdot(fitted, fitted).real)
    residual_db = 10.0 * math.log10(left / whole) if left > 0.0 else -math.inf
    if residual_db > LARGEST_RESIDUAL_DB:
        return LoopComparison.not_measurable(pulse, heard, "noise exceeds the pulse")
    return LoopComparison(
        pulse=pulse,
        gain_db=20.0 * math.log10(abs(gain)),
        phase_deg=math.degrees(math.atan2(gain.imag, gain.real)),
        delay_s=delay_samples / sample_rate_hz,
        residual_db=residual_db,
        fitted=fitted,
        residual=residual,
    )
