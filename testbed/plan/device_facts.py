"""What a device says that it can do, in the terms that a plan is judged in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.interface import Capabilities
from drivers.soapy.capabilities import RadioFacts
from drivers.soapy.device import SoapyDevice
from drivers.visa.pair.settings import VisaSettings
from testbed.config import Configuration
from testbed.device_settings import (
    driver_settings,
    is_simulated,
    is_software_radio,
    open_configured_device,
)
from testbed.errors import locate_errors

if TYPE_CHECKING:
    from testbed.plan.pair_facts import PairFacts

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What a device can do. Empty ranges set no limit.

    Parameters
    ----------
    name : str
        What it calls itself.
    capabilities : Capabilities
        What every device tells.
    sample_rates_hz, frequencies_hz, bandwidths_hz : tuple of pairs
        Ranges that output and input have in common; of the analogue filters at last.
    tx_gains_db : tuple of pairs
        Ranges of the output's gain.
    full_duplex : bool
        Plays and records at once.
    formats : tuple of str
        Of streams that output and input have in common; empty where there is no choice.
    software : bool
        Has no connector and keeps no wall clock.
    pair : PairFacts or None
        Limits of a generator and a digitizer.
    """

    name: str
    capabilities: Capabilities
    sample_rates_hz: tuple[Span, ...] = ()
    frequencies_hz: tuple[Span, ...] = ()
    bandwidths_hz: tuple[Span, ...] = ()
    tx_gains_db: tuple[Span, ...] = ()
    full_duplex: bool = True
    formats: tuple[str, ...] = ()
    software: bool = True
    pair: "PairFacts | None" = None

    @property
    def at_leisure(self) -> bool:
        """Whether it waits for what it is to play."""
        return self.software or self.pair is not None


def ask_device(configuration: Configuration) -> DeviceFacts:
    """Open the device of a configuration, ask what it can do, and release it.

    Nothing is transmitted; a radio's output is left at its lowest gain.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Raises
    ------
    ConfigError
        The driver does not exist, or cannot have these settings.
    DriverError
        The device is not there.
    """
    settings = driver_settings(configuration)
    if isinstance(settings, VisaSettings):
        return _pair_facts(configuration, settings)
    device = open_configured_device(configuration)
    try:
        if isinstance(device, SoapyDevice):
            software = is_software_radio(configuration.device.soapy_arguments)
            return radio_facts(device.facts, software=software)
        return DeviceFacts(configuration.device.name, device.capabilities)
    finally:
        device.ensure_stopped()


def _pair_facts(configuration: Configuration, settings: VisaSettings) -> DeviceFacts:
    # Here, since PyVISA and what is compiled for signals are for those who have instruments.
    from testbed.plan.pair_facts import ask_pair

    with locate_errors(configuration, "device.driver"):
        pair = ask_pair(settings, configuration.receiver.sample_rate_hz)
    capabilities = pair.capabilities(settings)
    highest_hz = capabilities.max_sample_rate_hz
    return DeviceFacts(
        name=pair.name,
        capabilities=capabilities,
        sample_rates_hz=() if highest_hz is None else ((0.0, highest_hz),),
        software=is_simulated(settings),
        pair=pair,
    )


def radio_facts(told: RadioFacts, *, software: bool) -> DeviceFacts:
    """Return what a radio told, as what output and input have in common.

    Parameters
    ----------
    told : RadioFacts
        From the radio.
    software : bool
        Whether it is one without a connector.
    """
    name = told.driver_key
    if told.hardware_key and told.hardware_key != name:
        name = f"{name} ({told.hardware_key})"
    if told.tx is None or told.rx is None:
        return DeviceFacts(name, told.capabilities, full_duplex=False, software=software)
    return DeviceFacts(
        name=name,
        capabilities=told.capabilities,
        sample_rates_hz=common_spans(told.tx.sample_rates_hz, told.rx.sample_rates_hz),
        frequencies_hz=common_spans(told.tx.frequencies_hz, told.rx.frequencies_hz),
        bandwidths_hz=common_spans(told.tx.bandwidths_hz, told.rx.bandwidths_hz),
        tx_gains_db=told.tx.gains_db,
        full_duplex=told.full_duplex,
        formats=tuple(one for one in told.tx.formats if one in told.rx.formats),
        software=software,
    )


def common_spans(first: Sequence[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """Return what two sets of ranges have in common; one that is empty sets no limit."""
    if not first or not second:
        return tuple(first or second)
    spans = {(max(one[0], other[0]), min(one[1], other[1])) for one in first for other in second}
    return tuple(sorted(span for span in spans if span[0] <= span[1]))


def within(value: float, spans: Sequence[Span]) -> bool:
    """Tell whether a value lies in one of some ranges; in none at all, it does."""
    # A rate is a quotient of clocks in some radios, told with the last digits of a float.
    slack = 1e-9 * abs(value)
    return not spans or any(low - slack <= value <= high + slack for low, high in spans)


def nearest_within(value: float, spans: Sequence[Span]) -> float:
    """Return the largest value in some ranges that is not above a value, else the smallest."""
    if within(value, spans):
        return value
    below = [high for _, high in spans if high < value]
    return max(below) if below else min(low for low, _ in spans)
