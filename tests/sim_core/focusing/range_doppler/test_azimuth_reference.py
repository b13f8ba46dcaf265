import dataclasses

import numpy as np
import pytest

from sim_core.focusing.range_doppler.azimuth_reference import azimuth_reference
from sim_core.focusing.reference import Reference
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay, schedule_of

WAVEFORM = LinearChirp(1e13, 4e-6)


def reference_of(history: PolynomialDelay, prf_hz: float = 200.0) -> Reference:
    return Reference.over(history, schedule_of(history, WAVEFORM, prf_hz, 20.0, 640), CARRIER_HZ)


def test_a_parabola_has_a_parabola_as_its_spectrum() -> None:
    reference = reference_of(PolynomialDelay(walk=2.3e-6, cubic_per_s2=0.0))
    doppler_hz = np.linspace(-90.0, 90.0, 181)
    azimuth = azimuth_reference(reference, doppler_hz)
    rate = -4.68
    middle_s = reference.aperture.middle_s
    # Stationary phase of a chirp: f_D^2 / (2 k), an eighth of a cycle, and the delay at the vertex.
    vertex_s = float(azimuth.delay_s[90])
    expected = CARRIER_HZ * vertex_s + 0.125 + doppler_hz**2 / (2.0 * rate)
    origin_s = float(azimuth.stationary_s[90])
    assert azimuth.azimuth_cycles(origin_s) == pytest.approx(expected, abs=1e-6)
    assert azimuth.stationary_s - origin_s == pytest.approx(doppler_hz / rate, abs=1e-9)
    assert abs(origin_s) < 1e-5 + abs(middle_s) * 1e-3


def test_derivatives_of_the_phase_are_time_and_delay() -> None:
    reference = reference_of(PolynomialDelay(walk=2.3e-6, cubic_per_s2=1e-13))
    step_hz = 0.5
    doppler_hz = np.arange(-95.0, 95.0, step_hz)
    azimuth = azimuth_reference(reference, doppler_hz)
    # Legendre: d(f_c L)/d f_D = g.
    slope = np.gradient(azimuth.azimuth_cycles(0.0), step_hz)[1:-1]
    # Central differences of a cubic of f^3 tau'''/(6 k^2 tau'') leave 1e-6 s.
    assert slope == pytest.approx(azimuth.stationary_s[1:-1], abs=1e-5)


def test_the_range_polynomial_is_the_exact_phase() -> None:
    """The expansion about the carrier against stationary phase at each frequency by itself."""
    reference = reference_of(PolynomialDelay(walk=2.3e-6))
    # As far out as 600 Hz of PRF reach, where secondary range compression matters.
    doppler_hz = np.linspace(-300.0, 300.0, 13)
    history = dataclasses.replace(PolynomialDelay(walk=2.3e-6), start_s=-100.0, stop_s=100.0)
    reference = dataclasses.replace(reference, history=history)
    azimuth = azimuth_reference(reference, doppler_hz)
    step_hz = 1e5
    polynomial = azimuth.range_polynomial(step_hz)
    for f in (-40e6, 15e6, 40e6):
        scaled = dataclasses.replace(reference, carrier_hz=CARRIER_HZ + f)
        exact = azimuth_reference(scaled, doppler_hz).azimuth_cycles(0.0)
        k = f / step_hz
        expanded = (
            azimuth.azimuth_cycles(0.0)
            + ((polynomial[2] * k + polynomial[1]) * k + polynomial[0]) * k
        )
        # Three terms leave f / f_c of a third term of 3e-5 cycles.
        assert exact - expanded == pytest.approx(0.0, abs=1e-6)
    # Without the second term the phase would be wrong by this much at the corner of the band.
    assert abs(polynomial[1, 0]) * 400**2 > 0.02


def test_beyond_its_end_the_history_goes_on_as_a_parabola() -> None:
    whole = PolynomialDelay(walk=2.3e-6, cubic_per_s2=0.0)
    short = dataclasses.replace(whole, start_s=-10.1, stop_s=10.1)
    doppler_hz = np.linspace(-99.0, 99.0, 67)
    a = azimuth_reference(reference_of(whole), doppler_hz)
    b = azimuth_reference(reference_of(short), doppler_hz)
    assert b.stationary_s == pytest.approx(a.stationary_s, abs=1e-9)
    assert b.azimuth_cycles(0.0) == pytest.approx(a.azimuth_cycles(0.0), abs=1e-6)


def test_where_the_doppler_rate_turns_the_history_ends() -> None:
    # tau'' = 0 at t = -14 s, outside of the aperture and inside of the history.
    cubic = 4.68 / CARRIER_HZ / 14.0
    reference = reference_of(PolynomialDelay(cubic_per_s2=cubic))
    azimuth = azimuth_reference(reference, np.linspace(-99.0, 99.0, 67))
    assert np.all(azimuth.curvature_per_s > 0.0)
    assert np.all(np.isfinite(azimuth.azimuth_cycles(0.0)))
    assert np.all(np.diff(azimuth.stationary_s) < 0.0)
