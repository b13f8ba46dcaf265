"""What a user of `focus` chooses."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.image import SlantGridSettings
from sim_core.focusing.sampling import MethodChoice
from sim_core.signal.window import NO_TAPER, Window


@dataclass(frozen=True, slots=True, eq=False)
class FocusSettings:
    """How to focus.

    Parameters
    ----------
    method : {"auto", "range-doppler", "deramp", "back-projection"}
        ``auto`` takes range-Doppler where the PRF samples the Doppler band, else de-ramping.
    range_window, azimuth_window : Window
        Tapers over the band of the pulse and over the aperture.
    chain_delay_s : float
        Known delay of the chain from played to recorded samples, taken out.
    replica : ndarray of complex64, shape (samples,), optional
        Pulse as it was measured, at the schedule's sample rate and from its leading edge, for the
        matched filter; without it the nominal waveform.
    memory_bytes : int
        Bound on the arrays that focusing holds. What exceeds it, range-compressed pulses and
        image, goes through files in `scratch`.
    scratch : Path, optional
        Folder for these files, on a disk; without it the system's folder for temporary files.
    grid : SlantGridSettings, optional
        Extent and spacing of de-ramped and back-projected images.

    Raises
    ------
    FocusingError
        If the chain's delay is no number.
    """

    method: MethodChoice = "auto"
    range_window: Window = NO_TAPER
    azimuth_window: Window = NO_TAPER
    chain_delay_s: float = 0.0
    replica: npt.NDArray[np.complex64] | None = None
    memory_bytes: int = 3 << 30
    scratch: Path | None = None
    grid: SlantGridSettings | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.chain_delay_s):
            raise FocusingError(
                f"a delay of the chain of {self.chain_delay_s} s is none",
                "give its delay in s, or zero",
            )
