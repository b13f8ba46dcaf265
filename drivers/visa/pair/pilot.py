"""A known pulse in front of every part and behind it, to tell how the signal arrives.

The phase of a generator's carrier against its marker is another one after every trigger; the pilot
tells it. It also tells a signal cable that is not there from a scene that is empty, and two pilots
tell what drifts between them.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from drivers.errors import DriverError

# It must not clip, whatever follows it.
_LEVEL = 0.5
# Share of the power at its place that must be the pilot's; of noise, the largest of N places has
# ln(N) / N, 0.02 of 256.
_LEAST_COHERENCE = 0.25
# Along a part a phase runs up: its mean, half of it, turns the peak, and a verdict allows 2 degrees
# by default. The peak's place in azimuth moves by a cell per cycle: 4 degrees are 0.01 cells.
_BORNE_DRIFT_DEG = 4.0
# In range likewise, where it allows 0.05 cells.
_BORNE_DRIFT_SAMPLES = 0.1


class SignalMissingError(DriverError):
    """What was played did not arrive at the input, though its trigger did."""


@dataclass(frozen=True, slots=True)
class PilotPlace:
    """How a pilot came back.

    Parameters
    ----------
    delay_samples : float
        Behind its place, in samples of the windows.
    gain : complex
        Of the chain, from its place on.
    coherence : float
        Share of the power there that is the pilot's.
    """

    delay_samples: float
    gain: complex
    coherence: float


def make_pilot(window_samples: int) -> NDArray[np.complex64]:
    """Make a chirp over two thirds of the band, as long as a window.

    Its correlation is one narrow peak, and real, so that a fraction of a sample changes no phase.

    Parameters
    ----------
    window_samples : int
        Its length.

    Returns
    -------
    complex64 array, shape (window_samples,)
    """
    offset = np.arange(window_samples) - 0.5 * (window_samples - 1)
    return np.asarray(
        _LEVEL * np.exp(2j * np.pi * offset**2 / (3.0 * window_samples)), np.complex64
    )


def find_pilot(received: NDArray[np.complex64]) -> PilotPlace:
    """Find a pilot in its window.

    Parameters
    ----------
    received : complex64 array, shape (window_samples,)
        The window.

    Returns
    -------
    PilotPlace

    Raises
    ------
    SignalMissingError
        It is not there.
    """
    samples = received.size
    pilot = make_pilot(samples).astype(np.complex128)
    size = int(scipy.fft.next_fast_len(2 * samples))
    spectrum = scipy.fft.fft(received.astype(np.complex128), size)
    correlation = scipy.fft.ifft(spectrum * np.conj(scipy.fft.fft(pilot, size)))
    lag = int(np.argmax(np.abs(correlation)))
    lag = lag if lag < size // 2 else lag - size
    energy = float(np.vdot(pilot, pilot).real * np.vdot(received, received).real)
    peak = complex(correlation[lag])
    coherence = abs(peak) ** 2 / energy if energy > 0.0 else 0.0
    if coherence < _LEAST_COHERENCE:
        raise SignalMissingError(
            f"what was played did not arrive: {coherence:.3f} of the power at the input is that of "
            "the pilot in front of the windows",
            "check the cable from the output to the input, output_channels, input_channels, "
            f"frequency_hz and the levels; it must be {_LEAST_COHERENCE:g}",
        )
    before, at, after = np.abs(correlation[[lag - 1, lag, (lag + 1) % size]])
    fraction = 0.5 * (before - after) / (before - 2.0 * at + after)
    gain = peak / float(np.vdot(pilot, pilot).real)
    return PilotPlace(lag + float(fraction), gain, coherence)


@dataclass(frozen=True, slots=True)
class PartPilots:
    """The pilots in front of a part and behind it.

    Parameters
    ----------
    opening, closing : PilotPlace
        As they came.
    """

    opening: PilotPlace
    closing: PilotPlace

    @property
    def phase_drift_deg(self) -> float:
        """Phase of the closing one against the opening one, -180 to 180."""
        return math.degrees(cmath.phase(self.closing.gain * self.opening.gain.conjugate()))

    @property
    def delay_drift_samples(self) -> float:
        """Delay of the closing one less that of the opening one, samples of the windows."""
        return self.closing.delay_samples - self.opening.delay_samples


def told_of_pilots(pilots: Sequence[PartPilots], sample_rate_hz: float) -> dict[str, Any]:
    """Tell what pilots tell of the chain, fit for JSON: least and largest, and part by part.

    Parameters
    ----------
    pilots : sequence of PartPilots
        Of the parts that were captured.
    sample_rate_hz : float
        Of the windows.
    """
    if not pilots:
        return {}
    opening = [one.opening for one in pilots]
    columns = {
        "gain_db": [20.0 * math.log10(abs(one.gain)) for one in opening],
        "phase_deg": [math.degrees(cmath.phase(one.gain)) for one in opening],
        "delay_s": [one.delay_samples / sample_rate_hz for one in opening],
        "phase_drift_deg": [one.phase_drift_deg for one in pilots],
        "delay_drift_s": [one.delay_drift_samples / sample_rate_hz for one in pilots],
    }
    told: dict[str, Any] = {name: [min(values), max(values)] for name, values in columns.items()}
    told["by_part"] = {
        name: [round(value, 3) if name.endswith("deg") else value for value in columns[name]]
        for name in ("phase_deg", "delay_s", "phase_drift_deg", "delay_drift_s")
    }
    return told


def drift_warning(pilots: Sequence[PartPilots], sample_rate_hz: float) -> str | None:
    """Warn of a drift within parts that moves or turns the peak of an image.

    Parameters
    ----------
    pilots : sequence of PartPilots
        Of the parts that were captured.
    sample_rate_hz : float
        Of the windows.
    """
    phase_deg = max((abs(one.phase_drift_deg) for one in pilots), default=0.0)
    delay = max((abs(one.delay_drift_samples) for one in pilots), default=0.0)
    if phase_deg <= _BORNE_DRIFT_DEG and delay <= _BORNE_DRIFT_SAMPLES:
        return None
    return (
        f"within a part the signal drifts by up to {phase_deg:.1f} degrees (modulo 360) and "
        f"{delay / sample_rate_hz:.2g} s: the clocks of generator and digitizer differ. The peak "
        f"turns by half of it; {_BORNE_DRIFT_DEG:g} degrees are borne. Wire a common 10 MHz "
        "(clock_reference: external), or use capture: segments"
    )
