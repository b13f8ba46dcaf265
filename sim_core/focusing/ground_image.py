"""Images on the ground: an image in delay and lag, projected to even grids of east and north.

Each pixel takes the image's value at the delay and the lag of its place, by band-limited
interpolation, and loses the carrier's phase of that place. What is left is the complex reflectivity
of the place: a unit point on a pixel gives 1, with phase zero, whichever way the image was formed.
Formulas: docs/algorithms/ground-image.md.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image, Method
from sim_core.focusing.interpolation import KnabKernel
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.reference import FloatArray
from sim_core.focusing.slant_geometry import SlantGeometry
from sim_core.geometry.ground_grid import GroundGrid

ComplexRows = npt.NDArray[np.complex64]

# Samples on either side of a place. With 1.2 samples per cell the error is exp(-pi 16 / 6), -73 dB.
_HALF_LENGTH = 16
# Fractions of a sample at which the kernel is tabulated; straight lines between leave 1e-7.
_FRACTIONS = 4096
_ROW_BLOCK = 16


@dataclass(frozen=True, slots=True, eq=False)
class GroundImage:
    """A complex image on an even grid of places on the ground.

    Parameters
    ----------
    samples : ndarray of complex64, shape (north, east)
        Reflectivity of the places: the phase of the carrier to each pixel's place is taken out. A
        unit point peaks at magnitude 1. Zero where the image in delay and lag does not reach.
    grid : GroundGrid
        The places, and their reference system.
    method : {"range-doppler", "deramp", "back-projection"}
        How the image was formed.
    """

    samples: ComplexRows
    grid: GroundGrid
    method: Method


def project_to_ground(image: Image, geometry: SlantGeometry, grid: GroundGrid) -> GroundImage:
    """Project an image to the ground.

    Parameters
    ----------
    image : Image
        Image in delay and lag, with more than one sample per cell both ways.
    geometry : SlantGeometry
        Where places are in this image.
    grid : GroundGrid
        Where on the ground, about the geometry's centre.

    Returns
    -------
    GroundImage

    Raises
    ------
    FocusingError
        If the geometry is that of another method or centre, a place lies outside of it, or the
        samples are too few to be interpolated.
    """
    if image.method != geometry.method:
        raise FocusingError(
            f"an image formed by {image.method} does not fit a geometry of {geometry.method}",
            "solve the geometry for the method of the image",
        )
    tables = [
        _kernel_table(1.0 / (bandwidth_hz * step_s), axis)
        for axis, bandwidth_hz, step_s in (
            ("azimuth", image.azimuth_bandwidth_hz, image.azimuth_step_s),
            ("range", image.range_bandwidth_hz, image.range_step_s),
        )
    ]
    # Along a column the Doppler band moves with the lag; turned back by this it stays in place.
    turn_back = np.exp(-2j * np.pi * np.mod(_bend(geometry, image.azimuth_s()), 1.0))
    turn_back = turn_back.astype(np.complex64)
    columns = np.ascontiguousarray(image.samples.T)
    samples = np.zeros(grid.shape, dtype=np.complex64)

    def work(rows: slice) -> None:
        range_s, azimuth_s, phase_cycles = geometry.slant_of_grid(grid, rows)
        turns = np.mod(_bend(geometry, azimuth_s) - phase_cycles, 1.0)
        _interpolate(
            columns,
            turn_back,
            (azimuth_s - image.azimuth_start_s) / image.azimuth_step_s,
            (range_s - image.range_start_s) / image.range_step_s,
            tables[0],
            tables[1],
            turns,
            samples[rows],
        )

    run_blocks(slices(grid.rows, _ROW_BLOCK), work)
    return GroundImage(samples, grid, image.method)


def _bend(geometry: SlantGeometry, azimuth_s: FloatArray) -> FloatArray:
    """Return the phase whose rate is the middle of the Doppler band at a lag, in cycles."""
    return 0.5 * geometry.doppler_rate_hz_per_s * azimuth_s**2


def _kernel_table(oversampling: float, axis: str) -> FloatArray:
    """Tabulate Knab's kernel, shape (fractions + 1, 2 * half length)."""
    if oversampling < 1.02:
        raise FocusingError(
            f"{oversampling:.3g} samples per cell in {axis} cannot be interpolated",
            "use a sample rate or PRF above 1.1 times the bandwidth",
        )
    decay = math.pi * _HALF_LENGTH * (1.0 - 1.0 / oversampling)
    kernel = KnabKernel(_HALF_LENGTH, decay)
    weights = kernel.weights(np.arange(_FRACTIONS) / _FRACTIONS)[1]
    # A whole sample further on, the weights are those of no fraction, one sample later.
    return np.concatenate([weights, np.roll(weights[:1], 1, axis=1)])


@numba.njit(cache=True, nogil=True)
def _weights(table: FloatArray, fraction: float, weight: FloatArray) -> None:
    place = fraction * (table.shape[0] - 1)
    entry = min(int(place), table.shape[0] - 2)
    part = place - entry
    for n in range(weight.size):
        weight[n] = table[entry, n] + part * (table[entry + 1, n] - table[entry, n])


@numba.njit(cache=True, nogil=True)
def _interpolate(
    columns: ComplexRows,
    turn_back: ComplexRows,
    row: FloatArray,
    column: FloatArray,
    azimuth_table: FloatArray,
    range_table: FloatArray,
    turns: FloatArray,
    samples: ComplexRows,
) -> None:
    """Interpolate at fractional rows and columns, and turn what is found by some cycles."""
    width, height = columns.shape
    taps = azimuth_table.shape[1]
    along = np.empty(taps)
    across = np.empty(taps)
    turned = np.empty(taps, dtype=np.complex64)
    for i in range(samples.shape[0]):
        for j in range(samples.shape[1]):
            row_0, column_0 = np.floor(row[i, j]), np.floor(column[i, j])
            inside = 0.0 <= row[i, j] <= height - 1 and 0.0 <= column[i, j] <= width - 1
            if not inside:
                continue
            _weights(azimuth_table, row[i, j] - row_0, along)
            _weights(range_table, column[i, j] - column_0, across)
            first_row = int(row_0) - taps // 2 + 1
            first_column = int(column_0) - taps // 2 + 1
            start, stop = max(0, -first_row), min(taps, height - first_row)
            for n in range(start, stop):
                turned[n] = np.complex64(along[n]) * turn_back[first_row + n]
            total = 0.0j
            for m in range(max(0, -first_column), min(taps, width - first_column)):
                part = np.complex64(0.0)
                for n in range(start, stop):
                    part += turned[n] * columns[first_column + m, first_row + n]
                total += across[m] * part
            samples[i, j] = np.complex64(total * np.exp(2j * np.pi * turns[i, j]))
