"""What a generator and a digitizer say that they can do together, and how a run would go there."""

from dataclasses import dataclass

from drivers.errors import DeviceSettingsError
from drivers.interface import Capabilities, Schedule
from drivers.visa.instrument import DigitizerLimits, GeneratorLimits, Signal
from drivers.visa.link.command_log import CommandLog
from drivers.visa.pair.frequency_plan import FrequencyPlan, choose_plan
from drivers.visa.pair.instruments import Instruments, open_instruments
from drivers.visa.pair.layout import Layout, choose_guard
from drivers.visa.pair.parts import Part, cut, windows_in_part
from drivers.visa.pair.preparation import SIGNAL_OF, capabilities_of, output_settings
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


@dataclass(frozen=True, slots=True)
class PairPlan:
    """How a run would go, as far as limits tell.

    Parameters
    ----------
    plan : FrequencyPlan
        Rates and frequencies.
    layout : Layout
        How windows stand.
    parts : tuple of Part
        That the memories cut it into.
    """

    plan: FrequencyPlan
    layout: Layout
    parts: tuple[Part, ...]


def ask_pair(settings: VisaSettings, sample_rate_hz: float) -> PairFacts:
    """Ask both instruments for their limits, and close the links; nothing is set.

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
    instruments = open_instruments(settings, (CommandLog("generator"), CommandLog("digitizer")))
    try:
        return _told(instruments, settings, sample_rate_hz)
    finally:
        instruments.generator_link.close()
        instruments.digitizer_link.close()


def _told(instruments: Instruments, settings: VisaSettings, sample_rate_hz: float) -> PairFacts:
    generator, digitizer = instruments.generator, instruments.digitizer
    rate_hz = settings.generator_rate_hz or _TYPICAL_FACTOR * sample_rate_hz
    return PairFacts(
        str(generator.identity),
        str(digitizer.identity),
        generator.signals,
        generator.limits(output_settings(settings, rate_hz)),
        digitizer.limits(settings.input_channels),
    )


def plan_pair(facts: PairFacts, settings: VisaSettings, schedule: Schedule) -> PairPlan:
    """Choose what a run would choose, from the limits alone.

    Parameters
    ----------
    facts : PairFacts
        What the pair told.
    settings : VisaSettings
        What was asked for.
    schedule : Schedule
        What is to be played.

    Raises
    ------
    DeviceSettingsError
        The pair cannot do it.
    """
    wanted = SIGNAL_OF[settings.signal]
    if wanted not in facts.signals:
        raise DeviceSettingsError(
            f"signal = {settings.signal!r} is nothing that {facts.generator_name} plays",
            f"it has {', '.join(facts.signals)}",
        )
    rate_hz = schedule.sample_rate_hz
    plan = choose_plan(settings, rate_hz, facts.generator, facts.digitizer)
    guard = choose_guard(schedule.window_samples, rate_hz, settings.guard_samples)
    layout = Layout(rate_hz, schedule.window_samples, guard, plan.factor)
    most = windows_in_part(
        settings, layout, facts.generator, facts.digitizer, plan.digitizer_rate_hz
    )
    return PairPlan(plan, layout, cut(schedule.pulses, most))
