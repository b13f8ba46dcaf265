"""Images of points that are known in closed form, or by their spectra, at any sub-pixel place."""

import math

import numpy as np
import numpy.typing as npt

from sim_core.focusing.image import Image
from sim_core.signal.window import NO_TAPER, Window, band_quadrature

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

RANGE_BANDWIDTH_HZ = 80e6
AZIMUTH_BANDWIDTH_HZ = 468.0
WINDOWS = [
    NO_TAPER,
    Window("generalized-hamming", alpha=0.75),
    Window("hamming"),
    Window("hann"),
    Window("kaiser", beta=2.5),
    Window("kaiser", beta=4.0),
    Window("taylor", nbar=4, sidelobe_db=30.0),
    Window("taylor", nbar=5, sidelobe_db=35.0),
]


def image_of(
    samples: npt.NDArray[np.complexfloating],
    oversampling: tuple[float, float] = (1.28, 1.2),
    ambiguity_s: float = 128.0,
) -> Image:
    """Put zero lag and zero delay in the middle of some samples."""
    rows, columns = samples.shape
    azimuth_step_s = 1.0 / (AZIMUTH_BANDWIDTH_HZ * oversampling[0])
    range_step_s = 1.0 / (RANGE_BANDWIDTH_HZ * oversampling[1])
    return Image(
        samples=samples.astype(np.complex64, copy=False),
        azimuth_start_s=-(rows // 2) * azimuth_step_s,
        azimuth_step_s=azimuth_step_s,
        range_start_s=-(columns // 2) * range_step_s,
        range_step_s=range_step_s,
        method="range-doppler",
        range_bandwidth_hz=RANGE_BANDWIDTH_HZ,
        azimuth_bandwidth_hz=AZIMUTH_BANDWIDTH_HZ,
        azimuth_ambiguity_s=ambiguity_s,
        full_azimuth_s=14.0,
        full_range_s=(-1e-6, 1e-6),
    )


def ideal(
    row: float,
    column: float,
    window: Window = NO_TAPER,
    phase_rad: float = 0.0,
    turn: tuple[float, float] = (0.0, 0.0),
    shape: tuple[int, int] = (257, 257),
    oversampling: tuple[float, float] = (1.28, 1.2),
) -> ComplexArray:
    """Sample a perfect response whose peak lies `row`, `column` samples from the middle."""
    v = np.arange(float(shape[0])) - shape[0] // 2 - row
    h = np.arange(float(shape[1])) - shape[1] // 2 - column
    along_azimuth = tapered(v / oversampling[0], window) * np.exp(1j * turn[0] * v)
    along_range = tapered(h / oversampling[1], window) * np.exp(1j * turn[1] * h)
    return np.outer(np.exp(1j * phase_rad) * along_azimuth, along_range)


def tapered(offset_cells: FloatArray, window: Window) -> FloatArray:
    """Integrate a taper over the band, by a quadrature that is fine enough for all offsets."""
    if window.name == "none":
        return np.sinc(offset_cells)
    u, quadrature = band_quadrature(16 + math.ceil(0.5 * float(np.max(np.abs(offset_cells)))))
    weight = quadrature * window.weight(u)
    response: FloatArray = np.cos(2.0 * np.pi * np.multiply.outer(offset_cells, u)) @ weight
    return response / float(np.sum(weight))


def with_phase(
    quadratic_rad: float, cubic_rad: float, offset_cells: FloatArray, window: Window = NO_TAPER
) -> ComplexArray:
    """Evaluate the response of a tapered band whose phase is no line."""
    u, quadrature = band_quadrature(128)
    x = 2.0 * u
    spectrum = window.weight(u) * np.exp(1j * (quadratic_rad * x**2 + cubic_rad * x**3))
    phasor = np.exp(2j * np.pi * np.multiply.outer(offset_cells, u))
    response: ComplexArray = phasor @ (quadrature * spectrum)
    return response / float(np.sum(quadrature * window.weight(u)))
