"""Compiled loops of `scene_echo`: what is done once for each scatterer and pulse."""

import math

import numba
import numpy as np
import numpy.typing as npt

from sim_core.signal.phasor import phasor

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex64]

# Scatterers that are prepared together, side by side, before they are added one by one.
_TILE = 256


@numba.njit(cache=True, parallel=True)
def spread_terms(
    grid: ComplexArray,
    block: ComplexArray,
    ahead: int,
    delay_series: FloatArray,
    gain_series: FloatArray,
    reflectivity: npt.NDArray[np.complex128],
    basis: FloatArray,
    slope: FloatArray,
    window_offset_s: FloatArray,
    carrier_cycles: FloatArray,
    rate: FloatArray,
    acceleration: FloatArray,
    sample_rate_hz: float,
    carrier_hz: float,
    duration_s: float,
    coefficients: npt.NDArray[np.complex128],
    whole: int,
    middle_hz: float,
    half_doppler_hz: float,
    slide_ticks_per_hz: float,
) -> None:
    """Add the terms of all scatterers to the grids of some pulses, and their last samples."""
    for n in numba.prange(grid.shape[0]):
        tile = np.empty((6, _TILE))
        for first in range(0, reflectivity.size, _TILE):
            part = slice(first, min(first + _TILE, reflectivity.size))
            _place_echoes(
                tile,
                delay_series[:, part],
                gain_series[:, part],
                reflectivity[part],
                basis[n],
                slope[n],
                window_offset_s[n] + 0.125 * acceleration[n] * duration_s**2,
                carrier_cycles[n] - math.floor(carrier_cycles[n]),
                rate[n],
                sample_rate_hz,
                carrier_hz,
                duration_s,
                middle_hz,
                half_doppler_hz,
                slide_ticks_per_hz,
            )
            _add_terms(grid[n], block[n], ahead, tile, part.stop - first, coefficients, whole)


# Functions of their own with numpy's error model, so that the loops are vectorised; see `echo`.
@numba.njit(cache=True, error_model="numpy", fastmath={"contract"})
def _place_echoes(
    tile: FloatArray,
    delay_series: FloatArray,
    gain_series: FloatArray,
    reflectivity: npt.NDArray[np.complex128],
    basis: FloatArray,
    slope: FloatArray,
    offset_s: float,
    cycles: float,
    reference_rate: float,
    sample_rate_hz: float,
    carrier_hz: float,
    duration_s: float,
    middle_hz: float,
    half_doppler_hz: float,
    slide_ticks_per_hz: float,
) -> None:
    """Find first sample, number of samples, place, shift and amplitude of some echoes."""
    half_s = 0.5 * duration_s
    scale = 1.0 / (0.5 + abs(slide_ticks_per_hz) * half_doppler_hz)
    for k in range(reflectivity.size):
        delay_s, rate = 0.0, reference_rate
        for m in range(delay_series.shape[0]):
            delay_s += delay_series[m, k] * basis[m]
            rate += delay_series[m, k] * slope[m]
        gain = 1.0 if gain_series.shape[0] == 0 else 0.0
        for m in range(gain_series.shape[0]):
            gain += gain_series[m, k] * basis[m]
        cosine, sine = phasor(cycles - carrier_hz * delay_s)
        # The same instants as in `echo`, edge for edge.
        begin = (offset_s + delay_s - half_s * rate) * sample_rate_hz
        first = math.ceil(begin)
        shift_hz = -carrier_hz * rate / (1.0 + rate) - middle_hz
        tile[0, k] = first
        tile[1, k] = math.ceil(begin + duration_s * (1.0 + rate) * sample_rate_hz) - first
        tile[2, k] = (first - begin - 0.5 + slide_ticks_per_hz * shift_hz) * scale
        tile[3, k] = shift_hz / half_doppler_hz
        tile[4, k] = gain * (reflectivity[k].real * cosine - reflectivity[k].imag * sine)
        tile[5, k] = gain * (reflectivity[k].real * sine + reflectivity[k].imag * cosine)


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"})
def _add_terms(
    grid: ComplexArray,
    samples: ComplexArray,
    ahead: int,
    tile: FloatArray,
    scatterers: int,
    coefficients: npt.NDArray[np.complex128],
    whole: int,
) -> None:
    """Add some echoes to the grid of a pulse; those samples that not all have, to the pulse."""
    orders, degrees = coefficients.shape[1], coefficients.shape[2]
    terms = np.empty(degrees, dtype=np.float32)
    for k in range(scatterers):
        first, count = int(tile[0, k]), int(tile[1, k])
        if first <= -ahead or first >= samples.size:
            continue
        z = np.float32(tile[2, k])
        last, value = z, np.float32(1.0)
        for d in range(degrees):
            terms[d] = value
            last, value = value, np.float32(2.0) * z * value - last
        row = grid[first + ahead]
        before, order = tile[3, k], 1.0
        for q in range(orders):
            real, imag = np.float32(order * tile[4, k]), np.float32(order * tile[5, k])
            for d in range(degrees):
                row[q * degrees + d] += complex(real * terms[d], imag * terms[d])
            before, order = order, 2.0 * tile[3, k] * order - before
        for m in range(whole, count):
            if 0 <= first + m < samples.size:
                total = 0.0 + 0.0j
                before, order = tile[3, k], 1.0
                for q in range(orders):
                    for d in range(degrees):
                        total += order * terms[d] * coefficients[m, q, d]
                    before, order = order, 2.0 * tile[3, k] * order - before
                samples[first + m] += total * complex(tile[4, k], tile[5, k])


@numba.njit(cache=True, parallel=True)
def sum_of_products(spectra: ComplexArray, response: ComplexArray) -> ComplexArray:
    """Multiply the spectrum of each term by that of its samples, and add them up."""
    pulses, length, terms = spectra.shape
    total = np.zeros((pulses, length), dtype=np.complex64)
    for n in numba.prange(pulses):
        for k in range(length):
            for m in range(terms):
                total[n, k] += spectra[n, k, m] * response[k, m]
    return total
