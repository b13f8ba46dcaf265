"""One window through a generator and a digitizer, step by step.

What the lab scripts for instruments stand on, where `testbed.bench` plays through any device.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from drivers.errors import DeviceSettingsError
from drivers.visa.instrument import Progress, Record, Upload
from drivers.visa.link.command_log import CommandLog
from drivers.visa.pair.instruments import Instruments, open_instruments
from drivers.visa.pair.playback import WindowWaveform
from drivers.visa.pair.preparation import Pair, prepare_pair
from drivers.visa.pair.record_rates import capture_settings
from drivers.visa.pair.settings import VisaSettings
from sim_core.signal.pulse_schedule import PulseSchedule
from testbed.config import Configuration
from testbed.device_settings import driver_settings, locate_device_errors
from testbed.input_files import InputFiles
from testbed.waveforms import build_waveform

_NAME = "moonecho_bench"


@dataclass(frozen=True, slots=True, eq=False)
class PairBench:
    """A pair that is set to play one window; outputs are off.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    instruments : Instruments
        Open.
    pair : Pair
        What they are set to.
    window : complex64 array, shape (1, window_samples)
        What is played: the experiment's pulse, in the middle, at its level.
    """

    settings: VisaSettings
    instruments: Instruments
    pair: Pair
    window: np.ndarray[tuple[int, int], np.dtype[np.complex64]]

    def upload(self, progress: Progress | None = None) -> Upload:
        """Write the window into the generator's memory; nothing is played.

        Parameters
        ----------
        progress : callable, optional
            Is told of bytes done and in all.
        """
        pair = self.pair
        waveform = WindowWaveform(
            self.window,
            pair.layout,
            pair.plan.playback_hz,
            marker=self.settings.marker,
            full_scale_code=(1 << (pair.generator.dac_bits - 1)) - 1,
            holds_samples=pair.plan.holds_samples,
        )
        return self.instruments.generator.upload(_NAME, waveform, progress)

    def play_and_capture(self) -> tuple[Record, ...]:
        """Play what was uploaded, once, and give what each input recorded.

        Raises
        ------
        DriverError
            An instrument fails, or the digitizer is not triggered. Outputs are off by then.
        """
        generator, digitizer = self.instruments.generator, self.instruments.digitizer
        deadline_s = self.settings.timeout_s
        generator.queue([_NAME])
        try:
            generator.arm()
            digitizer.arm()
            generator.trigger()
            digitizer.wait_captured(deadline_s)
            generator.wait_played(deadline_s)
        finally:
            generator.ensure_stopped()
        return tuple(digitizer.fetch(channel) for channel in self.settings.input_channels)


@contextmanager
def pair_on_bench(configuration: Configuration) -> Iterator[PairBench]:
    """Open a pair and set it for one window of an experiment; stopped and closed at the end.

    Parameters
    ----------
    configuration : Configuration
        The experiment, whose leave to transmit has been seen to.

    Yields
    ------
    PairBench

    Raises
    ------
    ConfigError
        The device is no pair of instruments, or cannot do this.
    DriverError
        An instrument is not there, or fails.
    """
    settings = driver_settings(configuration)
    with locate_device_errors(configuration):
        if not isinstance(settings, VisaSettings):
            raise DeviceSettingsError(
                f"driver {configuration.device.driver!r} is no pair of instruments",
                "give visa:GENERATOR+DIGITIZER",
            )
        window, schedule = _one_window(configuration)
        instruments = open_instruments(settings, (CommandLog("generator"), CommandLog("digitizer")))
        try:
            instruments.generator.ensure_ready()
            instruments.digitizer.ensure_ready()
            pair = prepare_pair(settings, schedule, instruments.generator, instruments.digitizer)
            instruments.digitizer.configure(
                capture_settings(settings, pair.layout, pair.plan.digitizer_rate_hz, 1)
            )
            yield PairBench(settings, instruments, pair, window)
        finally:
            instruments.stop(settings.stop_timeout_s)


def _one_window(
    configuration: Configuration,
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.complex64]], PulseSchedule]:
    receiver = configuration.receiver
    waveform = build_waveform(configuration, InputFiles())
    replica = waveform.replica(receiver.sample_rate_hz)
    first = (receiver.window_samples - replica.size) // 2
    window = np.zeros((1, receiver.window_samples), np.complex64)
    window[0, first : first + replica.size] = replica
    window *= np.float32(10.0 ** (configuration.device.level_dbfs / 20.0))
    start = np.zeros(1, np.int64)
    return window, PulseSchedule(
        sample_rate_hz=receiver.sample_rate_hz,
        transmit_tick=start + first,
        window_start_tick=start,
        window_samples=receiver.window_samples,
        pulse_duration_s=waveform.duration_s,
    )
