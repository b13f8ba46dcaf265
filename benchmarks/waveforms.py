"""Waveforms side by side: compressed response, and cost of exact echoes against a linear chirp.

Every pulse lasts about 8 us and is sampled at 96 MHz. Speeds are target-samples per second, of
samples inside the echoes; the linear chirp is the measure of the same run.

    python benchmarks/waveforms.py [--picture docs/images/waveforms.png]
"""

import argparse
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.response.theory import range_theory
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.sampled_pulse import sampled_pulse
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.thermal_noise import add_thermal_noise
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import Window

CARRIER_HZ = 23.0e9
SAMPLE_RATE_HZ = 96.0e6
WINDOW_SAMPLES = 1024
PULSES = 2048
TARGETS = 4
ROUNDS = 5

TAYLOR = Window("taylor", nbar=5, sidelobe_db=35.0)
CHIRP = LinearChirp(1.0e13, 8.0e-6)


class ConstantRate:
    """A delay that grows by 2.3e-6 per second."""

    start_s, stop_s = -np.inf, np.inf

    def relative_delay_s(
        self, transmit_s: npt.NDArray[np.float64], reference_s: Fraction
    ) -> npt.NDArray[np.float64]:
        """Return the delay less a reference."""
        return float(Fraction("2.3357") - reference_s) + 2.3e-6 * transmit_s

    def delay_rate(self, transmit_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the first derivative."""
        return np.full_like(transmit_s, 2.3e-6)

    def delay_acceleration(self, transmit_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the second derivative."""
        return np.full_like(transmit_s, 2.0e-10)


def waveforms() -> list[Waveform]:
    """Return what is compared."""
    return [
        CHIRP,
        tapered_pulse(CHIRP, Window("hamming")),
        nonlinear_chirp(80.0e6, 8.0e-6, Window("hamming")),
        nonlinear_chirp(80.0e6, 8.0e-6, TAYLOR),
        tapered_pulse(nonlinear_chirp(80.0e6, 8.0e-6, TAYLOR), Window("kaiser", beta=2.5)),
        phase_coded_pulse(code_phases("barker-13"), 2.5e-7),
        phase_coded_pulse(code_phases("m-sequence-127"), 5.0e-8),
        phase_coded_pulse(code_phases("frank-144"), 5.0e-8),
        phase_coded_pulse(code_phases("p4-144"), 5.0e-8),
        phase_coded_pulse(code_phases("zadoff-chu-139"), 5.0e-8),
        sampled_pulse(CHIRP.replica(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, 80.0e6),
    ]


def highest_side_lobe_db(waveform: Waveform) -> float:
    """Find the highest side lobe beyond the first null, however far out: those of codes are."""
    rate_hz = 32.0 * waveform.bandwidth_hz
    samples = waveform.baseband((np.arange(waveform.sample_count(rate_hz)) + 0.5) / rate_hz)
    length = scipy.fft.next_fast_len(2 * samples.size)
    lags = np.abs(scipy.fft.ifft(np.abs(scipy.fft.fft(samples, length)) ** 2))[: samples.size]
    null = int(np.argmax(np.diff(lags) > 0.0))
    return 20.0 * float(np.log10(np.max(lags[null:]) / lags[0]))


def speed(waveform: Waveform) -> float:
    """Measure target-samples per second of the exact synthesis, in the best of some rounds."""
    transmit_tick = np.arange(PULSES, dtype=np.int64) * 160_000
    first_s = 2.3357 - 1e-7
    window_start_tick = transmit_tick + round(first_s * SAMPLE_RATE_HZ)
    schedule = PulseSchedule(
        SAMPLE_RATE_HZ, transmit_tick, window_start_tick, WINDOW_SAMPLES, waveform.duration_s
    )
    echoes = [PointEcho(ConstantRate(), 0.25) for _ in range(TARGETS)]
    best_s = np.inf
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _block in echo_blocks(schedule, waveform, CARRIER_HZ, echoes, 1024):
            pass
        best_s = min(best_s, time.perf_counter() - begin)
    return TARGETS * PULSES * waveform.sample_count(SAMPLE_RATE_HZ) / best_s


def noise_speed() -> float:
    """Measure samples per second of the thermal noise."""
    block = np.zeros((1024, WINDOW_SAMPLES), dtype=np.complex64)
    best_s = np.inf
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        add_thermal_noise(block, 0, 1e-4, 1)
        best_s = min(best_s, time.perf_counter() - begin)
    return block.size / best_s


def draw(path: Path, chosen: list[Waveform]) -> None:
    """Draw the compressed pulses, without a taper over the band."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.4 * len(chosen)), layout="constrained")
    for axes, waveform in zip(figure.subplots(len(chosen), 2), chosen, strict=True):
        time_us = np.linspace(0.0, 1e6 * waveform.duration_s, 4001)
        pulse = waveform.baseband(1e-6 * time_us)
        axes[0].plot(time_us, pulse.real, linewidth=0.6)
        axes[0].plot(time_us, np.abs(pulse), linewidth=0.8, color="black")
        axes[0].set(title=waveform.name, xlabel="time / us", ylabel="real part, magnitude")
        offset_cells = np.linspace(-60.0, 60.0, 6001)
        level_db = range_theory(waveform).cut(offset_cells)
        axes[1].plot(1e6 * offset_cells / waveform.bandwidth_hz, level_db, linewidth=0.6)
        axes[1].set(ylim=(-70.0, 2.0), xlabel="delay / us", ylabel="compressed / dB")
        axes[1].grid(alpha=0.3)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    compared = waveforms()
    speed(CHIRP)  # compiles, or reads what was compiled
    measure = speed(CHIRP)
    print(
        f"{'waveform':45s} B/MHz   B T   fit error  IRW/ns  x B    PSLR/dB ISLR/dB  farther "
        " Msps  of LFM"
    )
    for waveform in compared:
        theory = range_theory(waveform)
        rate = speed(waveform)
        print(
            f"{waveform.name:45s} {waveform.bandwidth_hz / 1e6:5.1f} "
            f"{waveform.time_bandwidth_product:6.1f}  {waveform.pulse_shape().error:8.1e} "
            f"{1e9 * theory.irw_cells / waveform.bandwidth_hz:7.2f} {theory.irw_cells:6.4f} "
            f"{theory.pslr_db:8.2f} {theory.islr_db:7.2f} "
            f"{highest_side_lobe_db(waveform):8.2f} {rate / 1e6:6.0f}  {rate / measure:5.2f}"
        )
    print(f"thermal noise: {noise_speed() / 1e6:.0f} M samples/s")
    if arguments.picture:
        draw(arguments.picture, [compared[k] for k in (0, 3, 5, 8)])


if __name__ == "__main__":
    main()
