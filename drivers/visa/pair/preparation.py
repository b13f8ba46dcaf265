"""What a pair is set to for a schedule: frequencies, memory, levels, references."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from drivers.errors import DeviceSettingsError
from drivers.interface import Capabilities, Schedule
from drivers.visa.errors import ReferenceUnlockedError
from drivers.visa.instrument import (
    CaptureSetup,
    Digitizer,
    DigitizerLimits,
    Generator,
    GeneratorLimits,
    OutputSettings,
    Signal,
)
from drivers.visa.pair.filters import STOP_EDGE
from drivers.visa.pair.frequency_plan import (
    FrequencyPlan,
    choose_plan,
    folded_images,
    least_record_rate_hz,
    record_too_slow,
    require_captured,
    total_db,
)
from drivers.visa.pair.layout import Layout, choose_guard
from drivers.visa.pair.parts import (
    PILOTS,
    Part,
    cut,
    windows_in_generator,
    windows_in_part,
    windows_on_host,
)
from drivers.visa.pair.record_rates import RecordRates, capture_settings, holds
from drivers.visa.pair.settings import PlayedSignal, VisaSettings

SIGNAL_OF: dict[PlayedSignal, Signal] = {"real-if": "real", "iq": "iq", "modulated": "modulated"}

# Between the end of a record and the next trigger; FastFrame, segmented memory and history need
# 1 to 4 us.
_REARM_S = 5e-6
# A digitizer's rates are looked at in steps of this, since some have them by the hundred.
_NEXT_RATE = 1.25
# Interpolation that is looked at; beyond it memory costs more than images.
_MOST_FACTOR = 40
# Below it images are less than the noise of 12 bits.
_CLEAN_DB = -66.0
_IMAGES_TOLD = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that is set for a schedule.

    Parameters
    ----------
    plan : FrequencyPlan
        Frequencies.
    layout : Layout
        How windows stand.
    parts : tuple of Part
        Of the run.
    output : OutputSettings
        Of the generator.
    setup : CaptureSetup
        Of the digitizer, for the largest part.
    generator, digitizer : limits
        As told.
    """

    plan: FrequencyPlan
    layout: Layout
    parts: tuple[Part, ...]
    output: OutputSettings
    setup: CaptureSetup
    generator: GeneratorLimits
    digitizer: DigitizerLimits

    def as_dict(self) -> dict[str, Any]:
        """Give it in a form that fits JSON."""
        layout, setup = self.layout, self.setup
        images = folded_images(self.plan, setup.sample_rate_hz, self.digitizer.may_pass_hz)
        return {
            "frequency_plan": self.plan.as_dict(),
            "record_rate_hz": setup.sample_rate_hz,
            "images_in_band": [
                {"centre_hz": image.centre_hz, "level_db": round(image.level_db, 1)}
                for image in images[:_IMAGES_TOLD]
            ],
            "guard_samples": layout.guard_samples,
            "period_samples": layout.period_samples,
            "parts": len(self.parts),
            "windows_per_part": self.parts[0].windows,
            "played_samples_per_part": self.parts[0].rows * layout.period_played,
            "record_samples": setup.record_samples,
        }


def output_settings(settings: VisaSettings, rate_hz: float) -> OutputSettings:
    """Return how the generator is to play.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    rate_hz : float
        Of the generator.
    """
    modulated = settings.signal == "modulated"
    return OutputSettings(
        signal=SIGNAL_OF[settings.signal],
        sample_rate_hz=rate_hz,
        channels=settings.output_channels,
        peak_v=None if modulated else settings.output_peak_v,
        power_dbm=settings.output_power_dbm if modulated else None,
        frequency_hz=settings.frequency_hz if modulated else None,
        clock_reference=settings.clock_reference,
        trigger="bus",
        marker_v=settings.marker_v,
        markers=settings.marker,
    )


def capabilities_of(
    settings: VisaSettings, generator: GeneratorLimits, digitizer: DigitizerLimits
) -> Capabilities:
    """Tell what a pair can do, in the terms of every device.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    generator, digitizer : limits
        As told.
    """
    half_hz = 0.5 * digitizer.max_sample_rate_hz
    if settings.signal == "real-if":
        rates = (generator.max_sample_rate_hz / 4.0, half_hz / (1.0 + STOP_EDGE))
    else:
        # How much of it a carrier leaves is the frequency plan's to say, by its key.
        rates = (generator.max_sample_rate_hz / 2.0, half_hz / STOP_EDGE)
    return Capabilities(
        min_sample_rate_hz=None,
        max_sample_rate_hz=min(rates),
        dac_bits=generator.dac_bits,
        adc_bits=digitizer.adc_bits,
        max_window_samples=None,
        max_total_samples=None,
        window_granularity=1,
        timed=False,
        radiates=True,
    )


def choose_pair(
    settings: VisaSettings, schedule: Schedule, generator: Generator, digitizer: Digitizer
) -> Pair:
    """Choose frequencies and parts for a schedule; the digitizer is set, the generator only asked.

    Parameters
    ----------
    settings : VisaSettings
        What was asked for.
    schedule : Schedule
        What is to be played.
    generator, digitizer
        The digitizer ready.

    Raises
    ------
    DeviceSettingsError
        They cannot do it.
    """
    settings.require_marker_triggers()
    signal = SIGNAL_OF[settings.signal]
    if signal not in generator.signals:
        raise DeviceSettingsError(
            f"signal = {settings.signal!r} on {generator.identity}",
            f"it has {', '.join(generator.signals)} with its options",
        )
    rate_hz = schedule.sample_rate_hz
    heard = digitizer.limits(settings.channels_in_use)
    asked_hz = settings.generator_rate_hz or 4.0 * rate_hz
    played = generator.limits(output_settings(settings, asked_hz))
    plan = choose_plan(settings, rate_hz, played, heard)
    rearm_s = _REARM_S if settings.capture == "segments" else 0.0
    window = schedule.window_samples
    guard = choose_guard(window, rate_hz, settings.guard_samples, rearm_s)
    layout = Layout(rate_hz, window, guard, plan.factor)
    # Whether it fits at all, before anything is set.
    windows_in_part(settings, layout, played, heard, plan.digitizer_rate_hz)
    rates = RecordRates(settings, layout, schedule.pulses, digitizer, heard)
    plan, most = _choose_rates(settings, plan, layout, schedule.pulses, played, heard, rates)
    layout = replace(layout, factor=plan.factor)
    output = output_settings(settings, plan.generator_rate_hz)
    played = generator.limits(output)
    most = min(most, windows_in_part(settings, layout, played, heard, plan.digitizer_rate_hz))
    parts = cut(schedule.pulses, most)
    parts, setup = _fit_records(settings, plan, layout, digitizer, parts, rates)
    return Pair(plan, layout, parts, output, setup, played, heard)


def prepare_pair(
    settings: VisaSettings, schedule: Schedule, generator: Generator, digitizer: Digitizer
) -> Pair:
    """Choose frequencies and parts for a schedule, and set both instruments.

    Parameters
    ----------
    settings, schedule
        As for :func:`choose_pair`.
    generator, digitizer
        Ready.

    Raises
    ------
    DeviceSettingsError
        They cannot do it, or something would be overdriven.
    """
    heard = digitizer.limits(settings.channels_in_use)
    settings.require_input_bears(heard.max_input_v, f"the limit of {digitizer.identity}")
    pair = choose_pair(settings, schedule, generator, digitizer)
    generator.configure(pair.output)
    return pair


def require_reference(settings: VisaSettings, told: dict[str, Any], whose: str, when: str) -> None:
    """Refuse an instrument that says that it does not follow the common reference.

    Parameters
    ----------
    settings : VisaSettings
        Whether there is one.
    told : dict
        Read-backs of the instrument.
    whose, when : str
        For the error.

    Raises
    ------
    ReferenceUnlockedError
        Its key ``reference_locked`` is false.
    """
    if settings.clock_reference == "external" and told.get("reference_locked") is False:
        raise ReferenceUnlockedError(
            f"the {whose} does not follow the external reference {when}",
            "see that 10 MHz reach its reference input, or set clock_reference: internal and live "
            "with two clocks that drift apart",
        )


def _choose_rates(
    settings: VisaSettings,
    plan: FrequencyPlan,
    layout: Layout,
    pulses: int,
    played: GeneratorLimits,
    heard: DigitizerLimits,
    rates: RecordRates,
) -> tuple[FrequencyPlan, int]:
    """Choose both rates so that no image of the DAC folds onto the band, as cheaply as that goes.

    Returns the plan, and how many windows a part has at most: a digitizer's rate and the length of
    its record are chosen together.
    """
    plans = _interpolations(settings, plan, played, heard)
    found: list[tuple[float, float, FrequencyPlan, int]] = []
    wanted_hz, highest_hz = plan.digitizer_rate_hz, heard.max_sample_rate_hz
    while (most := rates.most_windows(wanted_hz)) > 0:
        told_hz = rates.rate_hz(most, wanted_hz)
        if told_hz < least_record_rate_hz(plan):
            raise record_too_slow(plan, told_hz)
        for made in plans:
            room = windows_in_generator(replace(layout, factor=made.factor), played) - PILOTS
            if room < 1:
                continue
            parts = cut(pulses, min(most, room, windows_on_host(layout)))
            # The last one may be shorter, and a shorter record have a higher rate.
            record_rates_hz = {
                rates.rate_hz(part.windows, wanted_hz) for part in (parts[0], parts[-1])
            }
            if min(record_rates_hz) < least_record_rate_hz(made):
                continue
            level_db = max(
                total_db(folded_images(made, one_hz, heard.may_pass_hz))
                for one_hz in record_rates_hz
            )
            # What is uploaded and read out for a sample of a window, with the pilots.
            cost = made.factor + max(record_rates_hz) / layout.sample_rate_hz
            cost *= sum(part.rows for part in parts) / pulses
            asked_hz = wanted_hz if rates.chosen_by_record else told_hz
            chosen = replace(made, digitizer_rate_hz=asked_hz)
            found.append((max(level_db, _CLEAN_DB), cost, chosen, parts[0].windows))
        clean = bool(found) and min(level for level, *_ in found) <= _CLEAN_DB
        if clean or settings.digitizer_rate_hz is not None or told_hz >= highest_hz:
            break
        wanted_hz = min(_NEXT_RATE * max(told_hz, wanted_hz), highest_hz)
    if not found:
        raise DeviceSettingsError(
            f"a window and two pilots do not fit a record at {plan.digitizer_rate_hz:g} Hz",
            "lower digitizer_rate_hz, or shorten the windows",
        )
    _, _, best, windows = min(found, key=lambda one: one[:2])
    return best, windows


def _interpolations(
    settings: VisaSettings, plan: FrequencyPlan, played: GeneratorLimits, heard: DigitizerLimits
) -> list[FrequencyPlan]:
    """Give the plans among which to choose: more interpolation moves the images of a DAC."""
    plans = [plan]
    if plan.holds_samples and settings.generator_rate_hz is None:
        rate_hz = plan.sample_rate_hz
        most = min(_MOST_FACTOR, int(played.max_sample_rate_hz / rate_hz))
        for factor in range(plan.factor + 1, most + 1):
            # One that the digitizer cannot follow is no choice.
            with suppress(DeviceSettingsError):
                asked = replace(settings, generator_rate_hz=factor * rate_hz)
                plans.append(choose_plan(asked, rate_hz, played, heard))
    return plans


def _fit_records(
    settings: VisaSettings,
    plan: FrequencyPlan,
    layout: Layout,
    digitizer: Digitizer,
    parts: tuple[Part, ...],
    rates: RecordRates,
) -> tuple[tuple[Part, ...], CaptureSetup]:
    """Set the digitizer for the largest part; smaller ones where it says that its record is."""
    pulses = parts[-1].first_pulse + parts[-1].windows
    while True:
        asked = capture_settings(settings, layout, plan.digitizer_rate_hz, parts[0].rows)
        setup = digitizer.configure(asked)
        if holds(setup, asked):
            require_captured(plan, setup)
            return parts, setup
        windows = min(rates.fitting(setup), parts[0].windows - 1)
        if windows < 1:
            raise DeviceSettingsError(
                f"{digitizer.identity} gives {setup.record_samples} samples at "
                f"{setup.sample_rate_hz:g} Hz, too few for a window and two pilots",
                "lower digitizer_rate_hz, or shorten the windows",
            )
        parts = cut(pulses, windows)
