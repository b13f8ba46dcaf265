"""The fast synthesis of scenes against the exact one, scatterer by scatterer."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import DelayFieldError, SamplingError
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.sites import EarthPoint
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.sampled_pulse import sampled_pulse
from sim_core.signal.scene import Scene
from sim_core.signal.scene_echo import require_scene_in_window, scene_echo_blocks
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import Window
from tests.sim_core.signal.conftest import HistoryMaker

CARRIER_HZ = 23e9
SAMPLE_RATE_HZ = 96e6
BANDWIDTH_HZ = 80e6
PULSE_S = 8e-6
CHIRP = LinearChirp(BANDWIDTH_HZ / PULSE_S, PULSE_S)
SCATTERERS = 32
PULSES = 64
# The bar is -80 dB of the signal; the expansion of a pulse is held to -90 dB when it is made.
BAR = 10.0 ** (-90.0 / 20.0)


def from_samples() -> Waveform:
    samples = np.hanning(640) * CHIRP.baseband(np.arange(640) * PULSE_S / 640)
    return sampled_pulse(samples, 160e6, BANDWIDTH_HZ)


WAVEFORMS: dict[str, Callable[[], Waveform]] = {
    "linear FM": lambda: CHIRP,
    "down-chirp, not a whole number of samples": lambda: LinearChirp(-1.0e13, 8.0037e-6),
    "tapered": lambda: tapered_pulse(CHIRP, Window("hann")),
    "tapered on a pedestal": lambda: tapered_pulse(CHIRP, Window("hamming")),
    "non-linear FM": lambda: nonlinear_chirp(BANDWIDTH_HZ, PULSE_S, Window("taylor")),
    "phase code": lambda: phase_coded_pulse(code_phases("m-sequence-127"), 1.5 / BANDWIDTH_HZ),
    "samples": from_samples,
}


@pytest.fixture(scope="module")
def field(make_history: HistoryMaker) -> DelayField:
    """Places of +-28 km with the Moon's Doppler shifts, near the zero-Doppler plane's delays."""
    coefficients = np.zeros((3, 3, 2, 3))
    # 50 ticks to the east and north; the height spans -500 to 9000 m, zero being at -0.895.
    coefficients[1, 0, 0, 0], coefficients[0, 1, 0, 0] = 5e-7, 5e-7
    coefficients[0, 0, :, 0] = 0.895 * 3.1e-5, 3.1e-5
    # 330 Hz of the carrier at the edge: 1.4e-8, over half a span of 100 s.
    coefficients[1, 0, 0, 1], coefficients[0, 1, 0, 1] = 1.43e-6, 1e-8
    coefficients[2, 0, 0, 0], coefficients[0, 1, 0, 2] = 2e-7, 1e-10
    return DelayField(
        reference=make_history([2.3357, 2.3e-6, 1.0174e-10]),
        centre=EarthPoint(9.0, -15.0),
        start_s=-100.0,
        stop_s=100.0,
        half_east_m=28e3,
        half_north_m=28e3,
        up_m=(-500.0, 9000.0),
        coefficients=coefficients,
        error_s=0.0,
    )


@pytest.fixture(scope="module")
def scene() -> Scene:
    generator = np.random.default_rng(4)
    east_m, north_m = generator.uniform(-28e3, 28e3, (2, SCATTERERS))
    up_m = generator.uniform(-300.0, 300.0, SCATTERERS)
    reflectivity = generator.standard_normal((SCATTERERS, 2)) @ np.array([1.0, 1.0j])
    return Scene(east_m, north_m, up_m, reflectivity)


def point(east_m: float, north_m: float, up_m: float) -> Scene:
    return Scene(np.array([east_m]), np.array([north_m]), np.array([up_m]), np.ones(1, complex))


def windows(
    field: DelayField, waveform: Waveform, samples: int = 1536, aperture_s: float = 100.0
) -> PulseSchedule:
    return follow_echo(
        transmit_ticks(SAMPLE_RATE_HZ, PULSES / aperture_s, aperture_s),
        field.reference,
        SAMPLE_RATE_HZ,
        samples,
        waveform.duration_s,
    )


def fast(
    schedule: PulseSchedule,
    waveform: Waveform,
    scene: Scene,
    field: DelayField,
    gain: np.ndarray | None = None,
    pulses_per_block: int = 40,
) -> np.ndarray:
    blocks = scene_echo_blocks(
        schedule, waveform, CARRIER_HZ, scene, field, pulses_per_block, gain=gain
    )
    return np.concatenate([block for _, block in blocks])


def exact(
    schedule: PulseSchedule,
    waveform: Waveform,
    scene: Scene,
    field: DelayField,
    pulse_gain: np.ndarray | None = None,
) -> np.ndarray:
    echoes = [
        PointEcho(
            field.history(scene.east_m[k], scene.north_m[k], scene.up_m[k]),
            complex(scene.reflectivity[k]),
            pulse_gain=None if pulse_gain is None else pulse_gain[k],
        )
        for k in range(scene.scatterers)
    ]
    blocks = echo_blocks(schedule, waveform, CARRIER_HZ, echoes, schedule.pulses)
    return np.concatenate([block for _, block in blocks])


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("name", WAVEFORMS)
def test_scene_is_the_sum_of_its_echoes(field: DelayField, scene: Scene, name: str) -> None:
    waveform = WAVEFORMS[name]()
    schedule = windows(field, waveform)
    found = fast(schedule, waveform, scene, field)
    assert found.dtype == np.complex64
    assert found.shape == (PULSES, 1536)
    assert relative_error(found, exact(schedule, waveform, scene, field)) < BAR


@pytest.mark.parametrize("samples", [770, 900])
def test_echoes_are_cut_off_where_the_window_ends(
    field: DelayField, scene: Scene, samples: int
) -> None:
    schedule = windows(field, CHIRP, samples)
    # The highest echoes lie wholly behind the window, the lowest partly before it.
    up_m = np.linspace(-450.0, 3000.0, SCATTERERS)
    far = Scene(scene.east_m, scene.north_m, up_m, scene.reflectivity)
    found, expected = fast(schedule, CHIRP, far, field), exact(schedule, CHIRP, far, field)
    assert np.count_nonzero(np.any(expected != 0.0, axis=0)) == samples
    assert relative_error(found, expected) < BAR


def test_edges_lie_on_the_same_samples(field: DelayField) -> None:
    # One scatterer: before the leading and after the trailing edge there is nothing but the
    # rounding of the transforms, 1e-7 of the signal.
    schedule = windows(field, CHIRP)
    one = point(5e3, -3e3, 400.0)
    found, expected = fast(schedule, CHIRP, one, field), exact(schedule, CHIRP, one, field)
    np.testing.assert_array_equal(np.abs(found) > 0.5, np.abs(expected) > 0.5)
    assert np.max(np.abs(found[expected == 0.0])) < 2e-5


def test_gain_is_a_factor_of_each_pulse(field: DelayField, scene: Scene) -> None:
    schedule = windows(field, CHIRP)
    series = np.random.default_rng(1).uniform(0.0, 0.3, (SCATTERERS, 4))
    series[:, 0] += 1.0
    pulse_gain = cheb.chebval(field.normalised_time(schedule.slow_time_s()), series.T)
    found = fast(schedule, CHIRP, scene, field, gain=series)
    expected = exact(schedule, CHIRP, scene, field, pulse_gain=pulse_gain)
    assert relative_error(found, expected) < BAR


def test_long_pulse_takes_more_terms_in_doppler(field: DelayField, scene: Scene) -> None:
    # Over 0.4 ms +-330 Hz turn by a quarter of a cycle, and no slide in time stands for it.
    rate_hz = 1.25e6
    waveform = phase_coded_pulse(code_phases("barker-13"), 2e-5)
    schedule = follow_echo(
        transmit_ticks(rate_hz, 1.0, 16.0), field.reference, rate_hz, 900, waveform.duration_s
    )
    found = fast(schedule, waveform, scene, field)
    assert relative_error(found, exact(schedule, waveform, scene, field)) < BAR


def test_blocks_are_parts_of_one_signal(field: DelayField, scene: Scene) -> None:
    schedule = windows(field, CHIRP)
    whole = fast(schedule, CHIRP, scene, field, pulses_per_block=PULSES)
    parts = fast(schedule, CHIRP, scene, field, pulses_per_block=7)
    # Transforms of other batches may be rounded differently.
    assert relative_error(parts, whole) < 1e-6


def test_window_holds_the_scene_or_is_named(field: DelayField, scene: Scene) -> None:
    schedule = windows(field, CHIRP)
    require_scene_in_window(schedule, scene, field)
    high = point(0.0, 0.0, 8900.0)
    with pytest.raises(SamplingError, match="after their receive windows"):
        require_scene_in_window(schedule, high, field)
    low = point(-28e3, -28e3, -500.0)
    with pytest.raises(SamplingError, match="before their receive windows"):
        require_scene_in_window(windows(field, CHIRP, 800), low, field)


def test_refuses_places_outside_the_field(field: DelayField) -> None:
    with pytest.raises(DelayFieldError, match="outside the delay field"):
        fast(windows(field, CHIRP), CHIRP, point(29e3, 0.0, 0.0), field)


def test_refuses_gains_of_another_scene(field: DelayField, scene: Scene) -> None:
    with pytest.raises(SamplingError, match="gains"):
        fast(windows(field, CHIRP), CHIRP, scene, field, gain=np.ones((3, 1)))


def test_refuses_a_band_that_the_samples_do_not_hold(field: DelayField, scene: Scene) -> None:
    wide = LinearChirp(20 * BANDWIDTH_HZ / PULSE_S, PULSE_S)
    with pytest.raises(SamplingError, match="samples per second"):
        fast(windows(field, wide), wide, scene, field)
