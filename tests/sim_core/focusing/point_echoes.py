"""Echoes of points with polynomial delay histories, evaluated sample by sample."""

import functools
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp

FloatArray = npt.NDArray[np.float64]

CARRIER_HZ = 23.0e9
SAMPLE_RATE_HZ = 96.0e6
# Table 4 of the paper at 0.1 degree look angle: the Doppler frequency falls by 4.68 Hz each second.
CURVATURE_PER_S = 4.68 / CARRIER_HZ


@dataclass(frozen=True)
class PolynomialDelay:
    """tau(t) = constant + walk t + curvature t^2 / 2 + cubic t^3 / 6."""

    constant_s: Fraction = Fraction("2.33571234567891")
    walk: float = 0.0
    curvature_per_s: float = CURVATURE_PER_S
    cubic_per_s2: float = 1e-15
    start_s: float = -200.0
    stop_s: float = 200.0

    def relative_delay_s(self, transmit_s: FloatArray, reference_s: Fraction) -> FloatArray:
        t = self._held(transmit_s)
        polynomial = (
            (self.cubic_per_s2 / 6.0 * t + self.curvature_per_s / 2.0) * t + self.walk
        ) * t
        return float(self.constant_s - reference_s) + polynomial

    def delay_rate(self, transmit_s: FloatArray) -> FloatArray:
        t = self._held(transmit_s)
        return (self.cubic_per_s2 / 2.0 * t + self.curvature_per_s) * t + self.walk

    def delay_acceleration(self, transmit_s: FloatArray) -> FloatArray:
        return self.cubic_per_s2 * self._held(transmit_s) + self.curvature_per_s

    def _held(self, transmit_s: FloatArray) -> FloatArray:
        """Refuse times that the history does not hold for, as real histories do."""
        t = np.asarray(transmit_s)
        if t.size and not self.start_s <= float(t.min()) <= float(t.max()) <= self.stop_s:
            raise ValueError(f"the history holds from {self.start_s} to {self.stop_s} s")
        return t

    def moved(self, later_s: float, longer_s: float) -> "PolynomialDelay":
        """Return the same history, later and longer."""
        t = Fraction(-later_s)
        third, second = Fraction(self.cubic_per_s2) / 6, Fraction(self.curvature_per_s) / 2
        first = Fraction(self.walk)
        return replace(
            self,
            constant_s=self.constant_s
            + Fraction(longer_s)
            + ((third * t + second) * t + first) * t,
            walk=float((3 * third * t + 2 * second) * t + first),
            curvature_per_s=float(6 * third * t + 2 * second),
        )


@dataclass(frozen=True, eq=False)
class Echoes:
    """A source of samples in memory."""

    samples: npt.NDArray[np.complex64]

    def read(self, first: int, count: int) -> npt.NDArray[np.complex64]:
        return self.samples[first : first + count]


def schedule_of(
    history: PolynomialDelay,
    waveform: LinearChirp,
    prf_hz: float,
    duration_s: float,
    window_samples: int,
    centre_s: float = 0.0,
) -> PulseSchedule:
    """Make windows that follow a point, its echo in their middle."""
    interval = round(SAMPLE_RATE_HZ / prf_hz)
    pulses = round(duration_s * prf_hz)
    tick = (np.arange(pulses, dtype=np.int64) - pulses // 2) * interval + round(
        centre_s * SAMPLE_RATE_HZ
    )
    slow_s = tick / SAMPLE_RATE_HZ + 0.5 * waveform.duration_s
    delay = history.relative_delay_s(slow_s, Fraction(0)) * SAMPLE_RATE_HZ
    spare = window_samples - waveform.sample_count(SAMPLE_RATE_HZ) - 1
    start = tick + np.floor(delay).astype(np.int64) - spare // 2
    return PulseSchedule(SAMPLE_RATE_HZ, tick, start, window_samples, waveform.duration_s)


def echo_samples(
    targets: list[tuple[PolynomialDelay, complex]],
    schedule: PulseSchedule,
    waveform: LinearChirp,
    chain_delay_s: float = 0.0,
) -> Echoes:
    """Evaluate every sample at its own receive time: delay, motion and phase without shortcuts."""
    rate = schedule.sample_rate_hz
    samples = np.zeros((schedule.pulses, schedule.window_samples), dtype=np.complex128)
    for history, amplitude in targets:
        base_tick = round(float(history.constant_s) * rate)
        base_s = Fraction(base_tick) / Fraction(rate)
        base_cycles = float(Fraction(CARRIER_HZ) * base_s % 1)
        since = schedule.window_start_tick - schedule.transmit_tick - base_tick
        for first in range(0, schedule.pulses, 2048):
            part = slice(first, first + 2048)
            lead_s = (schedule.transmit_tick[part] / rate)[:, None]
            tick = since[part, None] + np.arange(schedule.window_samples)
            received_s = tick / rate - chain_delay_s
            x = received_s
            for _ in range(4):
                delay_s = history.relative_delay_s(lead_s + x, base_s)
                x = received_s - delay_s
            phase = -2.0 * np.pi * (base_cycles + CARRIER_HZ * delay_s)
            samples[part] += amplitude * waveform.baseband(x) * np.exp(1j * phase)
    return Echoes(samples.astype(np.complex64))


@functools.lru_cache(maxsize=4)
def point_echoes(
    history: PolynomialDelay,
    schedule: PulseSchedule,
    waveform: LinearChirp,
    amplitude: complex = 1.0,
) -> Echoes:
    """Return the echoes of one point, which tests in a row share and cannot change."""
    echoes = echo_samples([(history, amplitude)], schedule, waveform)
    echoes.samples.flags.writeable = False
    return echoes
