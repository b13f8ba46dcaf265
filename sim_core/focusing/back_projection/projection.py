"""Time-domain back-projection with exact two-way delays: the standard that others are held to.

Every pixel has a place on the ground, and every place its two-way delay at every pulse, from a
`DelayField`. The image is the sum over pulses of the range-compressed echo at that delay, with the
carrier's phase of that delay taken out: no frame, no approximation of the path, no assumption on
when pulses leave. What is approximated is bounded: delays over a tile of pixels are cubics in row
and column to 1e-16 s, and compressed rows are cubics between oversampled samples to -98 dB.
Formulas: docs/algorithms/back-projection.md.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.focusing.back_projection.compressed_delay import CompressedDelay
from sim_core.focusing.back_projection.loops import (
    PULSES_PER_SUM,
    TERMS,
    add_pulses,
    rows_to_cubics,
)
from sim_core.focusing.interpolation import piecewise_cubic_weights
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression.compression import (
    ComplexRows,
    Progress,
    RangeCompression,
    SampleSource,
    read_pulses,
)
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import surface_up_m
from sim_core.signal.waveform import Waveform

Places = tuple[FloatArray, FloatArray, FloatArray]
"""East, north and up of places, in m, in the tangent plane's axes of the field's centre."""

# Of the compressed rows: cubics between samples at 4 times the rate are off by -98 dB.
OVERSAMPLING = 4
_TAPS = 8
# Pixels of a tile: its sums, 16 KiB, and what it needs of a pulse stay in the fastest cache.
_TILE_ROWS, _TILE_COLUMNS = 32, 64
# 2.3e-6 cycles at 23 GHz, which is what a field is good to. Places on the ellipsoid are rounded to
# 2e-9 m, of which corners of a tile make up to 5e-17 s; their cubics are much better than that.
_TILE_ERROR_S = 1e-16
# Cubics of a block of pulses: as much of the last cache as two cores may hope for.
_BLOCK_BYTES = 1 << 25
# Pulses that a thread compresses at a time.
_PULSES_AT_ONCE = 16
# Pulses at which the extent of the pixels in range is looked at: delays are smooth.
_EXTENT_PULSES = 33


@dataclass(frozen=True, slots=True, eq=False)
class PixelGrid:
    """Pixels in rows and columns, with their places.

    Parameters
    ----------
    rows, columns : int
        Number of pixels either way.
    places_m : callable
        Returns east, north and up in the field's axes at row and column numbers, arrays of one
        shape; these need not be whole. Where it is smooth over tens of pixels, as even grids are,
        the work is least.
    """

    rows: int
    columns: int
    places_m: Callable[[FloatArray, FloatArray], Places]


def ground_pixels(grid: GroundGrid) -> PixelGrid:
    """Return the pixels of a grid on the ground, rows to the north and columns to the east."""

    def places_m(row: FloatArray, column: FloatArray) -> Places:
        east = grid.east_start_m + grid.east_step_m * column
        north = grid.north_start_m + grid.north_step_m * row
        if grid.surface == "plane":
            return east, north, np.full_like(east, grid.height_m)
        return east, north, surface_up_m(grid.centre, east, north, grid.height_m)

    return PixelGrid(grid.rows, grid.columns, places_m)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """Pixels over which delays are cubics in the coordinates y and x, -1 to 1.

    Parameters
    ----------
    grid : int
        Number of the grid.
    rows, columns : slice
        Which of its pixels.
    y, x : ndarray of float64, shape (rows,), (columns,)
        Their coordinates.
    series : ndarray of float64, shape (terms + 1, 16)
        Series in transmit time of the coefficients of ``y^i x^j``, in s. The last term stands for
        what is common to all pixels, and is 1.
    """

    grid: int
    rows: slice
    columns: slice
    y: FloatArray
    x: FloatArray
    series: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PixelPlan:
    """Delays of all pixels at all pulses, ready to be summed up.

    Parameters
    ----------
    shapes : tuple of tuple of int
        Rows and columns of each grid.
    tiles : tuple of Tile
        All pixels.
    phase_cycles : ndarray of float64, shape (pulses, terms + 1)
        What a tile's series are multiplied by for the carrier's phase in cycles.
    envelope_s : ndarray of float64, shape (pulses, terms + 1)
        And for the place of the compressed pulse's peak in the frame of the reference's history.
    extent_s : tuple of float
        Lowest and highest of these places, and what interpolation takes beyond: for `plan_gates`.
    """

    shapes: tuple[tuple[int, int], ...]
    tiles: tuple[Tile, ...]
    phase_cycles: FloatArray
    envelope_s: FloatArray
    extent_s: tuple[float, float]

    @classmethod
    def of(
        cls,
        grids: Sequence[PixelGrid],
        field: DelayField,
        reference: Reference,
        waveform: Waveform,
    ) -> "PixelPlan":
        """Work out the delays of pixels.

        Parameters
        ----------
        grids : sequence of PixelGrid
            Images, or chips of one.
        field : DelayField
            Delays of all places; its centre need not be the reference point.
        reference : Reference
            The reference point, whose exact history is the frame of range compression.
        waveform : Waveform
            Transmitted pulse, which couples Doppler frequency into range.

        Raises
        ------
        DelayFieldError
            If the field does not hold at a pixel, or at a pulse.
        """
        tiles = tuple(
            tile for number, grid in enumerate(grids) for tile in _tiles(number, grid, field)
        )
        delay = CompressedDelay.of(field, reference, waveform)
        return cls(
            tuple((grid.rows, grid.columns) for grid in grids),
            tiles,
            reference.carrier_hz * delay.carrier_s,
            delay.envelope_s,
            _extent_s(tiles, delay.envelope_s, _TAPS / reference.sample_rate_hz),
        )

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return sum(rows * columns for rows, columns in self.shapes)


def back_project(
    source: SampleSource,
    compression: RangeCompression,
    plan: PixelPlan,
    progress: Progress,
) -> list[ComplexRows]:
    """Form images, or chips of one, from recorded samples.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; read once, in order, from the calling thread.
    compression : RangeCompression
        How pulses are compressed: in the frame of the reference's exact history, with
        `OVERSAMPLING`, and weighted such that the weights add up to 1. A pulse of weight zero is
        left out.
    plan : PixelPlan
        The pixels, and their delays against the same reference.
    progress : callable
        Called with the fraction done.

    Returns
    -------
    list of ndarray of complex64, shape (rows, columns)
        For each grid, the reflectivity of what lies at each pixel: a unit point there gives 1 with
        phase zero. Where the windows do not hold a pixel's whole echo at a pulse, what that
        pulse adds fades away.

    Raises
    ------
    FocusingError
        If the samples do not fit the schedule.
    """
    gates, schedule = compression.gates, compression.schedule
    samples = OVERSAMPLING * gates.gates
    # Interval 0 is the empty one before the first gate.
    place = plan.envelope_s * (OVERSAMPLING * schedule.sample_rate_hz)
    place[:, -1] += 1.0 - OVERSAMPLING * gates.first_gate
    weights = piecewise_cubic_weights(OVERSAMPLING, _TAPS).astype(np.float32)
    totals = [np.zeros(shape, dtype=np.complex128) for shape in plan.shapes]
    bytes_per_pulse = (samples + 2) * 2 * TERMS * 4
    sums = max(1, _BLOCK_BYTES // bytes_per_pulse // PULSES_PER_SUM)
    blocks = slices(schedule.pulses, sums * PULSES_PER_SUM)
    longest = min(blocks[0].stop, schedule.pulses)
    cubics = np.empty((longest, samples + 2, 2 * TERMS), dtype=np.float32)
    for number, block in enumerate(blocks):
        _compress(source, compression, block, weights, cubics)
        _add(plan, place, block, cubics, totals)
        progress((number + 1) / len(blocks))
    return [total.astype(np.complex64) for total in totals]


def _compress(
    source: SampleSource,
    compression: RangeCompression,
    block: slice,
    weights: npt.NDArray[np.float32],
    cubics: npt.NDArray[np.float32],
) -> None:
    """Read a block of pulses, compress them, and turn them into cubics."""

    def received() -> Iterator[tuple[slice, ComplexRows]]:
        for part in slices(block.stop - block.start, _PULSES_AT_ONCE):
            pulses = slice(block.start + part.start, block.start + part.stop)
            yield pulses, read_pulses(source, compression.schedule, pulses)

    def work(item: tuple[slice, ComplexRows]) -> None:
        pulses, samples = item
        rows = compression.rows(pulses, samples)
        rows_to_cubics(
            rows, weights, cubics[pulses.start - block.start : pulses.stop - block.start]
        )

    run_blocks(received(), work)


def _add(
    plan: PixelPlan,
    place: FloatArray,
    block: slice,
    cubics: npt.NDArray[np.float32],
    totals: list[npt.NDArray[np.complex128]],
) -> None:
    """Add a block of pulses to all tiles, each of which one thread has to itself."""

    def work(tile: Tile) -> None:
        add_pulses(
            cubics[: block.stop - block.start],
            plan.phase_cycles[block],
            place[block],
            tile.series,
            tile.y,
            tile.x,
            totals[tile.grid][tile.rows, tile.columns],
        )

    run_blocks(plan.tiles, work)


def _tiles(number: int, grid: PixelGrid, field: DelayField) -> list[Tile]:
    """Cut a grid into tiles, as large as their cubics are good; those of one pixel always are."""
    for shrink in (1, 4, 16, 64):
        rows = _even_slices(grid.rows, max(1, _TILE_ROWS // shrink))
        columns = _even_slices(grid.columns, max(1, _TILE_COLUMNS // shrink))
        series, error_s = _fit_tiles(grid, field, rows, columns)
        if error_s <= _TILE_ERROR_S:
            break
    return [
        Tile(number, rows[i], columns[j], _inside(rows[i]), _inside(columns[j]), series[i, j])
        for i in range(len(rows))
        for j in range(len(columns))
    ]


def _fit_tiles(
    grid: PixelGrid, field: DelayField, rows: list[slice], columns: list[slice]
) -> tuple[FloatArray, float]:
    """Fit cubics to all tiles, and tell how far off they are at corners and centres."""
    node = chebyshev_nodes(TERMS)
    node_y, node_x = np.repeat(node, TERMS), np.tile(node, TERMS)
    # Corners and centre, where the polynomial that is zero at the nodes is largest.
    y = np.concatenate((node_y, [-1.0, -1.0, 1.0, 1.0, 0.0]))
    x = np.concatenate((node_x, [-1.0, 1.0, -1.0, 1.0, 0.0]))
    powers = _powers(y, x)
    shape = (len(rows), len(columns), y.size)
    row = np.broadcast_to(_outside(rows, y)[:, None, :], shape)
    column = np.broadcast_to(_outside(columns, x)[None, :, :], shape)
    east, north, up = grid.places_m(row.ravel(), column.ravel())
    values = field.time_coefficients(east, north, up).reshape(*shape, -1)
    nodes = TERMS * TERMS
    fitted = np.linalg.solve(powers[:nodes], values[:, :, :nodes])
    # A Chebyshev series is nowhere larger than the sum of its coefficients.
    wrong = np.sum(np.abs(powers[nodes:] @ fitted - values[:, :, nodes:]), axis=-1)
    series = np.zeros((*shape[:2], values.shape[-1] + 1, nodes))
    series[:, :, :-1] = np.swapaxes(fitted, 2, 3)
    series[:, :, -1, 0] = 1.0
    return series, float(np.max(wrong))


def _powers(y: FloatArray, x: FloatArray) -> FloatArray:
    """Return ``y^i x^j`` at some places, shape (places, 16)."""
    along_y, along_x = y[:, None] ** np.arange(TERMS), x[:, None] ** np.arange(TERMS)
    return np.asarray((along_y[:, :, None] * along_x[:, None, :]).reshape(y.size, -1))


def _even_slices(count: int, most: int) -> list[slice]:
    """Cut `count` things into slices of nearly one size, none above `most`."""
    return slices(count, math.ceil(count / math.ceil(count / most)))


def _inside(part: slice) -> FloatArray:
    """Return the coordinates of a tile's pixels."""
    return (
        np.linspace(-1.0, 1.0, part.stop - part.start)
        if part.stop - part.start > 1
        else np.zeros(1)
    )


def _outside(parts: list[slice], coordinate: FloatArray) -> FloatArray:
    """Return row or column numbers of coordinates in each tile, shape (tiles, coordinates)."""
    first = np.array([part.start for part in parts], dtype=np.float64)[:, None]
    last = np.array([part.stop - 1 for part in parts], dtype=np.float64)[:, None]
    return 0.5 * ((1.0 - coordinate) * first + (1.0 + coordinate) * last)


def _extent_s(
    tiles: Sequence[Tile], envelope_s: FloatArray, margin_s: float
) -> tuple[float, float]:
    """Return the lowest and the highest place of all pixels over the aperture."""
    pulses = np.linspace(0, envelope_s.shape[0] - 1, _EXTENT_PULSES).astype(np.int64)
    # Corners, and the middles of the sides: the delays hardly bend over a tile.
    side = np.array([-1.0, 0.0, 1.0])
    powers = _powers(np.repeat(side, 3), np.tile(side, 3))
    series = np.stack([tile.series for tile in tiles])
    place_s = envelope_s[pulses] @ (series @ powers.T)
    return float(np.min(place_s)) - margin_s, float(np.max(place_s)) + margin_s
