import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import DriverError
from drivers.loopback.rf_chain import RfChain
from drivers.loopback.settings import LoopbackSettings
from drivers.soapy.conversion import StreamScale, at_rails, to_stream


@pytest.mark.parametrize(
    ("full_scale", "largest"), [(2048, 2047), (2047, 2047), (32768, 32767), (32767, 32767)]
)
def test_a_power_of_two_is_no_code(full_scale: int, largest: int) -> None:
    assert StreamScale("CS16", full_scale).largest_code == largest


@pytest.mark.parametrize(("full_scale", "bits"), [(2048, 12), (32767, 16)])
def test_codes_and_clipping_are_those_of_the_loopback(full_scale: int, bits: int) -> None:
    generator = np.random.default_rng(2)
    played = generator.uniform(-1.3, 1.3, (40, 256)).astype(np.float32)
    # Ties, full scale itself, and the first values beyond.
    played[0, :6] = np.array([0.5, 1.5, -2.5, 2047, -2047, 2047.6]) / 2047
    samples = np.ascontiguousarray(played).view(np.complex64)
    values, clipped = to_stream(samples, StreamScale("CS16", full_scale))
    chain = RfChain(LoopbackSettings(bits, bits), 1e6, 128).process(0, samples)
    np.testing.assert_array_equal(values.reshape(40, 128, 2), chain.samples)
    for own, loopback in (
        (clipped.count, chain.clipped_dac.count),
        (clipped.first, chain.clipped_dac.first),
        (clipped.last, chain.clipped_dac.last),
    ):
        np.testing.assert_array_equal(own, loopback)


@settings(deadline=None)  # the first one compiles
@given(
    value=st.floats(-2.0, 2.0, width=32),
    full_scale=st.sampled_from([128, 2048, 2047, 32767, 32768]),
)
def test_floats_survive_a_converter_that_cuts_off_and_one_that_rounds(
    value: float, full_scale: int
) -> None:
    samples = np.full((1, 1), value + 0.25j, np.complex64)
    scale = StreamScale("CF32", full_scale)
    stream = to_stream(samples, scale)[0][0, 0]
    code = int(to_stream(samples, StreamScale("CS16", full_scale))[0][0, 0])
    assert abs(stream) < 1.0  # which wraps
    product = float(stream) * full_scale
    if abs(code) < min(full_scale, 32767):
        assert (int(product), round(product)) == (code, code)
    else:
        # Full scale itself would reach 1.0.
        assert int(product) in (code, code - np.sign(code))


def test_rails_are_told_from_full_scale_on() -> None:
    scale = StreamScale("CS16", 2048)
    values = np.zeros((3, 8), np.int16)
    values[1, 2], values[1, 7] = 2047, -2048
    values[2, 0] = 2046
    rails = at_rails(values, scale)
    assert rails.count.tolist() == [0, 2, 0]
    assert (rails.first[1], rails.last[1]) == (1, 3)
    floats = StreamScale("CF32", 2048)
    rails = at_rails((values / np.float32(2048)).astype(np.float32), floats)
    assert rails.count.tolist() == [0, 2, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    samples = np.zeros((3, 4), np.complex64)
    samples[1, 2] = bad
    with pytest.raises(
        DriverError, match="samples to play of pulse 8 hold a value that is not a number"
    ):
        to_stream(samples, StreamScale("CS16", 2048), first_pulse=7)
