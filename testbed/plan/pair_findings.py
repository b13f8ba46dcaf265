"""Whether an experiment fits a generator and a digitizer, point by point."""

from collections.abc import Iterator

from drivers.errors import DeviceSettingsError
from drivers.visa.pair.frequency_plan import folded_images, total_db
from drivers.visa.pair.preparation import Pair
from drivers.visa.pair.settings import VisaSettings
from testbed.plan.finding import Finding, judged
from testbed.plan.pair_facts import PairFacts, plan_pair
from testbed.report.quantities import hertz, seconds
from testbed.scenario import Scenario

# Below it nobody sees them in an image: 12 bits have more noise.
_NO_IMAGES_DB = -80.0
# Relative, of quartzes without an oven.
_CLOCK_ERROR = 1e-6


def pair_findings(
    scenario: Scenario, settings: VisaSettings, facts: PairFacts, *, simulated: bool
) -> Iterator[Finding]:
    """Judge an experiment against a pair.

    Parameters
    ----------
    scenario : Scenario
        The experiment.
    settings : VisaSettings
        Section ``device.visa``.
    facts : PairFacts
        What the instruments told.
    simulated : bool
        Whether they need no leave to transmit.

    Yields
    ------
    Finding
        Signal, rates, memories, levels, leave.
    """
    try:
        planned = plan_pair(settings, scenario.schedule)
    except DeviceSettingsError as error:
        wanted = f"{settings.signal} at {hertz(scenario.schedule.sample_rate_hz)}"
        yield Finding("signal", wanted, ", ".join(facts.signals), "does not fit", str(error))
    else:
        yield from _signal(settings, facts, planned)
        yield from _memory(settings, facts, planned)
        yield from _clocks(settings, planned)
    yield from _levels(settings, facts, scenario.configuration.device.level_dbfs)
    yield from _leave(settings, simulated)


def _signal(settings: VisaSettings, facts: PairFacts, planned: Pair) -> Iterator[Finding]:
    plan, generator, digitizer = planned.plan, facts.generator, facts.digitizer
    yield Finding("signal", settings.signal, ", ".join(facts.signals), "fits")
    images_db = total_db(folded_images(plan, planned.setup.sample_rate_hz, digitizer.may_pass_hz))
    yield Finding(
        "rate of the generator",
        hertz(plan.generator_rate_hz),
        f"{hertz(generator.min_sample_rate_hz)} to {hertz(generator.max_sample_rate_hz)}",
        "fits",
        f"{plan.factor} samples for each of the windows'"
        + ("" if images_db < _NO_IMAGES_DB else f"; images of the DAC at {images_db:.0f} dB"),
    )
    yield Finding(
        "rate of the digitizer",
        hertz(planned.setup.sample_rate_hz),
        f"up to {hertz(digitizer.max_sample_rate_hz)}",
        "fits",
        f"records of {planned.setup.record_samples} samples",
    )
    if plan.capture_hz:
        half_hz = 0.5 * plan.sample_rate_hz
        name = "carrier" if settings.signal == "modulated" else "intermediate frequency"
        yield Finding(
            name,
            f"{hertz(plan.capture_hz)}, band up to {hertz(plan.capture_hz + half_hz)}",
            f"bandwidth of the digitizer {hertz(digitizer.bandwidth_hz)}",
            "fits",
            "chosen" if settings.frequency_hz is None else "",
        )


def _memory(settings: VisaSettings, facts: PairFacts, planned: Pair) -> Iterator[Finding]:
    parts, layout = planned.parts, planned.layout
    windows = parts[0].windows
    plural = "s" if len(parts) > 1 else ""
    yield Finding(
        "time",
        "windows at their ticks",
        "windows back to back",
        "note",
        f"{layout.guard_samples} samples of silence between them; "
        f"{seconds(layout.period_s * sum(part.rows for part in parts))} in all",
    )
    yield Finding(
        "memory of the instruments",
        f"{len(parts)} part{plural} of {windows} windows",
        f"{facts.generator.max_segment_samples} samples out, "
        f"{facts.digitizer.max_record_samples} in",
        "fits",
        f"{parts[0].rows * layout.period_played} samples are uploaded for a part, with its pilots"
        + (
            f", which is recorded in {parts[0].rows} segments"
            if settings.capture == "segments"
            else ""
        ),
    )


def _clocks(settings: VisaSettings, planned: Pair) -> Iterator[Finding]:
    if settings.clock_reference == "external":
        return
    rows = 1 if settings.capture == "segments" else planned.parts[0].rows
    slip_s = _CLOCK_ERROR * rows * planned.layout.period_s
    turn = 360.0 * planned.plan.capture_hz * slip_s
    yield Finding(
        "clocks",
        "a common 10 MHz",
        "one each",
        "note",
        f"where they differ by {_CLOCK_ERROR:g} the signal slips by {seconds(slip_s)} within a "
        f"record, {turn:.2g} degrees of what is played; the pilots tell how much it was",
    )


def _levels(settings: VisaSettings, facts: PairFacts, level_dbfs: float) -> Iterator[Finding]:
    if settings.attenuation_db is None:
        yield Finding("levels", "", "not known", "note", "state device.visa.attenuation_db")
        return
    limits = [facts.digitizer.max_input_v]
    limits += [] if settings.max_input_v is None else [settings.max_input_v]
    reach_v = settings.largest_input_v
    yield Finding(
        "levels",
        f"{_volts(settings.full_scale_v)} out, {_volts(reach_v)} in",
        f"up to {_volts(min(limits))} in",
        judged(reach_v <= min(limits)),
        f"peaks of full scale; the echoes are played at {level_dbfs:.4g} dBFS",
    )


def _leave(settings: VisaSettings, simulated: bool) -> Iterator[Finding]:
    for name, given, what in (
        ("leave to transmit", settings.transmit or simulated, "device.visa.transmit: true"),
        ("attenuation", settings.attenuation_db is not None, "device.visa.attenuation_db"),
    ):
        remark = "" if given else f"a run is refused without {what}"
        stated = "stated" if given else "not stated"
        if simulated and name == "leave to transmit":
            stated = "not needed by simulated instruments"
        yield Finding(name, "stated", stated, "fits" if given else "to do", remark)


def _volts(value: float) -> str:
    return f"{value:.3g} V" if value >= 1.0 else f"{value * 1e3:.3g} mV"
