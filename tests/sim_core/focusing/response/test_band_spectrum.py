import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import special

from sim_core.errors import FocusingError
from sim_core.focusing.response.band_spectrum import measure_spectrum
from sim_core.focusing.response.impulse_response import measure
from sim_core.signal.window import NO_TAPER, Window
from tests.sim_core.focusing.response.ideal_images import (
    WINDOWS,
    ComplexArray,
    FloatArray,
    ideal,
    image_of,
    with_phase,
)


def image_with_phase(
    quadratic_rad: float,
    cubic_rad: float,
    place: tuple[float, float],
    window: Window = NO_TAPER,
    turn: float = 0.0,
) -> ComplexArray:
    """Make a point whose azimuth band has a phase, 1.28 and 1.2 samples per cell."""
    v = np.arange(257.0) - 128 - place[0]
    h = np.arange(257.0) - 128 - place[1]
    along_azimuth = with_phase(quadratic_rad, cubic_rad, v / 1.28, window) * np.exp(1j * turn * v)
    along_range = with_phase(0.0, 0.0, h / 1.2, window)
    return np.outer(along_azimuth, along_range)


@pytest.mark.parametrize("window", [NO_TAPER, Window("hann"), Window("kaiser", beta=2.5)])
@given(
    quadratic=st.floats(-1.2, 1.2),
    cubic=st.floats(-1.2, 1.2),
    place=st.tuples(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0)),
    turn=st.floats(-0.3, 0.3),
)
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_known_phases_are_recovered(
    window: Window, quadratic: float, cubic: float, place: tuple[float, float], turn: float
) -> None:
    response = measure(image_of(image_with_phase(quadratic, cubic, place, window, turn)))
    spectrum = response.azimuth.spectrum
    assert spectrum is not None
    # One per cent, the bar, of the larger of the two: the middle of the band is found from the
    # response, and an error of it turns the one into the other.
    scale = max(abs(quadratic), abs(cubic), 0.01)
    assert spectrum.quadratic_rad == pytest.approx(quadratic, abs=0.01 * scale)
    assert spectrum.cubic_rad == pytest.approx(cubic, abs=0.01 * scale)
    assert response.range.spectrum is not None
    assert response.range.spectrum.quadratic_rad == pytest.approx(0.0, abs=1e-4)
    assert response.range.spectrum.cubic_rad == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w.name}")
def test_a_perfect_point_has_its_taper_and_no_phase(window: Window) -> None:
    response = measure(
        image_of(ideal(0.4, -0.3, window)), range_window=window, azimuth_window=window
    )
    for axis in (response.range, response.azimuth):
        spectrum = axis.spectrum
        assert spectrum is not None
        # What complex64 samples leave.
        assert abs(spectrum.quadratic_rad) < 1e-5
        assert abs(spectrum.cubic_rad) < 1e-5
        assert spectrum.residual_rad < 1e-5
        # The band's edges are smoothed by 1/24 of it, which a falling taper feels before them.
        assert spectrum.ripple_db < 0.2
        inner = np.abs(spectrum.position) < 0.35
        expected_db = 20.0 * np.log10(window.weight(spectrum.position[inner]))
        assert spectrum.amplitude_db[inner] == pytest.approx(expected_db, abs=0.15)
        assert np.max(np.abs(spectrum.phase_rad[inner])) < 1e-4


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_ripple_of_the_spectrum_is_measured(sign: float) -> None:
    # Paired echoes at +-6 cells of 2 %: the amplitude, or the phase, swings by 4 % either way.
    def cut(x: FloatArray) -> ComplexArray:
        return (np.sinc(x) + 0.02 * (np.sinc(x - 6.0) + sign * np.sinc(x + 6.0))).astype(complex)

    spectrum = measure_spectrum(cut, 24.0)
    # The lag taper, a Kaiser window of 6 over 24 cells to either side, weighs the echoes.
    taper = special.i0(6.0 * np.sqrt(1.0 - 0.25**2)) / special.i0(6.0)
    if sign > 0.0:
        swing = 0.04 * taper
        expected_db = 20.0 * np.log10((1.0 + swing) / (1.0 - swing))
        assert spectrum.ripple_db == pytest.approx(expected_db, rel=0.02)
        assert spectrum.residual_rad < 1e-3
    else:
        assert spectrum.residual_rad == pytest.approx(0.04 * taper / np.sqrt(2.0), rel=0.1)
        assert spectrum.ripple_db < 0.05


def test_a_short_cut_is_refused() -> None:
    with pytest.raises(FocusingError, match="too short"):
        measure_spectrum(lambda x: np.sinc(x).astype(np.complex128), 5.0)
