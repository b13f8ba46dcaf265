"""What de-ramping leaves of far points' delays, and how it is taken out of the image.

`DerampKernel` is linear in the place. Over 28 km the square of the offset counts for 1 rad at the
ends of 100 s. In the image that phase is a filter over the azimuth spectrum, whose frequencies are
slow times, and it changes slowly: one filter for a thousand lags of one column will do.
Formulas: docs/algorithms/deramp.md.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.polynomial import legendre

from sim_core.focusing.deramp.kernel import LagGrid, deramp_kernel
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression.compression import ComplexRows, Progress
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.sites import surface_up_m

# Legendre polynomials over the Doppler band that are taken out: from the square on.
_ORDERS = 6
# Degree in lag and range of their coefficients, and places along each side to which they are
# fitted.
_DEGREE = 4
_PLACES = 9
# Slow times at which delays are compared.
_TIMES = 33
# Lags that one filter serves, and those beyond them that it reaches.
_BLOCK_LAGS, _REACH_LAGS = 896, 64
_COLUMN_BLOCK = 8


@dataclass(frozen=True, slots=True, eq=False)
class ResidualPhase:
    """Phase, over the Doppler band, of points all over the image.

    Parameters
    ----------
    lag_s, range_s : tuple of float
        Spans of the coordinates to which it was fitted; beyond, it is that of their ends.
    coefficients : ndarray of float64, shape (orders, lag terms, range terms)
        Cycles of each Legendre polynomial, from the second on, as Legendre series in lag and range.
    """

    lag_s: tuple[float, float]
    range_s: tuple[float, float]
    coefficients: FloatArray

    @classmethod
    def fit(
        cls,
        reference: Reference,
        field: DelayField,
        lag_s: tuple[float, float],
        range_s: tuple[float, float],
    ) -> "ResidualPhase":
        """Compare the delays of places all over an image with what the kernel makes of them.

        Parameters
        ----------
        reference : Reference
            The reference point.
        field : DelayField
            Delays about the reference point. Places beyond its ends are taken at the ends.
        lag_s, range_s : tuple of float
            First and last azimuth lag, and delay, of the image.
        """
        carrier_hz = reference.carrier_hz
        slow_time_s = np.linspace(-0.5, 0.5, _TIMES) * reference.aperture.duration_s
        kernel = deramp_kernel(reference, field, slow_time_s)
        side = chebyshev_nodes(_PLACES)
        lag, delay = np.meshgrid(_across(lag_s, side), _across(range_s, side), indexing="ij")
        east, north = np.asarray(kernel.to_metres) @ np.stack([delay.ravel(), lag.ravel()])
        east = np.clip(east, -field.half_east_m, field.half_east_m)
        north = np.clip(north, -field.half_north_m, field.half_north_m)
        up = surface_up_m(field.centre, east, north, field.centre.height_m)
        transmit_s = reference.aperture.middle_s + slow_time_s
        own = field.relative_delay_s(0.0, 0.0, 0.0, transmit_s)
        # In cycles, and as range compression leaves it: rho is taken out at the point's own gate.
        left = (
            carrier_hz
            * (1.0 - kernel.rho)
            * (field.relative_delay_s(east, north, up, transmit_s) - own)
        )
        basis = np.stack([np.ones(_TIMES), carrier_hz * kernel.turning], axis=1)
        constant, found_lag = np.linalg.lstsq(basis, left.T)[0]
        left -= (basis @ np.stack([constant, found_lag])).T
        bend = 0.5 * reference.rate_slope_per_s() * found_lag**2
        found_range = constant / carrier_hz - bend
        place = kernel.turning / (0.5 * reference.rate_span)
        over_band = np.linalg.lstsq(legendre.legvander(place, _ORDERS), left.T)[0][2:]
        x, y = _within(lag_s, found_lag), _within(range_s, found_range)
        terms = legendre.legvander2d(x, y, [_DEGREE, _DEGREE])
        order = np.add.outer(np.arange(_DEGREE + 1), np.arange(_DEGREE + 1)).ravel()
        fitted = np.zeros((over_band.shape[0], order.size))
        fitted[:, order <= _DEGREE] = np.linalg.lstsq(terms[:, order <= _DEGREE], over_band.T)[0].T
        return cls(lag_s, range_s, fitted.reshape(-1, _DEGREE + 1, _DEGREE + 1))

    def over_band(self, lag_s: FloatArray, range_s: FloatArray) -> FloatArray:
        """Return the coefficients of the Legendre polynomials, shape (orders + 1, places).

        The first two, constant and line, are zero: they would move points.
        """
        x = np.clip(_within(self.lag_s, lag_s), -1.0, 1.0)
        y = np.clip(_within(self.range_s, range_s), -1.0, 1.0)
        higher = legendre.legval2d(x, y, np.moveaxis(self.coefficients, 0, -1))
        return np.concatenate([np.zeros((2, *higher.shape[1:])), higher])

    def cycles(self, place_in_band: FloatArray, lag_s: float, range_s: float) -> FloatArray:
        """Return the phase at places in the Doppler band, -1/2 to 1/2, of a point of the image."""
        series = self.over_band(np.array(lag_s), np.array(range_s))
        return np.asarray(legendre.legval(np.clip(2.0 * place_in_band, -1.0, 1.0), series))


def remove_residual(
    image: ComplexRows,
    residual: ResidualPhase,
    reference: Reference,
    grid: LagGrid,
    first_column: int,
    factor: ComplexRows,
    progress: Progress,
) -> None:
    """Filter each column of an image in blocks of lags, and multiply its lags by a factor.

    Parameters
    ----------
    image : ndarray of complex64, shape (columns, lags)
        What the transform gave, without the term in a^2; it is overwritten.
    residual : ResidualPhase
        What to take out.
    reference : Reference
        The reference point.
    grid : LagGrid
        Lags of the image.
    first_column : int
        Gate of the first column.
    factor : ndarray of complex64, shape (lags,)
        The term in a^2.
    progress : callable
        Called with the fraction done.
    """
    length = scipy.fft.next_fast_len(min(_BLOCK_LAGS, grid.lags) + 2 * _REACH_LAGS)
    lag_blocks = slices(grid.lags, length - 2 * _REACH_LAGS)
    frequency_hz = scipy.fft.fftfreq(length, grid.step_s)
    place = frequency_hz / (reference.carrier_hz * reference.rate_span)
    polynomials = legendre.legvander(np.clip(2.0 * place, -1.0, 1.0), _ORDERS).T
    middles = np.array([grid.lag_s[(lags.start + lags.stop - 1) // 2] for lags in lag_blocks])

    def work(columns: slice) -> None:
        range_s = np.arange(columns.start, columns.stop) + first_column
        series = residual.over_band(
            *np.broadcast_arrays(middles[:, None], range_s / reference.sample_rate_hz)
        )
        padded = np.zeros((columns.stop - columns.start, grid.lags + 2 * _REACH_LAGS), np.complex64)
        padded[:, _REACH_LAGS : -_REACH_LAGS or None] = image[columns]
        for number, lags in enumerate(lag_blocks):
            part = np.zeros((padded.shape[0], length), dtype=np.complex64)
            taken = padded[:, lags.start : lags.start + length]
            part[:, : taken.shape[1]] = taken
            spectrum = scipy.fft.fft(part, axis=1, overwrite_x=True)
            cycles = series[:, number].T @ polynomials
            spectrum *= np.exp(2j * np.pi * cycles).astype(np.complex64)
            part = scipy.fft.ifft(spectrum, axis=1, overwrite_x=True)
            kept = part[:, _REACH_LAGS : _REACH_LAGS + lags.stop - lags.start]
            image[columns, lags] = kept * factor[lags]

    blocks = slices(image.shape[0], _COLUMN_BLOCK)
    run_blocks(blocks, work, lambda done: progress(done / len(blocks)))


def _across(span: tuple[float, float], side: FloatArray) -> FloatArray:
    return 0.5 * (span[0] + span[1]) + 0.5 * (span[1] - span[0]) * side


def _within(span: tuple[float, float], value: FloatArray) -> FloatArray:
    """Return coordinates as -1 to 1 over a span, which may be a single value."""
    half = 0.5 * (span[1] - span[0])
    return (value - 0.5 * (span[0] + span[1])) / (half if half > 0.0 else 1.0)
