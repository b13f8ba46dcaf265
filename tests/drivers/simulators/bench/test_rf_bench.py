"""The simulated cables and converters against closed forms: sines, chirps, edges, noise."""

import threading
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from drivers.simulators.bench.analogue import gaussian_spread_s
from drivers.simulators.bench.rf_bench import (
    Cable,
    FrontEnd,
    Playback,
    Reference,
    RfBench,
    Signal,
)

GHZ, NS, PS = 1e9, 1e-9, 1e-12
RATE = 1.0 * GHZ
# What the kernel is built for: its stop band is 105 dB down, its table adds -110 dB at 0.4 of the
# rate, float32 sums -130 dB.
ERROR = 10.0 ** (-100.0 / 20.0)

Array = NDArray[np.float64]


def heard(bench: RfBench, *played: Playback, name: str = "scope") -> list[Signal]:
    signals: list[Signal] = []
    bench.register_digitizer(name, signals.append)
    for one in played:
        bench.play("awg", one)
    return signals


def through(
    playback: Playback,
    cable: Cable | None = None,
    output: str = "1",
    clock_error_ppm: float = 0.0,
) -> Signal:
    bench = RfBench(seed=3, clock_error_ppm=clock_error_ppm, free_carrier=False)
    bench.connect(("awg", output), ("scope", "1"), cable)
    (signal,) = heard(bench, playback)
    return signal


def real(wave: Callable[[Array], Array], samples: int = 4000) -> Playback:
    return Playback(RATE, {"1": wave(np.arange(samples) / RATE).astype(np.float32)})


def modulated(wave: Callable[[Array], NDArray[np.complex128]], carrier_hz: float) -> Playback:
    samples = wave(np.arange(4000) / RATE).astype(np.complex64)
    return Playback(RATE, {"RF": samples}, carrier_hz=carrier_hz)


def instants(start_s: float, interval_s: float, count: int = 3000) -> Array:
    return start_s + interval_s * np.arange(count, dtype=np.float64)


@pytest.mark.parametrize("frequency_hz", [1e6, 0.1234 * GHZ, 0.4 * GHZ])
@pytest.mark.parametrize("bandwidth_hz", [None, 0.3 * GHZ, 20.0 * GHZ])
def test_a_sine_has_the_amplitude_delay_and_phase_of_the_closed_form(
    frequency_hz: float, bandwidth_hz: float | None
) -> None:
    cable = Cable(attenuation_db=20.0, delay_s=1.2345 * NS)

    def wave(t: Array) -> Array:
        return np.cos(2.0 * np.pi * frequency_hz * t + 0.7)

    interval = 1.0 / (1.3717 * GHZ)
    volts = through(real(wave), cable).sample(
        "1", 500.0 * NS, interval, 3000, FrontEnd(bandwidth_hz)
    )
    # A Gaussian response of zero phase that is 3 dB down at the bandwidth.
    loss = 2.0 ** (-0.5 * (frequency_hz / bandwidth_hz) ** 2) if bandwidth_hz else 1.0
    want = 0.1 * loss * wave(instants(500.0 * NS, interval) - cable.delay_s)
    assert np.abs(volts - want).max() < 0.1 * ERROR


@pytest.mark.parametrize("offset_hz", [-0.4 * GHZ, 0.0, 0.4 * GHZ])
@pytest.mark.parametrize("bandwidth_hz", [None, 6.0 * GHZ])
def test_a_carrier_is_mixed_with_its_exact_phase(
    offset_hz: float, bandwidth_hz: float | None
) -> None:
    carrier_hz, cable = 5.1 * GHZ, Cable(6.0, 2.718 * NS)
    playback = modulated(lambda t: np.exp(2j * np.pi * offset_hz * t), carrier_hz)
    interval = 1.0 / (20.0 * GHZ)
    volts = through(playback, cable, "RF").sample(
        "1", 700.0 * NS, interval, 3000, FrontEnd(bandwidth_hz)
    )
    at_hz = carrier_hz + offset_hz
    loss = 2.0 ** (-0.5 * (at_hz / bandwidth_hz) ** 2) if bandwidth_hz else 1.0
    phase = 2.0 * np.pi * at_hz * (instants(700.0 * NS, interval) - cable.delay_s)
    # The instant's own rounding is 1e-16 of 1 us, 1e-12 of a cycle.
    assert np.abs(volts - cable.gain * loss * np.cos(phase)).max() < cable.gain * ERROR


def carrier_phases(seed: int) -> Array:
    """Phases of eight playbacks of one carrier, against what a carrier of phase 0 would be."""
    playback = modulated(np.ones_like, 5.1 * GHZ)
    bench = RfBench(seed=seed)
    bench.connect(("awg", "RF"), ("scope", "1"))
    interval = 1.0 / (20.0 * GHZ)
    turn = np.exp(-2j * np.pi * 5.1 * GHZ * instants(700.0 * NS, interval, 2000))
    signals = heard(bench, *[playback] * 8)
    volts = [signal.sample("1", 700.0 * NS, interval, 2000) for signal in signals]
    return np.array([np.angle(np.sum(one * turn)) for one in volts])


def test_the_phase_of_a_carrier_is_free_from_playback_to_playback() -> None:
    phases = carrier_phases(1)
    # Eight phases anywhere on the circle lie within half of it once in 2^7 / 8 = 16 seeds.
    assert np.ptp(phases) > np.pi
    np.testing.assert_allclose(carrier_phases(1), phases, atol=1e-6)
    assert np.abs(carrier_phases(2) - phases).max() > 0.1


def test_a_chirp_keeps_its_shape() -> None:
    # 0.05 to 0.35 of the rate in 4 us: spectrum beyond 0.4 only from its hard ends, left out here.
    def wave(t: Array) -> Array:
        return np.cos(2.0 * np.pi * (0.05 * GHZ * t + 0.5 * (0.3 * GHZ / 4e-6) * t**2))

    interval = 1.0 / (0.9 * GHZ)
    volts = through(real(wave)).sample("1", 200.0 * NS, interval, 3000)
    assert np.abs(volts - wave(instants(200.0 * NS, interval))).max() < ERROR


def test_there_is_silence_before_and_after() -> None:
    signal = through(real(np.ones_like, 100), Cable(0.0, 50.0 * NS))
    volts = signal.sample("1", -1000.0 * NS, 1.0 * NS, 2500)
    # The kernel reaches 18 samples beyond both ends.
    assert not volts[:1032].any()
    assert not volts[1168:].any()
    assert np.abs(volts[1069:1130] - 1.0).max() < 0.05
    assert signal.end_s == pytest.approx(150.0 * NS)
    assert not signal.sample("2", 0.0, 1.0 * NS, 10).any()


def test_cables_into_one_input_add_up() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.standard_normal((2, 500)).astype(np.float32)
    bench = RfBench()
    bench.connect(("awg", "1"), ("scope", "1"), Cable(6.0))
    bench.connect(("awg", "2"), ("scope", "1"), Cable(0.0, 3.3 * NS))
    bench.connect(("awg", "1"), ("scope", "2"), Cable(6.0))
    bench.connect(("awg", "2"), ("scope", "3"), Cable(0.0, 3.3 * NS))
    bench.connect(("other", "1"), ("scope", "4"))
    (signal,) = heard(bench, Playback(RATE, {"1": first, "2": second}))
    both, one, other = (signal.sample(name, 0.0, 0.7 * NS, 600) for name in ("1", "2", "3"))
    assert np.allclose(both, one + other, atol=1e-6)
    assert signal.connectors == {"1", "2", "3"}


@pytest.mark.parametrize("bandwidth_hz", [0.08 * GHZ, 0.11 * GHZ, 1.0 * GHZ, 3.0 * GHZ])
def test_a_zero_order_hold_droops_and_leaves_images(bandwidth_hz: float) -> None:
    frequency_hz = 0.3 * GHZ
    wave = np.cos(2.0 * np.pi * frequency_hz * np.arange(4000) / RATE).astype(np.float32)
    signal = through(Playback(RATE, {"1": wave}, zero_order_hold=True), Cable(0.0, 2.5 * NS))
    volts = signal.sample("1", 500.0 * NS, 0.0771 * NS, 3000, FrontEnd(bandwidth_hz))
    # The spectrum of samples repeats about multiples of the rate, and sinc and Gaussian weigh it.
    at_hz = frequency_hz + RATE * np.arange(-60, 61)
    weight = np.sinc(at_hz / RATE) * 2.0 ** (-0.5 * (at_hz / bandwidth_hz) ** 2)
    t = instants(500.0 * NS, 0.0771 * NS) - 2.5 * NS
    want = np.cos(2.0 * np.pi * np.outer(t, at_hz)) @ weight
    # Below 0.1 of the rate images are left out that the bandwidth takes below -89 dB.
    assert np.abs(volts - want).max() < 10.0 ** (-88.0 / 20.0)


def test_the_hold_of_a_modulator_only_droops() -> None:
    offset_hz = 0.3 * GHZ
    wave = np.exp(2j * np.pi * offset_hz * np.arange(4000) / RATE).astype(np.complex64)
    playback = Playback(RATE, {"RF": wave}, carrier_hz=2.0 * GHZ, zero_order_hold=True)
    volts = through(playback, output="RF").sample("1", 500.0 * NS, 0.077 * NS, 3000)
    t = instants(500.0 * NS, 0.077 * NS)
    want = np.sinc(0.3) * np.cos(2.0 * np.pi * (2.0 * GHZ + offset_hz) * t)
    assert np.abs(volts - want).max() < ERROR


def test_bandwidths_of_output_and_input_multiply() -> None:
    frequency_hz = 0.2 * GHZ
    wave = np.cos(2.0 * np.pi * frequency_hz * np.arange(4000) / RATE).astype(np.float32)
    signal = through(Playback(RATE, {"1": wave}, bandwidth_hz=0.4 * GHZ))
    volts = signal.sample("1", 500.0 * NS, 0.77 * NS, 3000, FrontEnd(0.2 * GHZ))
    # 3 dB of the input, and a quarter of that of the output.
    want = 2.0 ** (-0.625) * np.cos(2.0 * np.pi * frequency_hz * instants(500.0 * NS, 0.77 * NS))
    assert np.abs(volts - want).max() < ERROR


def test_without_a_common_reference_the_clocks_differ() -> None:
    def phase_at_the_end(generator: Reference, digitizer: Reference) -> float:
        wave = np.exp(1j * np.zeros(4000)).astype(np.complex64)
        playback = Playback(RATE, {"RF": wave}, carrier_hz=10.0 * GHZ, reference=generator)
        signal = through(playback, output="RF", clock_error_ppm=2.0)
        front = FrontEnd(reference=digitizer)
        volts = signal.sample("1", 1000.0 * NS, 0.025 * NS, 80_000, front)[-400:]
        t = instants(1000.0 * NS, 0.025 * NS, 80_000)[-400:]
        return float(np.angle(np.sum(volts * np.exp(-2j * np.pi * 10.0 * GHZ * t))))

    assert phase_at_the_end("external", "external") == pytest.approx(0.0, abs=1e-4)
    # 2 ppm of 2 us are 4 ps, and 0.04 cycles of 10 GHz.
    pairs: list[tuple[Reference, Reference]] = [
        ("internal", "external"),
        ("external", "internal"),
        ("internal", "internal"),
    ]
    for pair in pairs:
        assert phase_at_the_end(*pair) == pytest.approx(2.0 * np.pi * 0.04, rel=6e-3)


def marker(*high: tuple[int, int], samples: int = 1000, rise_s: float = 200 * PS) -> Playback:
    levels = np.zeros(samples, np.uint8)
    for first, last in high:
        levels[first:last] = 1
    return Playback(RATE, {}, {"M1": levels}, marker_v=1.2, marker_rise_s=rise_s)


def test_edges_of_a_marker_are_exact() -> None:
    signal = through(marker((100, 200), (900, 1000)), Cable(6.0206, 3.0 * NS), "M1")
    # An error function that takes 200 ps from 10 % to 90 %; 0.6 V behind 6 dB.
    tenths = np.array([0.1, 0.5, 0.9])
    late = special.ndtri(tenths) * 200 * PS / (special.ndtri(0.9) - special.ndtri(0.1))
    for tenth, offset in zip(tenths, late, strict=True):
        level = 0.6 * tenth
        rising, falling = (signal.edges("1", level, up) for up in (True, False))
        assert rising == pytest.approx([103 * NS + offset, 903 * NS + offset], abs=0.01 * PS)
        assert falling == pytest.approx([203 * NS - offset, 1003 * NS - offset], abs=0.01 * PS)
    assert signal.edges("1", 0.61).size == 0
    assert signal.edges("EXT", 0.3).size == 0


def test_a_pulse_too_short_for_the_level_has_no_edge() -> None:
    signal = through(marker((100, 101), rise_s=2 * NS), output="M1")
    # Half way between its edges, 0.5 ns from either of 0.78 ns spread, it reaches 0.478.
    assert signal.edges("1", 1.2 * 0.47).size == 1
    assert signal.edges("1", 1.2 * 0.49).size == 0


def test_a_marker_at_a_channel_is_slowed_by_its_bandwidth() -> None:
    signal = through(marker((100, 200), rise_s=300 * PS), output="M1")
    volts = signal.sample("1", 90 * NS, 1 * PS, 20_000, FrontEnd(1.0 * GHZ))
    low, high = (int(np.argmax(volts > 1.2 * share)) for share in (0.1, 0.9))
    # Variances add up: 0.34 ns of 1 GHz, and 0.3 ns.
    slow = (special.ndtri(0.9) - special.ndtri(0.1)) * gaussian_spread_s(1.0 * GHZ)
    assert (high - low) * PS == pytest.approx(np.hypot(slow, 300 * PS), abs=2 * PS)
    assert volts[10_000] == pytest.approx(0.6, abs=1e-3)


def test_edges_of_a_signal_are_found_between_points() -> None:
    def wave(t: Array) -> Array:
        return np.sin(2.0 * np.pi * 10e6 * t)

    signal = through(real(wave, 400_000), Cable(0.0, 0.25 * NS))
    edges = signal.edges("1", 0.5)[100:-100]
    steps = np.diff(edges)
    # Between points at 125 ps the sine bends by 1e-5 of its amplitude, 0.1 ps here; over 400 us,
    # and across blocks of the search.
    assert np.abs(steps - 100.0 * NS).max() < 0.2 * PS
    assert np.abs((edges - 0.25 * NS) % (100 * NS) - 100 * NS / 12.0).max() < 0.2 * PS


def test_noise_has_its_level_and_is_the_same_again() -> None:
    front = FrontEnd(noise_v_rms=2e-3)
    playback = marker(samples=10)
    bench = RfBench(seed=5)
    bench.connect(("awg", "M1"), ("scope", "1"))
    first, second = heard(bench, playback, playback)
    noise = first.sample("1", 0.0, 1 * NS, 200_000, front)
    # 200 000 values: 0.16 % of the rms; three times that.
    assert noise.std() == pytest.approx(2e-3, rel=5e-3)
    assert np.array_equal(noise, first.sample("1", 0.0, 1 * NS, 200_000, front))
    others = [
        first.sample("1", 1 * NS, 1 * NS, 200_000, front),
        second.sample("1", 0.0, 1 * NS, 200_000, front),
        through(playback, output="M1").sample("1", 0.0, 1 * NS, 200_000, front),
    ]
    for other in others:
        assert abs(np.corrcoef(noise, other)[0, 1]) < 0.01


def test_only_those_who_are_connected_hear() -> None:
    bench = RfBench()
    bench.connect(("awg", "1"), ("scope", "1"))
    unconnected: list[Signal] = []
    bench.register_digitizer("elsewhere", unconnected.append)
    (signal,) = heard(bench, real(np.ones_like, 100))
    assert unconnected == []
    assert signal.connectors == {"1"}
    assert bench.playbacks == 1


def test_several_threads_may_play() -> None:
    bench = RfBench()
    bench.connect(("awg", "1"), ("scope", "1"))
    sums: list[float] = []
    bench.register_digitizer(
        "scope", lambda signal: sums.append(float(signal.sample("1", 0.0, 1 * NS, 100_000).sum()))
    )
    playback = real(np.ones_like, 100_000)
    threads = [threading.Thread(target=bench.play, args=("awg", playback)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(sums)) == 1
    assert len(sums) == 4


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no carrier"):
        Playback(RATE, {"RF": np.zeros(4, np.complex64)})
    with pytest.raises(TypeError, match="float64"):
        Playback(RATE, {"1": cast("NDArray[np.float32]", np.zeros(4))})
    for rate, rise in ((0.0, 1e-10), (1e9, 0.0), (float("nan"), 1e-10)):
        with pytest.raises(ValueError, match="above 0"):
            Playback(rate, {}, marker_rise_s=rise)
    for attenuation, delay in ((float("nan"), 0.0), (3.0, -1e-9), (3.0, float("inf"))):
        with pytest.raises(ValueError, match="a cable cannot have"):
            Cable(attenuation, delay)
