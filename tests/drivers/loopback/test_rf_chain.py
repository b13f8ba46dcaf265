from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.loopback.noise import ReceiverNoise
from drivers.loopback.rf_chain import ChainOutput, RfChain, largest_code
from drivers.loopback.settings import LoopbackSettings

SAMPLE_RATE_HZ = 1e6
TICK_S = 1.0 / SAMPLE_RATE_HZ

Windows = NDArray[np.complex64]


def through(settings: LoopbackSettings, samples: Windows) -> ChainOutput:
    return RfChain(settings, SAMPLE_RATE_HZ, samples.shape[1]).process(0, samples)


def window(*values: complex) -> Windows:
    return np.array([values], np.complex64)


def test_ideal_chain_changes_nothing(make_windows: Callable[..., Windows]) -> None:
    played = make_windows(peak=3.0)
    output = through(LoopbackSettings(None, None), played)
    assert output.samples.dtype == np.complex64
    np.testing.assert_array_equal(output.samples, played)
    assert not output.clipped_dac.count.any()
    assert not output.clipped_adc.count.any()


def test_full_scale_is_the_largest_code_both_ways() -> None:
    codes = through(LoopbackSettings(None, 12), window(1 - 1j, -1 + 1j, 0)).samples
    np.testing.assert_array_equal(codes, [[[2047, -2047], [-2047, 2047], [0, 0]]])
    assert codes.dtype == np.int16


def test_rounds_to_nearest_and_half_to_even() -> None:
    # With 4 bits full scale is 7, so 0.5 is code 3.5 exactly; with 2 bits it is 1, so code 0.5.
    assert through(LoopbackSettings(None, 4), window(0.5 - 0.5j)).samples.tolist() == [[[4, -4]]]
    assert through(LoopbackSettings(None, 2), window(0.5 - 0.5j)).samples.tolist() == [[[0, 0]]]
    assert through(LoopbackSettings(None, 4), window(0.35 - 0.36j)).samples.tolist() == [[[2, -3]]]


def test_output_rounds_half_to_even_too() -> None:
    output = through(LoopbackSettings(2, None), window(0.5 - 0.5j, 1.0)).samples
    np.testing.assert_array_equal(output, [[0, 1]])


@pytest.mark.parametrize("bits", [6, 12, 14, 16])
def test_rounding_noise_is_a_twelfth_of_a_step_squared(
    bits: int, make_windows: Callable[..., Windows]
) -> None:
    played = make_windows(pulses=100, window_samples=1000)
    output = through(LoopbackSettings(bits, None), played).samples
    error = (output - played).view(np.float32).astype(np.float64)
    step = 1.0 / largest_code(bits)
    # The mean square of n even errors scatters by sqrt(0.8 / n) of itself; 5 of those, and for 16
    # bits what float32 itself rounds, (2^-25)^2 against (2^-15)^2 / 12.
    scatter = np.sqrt(0.8 / error.size)
    assert np.mean(error**2) == pytest.approx(step**2 / 12.0, rel=5 * scatter)
    assert np.abs(error).max() <= step / 2 * (1 + 1e-3)


@pytest.mark.parametrize("peak", [0.5, 1.5])
def test_converters_are_odd(peak: float, make_windows: Callable[..., Windows]) -> None:
    played = make_windows(peak=peak)
    settings = LoopbackSettings(9, 7, gain_db=1.0)
    np.testing.assert_array_equal(
        through(settings, -played).samples, -through(settings, played).samples
    )


def test_gain_is_between_the_converters() -> None:
    # 20 log10(2) dB: one half becomes full scale of the ADC, and does not clip in the DAC.
    output = through(LoopbackSettings(14, 12, gain_db=6.020599913279624), window(0.5, 0.6j, 0.1))
    assert output.samples[0, 0].tolist() == [2047, 0]
    assert output.samples[0, 1].tolist() == [0, 2047]
    assert output.clipped_dac.count.tolist() == [0]
    assert output.clipped_adc.count.tolist() == [1]
    # And a loss does not save what has clipped in the DAC: 2 is played as 1.
    output = through(LoopbackSettings(14, 12, gain_db=-6.020599913279624), window(2.0, 0, 0))
    assert output.samples[0, 0, 0] == round(0.5 * 2047)
    assert output.clipped_dac.count.tolist() == [1]
    assert output.clipped_adc.count.tolist() == [0]


@pytest.mark.parametrize("delay_s", [0.0, 2.5 * TICK_S])
def test_noise_is_that_of_the_input_and_of_its_pulse(
    delay_s: float, make_windows: Callable[..., Windows]
) -> None:
    """The gain does not touch it, and 600 windows, two rounds of transforms, each get their own."""
    quiet = LoopbackSettings(None, None, gain_db=20.0, delay_s=delay_s)
    noisy = LoopbackSettings(None, None, gain_db=20.0, delay_s=delay_s, noise_dbfs=-20.0)
    played = make_windows(pulses=600)
    noise = through(noisy, played).samples - through(quiet, played).samples
    expected = ReceiverNoise(0.1, noisy.seed, 64, 1).draw(0, 600).view(np.complex64)
    # Sums of up to 13 in float32: half a step of 2^-20, and one more from the difference.
    np.testing.assert_allclose(noise, expected, rtol=0, atol=2e-6)


def test_clipping_is_found_at_its_place() -> None:
    played = np.zeros((4, 20), np.complex64)
    played[1, 3] = 1.5
    played[1, 11] = -1.5j
    played[1, 12] = 1.5 + 1.5j
    played[3, 19] = -1.01
    played[2, 5] = 1.0  # full scale itself does not clip
    output = through(LoopbackSettings(14, None), played)
    spans = output.clipped_dac
    assert spans.count.tolist() == [0, 3, 0, 1]
    assert (spans.first[1], spans.last[1]) == (3, 12)
    assert (spans.first[3], spans.last[3]) == (19, 19)
    assert np.abs(output.samples.view(np.float32)).max() == 1.0


def test_whole_ticks_shift_inside_the_window(make_windows: Callable[..., Windows]) -> None:
    played = make_windows()
    found = through(LoopbackSettings(None, None, delay_s=5 * TICK_S), played).samples
    np.testing.assert_array_equal(found[:, 5:], played[:, :-5])
    np.testing.assert_array_equal(found[:, :5], 0)


def test_noise_comes_in_where_the_delay_leaves_silence(
    make_windows: Callable[..., Windows],
) -> None:
    settings = LoopbackSettings(None, None, delay_s=5 * TICK_S, noise_dbfs=-20.0)
    found = through(settings, make_windows(pulses=2000)).samples[:, :5]
    # 10000 complex values: their mean power scatters by 1 %; 5 of those.
    assert np.mean(np.abs(found) ** 2) == pytest.approx(0.01, rel=0.05)


def test_clipping_is_seen_in_what_the_delay_cuts_off() -> None:
    played = np.zeros((1, 20), np.complex64)
    played[0, 19] = 2.0
    output = through(LoopbackSettings(14, 12, delay_s=5 * TICK_S), played)
    assert output.clipped_dac.count.tolist() == [1]
    assert not output.samples.any()


def test_part_of_a_tick_goes_through_the_converters_in_order() -> None:
    """A band-limited pulse, rounded twice: within a step of each converter of the closed form."""
    time = np.arange(256.0)

    def pulse(at: float) -> NDArray[np.complex128]:
        exponent = 0.9j * (time - at) - 0.5 * ((time - at) / 6.0) ** 2
        return np.asarray(0.9 * np.exp(exponent), np.complex128)

    played = np.tile(pulse(100.0).astype(np.complex64), (600, 1))
    output = through(LoopbackSettings(14, 12, delay_s=20.3 * TICK_S), played)
    found = output.samples.astype(np.float64) / 2047
    expected = pulse(120.3)
    # ADC: half a step. DAC: half a step per sample, spread by the sinc: at most its sum of about
    # 1 + (2 / pi) ln(256) = 4.5 times that.
    tolerance = 0.5 / 2047 + 4.5 * 0.5 / 8191
    np.testing.assert_allclose(found[..., 0], np.tile(expected.real, (600, 1)), atol=tolerance)
    np.testing.assert_allclose(found[..., 1], np.tile(expected.imag, (600, 1)), atol=tolerance)
    # 600 windows take two rounds of transforms; both must be the same.
    assert np.all(output.samples == output.samples[0])


bits = st.none() | st.integers(2, 16)


@given(
    dac_bits=bits,
    adc_bits=bits,
    gain_db=st.floats(-30.0, 12.0),
    shift=st.integers(0, 63),
    peak=st.floats(0.1, 2.0),
)
def test_fused_loops_equal_the_steps_written_out(
    dac_bits: int | None,
    adc_bits: int | None,
    gain_db: float,
    shift: int,
    peak: float,
    make_windows: Callable[..., Windows],
) -> None:
    played = make_windows(pulses=5, peak=peak)
    settings = LoopbackSettings(dac_bits, adc_bits, gain_db=gain_db, delay_s=shift * TICK_S)
    values = played.view(np.float32).astype(np.float64).reshape(5, 64, 2)
    clipped = np.zeros(5, np.int64)
    if dac_bits is not None:
        top = largest_code(dac_bits)
        codes = np.rint(values * top)
        clipped = (np.abs(codes) > top).any(axis=2).sum(axis=1)
        values = np.clip(codes, -top, top) * (1.0 / top)
    values = np.concatenate([np.zeros((5, shift, 2)), values[:, : 64 - shift]], axis=1)
    values = values * 10.0 ** (gain_db / 20.0)
    output = through(settings, played)
    np.testing.assert_array_equal(output.clipped_dac.count, clipped)
    if adc_bits is None:
        found = output.samples.view(np.float32).reshape(5, 64, 2)
        np.testing.assert_array_equal(found, values.astype(np.float32))
        return
    top = largest_code(adc_bits)
    codes = np.rint(values * top)
    np.testing.assert_array_equal(output.samples, np.clip(codes, -top, top))
    beyond = (np.abs(codes) > top).any(axis=2)
    np.testing.assert_array_equal(output.clipped_adc.count, beyond.sum(axis=1))
    for row in np.flatnonzero(beyond.any(axis=1)):
        places = np.flatnonzero(beyond[row])
        assert output.clipped_adc.first[row] == places[0]
        assert output.clipped_adc.last[row] == places[-1]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, complex(0, np.nan)])
@pytest.mark.parametrize("dac_bits", [None, 14])
@pytest.mark.parametrize("delay_s", [0.0, 3 * TICK_S, 3.5 * TICK_S])
def test_value_that_is_no_number_is_refused_with_its_pulse(
    value: complex, dac_bits: int | None, delay_s: float, make_windows: Callable[..., Windows]
) -> None:
    played = make_windows()
    played[7, 63] = value
    chain = RfChain(LoopbackSettings(dac_bits, 12, delay_s=delay_s), SAMPLE_RATE_HZ, 64)
    with pytest.raises(DriverError, match="pulse 107 hold a value that is not a number"):
        chain.process(100, played)
