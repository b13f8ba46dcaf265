import numpy as np
import pytest
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import SamplingError
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.pulse_expansion import EchoModel, PulseExpansion, expand_pulse
from sim_core.signal.waveform import LinearChirp

CARRIER_HZ = 23e9
CHIRP = LinearChirp(1.0e13, 8.0e-6)
# +-560 Hz of the carrier about 2e-6.
RATES = (2.0e-6 - 2.4e-8, 2.0e-6 + 2.4e-8)
ACCELERATION = 2.0e-10


def evaluate(expansion: PulseExpansion, phi: float, doppler_hz: float) -> np.ndarray:
    """Evaluate all samples of an echo by the series, as the class describes it."""
    w = (doppler_hz - expansion.middle_hz) / expansion.half_doppler_hz
    slid = phi + expansion.slide_ticks_per_hz * (doppler_hz - expansion.middle_hz)
    widest = abs(expansion.slide_ticks_per_hz) * expansion.half_doppler_hz
    z = (slid - 0.5) / (0.5 + widest)
    orders, degrees = expansion.coefficients.shape[1:]
    in_place, in_shift = cheb.chebvander(z, degrees - 1)[0], cheb.chebvander(w, orders - 1)[0]
    return np.asarray(np.einsum("lqd,q,d->l", expansion.coefficients, in_shift, in_place))


def test_model_is_the_pulse_of_an_echo_at_rest() -> None:
    model = EchoModel(CHIRP.pulse_shape(), 96e6, CARRIER_HZ, 0.0)
    tick = np.arange(768, dtype=np.float64) + 0.25
    # Phases of 160 cycles at most: rounding of 1e-13.
    assert model.sample(tick, 0.0) == pytest.approx(CHIRP.baseband(tick / 96e6), abs=1e-11)


def test_model_turns_with_the_doppler_shift() -> None:
    # At the pulse's centre the carrier's phase is zero; a microsecond later it is d times that.
    model = EchoModel(CHIRP.pulse_shape(), 96e6, CARRIER_HZ, 0.0)
    rate = 1e-5
    doppler_hz = -CARRIER_HZ * rate / (1.0 + rate)
    x_s = np.array([-2e-6, 0.0, 1e-6])
    tick = (x_s + 0.5 * CHIRP.duration_s * (1.0 + rate)) * 96e6
    sent = CHIRP.baseband(x_s / (1.0 + rate) + 0.5 * CHIRP.duration_s)
    expected = sent * np.exp(2j * np.pi * doppler_hz * x_s)
    assert model.sample(tick, rate) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("oversampling", [1.0, 1.2, 4.0])
def test_linear_chirp_needs_no_terms_in_doppler(oversampling: float) -> None:
    rate_hz = oversampling * CHIRP.bandwidth_hz
    expansion = expand_pulse(CHIRP, rate_hz, CARRIER_HZ, RATES, ACCELERATION)
    assert expansion.coefficients.shape[1:] == (1, 8)
    model = EchoModel(CHIRP.pulse_shape(), rate_hz, CARRIER_HZ, ACCELERATION)
    for phi, rate in ((0.0, RATES[0]), (0.37, 2.0e-6), (0.999, RATES[1])):
        found = evaluate(expansion, phi, -CARRIER_HZ * rate / (1.0 + rate))
        exact = model.sample(np.arange(found.size, dtype=np.float64) + phi, rate)
        # -90 dB in the mean, which the ends of a range exceed.
        assert np.sqrt(np.mean(np.abs(found - exact) ** 2)) < 6e-5


def test_phase_code_takes_terms_in_doppler() -> None:
    pulse = phase_coded_pulse(code_phases("barker-13"), 1.5 / 80e6)
    long = phase_coded_pulse(code_phases("barker-13"), 2e-5)
    few = expand_pulse(pulse, 96e6, CARRIER_HZ, RATES, ACCELERATION)
    many = expand_pulse(long, 1.25e6, CARRIER_HZ, RATES, ACCELERATION)
    assert few.coefficients.shape[1] < many.coefficients.shape[1]
    assert max(few.error, many.error) < 10.0 ** (-90.0 / 20.0)


def test_scene_without_extent_has_no_span() -> None:
    expansion = expand_pulse(CHIRP, 96e6, CARRIER_HZ, (2e-6, 2e-6), 0.0)
    assert expansion.samples == 768
    assert expansion.error < 1e-5


def test_refuses_pulses_that_the_clock_does_not_hold() -> None:
    with pytest.raises(SamplingError, match="too wide"):
        expand_pulse(LinearChirp(2e14, 8e-6), 96e6, CARRIER_HZ, RATES, ACCELERATION)
    with pytest.raises(SamplingError, match="has 0 samples"):
        expand_pulse(LinearChirp(1e13, 8e-9), 96e6, CARRIER_HZ, RATES, ACCELERATION)
