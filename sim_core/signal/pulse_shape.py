"""A pulse of any form as piecewise polynomials, which compiled loops evaluate at any instant.

The duration is cut into equal segments. In each the pulse is ``a(s) exp(2j pi c(s))`` with
polynomials of the place s in the segment, -1 to 1: c real, in cycles, and a complex. A frequency
sweep needs few segments of c and hardly any a; chips and samples need a alone. What the polynomials
miss of the pulse is measured when they are made: below 1e-7 of its peak, for sums of many kernels a
bound below 1e-6.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb
from scipy import special

from sim_core.errors import SamplingError

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

Kind = TypeVar("Kind", np.float64, np.complex128)

TOLERANCE = 1e-7
"""Largest error of a fit; samples in single precision are rounded by 6e-8."""

_DEGREE = 6
# A pulse that needs more has a step: each doubling divides the error of a smooth one by 128.
_MOST_SEGMENTS = 1 << 16
# What is held out of a fit: places between its nodes and at the ends of the segments.
_CHECKED = np.linspace(-1.0, 1.0, 2 * _DEGREE + 3)


@dataclass(frozen=True, slots=True, eq=False)
class PulseShape:
    """A pulse as piecewise polynomials.

    Parameters
    ----------
    duration_s : float
        From the leading to the trailing edge; the segments share it equally.
    cycles : ndarray of float64, shape (terms, segments)
        Coefficients of the phase in cycles, of powers of the place -1 to 1 in a segment.
    amplitude : ndarray of complex128, shape (terms, segments)
        The same of the complex amplitude.
    error : float
        Largest error found at instants that the fit did not use, in units of full scale.
    """

    duration_s: float
    cycles: FloatArray
    amplitude: ComplexArray
    error: float

    @property
    def segments(self) -> int:
        """Number of segments."""
        return int(self.cycles.shape[1])

    def phase_cycles(self, time_s: npt.ArrayLike) -> FloatArray:
        """Evaluate the phase at times inside the pulse, in cycles."""
        segment, place = self._place(time_s)
        return _horner(self.cycles, segment, place)

    def complex_amplitude(self, time_s: npt.ArrayLike) -> ComplexArray:
        """Evaluate the amplitude, without the phase, at times inside the pulse."""
        segment, place = self._place(time_s)
        return _horner(self.amplitude, segment, place)

    def baseband(self, time_s: npt.ArrayLike) -> ComplexArray:
        """Evaluate the pulse at any time since its leading edge; zero outside of it."""
        x = np.asarray(time_s, dtype=np.float64)
        inside = (x >= 0.0) & (x < self.duration_s)
        value = self.complex_amplitude(x) * np.exp(2j * np.pi * self.phase_cycles(x))
        return np.where(inside, value, 0.0)

    def scaled(self, factor: complex) -> "PulseShape":
        """Return the same pulse times a factor."""
        return PulseShape(
            self.duration_s, self.cycles, factor * self.amplitude, abs(factor) * self.error
        )

    def cut(self, first: int, count: int, step_s: float) -> "PulseShape":
        """Return what lies from `first` to ``first + count`` steps after the leading edge.

        A step is a whole number of segments.
        """
        per_step = round(step_s * self.segments / self.duration_s)
        kept = slice(first * per_step, (first + count) * per_step)
        return PulseShape(count * step_s, self.cycles[:, kept], self.amplitude[:, kept], self.error)

    def peak_magnitude(self) -> float:
        """Find the largest magnitude, on a grid of 41 places in each segment."""
        place = np.linspace(-1.0, 1.0, 41)
        return float(np.max(np.abs(_on_all_segments(self.amplitude, place))))

    def doppler_coupling_s_per_hz(self) -> float:
        """Return ``<t f> / <f^2>``, the ridge of the ambiguity function at its origin.

        The moments are about the pulse's centre; the frequency is that of the phase and of the
        amplitude inside the pulse, without the steps at its ends, whose band has no bound.
        """
        node, weight = special.roots_legendre(_DEGREE + 6)
        half_s = 0.5 * self.duration_s / self.segments
        centre_s = (2.0 * np.arange(self.segments) + 1.0) * half_s - 0.5 * self.duration_s
        time_s = centre_s[None, :] + half_s * node[:, None]
        amplitude = _on_all_segments(self.amplitude, node)
        slope = _on_all_segments(_derivative(self.amplitude), node)
        frequency = _on_all_segments(_derivative(self.cycles), node)
        # p' / (2 pi exp(2j pi c)), in units of one over a segment's half.
        turning = slope / (2.0 * np.pi) + 1j * frequency * amplitude
        quadrature = weight[:, None]
        local_hz = np.imag(np.conj(amplitude) * turning) / half_s
        mean_square = float(np.sum(quadrature * np.abs(turning) ** 2)) / half_s**2
        mixed = float(np.sum(quadrature * time_s * local_hz))
        return mixed / mean_square if mean_square > 0.0 else 0.0

    def _place(self, time_s: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], FloatArray]:
        position = np.asarray(time_s, dtype=np.float64) * (self.segments / self.duration_s)
        segment = np.clip(np.floor(position).astype(np.int64), 0, self.segments - 1)
        return segment, np.clip(2.0 * (position - segment) - 1.0, -1.0, 1.0)


def fit_pulse_shape(
    duration_s: float,
    cycles: Callable[[FloatArray], FloatArray],
    amplitude: Callable[[FloatArray], npt.NDArray[np.inexact]],
    segments: int = 1,
) -> PulseShape:
    """Fit polynomials to a pulse, with as many segments as its form asks for.

    Parameters
    ----------
    duration_s : float
        Duration of the pulse.
    cycles : callable
        Phase in cycles at times since the leading edge; called with arrays.
    amplitude : callable
        Amplitude, real or complex, of magnitude 1 at most.
    segments : int
        Number of segments to begin with; it is doubled until the fit is good. Kinks of the pulse
        must lie between these.

    Returns
    -------
    PulseShape

    Raises
    ------
    SamplingError
        If the pulse is no smooth function between the bounds of the segments.
    """
    node = cheb.chebpts1(_DEGREE + 1)
    to_powers = _powers_of_chebyshev() @ np.linalg.inv(cheb.chebvander(node, _DEGREE))
    most = max(_MOST_SEGMENTS, 8 * segments)
    while segments <= most:
        half_s = 0.5 * duration_s / segments
        centre_s = (2.0 * np.arange(segments) + 1.0) * half_s
        fitted_s = centre_s[None, :] + half_s * node[:, None]
        checked_s = centre_s[None, :] + half_s * _CHECKED[:, None]
        exact = amplitude(checked_s) * np.exp(2j * np.pi * cycles(checked_s))
        phase = to_powers @ cycles(fitted_s)
        level = (to_powers @ amplitude(fitted_s)).astype(np.complex128)
        error = _largest_error(phase, level, exact)
        if error <= TOLERANCE:
            phase, level = _without_idle_terms(phase, level, exact)
            error = _largest_error(phase, level, exact)
            return PulseShape(duration_s, phase, level, error)
        segments *= 2
    raise SamplingError(
        f"the pulse of {duration_s:g} s is not smooth enough to be evaluated between its samples",
        "give a pulse whose phase and amplitude are continuous",
    )


def _without_idle_terms(
    phase: FloatArray, level: ComplexArray, exact: ComplexArray
) -> tuple[FloatArray, ComplexArray]:
    """Drop the highest terms as long as the fit stays good: fewer to evaluate for each sample."""
    while phase.shape[0] > 1 and _largest_error(phase[:-1], level, exact) <= TOLERANCE:
        phase = phase[:-1]
    while level.shape[0] > 1 and _largest_error(phase, level[:-1], exact) <= TOLERANCE:
        level = level[:-1]
    return np.ascontiguousarray(phase), np.ascontiguousarray(level)


def _largest_error(phase: FloatArray, level: ComplexArray, exact: ComplexArray) -> float:
    found = _on_all_segments(level, _CHECKED) * np.exp(
        2j * np.pi * _on_all_segments(phase, _CHECKED)
    )
    error = float(np.max(np.abs(found - exact)))
    return error if math.isfinite(error) else math.inf


def _powers_of_chebyshev() -> FloatArray:
    """Return the matrix from Chebyshev coefficients to those of powers."""
    columns = [cheb.cheb2poly(row) for row in np.eye(_DEGREE + 1)]
    matrix = np.zeros((_DEGREE + 1, _DEGREE + 1))
    for k, column in enumerate(columns):
        matrix[: column.size, k] = column
    return matrix


def _derivative(coefficients: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Differentiate polynomials, shape (terms, segments), by the place in a segment."""
    power = np.arange(1, coefficients.shape[0])[:, None]
    return coefficients[1:] * power if power.size else np.zeros_like(coefficients)


def _on_all_segments(coefficients: npt.NDArray[Kind], place: FloatArray) -> npt.NDArray[Kind]:
    """Evaluate at the same places in each segment, shape (places, segments)."""
    powers = place[:, None] ** np.arange(coefficients.shape[0])
    return powers @ coefficients


def _horner(
    coefficients: npt.NDArray[Kind], segment: npt.NDArray[np.int64], place: FloatArray
) -> npt.NDArray[Kind]:
    """Evaluate each place in the segment of its own."""
    value: npt.NDArray[Kind] = coefficients[-1][segment]
    for row in coefficients[-2::-1]:
        value = value * place + row[segment]
    return value
