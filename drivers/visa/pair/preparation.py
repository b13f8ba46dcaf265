"""What a pair is set to for a schedule: frequencies, memory, levels, references."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from drivers.errors import DeviceSettingsError
from drivers.interface import Capabilities, Schedule
from drivers.visa.errors import ReferenceUnlockedError
from drivers.visa.instrument import (
    CaptureSettings,
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
    require_captured,
    total_db,
)
from drivers.visa.pair.layout import Layout, choose_guard
from drivers.visa.pair.parts import Part, cut, record_span, windows_in_part
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
# Rates of instruments are compared after printing.
_SAME_RATE = 1e-6


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
        images = folded_images(self.plan, setup.sample_rate_hz, self.digitizer.bandwidth_hz)
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


def capture_settings(
    settings: VisaSettings, layout: Layout, rate_hz: float, rows: int
) -> CaptureSettings:
    """Return how the digitizer is to record a part.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    layout : Layout
        How windows stand.
    rate_hz : float
        Of the digitizer.
    rows : int
        Windows of the part, with its pilot.
    """
    segments = settings.capture == "segments"
    span = record_span(layout, 1 if segments else rows, settings.trigger_skew_s)
    return CaptureSettings(
        channels=settings.input_channels,
        sample_rate_hz=rate_hz,
        duration_s=span.duration_s,
        pre_trigger_s=span.pre_trigger_s,
        segments=rows if segments else 1,
        full_scale_v=settings.input_range_v,
        trigger_input=settings.trigger_input,
        trigger_level_v=settings.trigger_level_v,
        clock_reference=settings.clock_reference,
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


def prepare_pair(
    settings: VisaSettings, schedule: Schedule, generator: Generator, digitizer: Digitizer
) -> Pair:
    """Choose frequencies and parts for a schedule, and set both instruments.

    Parameters
    ----------
    settings : VisaSettings
        What was asked for.
    schedule : Schedule
        What is to be played.
    generator, digitizer
        Ready.

    Raises
    ------
    DeviceSettingsError
        They cannot do it, or something would be overdriven.
    """
    signal = SIGNAL_OF[settings.signal]
    if signal not in generator.signals:
        raise DeviceSettingsError(
            f"signal = {settings.signal!r} on {generator.identity}",
            f"it has {', '.join(generator.signals)} with its options",
        )
    rate_hz = schedule.sample_rate_hz
    heard = digitizer.limits(settings.input_channels)
    settings.require_input_bears(heard.max_input_v, f"the limit of {digitizer.identity}")
    asked_hz = settings.generator_rate_hz or 4.0 * rate_hz
    played = generator.limits(output_settings(settings, asked_hz))
    plan = choose_plan(settings, rate_hz, played, heard)
    plan = _choose_rates(settings, plan, played, heard, digitizer)
    output = output_settings(settings, plan.generator_rate_hz)
    played = generator.limits(output)
    rearm_s = _REARM_S if settings.capture == "segments" else 0.0
    window = schedule.window_samples
    guard = choose_guard(window, rate_hz, settings.guard_samples, rearm_s)
    layout = Layout(rate_hz, window, guard, plan.factor)
    most = windows_in_part(settings, layout, played, heard, plan.digitizer_rate_hz)
    parts, setup = _fit_records(settings, plan, layout, digitizer, cut(schedule.pulses, most))
    generator.configure(output)
    return Pair(plan, layout, parts, output, setup, played, heard)


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
    played: GeneratorLimits,
    heard: DigitizerLimits,
    digitizer: Digitizer,
) -> FrequencyPlan:
    """Choose both rates so that no image of the DAC folds onto the band, as cheaply as that goes.

    Where a DAC does not hold its samples, or both rates were asked for, there is nothing to choose.
    """
    if not plan.holds_samples:
        # Asked for as it is: the next rate of a short record need not be there for a long one.
        return plan
    rate_hz = plan.sample_rate_hz
    plans = [plan]
    if settings.generator_rate_hz is None:
        most = min(_MOST_FACTOR, int(played.max_sample_rate_hz / rate_hz))
        for factor in range(plan.factor + 1, most + 1):
            # One that the digitizer cannot follow is no choice.
            with suppress(DeviceSettingsError):
                asked = replace(settings, generator_rate_hz=factor * rate_hz)
                plans.append(choose_plan(asked, rate_hz, played, heard))
    found: list[tuple[float, float, FrequencyPlan]] = []
    for record_rate_hz in _record_rates(settings, plan, heard, digitizer):
        for made in plans:
            if record_rate_hz < least_record_rate_hz(made):
                continue
            level_db = total_db(folded_images(made, record_rate_hz, heard.bandwidth_hz))
            # What is uploaded and read out for a sample of a window.
            cost = made.factor + record_rate_hz / rate_hz
            chosen = replace(made, digitizer_rate_hz=record_rate_hz)
            found.append((max(level_db, _CLEAN_DB), cost, chosen))
        if min(level for level, _, _ in found) <= _CLEAN_DB:
            break
    return min(found, key=lambda one: one[:2])[2]


def _record_rates(
    settings: VisaSettings, plan: FrequencyPlan, heard: DigitizerLimits, digitizer: Digitizer
) -> Iterator[float]:
    """Ask a digitizer for its rates, from the least that the plan can do with upwards."""
    layout = Layout(plan.sample_rate_hz, 1, choose_guard(1, plan.sample_rate_hz, None), 1)
    asked_hz = plan.digitizer_rate_hz
    while True:
        setup = digitizer.configure(capture_settings(settings, layout, asked_hz, 1))
        require_captured(plan, setup)
        yield setup.sample_rate_hz
        highest_hz = heard.max_sample_rate_hz
        if settings.digitizer_rate_hz is not None or setup.sample_rate_hz >= highest_hz:
            return
        asked_hz = min(_NEXT_RATE * max(setup.sample_rate_hz, asked_hz), highest_hz)


def _fit_records(
    settings: VisaSettings,
    plan: FrequencyPlan,
    layout: Layout,
    digitizer: Digitizer,
    parts: tuple[Part, ...],
) -> tuple[tuple[Part, ...], CaptureSetup]:
    """Set the digitizer for the largest part; smaller ones where its memory turns out shorter."""
    pulses = parts[-1].first_pulse + parts[-1].windows
    while True:
        windows = parts[0].windows
        asked = capture_settings(settings, layout, plan.digitizer_rate_hz, parts[0].rows)
        try:
            setup = digitizer.configure(asked)
        except DeviceSettingsError:
            # The rate of a short record, which was asked about, may be none of a long one's.
            if windows == 1:
                raise
            parts = cut(pulses, max(1, windows // 2))
            continue
        enough = setup.segments >= asked.segments and holds(setup, asked)
        if enough:
            require_captured(plan, setup)
            return parts, setup
        if windows == 1:
            raise DeviceSettingsError(
                f"{digitizer.identity} gives {setup.record_samples} samples at "
                f"{setup.sample_rate_hz:g} Hz, too few for a pilot and a window",
                "lower digitizer_rate_hz, or shorten the windows",
            )
        parts = cut(pulses, max(1, windows // 2))


def holds(setup: CaptureSetup, asked: CaptureSettings) -> bool:
    """Tell whether a record is as long as was asked for, to a sample at either end."""
    length_s = asked.pre_trigger_s + asked.duration_s
    return (setup.record_samples + 2) / setup.sample_rate_hz >= length_s * (1.0 - _SAME_RATE)
