"""Which lags of a range-Doppler image one azimuth reference serves.

A point at lag a has the reference's Doppler band shifted by ``k a``, which leaves the band of the
PRF beyond some lag. A block of lags has its own reference, about whose Doppler band the bins are
read. Within it the Doppler rate is followed from column to column by an exact phase, and from lag
to lag to second order.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.image import ReferenceBlocks
from sim_core.focusing.range_compression.gates import RangeGates
from sim_core.focusing.range_doppler.azimuth_reference import azimuth_reference
from sim_core.focusing.range_doppler.place_references import PlaceReferences, ZeroDoppler
from sim_core.focusing.reference import FloatArray, Reference

# Largest phase, in rad at the edges of the aperture, that is treated to second order: a sixth of
# its cube, 6e-4, is what is left.
_LARGEST_TURN_RAD = 0.15
# Above the first it is followed, above the second to second order: below, half its square is 6e-4.
_TURN_RAD = (1e-3, 0.035)
_MOST_BLOCKS = 64
# Coordinates at which the blocks are planned, per axis.
_PLANNED = 65
# Held-out places per axis, and slow times, at which the phase that is left is measured.
_HELD_OUT, _TIMES = 6, 65


@dataclass(frozen=True, slots=True, eq=False)
class LagBlock:
    """Lags that one reference serves.

    Parameters
    ----------
    lags : slice
        Rows of the image.
    reference : Reference
        A place in the middle of the block, skewed.
    place : ZeroDoppler
        Where it is in the image.
    order : int
        Order to which the change of the Doppler rate with the lag is to be followed, 0 to 2.
    """

    lags: slice
    reference: Reference
    place: ZeroDoppler
    order: int

    def centre_bin(self, raster: AzimuthRaster) -> int:
        """Return the Doppler bin in the middle of the block's own band."""
        centre_hz = self.reference.carrier_hz * self.place.curvature_per_s * self.place.lag_s
        return round(centre_hz * raster.bins * raster.interval_s)


@dataclass(frozen=True, slots=True, eq=False)
class LagBlocks:
    """The blocks of an image.

    Parameters
    ----------
    places : PlaceReferences
        The references of all places.
    blocks : tuple of LagBlock
        In the order of the lags; together they are all rows.
    summary : ReferenceBlocks
        What the image says of them.
    """

    places: PlaceReferences
    blocks: tuple[LagBlock, ...]
    summary: ReferenceBlocks

    def rate_change(
        self, block: LagBlock, range_s: float | FloatArray, lag_s: float | FloatArray
    ) -> FloatArray:
        """Return by what the inverse curvature differs from that of a block's place, in s.

        Where the image has no places of the field it is that of the nearest.
        """
        inverse = self.places.inverse_curvature_s(*np.broadcast_arrays(range_s, lag_s))
        return inverse - 1.0 / block.place.curvature_per_s

    def skew_turns(self) -> npt.NDArray[np.complex128]:
        """Return the factor of each pulse that skews all points, shape (pulses,)."""
        reference = self.places.reference
        cycles = reference.aperture.slow_time_s**3 * (self.summary.skew_hz_per_s2 / 6.0)
        return np.asarray(np.exp(-2j * np.pi * cycles))


def plan_lag_blocks(places: PlaceReferences, raster: AzimuthRaster, gates: RangeGates) -> LagBlocks:
    """Cut the lags of an image into blocks, as few as will do.

    Parameters
    ----------
    places : PlaceReferences
        The references of all places.
    raster : AzimuthRaster
        Doppler bins and lags.
    gates : RangeGates
        Columns of the image.

    Returns
    -------
    LagBlocks
    """
    reference = places.reference
    lag_s = (np.arange(raster.bins, dtype=np.float64) - raster.bins // 2) * raster.interval_s
    columns_s = (
        np.array([gates.first_column, gates.first_column + gates.columns - 1])
        / reference.sample_rate_hz
    )
    range_s, planned_s, inside = _planned(places, columns_s, lag_s[[0, -1]])
    seen = np.flatnonzero(inside.any(axis=0))
    first_s, last_s = (planned_s[seen[0]], planned_s[seen[-1]]) if seen.size else (0.0, 0.0)
    rate = abs(reference.rate_slope_per_s()) * reference.carrier_hz
    spare_hz = 1.0 / raster.interval_s - reference.carrier_hz * reference.rate_span
    half_s = 0.5 * max(spare_hz, 0.0) / rate
    if max(abs(first_s), abs(last_s)) <= half_s:
        first_s, last_s = -half_s, half_s
        count = 1
    else:
        count = min(_MOST_BLOCKS, max(1, int(np.ceil((last_s - first_s) / (2.0 * half_s)))))
    while True:
        edges_s = np.linspace(first_s, last_s, count + 1)
        turns = _turns_rad(places, range_s, planned_s, inside, edges_s)
        if np.max(turns) <= _LARGEST_TURN_RAD or count >= _MOST_BLOCKS:
            break
        count += 1
    # The first and the last block go on to the ends of the image, where no places are known.
    starts = [0, *(int(n) for n in np.searchsorted(lag_s, edges_s[1:-1])), raster.bins]
    blocks = []
    for number in range(count):
        middle_s = 0.5 * float(edges_s[number] + edges_s[number + 1])
        there = inside[:, int(np.argmin(np.abs(planned_s - middle_s)))]
        range_middle_s = float(np.mean(range_s[there])) if there.any() else 0.0
        own = places.at(range_middle_s, middle_s)
        blocks.append(
            LagBlock(
                slice(starts[number], starts[number + 1]),
                own,
                places.place_of(own),
                sum(float(turns[number]) > bound for bound in _TURN_RAD),
            )
        )
    summary = ReferenceBlocks(
        lag_edges_s=tuple(float(edge) for edge in edges_s),
        skew_hz_per_s2=places.skew_per_s2 * reference.carrier_hz,
        residual_rad=0.0,
    )
    planned = LagBlocks(places, tuple(blocks), summary)
    residual_rad = _residual_rad(planned, columns_s, edges_s)
    return replace(planned, summary=replace(summary, residual_rad=residual_rad))


def _planned(
    places: PlaceReferences, columns_s: FloatArray, ends_s: FloatArray
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return ranges and lags, and at which of them there are places, shape (ranges, lags)."""
    range_s = np.linspace(columns_s[0], columns_s[1], _PLANNED)
    lag_s = np.linspace(ends_s[0], ends_s[1], 4 * _PLANNED)
    return range_s, lag_s, places.inside(*np.meshgrid(range_s, lag_s, indexing="ij"))


def _turns_rad(
    places: PlaceReferences,
    range_s: FloatArray,
    lag_s: FloatArray,
    inside: npt.NDArray[np.bool_],
    edges_s: FloatArray,
) -> FloatArray:
    """Return the largest phase in each block that comes of the lag against its middle."""
    reference = places.reference
    inverse = places.inverse_curvature_s(*np.meshgrid(range_s, lag_s, indexing="ij"))
    turns = np.zeros(edges_s.size - 1)
    for number, (first_s, last_s) in enumerate(itertools.pairwise(edges_s)):
        chosen = inside & ((lag_s >= first_s) & (lag_s <= last_s))
        if not chosen.any():
            continue
        middle = places.inverse_curvature_s(
            range_s, np.full_like(range_s, 0.5 * (first_s + last_s))
        )
        change = np.max(np.abs(inverse - middle[:, None])[chosen])
        edge_hz = 0.5 * reference.carrier_hz * reference.rate_span
        turns[number] = np.pi * edge_hz**2 / reference.carrier_hz * change
    return turns


def _residual_rad(blocks: LagBlocks, columns_s: FloatArray, edges_s: FloatArray) -> float:
    """Return the largest phase that is left to places between those of the plan.

    It is the exact phase of the place's history against the filter of its column and lag, over the
    aperture; what is linear in the Doppler frequency would be a shift, and counts as well.
    """
    places, edge_rad = blocks.places, 0.0
    carrier_hz, aperture = places.reference.carrier_hz, places.reference.aperture
    time_s = np.linspace(-0.5, 0.5, _TIMES) * aperture.duration_s
    share = (np.arange(_HELD_OUT) + 0.5) / _HELD_OUT
    for block, first_s, last_s in zip(blocks.blocks, edges_s[:-1], edges_s[1:], strict=True):
        for range_s in columns_s[0] + share * np.ptp(columns_s):
            for lag_s in (first_s, last_s):
                if not places.inside(np.array(range_s), np.array(lag_s)):
                    continue
                point = places.at(float(range_s), float(lag_s))
                place = places.place_of(point)
                doppler_hz = -carrier_hz * (point.delay_rate(time_s) - point.walk)
                served = azimuth_reference(block.reference, doppler_hz)
                change = blocks.rate_change(block, place.range_s, place.lag_s)
                cycles = (
                    served.azimuth_cycles(0.0)
                    - azimuth_reference(point, doppler_hz).azimuth_cycles(0.0)
                    - carrier_hz * (block.place.range_s - place.range_s)
                    - doppler_hz * (block.place.lag_s - place.lag_s)
                    - 0.5 * doppler_hz**2 / carrier_hz * change
                )
                edge_rad = max(edge_rad, 2.0 * np.pi * float(np.max(np.abs(cycles))))
    return edge_rad
