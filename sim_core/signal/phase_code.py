"""Phase-coded pulses: chips of equal duration, with the phases of a sequence.

A rectangular chip has no band: its spectrum falls as one over frequency, and samples of it alias.
Chips here are band-limited, with the spectrum of a root raised cosine: with the roll-off r and the
duration C of a chip it is 1 up to ``(1 - r)/(2 C)`` and falls as a quarter of a cosine to zero at
``(1 + r)/(2 C)``. Its square adds up to 1 with its copies 1/C apart, so that the compressed chip is
zero at all other whole chips (Nyquist's criterion), and the compressed pulse there *is* the
autocorrelation of the sequence. In between the chip has side lobes of its own, -31.5 dB for r = 1.
A chip is cut off, gently, 6 / r chips from its centre: 1e-5 of the energy lies outside the band.
"""

import math
import re

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.signal.kernel_series import kernel_series
from sim_core.signal.pulse_shape import FloatArray
from sim_core.signal.shaped_pulse import ShapedPulse
from sim_core.signal.waveform import require_duration
from sim_core.signal.window import band_quadrature

_BARKER = {
    2: "+-",
    3: "++-",
    4: "++-+",
    5: "+++-+",
    7: "+++--+-",
    11: "+++---+--+-",
    13: "+++++--++-+-+",
}
_FAMILIES = "barker-13, m-sequence-127, frank-64, p4-100 or zadoff-chu-63"
_LONGEST = 1 << 16
# Chips times roll-off after which a chip is cut off.
_REACH = 6.0
# Panels of the integral over the fall of a chip's spectrum: that many cycles.
_PANELS = 6


def code_phases(name: str) -> FloatArray:
    """Return the phases of a well-known sequence.

    Parameters
    ----------
    name : str
        Family and length: ``barker-13``, ``m-sequence-127``, ``frank-64``, ``p4-100``,
        ``zadoff-chu-63`` (of root 1).

    Returns
    -------
    ndarray of float64, shape (length,)
        Phases in rad.

    Raises
    ------
    SamplingError
        If the family is unknown or has no sequence of that length.
    """
    found = re.fullmatch(r"(barker|m-sequence|frank|p4|zadoff-chu)-([0-9]{1,6})", name.strip())
    if found is None or not 2 <= int(found[2]) <= _LONGEST:
        raise SamplingError(
            f"{name!r} is no code of 2 to {_LONGEST} chips", f"give one like {_FAMILIES}"
        )
    length = int(found[2])
    match found[1]:
        case "barker":
            return barker(length)
        case "m-sequence":
            return m_sequence(length)
        case "frank":
            return frank(length)
        case "p4":
            return p4(length)
        case _:
            return zadoff_chu(length)


def barker(length: int) -> FloatArray:
    """Return Barker's sequence of 2, 3, 4, 5, 7, 11 or 13 chips, phases in rad."""
    if length not in _BARKER:
        raise _no_such_length("Barker", length, "2, 3, 4, 5, 7, 11 or 13")
    return np.array([0.0 if sign == "+" else math.pi for sign in _BARKER[length]])


def m_sequence(length: int) -> FloatArray:
    """Return a binary maximum-length sequence of ``2^n - 1`` chips, phases in rad."""
    from scipy.signal import max_len_seq

    order = (length + 1).bit_length() - 1
    if length + 1 != 1 << order or order < 2:
        raise _no_such_length("maximum-length", length, "3, 7, 15, 31 or another 2^n - 1")
    return math.pi * max_len_seq(order)[0].astype(np.float64)


def frank(length: int) -> FloatArray:
    """Return Frank's sequence of ``n^2`` chips, ``2 pi p q / n``, phases in rad."""
    side = math.isqrt(length)
    if side < 2 or side * side != length:
        raise _no_such_length("Frank", length, "4, 9, 16, 25 or another square")
    k = np.arange(side)
    return 2.0 * np.pi * ((np.outer(k, k) % side) / side).ravel()


def p4(length: int) -> FloatArray:
    """Return the P4 sequence, ``pi k^2 / N - pi k``, phases in rad.

    Lewis and Kretschmer, IEEE Trans. AES-18, 637 (1982): a linear chirp at whole chips.
    """
    k = np.arange(length)
    return np.pi * ((k * (k - length)) % (2 * length)) / length


def zadoff_chu(length: int, root: int = 1) -> FloatArray:
    """Return a Zadoff-Chu sequence, whose periodic autocorrelation has no side lobes, in rad.

    ``-pi root k (k + 1) / N`` for odd lengths, ``-pi root k^2 / N`` for even ones (Chu, IEEE Trans.
    IT-18, 531, 1972). `root` has no factor in common with the length.
    """
    if math.gcd(root, length) != 1:
        raise SamplingError(
            f"root {root} and length {length} of a Zadoff-Chu sequence have a common factor",
            "give a root without one, such as 1",
        )
    k = np.arange(length)
    return -np.pi * ((root * k * (k + length % 2)) % (2 * length)) / length


def phase_coded_pulse(
    phases_rad: npt.ArrayLike, chip_s: float, roll_off: float = 1.0
) -> ShapedPulse:
    """Make a pulse of band-limited chips.

    Parameters
    ----------
    phases_rad : array_like of float, shape (chips,)
        Phase of each chip: `code_phases`, or an explicit list.
    chip_s : float
        Spacing of the chips.
    roll_off : float
        Part of the chip's band that is transition, 0.25 to 1. Less saves band, and makes chips that
        last longer and have higher side lobes between the whole chips.

    Returns
    -------
    ShapedPulse
        Of bandwidth ``(1 + roll_off) / chip_s`` and duration ``(chips - 1 + 2 ceil(6 / roll_off))
        chip_s``: the first chip's centre lies ``ceil(6 / roll_off)`` chips after the leading edge.
        Its largest magnitude is 1; between chips of different phase it is less.

    Raises
    ------
    SamplingError
        If the phases are no sequence, or a chip has no duration or no such roll-off.
    """
    phases = np.asarray(phases_rad, dtype=np.float64)
    if phases.ndim != 1 or phases.size < 1 or not np.all(np.isfinite(phases)):
        raise SamplingError(
            f"phases of shape {phases.shape} make no sequence", "give finite phases in rad in a row"
        )
    require_duration(chip_s)
    if not 0.25 <= roll_off <= 1.0:
        raise SamplingError(
            f"a roll-off of {roll_off:g} is out of range", "give a number from 0.25 to 1"
        )
    half_length = math.ceil(_REACH / roll_off)

    def chip(distance: FloatArray) -> FloatArray:
        return _chip(distance, roll_off, half_length)

    shape = kernel_series(np.exp(1j * phases), chip, half_length, chip_s)
    pulse = shape.scaled(1.0 / shape.peak_magnitude())
    return ShapedPulse(f"{phases.size} phase-coded chips", pulse, (1.0 + roll_off) / chip_s)


def _chip(distance: FloatArray, roll_off: float, half_length: int) -> FloatArray:
    """Evaluate a chip at distances in chips from its centre."""
    u, quadrature = band_quadrature(_PANELS)
    frequency = 0.5 + roll_off * u
    fall = roll_off * quadrature * np.cos(0.5 * np.pi * (u + 0.5))
    phase = 2.0 * np.pi * np.multiply.outer(distance, frequency)
    flat = (1.0 - roll_off) * np.sinc((1.0 - roll_off) * distance)
    value = flat + 2.0 * (np.cos(phase) @ fall)
    # The last chip's width of the tail is led to zero, so that nothing steps.
    tail = np.clip(np.abs(distance) - (half_length - 1.0), 0.0, 1.0)
    return np.asarray(value * np.cos(0.5 * np.pi * tail) ** 2)


def _no_such_length(family: str, length: int, known: str) -> SamplingError:
    return SamplingError(f"there is no {family} sequence of {length} chips", f"take {known}")
