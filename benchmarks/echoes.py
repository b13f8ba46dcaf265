"""Speed of echo synthesis, and what the fast way for scenes differs from the exact one.

The exact way evaluates every sample of every echo: its bar is 100 million target-samples/s on two
cores. The scene's way is held against it (its error, and how many of its samples it stands for),
and against the textbook's fast way in the same run: a type-1 non-uniform FFT of the scatterers
(finufft) times the spectrum of the pulse.

    python benchmarks/echoes.py [--scatterers 100000] [--pulses 512]
"""

import argparse
import math
import time
from collections.abc import Callable

import finufft
import numpy as np
import numpy.typing as npt
import scipy.fft
from numpy.polynomial import chebyshev

from sim_core.geometry.delay_field import DelayField, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import motion_model, site_station, target_station
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite, surface_up_m
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_delays import pulse_delays
from sim_core.signal.pulse_expansion import EchoModel
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.scene import Scene
from sim_core.signal.scene_echo import scene_echo_blocks
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import Window

Samples = npt.NDArray[np.complex64]

CARRIER_HZ = 23.0e9
SAMPLE_RATE_HZ = 96.0e6
PRF_HZ = 600.0
HALF_SPAN_S = 60.0
WINDOW_SAMPLES = 1024
CHIRP = LinearChirp(1.0e13, 8.0e-6)
# What the error is found on: as many echoes are made sample by sample.
COMPARED = 64

BAR_PER_S = 100e6
BAR_DB = -80.0


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """Return the shortest time of some runs after a first one, in s."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def delay_field(half_m: float) -> DelayField:
    """Solve the delays about the aim point of the paper's geometry."""
    epoch = Epoch.from_tdb(2451949.5, 0.077)
    model, _ = motion_model(epoch.plus_seconds(-HALF_SPAN_S), epoch.plus_seconds(HALF_SPAN_S))
    site = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    centre = aim_point(model, site, epoch, math.radians(0.1), "south")

    def solve(place: EarthPoint) -> DelayHistory:
        target = target_station(place)
        return solve_delay_history(model, site, target, epoch, -HALF_SPAN_S, HALF_SPAN_S)

    return solve_delay_field(solve, solve(centre), centre, half_m, half_m)


def scattered(field: DelayField, count: int, half_east_m: float, half_north_m: float) -> Scene:
    """Scatter points over the ground, of which all echoes lie within the windows."""
    generator = np.random.default_rng(0)
    east_m = generator.uniform(-half_east_m, half_east_m, count)
    north_m = generator.uniform(-half_north_m, half_north_m, count)
    reflectivity = generator.standard_normal((count, 2)) @ np.array([1.0, 1.0j])
    return Scene(east_m, north_m, surface_up_m(field.centre, east_m, north_m), reflectivity)


def schedule_of(field: DelayField, waveform: Waveform) -> PulseSchedule:
    """Follow the centre for 100 s."""
    ticks = transmit_ticks(SAMPLE_RATE_HZ, PRF_HZ, 100.0)
    return follow_echo(ticks, field.reference, SAMPLE_RATE_HZ, WINDOW_SAMPLES, waveform.duration_s)


def by_samples(
    schedule: PulseSchedule, waveform: Waveform, scene: Scene, field: DelayField
) -> Samples:
    """Synthesise every sample of every echo."""
    echoes = [
        PointEcho(field.history(*place), complex(reflectivity))
        for *place, reflectivity in zip(
            scene.east_m, scene.north_m, scene.up_m, scene.reflectivity, strict=True
        )
    ]
    blocks = echo_blocks(schedule, waveform, CARRIER_HZ, echoes, schedule.pulses)
    return np.concatenate([block for _, block in blocks])


def by_terms(
    schedule: PulseSchedule, waveform: Waveform, scene: Scene, field: DelayField
) -> Samples:
    """Synthesise the scene with `scene_echo_blocks`."""
    blocks = scene_echo_blocks(schedule, waveform, CARRIER_HZ, scene, field, schedule.pulses)
    return np.concatenate([block for _, block in blocks])


def by_spectra(
    schedule: PulseSchedule, waveform: Waveform, scene: Scene, field: DelayField
) -> Samples:
    """Synthesise the scene by a non-uniform FFT and the pulse's spectrum within the sampled band.

    The Doppler shift within a pulse moves it along the ridge of its ambiguity function, as for the
    terms.
    """
    reference = pulse_delays(schedule, field.reference, CARRIER_HZ)
    series = field.time_coefficients(scene.east_m, scene.north_m, scene.up_m)
    x = field.normalised_time(schedule.slow_time_s())
    basis = chebyshev.chebvander(x, field.terms - 1)
    derivatives = chebyshev.chebder(np.eye(field.terms)) * 2.0 / (field.stop_s - field.start_s)
    slope = basis[:, :-1] @ derivatives
    length = scipy.fft.next_fast_len(2 * WINDOW_SAMPLES)
    modes = np.arange(-(length // 2), length - length // 2)
    middle = schedule.pulses // 2
    rate = float(reference.rate[middle])
    spectrum = pulse_spectrum(waveform, rate, float(reference.acceleration[middle]), length)
    block = np.empty((schedule.pulses, WINDOW_SAMPLES), dtype=np.complex64)
    plan = finufft.Plan(1, (length,), eps=1e-7, isign=-1, nthreads=2)
    early_s = 0.5 * waveform.duration_s * rate
    for n in range(schedule.pulses):
        relative_s = series @ basis[n]
        strength = scene.reflectivity * np.exp(
            2j * np.pi * (reference.carrier_cycles[n] - CARRIER_HZ * relative_s)
        )
        doppler_hz = -CARRIER_HZ * (reference.rate[n] - rate + series @ slope[n])
        late_s = relative_s - early_s - waveform.doppler_coupling_s_per_hz * doppler_hz
        begin = (reference.window_offset_s[n] + late_s) * SAMPLE_RATE_HZ
        plan.setpts(2.0 * np.pi * (begin / length))
        spectra = plan.execute(strength) * spectrum
        samples = scipy.fft.ifft(np.roll(spectra, modes[0]), workers=2)
        block[n] = samples[:WINDOW_SAMPLES]
    return block


def pulse_spectrum(
    waveform: Waveform, rate: float, acceleration: float, length: int, oversampling: int = 64
) -> npt.NDArray[np.complex128]:
    """Transform the pulse, sampled so finely that nothing aliases, at the bins of a length."""
    model = EchoModel(waveform.pulse_shape(), SAMPLE_RATE_HZ, CARRIER_HZ, acceleration)
    ticks = waveform.duration_s * SAMPLE_RATE_HZ * (1.0 + rate)
    fine = (np.arange(round(ticks * oversampling)) + 0.5) / oversampling
    pulse = model.sample(fine, rate) / oversampling
    spectrum = scipy.fft.fft(pulse, length * oversampling)
    modes = np.arange(-(length // 2), length - length // 2)
    half_step = np.exp(-1j * np.pi * modes / (length * oversampling))
    return np.asarray(spectrum[modes] * half_step)


def transforms_alone(pulses: int, scene: Scene) -> None:
    """Do the non-uniform transforms of some pulses, without the phases that go into them."""
    length = scipy.fft.next_fast_len(2 * WINDOW_SAMPLES)
    places = np.random.default_rng(0).uniform(-np.pi, np.pi, scene.scatterers)
    plan = finufft.Plan(1, (length,), eps=1e-7, isign=-1, nthreads=2)
    for _ in range(pulses):
        plan.setpts(places)
        plan.execute(scene.reflectivity)


def sparse(schedule: PulseSchedule, pulses: int) -> PulseSchedule:
    """Return some pulses from all over a schedule."""
    chosen = np.linspace(0, schedule.pulses - 1, pulses).astype(np.int64)
    return PulseSchedule(
        schedule.sample_rate_hz,
        schedule.transmit_tick[chosen],
        schedule.window_start_tick[chosen],
        schedule.window_samples,
        schedule.pulse_duration_s,
    )


def error_db(found: Samples, expected: Samples) -> float:
    """Return the difference against the signal."""
    return 20.0 * math.log10(float(np.linalg.norm(found - expected) / np.linalg.norm(expected)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scatterers", type=int, default=100_000)
    parser.add_argument("--pulses", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    field = delay_field(28e3)
    tapered = tapered_pulse(CHIRP, Window("hann"))

    print(f"error against the exact way, {COMPARED} scatterers, 64 pulses over 100 s")
    print(f"{'waveform':28s}{'extent to the east':>20s}{'terms':>12s}{'finufft':>12s}")
    for name, waveform in (("linear FM", CHIRP), ("linear FM, tapered (Hann)", tapered)):
        schedule = sparse(schedule_of(field, waveform), 64)
        for half_m in (100.0, 10e3, 28e3):
            scene = scattered(field, COMPARED, half_m, 400.0)
            expected = by_samples(schedule, waveform, scene, field)
            terms_db = error_db(by_terms(schedule, waveform, scene, field), expected)
            spectra_db = error_db(by_spectra(schedule, waveform, scene, field), expected)
            extent = f"+-{half_m / 1e3:g} km"
            print(f"{name:28s}{extent:>20s}{terms_db:9.1f} dB{spectra_db:9.1f} dB")
    print(f"the bar is {BAR_DB:.0f} dB\n")

    schedule = schedule_of(field, CHIRP).pulses_slice(0, arguments.pulses)
    few = scattered(field, COMPARED, 10e3, 400.0)
    samples = COMPARED * arguments.pulses * CHIRP.sample_count(SAMPLE_RATE_HZ)
    exact_s = best_of(arguments.repeats, lambda: by_samples(schedule, CHIRP, few, field))
    exact_rate = samples / exact_s
    print(f"exact: {exact_rate / 1e6:.0f} M target-samples/s; the bar is {BAR_PER_S / 1e6:.0f} M")
    scene = scattered(field, arguments.scatterers, 10e3, 400.0)
    brief = schedule.pulses_slice(0, max(1, arguments.pulses // 16))
    pulse_samples = CHIRP.sample_count(SAMPLE_RATE_HZ)

    def show(name: str, part: PulseSchedule, taken_s: float) -> None:
        rate = scene.scatterers * part.pulses / taken_s
        print(
            f"{name + ', ' + str(scene.scatterers) + ' scatterers':44s}"
            f"{rate / 1e6:8.1f} M scatterer-pulses/s, "
            f"{rate * pulse_samples / exact_rate:6.1f} times the exact way"
        )

    show(
        "terms",
        schedule,
        best_of(arguments.repeats, lambda: by_terms(schedule, CHIRP, scene, field)),
    )
    show(
        "finufft", brief, best_of(arguments.repeats, lambda: by_spectra(brief, CHIRP, scene, field))
    )
    bare_s = best_of(arguments.repeats, lambda: transforms_alone(brief.pulses, scene))
    show("finufft, the transforms alone", brief, bare_s)


if __name__ == "__main__":
    main()
