"""What a generator and a digitizer say that they can do together, and how a run would go there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drivers.interface import Capabilities, Schedule
from drivers.visa.instrument import DigitizerLimits, GeneratorLimits, Signal
from drivers.visa.link.command_log import CommandLog
from drivers.visa.pair.instruments import Instruments, open_instruments
from drivers.visa.pair.preparation import Pair, capabilities_of, choose_pair, output_settings
from drivers.visa.pair.settings import VisaSettings

# Asked for limits where no rate is set: samples of the generator for one of a window.
_TYPICAL_FACTOR = 4.0


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What a pair told.

    Parameters
    ----------
    generator_name, digitizer_name : str
        Who they are.
    signals : tuple of str
        That the generator can play.
    generator, digitizer : limits
        As told.
    """

    generator_name: str
    digitizer_name: str
    signals: tuple[Signal, ...]
    generator: GeneratorLimits
    digitizer: DigitizerLimits

    @property
    def name(self) -> str:
        """Both."""
        return f"{self.generator_name} and {self.digitizer_name}"

    def capabilities(self, settings: VisaSettings) -> Capabilities:
        """Return what every device tells."""
        return capabilities_of(settings, self.generator, self.digitizer)


def ask_pair(settings: VisaSettings, sample_rate_hz: float) -> PairFacts:
    """Ask both instruments for their limits, and close the links; no output feels it.

    A generator that tells limits only of the mode that it is in has it put back, and is not asked
    while an output is on.

    Parameters
    ----------
    settings : VisaSettings
        Addresses, and what they are asked about.
    sample_rate_hz : float
        Of the windows.

    Raises
    ------
    DriverError
        One is not there, or is not of a known kind.
    """
    with _opened(settings) as instruments:
        return _told(instruments, settings, sample_rate_hz)


def _told(instruments: Instruments, settings: VisaSettings, sample_rate_hz: float) -> PairFacts:
    generator, digitizer = instruments.generator, instruments.digitizer
    rate_hz = settings.generator_rate_hz or _TYPICAL_FACTOR * sample_rate_hz
    return PairFacts(
        str(generator.identity),
        str(digitizer.identity),
        generator.signals,
        generator.limits(output_settings(settings, rate_hz)),
        digitizer.limits(settings.channels_in_use),
    )


def plan_pair(settings: VisaSettings, schedule: Schedule) -> Pair:
    """Choose what a run will choose, by the same steps; nothing is uploaded, played or recorded.

    The digitizer is reset and set as a run sets it, since it tells its rates and records only so;
    the generator is asked, as by
    :func:`ask_pair`. The links are open as long as that takes.

    Parameters
    ----------
    settings : VisaSettings
        What was asked for.
    schedule : Schedule
        What is to be played.

    Raises
    ------
    DeviceSettingsError
        The pair cannot do it.
    DriverError
        An instrument is not there any more, or fails.
    """
    with _opened(settings) as instruments:
        instruments.digitizer.ensure_ready()
        try:
            return choose_pair(settings, schedule, instruments.generator, instruments.digitizer)
        finally:
            instruments.digitizer.ensure_stopped()


@contextmanager
def _opened(settings: VisaSettings) -> Iterator[Instruments]:
    instruments = open_instruments(settings, (CommandLog("generator"), CommandLog("digitizer")))
    try:
        yield instruments
    finally:
        instruments.generator_link.close()
        instruments.digitizer_link.close()
