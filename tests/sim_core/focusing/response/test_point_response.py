"""Responses against their closed forms, and the sampled pulse against pulses sampled one by one."""

import numpy as np
import numpy.typing as npt
import pytest
import scipy.fft

from sim_core.focusing.range_compression.matched_filter import matched_filter
from sim_core.focusing.response.cut_metrics import measure_cut
from sim_core.focusing.response.point_response import (
    BandSum,
    ChirpResponse,
    chirp_power,
    chirp_response,
    pulse_response,
    pulse_spectrum,
    sampled_pulse_response,
)
from sim_core.focusing.response.theory import range_theory
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER, Window

PULSE = LinearChirp(1e13, 8e-6)
X = np.linspace(-25.0, 25.0, 1201)


def test_the_spectrum_of_a_pulse_is_that_of_fresnel_integrals() -> None:
    u = np.linspace(-0.7, 0.7, 141)
    # In cells, a chirp of N cells has |P|^2 = N inside its band: B^2 / K.
    power = np.abs(pulse_spectrum(PULSE, u)) ** 2 / PULSE.time_bandwidth_product
    # The midpoint rule at 32 samples per cell: the skirts of the two edges have 2e-4 of the band's
    # amplitude where they fold back, and cancel but for the 32nd part.
    assert power == pytest.approx(chirp_power(u, 640.0), abs=4e-5)


def test_the_power_spectrum_is_the_transform_of_the_autocorrelation() -> None:
    product = 640.0
    position = np.array([0.0, 0.2, 0.45, 0.5])
    x = np.linspace(-product, product, 640_001)
    autocorrelation = ChirpResponse(product)(x).real
    expected = [np.trapezoid(autocorrelation * np.cos(2 * np.pi * u * x), x) for u in position]
    assert chirp_power(position, product) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("window", [NO_TAPER, Window("hann"), Window("kaiser", beta=2.5)])
def test_a_pulse_of_which_only_samples_are_known_compresses_like_its_closed_form(
    window: Window,
) -> None:
    # The same chirp, as a pulse of which only its shape is known.
    ours = pulse_response(tapered_pulse(PULSE, NO_TAPER), window)
    closed = chirp_response(PULSE.time_bandwidth_product, window)
    # The overlap's kink at the peak, 1/640 to either side, is rounded off over a lag of 1/32 cell.
    assert np.abs(ours(X)) == pytest.approx(np.abs(closed(X)), abs=0.1 / (32.0 * 640.0))
    assert ours.energy_cells == pytest.approx(closed.energy_cells, rel=2e-4)


def test_energies_are_those_of_the_whole_response() -> None:
    # Beyond the tail's beginning, the mean of sin^2 counts: 1e-6 of the energy.
    x = np.linspace(-640.0, 640.0, 256_001)
    whole = np.trapezoid(np.abs(ChirpResponse(640.0)(x)) ** 2, x)
    assert ChirpResponse(640.0).energy_cells == pytest.approx(whole, abs=1e-6)


def test_gathering_leaves_the_sum_as_it_is() -> None:
    generator = np.random.default_rng(5)
    place = np.sort(generator.uniform(-0.5, 0.5, 3000))
    weight = generator.uniform(0.0, 1.0, place.size)
    gathered = BandSum.of_pulses(place, weight)
    assert gathered.position.size < place.size
    direct = np.exp(2j * np.pi * np.multiply.outer(X, place)) @ (weight / np.sum(weight))
    assert gathered(X) == pytest.approx(direct, abs=1e-9)


def sampled_chain(
    replica: npt.NDArray[np.complex64] | None, oversampling: int = 16
) -> npt.NDArray[np.complex128]:
    """Compress pulses that arrive at all delays between the ticks, and add them up."""
    rate, length = 96e6, 2048
    filtered = matched_filter(PULSE, rate, length, NO_TAPER, replica)
    frequency = scipy.fft.fftfreq(length)
    total = np.zeros(length, dtype=np.complex128)
    ticks = np.arange(length)
    delays = (np.arange(64) + 0.5) / 64
    for delay in delays:
        received = PULSE.baseband((ticks - 600 - delay) / rate)
        shift = np.exp(2j * np.pi * frequency * (600 + delay))
        total += scipy.fft.fft(received) * filtered * shift / delays.size
    fine = np.zeros(oversampling * length, dtype=np.complex128)
    fine[: length // 2], fine[-length // 2 :] = total[: length // 2], total[length // 2 :]
    return np.roll(scipy.fft.ifft(fine), 20 * oversampling)[: 40 * oversampling + 1]


@pytest.mark.parametrize("measured", [False, True])
def test_the_sampled_pulse_is_the_mean_of_pulses_sampled_at_all_delays(measured: bool) -> None:
    replica = PULSE.replica(96e6) if measured else None
    compressed = sampled_chain(replica)
    x = (np.arange(compressed.size) / 16 - 20.0) / 1.2
    expected = sampled_pulse_response(PULSE, NO_TAPER, 96e6, replica)(x)
    level = np.abs(compressed) / np.abs(compressed[20 * 16])
    # Of 64 delays every 64th alias stays.
    assert level == pytest.approx(np.abs(expected), abs=1e-5)


def test_half_the_sample_rate_cuts_the_skirts_off() -> None:
    theory = range_theory(PULSE, NO_TAPER, 96e6)
    # The closed form has -13.281 dB, skirts and all.
    assert theory.pslr_db == pytest.approx(-13.2565, abs=1e-4)
    assert theory.pslr_left_db == pytest.approx(theory.pslr_right_db, abs=1e-6)
    # With more samples per cell the closed form comes back, as 1 over their number.
    closed = range_theory(PULSE).pslr_db
    fine = range_theory(PULSE, NO_TAPER, 768e6)
    assert abs(fine.pslr_db - closed) < abs(theory.pslr_db - closed) / 7.0
    # A taper ends inside of the band, and so does what the samples could change.
    tapered = Window("kaiser", beta=2.5)
    assert range_theory(PULSE, tapered, 96e6).pslr_db == pytest.approx(
        range_theory(PULSE, tapered).pslr_db, abs=1e-5
    )


def test_a_replica_sampled_from_its_edge_leans_to_one_side() -> None:
    leaning = sampled_pulse_response(PULSE, NO_TAPER, 96e6, PULSE.replica(96e6))
    metrics = measure_cut(leaning, "range")
    assert metrics.pslr_left_db == pytest.approx(-13.263, abs=1e-3)
    assert metrics.pslr_right_db == pytest.approx(-13.248, abs=1e-3)
