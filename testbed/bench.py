"""A few bursts through a device, and where and how strong they come back.

What the lab scripts stand on: a schedule of equal bursts, played in a session, and the delay and
gain of the chain to a fraction of a sample.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy import optimize

from drivers.errors import DriverError
from drivers.interface import CapturedBlock, Device, Event, PlayedBlock
from drivers.session import session
from sim_core.signal.pulse_schedule import PulseSchedule
from testbed.config import Configuration
from testbed.errors import OptionError
from testbed.input_files import InputFiles
from testbed.waveforms import build_waveform

Samples = npt.NDArray[np.complex64]

# Room for the delay of a chain, in windows of the experiment.
_ROOM = 4

# Correlation over noise alone is exponentially distributed in power: above this multiple of its
# mean one in 10^9 windows of 10^4 places would be taken for an echo.
_LEAST_PEAK_OVER_NOISE = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Bursts:
    """Equal bursts, evenly spaced.

    Parameters
    ----------
    schedule : PulseSchedule
        Their windows.
    window : complex64 array, shape (window_samples,)
        What each of them plays at full scale: the radar's pulse, a quarter into the window.
    """

    schedule: PulseSchedule
    window: Samples


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What came back.

    Parameters
    ----------
    windows : complex64 array, shape (bursts, window_samples)
        Full scale 1.0.
    events : tuple of Event
        What happened to them.
    read_back : mapping
        What the device says that it was set to.
    """

    windows: Samples
    events: tuple[Event, ...]
    read_back: Mapping[str, Any]

    def whole(self) -> npt.NDArray[np.bool_]:
        """Tell which bursts nothing happened to, shape (bursts,)."""
        whole = np.ones(self.windows.shape[0], dtype=np.bool_)
        whole[[event.pulse for event in self.events]] = False
        return whole


@dataclass(frozen=True, slots=True)
class Echo:
    """A burst that came back.

    Parameters
    ----------
    delay_samples : float
        How much later than it was played.
    gain : complex
        Against what was played.
    coherence : float
        Share of the power in the window that is the burst's, 0 to 1.
    found : bool
        Whether it stands out of noise.
    """

    delay_samples: float
    gain: complex
    coherence: float
    found: bool

    @property
    def gain_db(self) -> float:
        """Magnitude of the gain in dB."""
        return 20.0 * math.log10(abs(self.gain)) if self.gain else -math.inf


@dataclass(frozen=True, slots=True)
class ChainMeasurement:
    """Delay and gain of a chain, averaged.

    Parameters
    ----------
    delay_s, delay_error_s : float
        Mean delay, and its standard error.
    gain_db, gain_error_db : float
        The same of the gain.
    bursts : int
        How many came back whole.
    """

    delay_s: float
    delay_error_s: float
    gain_db: float
    gain_error_db: float
    bursts: int


def script_arguments(fewest: int, usage: str) -> list[str]:
    """Return the arguments of a lab script.

    Parameters
    ----------
    fewest : int
        That it needs.
    usage : str
        All that it takes, in a line.

    Raises
    ------
    OptionError
        There are too few or too many.
    """
    given = sys.argv[1:]
    if not fewest <= len(given) <= len(usage.split()):
        raise OptionError("arguments", " ".join(given) or None, "are not what it takes",
                          f"give {usage}")  # fmt: skip
    return given


def make_bursts(configuration: Configuration, device: Device, count: int) -> Bursts:
    """Make bursts of an experiment's pulse, at its sample rate and PRF, with room for a delay.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    device : Device
        What is to play them: its windows may have a granularity.
    count : int
        How many.
    """
    receiver = configuration.receiver
    interval = round(receiver.sample_rate_hz / configuration.radar.prf_hz)
    waveform = build_waveform(configuration, InputFiles())
    replica = waveform.replica(receiver.sample_rate_hz)
    step = device.capabilities.window_granularity
    room = max(min(_ROOM * receiver.window_samples, interval // 2), receiver.window_samples)
    window_samples = room // step * step
    window = np.zeros(window_samples, np.complex64)
    first = (window_samples - replica.size) // 4
    window[first : first + replica.size] = replica
    start = np.arange(count, dtype=np.int64) * interval
    schedule = PulseSchedule(
        sample_rate_hz=receiver.sample_rate_hz,
        transmit_tick=start + first,
        window_start_tick=start,
        window_samples=window_samples,
        pulse_duration_s=waveform.duration_s,
    )
    return Bursts(schedule, window)


def play_bursts(device: Device, bursts: Bursts, levels: npt.ArrayLike) -> Heard:
    """Play bursts; the device is stopped at the end, whatever happens.

    Parameters
    ----------
    device : Device
        Open.
    bursts : Bursts
        What to play.
    levels : array_like of float, shape (bursts,) or one
        Amplitude of each, against full scale.

    Raises
    ------
    DriverError
        The device fails.
    """
    schedule = bursts.schedule
    amplitude = np.broadcast_to(np.asarray(levels, np.float32), (schedule.pulses,))

    def blocks() -> Iterator[PlayedBlock]:
        for pulse in range(schedule.pulses):
            yield PlayedBlock(pulse, (bursts.window * amplitude[pulse])[np.newaxis])

    with session(device, schedule) as armed:
        captured = list(armed.exchange(blocks()))
        read_back = armed.read_back()
    return Heard(
        np.concatenate([_as_complex(block, device.code_scale) for block in captured]),
        tuple(event for block in captured for event in block.events),
        read_back,
    )


def _as_complex(block: CapturedBlock, code_scale: float) -> Samples:
    samples = block.samples
    if samples.dtype == np.int16:
        pairs = np.ascontiguousarray(samples).astype(np.float32) * np.float32(code_scale)
        return pairs.view(np.complex64)[..., 0]
    return samples.astype(np.complex64, copy=False)


def find_echo(played: Samples, heard: Samples) -> Echo:
    """Find what was played in what was heard.

    The delay is where the correlation of the two is largest in magnitude, the maximum-likelihood
    estimate in white noise. Between samples the correlation is the sum of its spectrum, whose
    maximum is searched: no interpolation adds an error of its own.

    Parameters
    ----------
    played, heard : complex64 array, shape (samples,)
        One window of each, of the same length.
    """
    size = int(scipy.fft.next_fast_len(2 * played.size))
    sent = scipy.fft.fft(played.astype(np.complex128), size)
    cross = scipy.fft.fft(heard.astype(np.complex128), size) * np.conj(sent)
    frequency = scipy.fft.fftfreq(size)
    coarse = int(np.argmax(np.abs(scipy.fft.ifft(cross))))
    if coarse >= size // 2:
        coarse -= size

    def correlation(delay_samples: float) -> complex:
        return complex(np.sum(cross * np.exp(2j * np.pi * frequency * delay_samples)))

    best = optimize.minimize_scalar(
        lambda delay: -abs(correlation(delay)),
        bounds=(coarse - 1.0, coarse + 1.0),
        method="bounded",
        options={"xatol": 1e-7},
    )
    delay = float(best.x)
    peak = correlation(delay)
    energy = float(np.sum(np.abs(sent) ** 2))
    heard_energy = float(np.vdot(heard, heard).real) * size
    coherence = abs(peak) ** 2 / (energy * heard_energy) if heard_energy else 0.0
    found = coherence * np.count_nonzero(played) > _LEAST_PEAK_OVER_NOISE
    return Echo(delay, peak / energy, coherence, bool(found))


def measure_chain(
    configuration: Configuration, device: Device, count: int = 64, level_dbfs: float | None = None
) -> ChainMeasurement:
    """Measure delay and gain of the chain between a device's output and its input.

    Parameters
    ----------
    configuration : Configuration
        The experiment, whose pulse is played.
    device : Device
        Open.
    count : int
        Bursts to average.
    level_dbfs : float, optional
        Level of the bursts; by default the experiment's.

    Raises
    ------
    DriverError
        The device fails, or the pulse does not come back.
    """
    level_dbfs = configuration.device.level_dbfs if level_dbfs is None else level_dbfs
    amplitude = 10.0 ** (level_dbfs / 20.0)
    bursts = make_bursts(configuration, device, count)
    heard = play_bursts(device, bursts, amplitude)
    played = bursts.window * np.float32(amplitude)
    whole = heard.windows[heard.whole()]
    echoes = [find_echo(played, window) for window in whole]
    found = [echo for echo in echoes if echo.found]
    if not found:
        best = max((echo.coherence for echo in echoes), default=0.0)
        raise DriverError(
            f"the pulse did not come back: of {count} bursts {len(echoes)} came back whole, and "
            f"at best {best:.2f} of what was heard is the pulse",
            "check cable, gains and levels with lab_scripts/first_loopback.py",
        )
    delay_s = np.array([echo.delay_samples for echo in found]) / bursts.schedule.sample_rate_hz
    gain_db = np.array([echo.gain_db for echo in found])
    return ChainMeasurement(
        float(delay_s.mean()), _error(delay_s), float(gain_db.mean()), _error(gain_db), len(found)
    )


def _error(values: npt.NDArray[np.float64]) -> float:
    """Return the standard error of a mean; infinite for one value alone."""
    if values.size < 2:
        return math.inf
    return float(values.std(ddof=1) / math.sqrt(values.size))
