"""Range-Doppler focusing with a numerical reference from the exact delay history.

A point's azimuth spectrum follows from its history (see `azimuth_reference`), and so do the matched
filter, the range migration and the coupling of secondary range compression. With the delays of all
places the filter is that of every place of the image: its Doppler rate follows the columns by an
exact phase, the lags in blocks (see `lag_blocks`) and within them to second order.
Formulas: docs/algorithms/range-doppler.md.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression.columns import align_and_crop
from sim_core.focusing.range_compression.compression import ComplexRows, Progress
from sim_core.focusing.range_compression.gates import RangeGates
from sim_core.focusing.range_doppler.azimuth_reference import azimuth_reference
from sim_core.focusing.range_doppler.lag_blocks import LagBlock, LagBlocks
from sim_core.focusing.reference import FloatArray, Reference

# Doppler bins of a block, whose range spectra fit one core's cache; and range frequencies or gates.
_DOPPLER_BLOCK = 256
_RANGE_BLOCK = 8
# Columns over which the change of the Doppler rate is a straight line, to 1e-6 cycles.
_TURN_COLUMNS = 32
# Places along a block of lags between which the change of the Doppler rate is a straight line.
_LAG_KNOTS = 65
# Width of the Doppler band that is kept, in bandwidths: the Doppler rate is not quite constant.
_KEPT_BAND = 1.02


@dataclass(frozen=True, slots=True, eq=False)
class _AzimuthFilter:
    """What the azimuth spectra are multiplied by.

    Parameters
    ----------
    polynomial : ndarray of float64, shape (3, bins)
        Phase over the range frequencies, see `align_and_crop`.
    matched : ndarray of complex64, shape (bins,)
        Matched filter of the reference.
    squared_hz2 : ndarray of float64, shape (bins,)
        Squares of the Doppler frequencies.
    by_column : ndarray of float64, shape (columns,), or None
        Cycles per `squared_hz2` by which the Doppler rate of a column differs.
    by_lag : ndarray of float64, shape (columns, knots), or None
        Radians per `squared_hz2` by which the Doppler rate differs along the lags, from the first
        to the last of them, straight lines between.
    order : int
        Order in `by_lag`, 1 or 2, to which it is followed.
    """

    polynomial: FloatArray
    matched: ComplexRows
    squared_hz2: FloatArray
    by_column: FloatArray | None = None
    by_lag: FloatArray | None = None
    order: int = 0


def _plain_filter(reference: Reference, raster: AzimuthRaster, gates: RangeGates) -> _AzimuthFilter:
    """Return the filter of the reference point, for all columns and lags."""
    doppler_hz = raster.doppler_hz()
    azimuth = azimuth_reference(reference, doppler_hz)
    cycles = azimuth.azimuth_cycles(raster.first_s) - _to_middle(raster)
    return _AzimuthFilter(
        azimuth.range_polynomial(reference.sample_rate_hz / gates.gates),
        np.exp(2j * np.pi * np.mod(cycles, 1.0)).astype(np.complex64),
        doppler_hz**2,
    )


def _renewed_filter(
    lag_blocks: LagBlocks, block: LagBlock, raster: AzimuthRaster, gates: RangeGates
) -> _AzimuthFilter:
    """Return the filter of a block's own place, and how it changes with column and lag."""
    reference, place = block.reference, block.place
    doppler_hz = raster.doppler_hz(block.centre_bin(raster))
    azimuth = azimuth_reference(reference, doppler_hz)
    # The block's place comes to where it is in the image, with the phase that it has there.
    cycles = (
        azimuth.azimuth_cycles(raster.first_s)
        - reference.carrier_hz * place.range_s
        - doppler_hz * place.lag_s
        - _to_middle(raster)
    )
    step_hz = reference.sample_rate_hz / gates.gates
    polynomial = azimuth.range_polynomial(step_hz)
    polynomial[0] -= place.range_s * step_hz
    range_s = np.arange(gates.columns, dtype=np.float64) + gates.first_column
    range_s /= reference.sample_rate_hz
    # Stationary phase of a parabola: -f^2 / (2 f_c kappa), in cycles.
    per_second = -0.5 / reference.carrier_hz
    lags = (np.array([block.lags.start, block.lags.stop - 1]) - raster.bins // 2).tolist()
    knots_s = np.linspace(lags[0], lags[1], _LAG_KNOTS) * raster.interval_s
    by_column = lag_blocks.rate_change(block, range_s, place.lag_s)
    by_lag = lag_blocks.rate_change(block, range_s[:, None], knots_s) - by_column[:, None]
    return _AzimuthFilter(
        polynomial,
        np.exp(2j * np.pi * np.mod(cycles, 1.0)).astype(np.complex64),
        doppler_hz**2,
        per_second * by_column,
        2.0 * np.pi * per_second * by_lag if block.order else None,
        block.order,
    )


def _to_middle(raster: AzimuthRaster) -> FloatArray:
    """Return the ramp that puts lag zero in the middle, in cycles: bins // 2 places, exactly."""
    bins = raster.bins
    return np.asarray((np.arange(bins) * (bins // 2) % bins) / bins)


def compress_azimuth(
    spectra: ComplexRows,
    reference: Reference,
    gates: RangeGates,
    progress: Progress,
    lag_blocks: LagBlocks | None = None,
) -> ComplexRows:
    """Form the image from range spectra in the linear frame.

    Azimuth FFT; in the two-dimensional frequency domain range migration and secondary range
    compression; inverse range FFT; azimuth matched filter for each gate; inverse azimuth FFT;
    noise beyond the Doppler bands of the points taken out.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (gates, width)
        Range spectra of the pulses, which are overwritten; rows at least as wide as there are
        pulses and Doppler bins of the raster.
    reference : Reference
        The reference point.
    gates : RangeGates
        Which gates they are.
    progress : callable
        Called with the fraction done.
    lag_blocks : LagBlocks, optional
        References that are renewed from place to place; without them that of the reference point
        serves the whole image.

    Returns
    -------
    ndarray of complex64, shape (columns, bins)
        The image, range by azimuth lag; lag zero is in the middle, at bins // 2. It lies in the
        memory of `spectra`, unless there are several blocks of lags. The peak of the reference is
        the sum over the pulses of the square roots of Doppler rate over PRF^2, see `peak_gain`.
    """
    raster = AzimuthRaster.of(reference.aperture)
    bins, pulses = raster.bins, reference.aperture.pulses
    skew = None
    if lag_blocks is None:
        parts = [(slice(0, bins), 0, _plain_filter(reference, raster, gates))]
    else:
        skew = lag_blocks.skew_turns().astype(np.complex64)
        parts = [
            (
                block.lags,
                block.centre_bin(raster),
                _renewed_filter(lag_blocks, block, raster, gates),
            )
            for block in lag_blocks.blocks
        ]
    several = len(parts) > 1
    # The spectrum of even pulses serves all blocks: it repeats with the PRF. That of uneven ones
    # does not, and each block has it about its own band.
    once = raster.even or not several
    azimuth_spectra = spectra[:, :bins] if once else np.empty_like(spectra[:, :bins])
    work = image = spare = azimuth_spectra[: gates.columns]
    if several:
        image = np.empty_like(work)
        spare = np.empty_like(work) if once else work
    band = _lag_band(reference, raster)
    frequencies = slices(gates.gates, _RANGE_BLOCK)
    for number, (lags, centre_bin, azimuth_filter) in enumerate(parts):

        def forward(rows: slice, number: int = number, centre_bin: int = centre_bin) -> None:
            if skew is not None and number == 0:
                spectra[rows, :pulses] *= skew
            raster.forward(spectra, rows, None if once else azimuth_spectra, centre_bin)

        def report_transform(done: int, number: int = number) -> None:
            if number == 0:
                progress(0.4 * done / len(frequencies))

        def report(done: float, number: int = number) -> None:
            progress(0.4 + 0.6 * (number + done) / len(parts))

        if number == 0 or not once:
            run_blocks(frequencies, forward, report_transform)
        _form_lags(
            azimuth_spectra,
            azimuth_filter,
            band,
            # What no other block wants may be overwritten.
            work if number == len(parts) - 1 else spare,
            image[:, lags],
            lags,
            gates,
            report,
        )
    return image


def _form_lags(
    spectra: ComplexRows,
    azimuth_filter: _AzimuthFilter,
    band: tuple[ComplexRows, ComplexRows, npt.NDArray[np.bool_]],
    work: ComplexRows,
    image: ComplexRows,
    lags: slice,
    gates: RangeGates,
    progress: Progress,
) -> None:
    """Form some lags of all columns; `work` may be the image, or the spectra's first rows."""
    first = gates.first_column - gates.first_gate
    ramp_back, ramp, beyond = band
    squared = azimuth_filter.squared_hz2
    scale = float(np.max(squared))
    weight = (squared / scale).astype(np.float32)

    def align(part: slice) -> None:
        align_and_crop(
            spectra, work, part, first, azimuth_filter.polynomial, azimuth_filter.matched
        )
        if azimuth_filter.by_column is not None:
            _turn_columns(work[:, part], squared[part], azimuth_filter.by_column)

    def inverse(rows: slice) -> None:
        by_lag = azimuth_filter.by_lag
        weighted = [work[rows] * weight**order for order in range(1, azimuth_filter.order + 1)]
        rowed = scipy.fft.ifft(work[rows], axis=1, overwrite_x=True)
        if by_lag is not None:
            weighted = [scipy.fft.ifft(one, axis=1, overwrite_x=True)[:, lags] for one in weighted]
            _turn_lags(
                rowed[:, lags], scale * by_lag[rows], weighted[0], weighted[-1], len(weighted)
            )
        rowed *= ramp_back
        doppler = scipy.fft.fft(rowed, axis=1, overwrite_x=True)
        doppler[:, beyond] = 0.0
        rowed = scipy.fft.ifft(doppler, axis=1, overwrite_x=True)
        np.multiply(rowed[:, lags], ramp[lags], out=image[rows])

    parts, columns = slices(spectra.shape[1], _DOPPLER_BLOCK), slices(gates.columns, _RANGE_BLOCK)
    run_blocks(parts, align, lambda done: progress(0.5 * done / len(parts)))
    run_blocks(columns, inverse, lambda done: progress(0.5 + 0.5 * done / len(columns)))


@numba.njit(cache=True, nogil=True)
def _turn_lags(
    lags: ComplexRows, knots: FloatArray, first: ComplexRows, second: ComplexRows, order: int
) -> None:
    """Add ``j x first - x^2/2 second``, exp(j x) less one to second order, x between knots."""
    rows, count = lags.shape
    step = (knots.shape[1] - 1) / max(count - 1, 1)
    for row in range(rows):
        for n in range(count):
            place = n * step
            knot = min(int(place), knots.shape[1] - 2)
            slope = knots[row, knot + 1] - knots[row, knot]
            x = np.float32(knots[row, knot] + (place - knot) * slope)
            lags[row, n] += np.complex64(1j) * x * first[row, n]
            if order > 1:
                lags[row, n] -= np.float32(0.5) * x * x * second[row, n]


@numba.njit(cache=True, nogil=True)
def _turn_columns(image: ComplexRows, squared_hz2: FloatArray, cycles: FloatArray) -> None:
    """Multiply ``image[c, b]`` by ``exp(2j pi cycles[c] squared_hz2[b])``.

    Over a few columns the cycles are linear: phasors turn phasors.
    """
    columns, bins = image.shape
    phasor = np.empty(bins, dtype=np.complex64)
    step = np.empty(bins, dtype=np.complex64)
    for first in range(0, columns, _TURN_COLUMNS):
        last = min(first + _TURN_COLUMNS, columns)
        slope = (cycles[last - 1] - cycles[first]) / max(last - 1 - first, 1)
        for b in range(bins):
            phasor[b] = np.complex64(np.exp(2j * np.pi * cycles[first] * squared_hz2[b]))
            step[b] = np.complex64(np.exp(2j * np.pi * slope * squared_hz2[b]))
        for c in range(first, last):
            for b in range(bins):
                image[c, b] *= phasor[b]
                phasor[b] *= step[b]


def _lag_band(
    reference: Reference, raster: AzimuthRaster
) -> tuple[ComplexRows, ComplexRows, npt.NDArray[np.bool_]]:
    """Return the phase that brings all points into one Doppler band, its inverse, and what is out.

    A point at lag a was lit while its Doppler frequency went through the reference's band shifted
    by ``k a``. A filter that is to pass the points of all lags passes the noise of the whole PRF.
    Once the image is turned by ``-f_c tau'' a^2 / 2`` every point has the reference's band, and
    what lies outside of it is noise: ``10 log10(PRF / bandwidth)`` of it, 1.1 dB at 600 Hz.
    """
    carrier_hz = reference.carrier_hz
    lag_s = (np.arange(raster.bins) - raster.bins // 2) * raster.interval_s
    cycles = np.mod(0.5 * carrier_hz * reference.rate_slope_per_s() * lag_s**2, 1.0)
    ramp = np.exp(2j * np.pi * cycles).astype(np.complex64)
    beyond = np.abs(raster.doppler_hz()) > 0.5 * _KEPT_BAND * carrier_hz * reference.rate_span
    return np.conj(ramp), ramp, beyond


def peak_gain(reference: Reference, pulse_weight: FloatArray) -> float:
    """Return the peak that `compress_azimuth` gives the reference point.

    The filter has unit gain at every frequency, so the aperture's chirp of rate k compresses to
    ``sqrt(k) / PRF`` for each pulse.

    Parameters
    ----------
    reference : Reference
        The reference point.
    pulse_weight : ndarray of float64, shape (pulses,)
        Weights of the pulses.
    """
    acceleration = reference.history.delay_acceleration(reference.aperture.transmit_s)
    chirp = np.sqrt(np.abs(acceleration) * reference.carrier_hz)
    return float(np.sum(pulse_weight * chirp)) * AzimuthRaster.of(reference.aperture).interval_s
