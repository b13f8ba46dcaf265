"""Whether an experiment fits a device and this machine, point by point."""

from collections.abc import Callable, Iterator, Sequence

from drivers.schedule_check import smallest_gap
from drivers.soapy.settings import SoapySettings
from drivers.visa.pair.settings import VisaSettings
from testbed.config import Configuration
from testbed.device_settings import DriverSettings, driver_settings
from testbed.plan.device_facts import DeviceFacts, Span, within
from testbed.plan.finding import Finding, judged
from testbed.plan.host import FIXED_TIME_S, FOCUSED_PER_S, HostFacts, memory_needed_bytes
from testbed.report.quantities import hertz, seconds
from testbed.run_folder import bytes_of_run
from testbed.scenario import Scenario

# Python's threads take turns of 5 ms, and a desktop is busy for longer than that now and then.
_LEAST_LEAD_S = 5e-3
# Quantities that are sizes, for people: 1 GB is 10^9 bytes.
_GIGA = 1e9


def findings(scenario: Scenario, device: DeviceFacts, host: HostFacts) -> tuple[Finding, ...]:
    """Judge an experiment.

    Parameters
    ----------
    scenario : Scenario
        The experiment.
    device : DeviceFacts
        What is to play it.
    host : HostFacts
        What is to compute it.
    """
    configuration = scenario.configuration
    settings = driver_settings(configuration)
    found = [
        *_converters(configuration, scenario.waveform.bandwidth_hz, device),
        *_windows(scenario, device),
    ]
    if isinstance(settings, SoapySettings):
        found += [*_radio(configuration, settings, device), *_timing(scenario, settings, device)]
        found += _leave(configuration, device)
    if isinstance(settings, VisaSettings) and device.pair is not None:
        # Here, since PyVISA is for those who have instruments.
        from testbed.plan.pair_findings import pair_findings

        found += pair_findings(scenario, settings, device.pair, simulated=device.software)
    found += _machine(scenario, device, host)
    found += _time(scenario, settings, device, host)
    return tuple(found)


def fits(found: tuple[Finding, ...]) -> bool:
    """Tell whether nothing stands in the way but what a person has to say."""
    return all(one.status != "does not fit" for one in found)


def _converters(
    configuration: Configuration, bandwidth_hz: float, device: DeviceFacts
) -> Iterator[Finding]:
    rate_hz = configuration.receiver.sample_rate_hz
    yield Finding(
        "sample rate",
        hertz(rate_hz),
        spans_text(device.sample_rates_hz),
        judged(within(rate_hz, device.sample_rates_hz)),
    )
    # Filters that are told as 0 Hz, or not at all, cannot be set.
    widest_hz = max((high for _, high in device.bandwidths_hz), default=0.0)
    if widest_hz > 0.0:
        yield Finding(
            "bandwidth of the filters",
            hertz(bandwidth_hz),
            f"up to {hertz(widest_hz)}",
            judged(bandwidth_hz <= widest_hz),
        )
    bits = [device.capabilities.dac_bits, device.capabilities.adc_bits]
    if None not in bits:
        yield Finding("converters", "", f"{bits[0]} bits out, {bits[1]} bits in", "note")


def _windows(scenario: Scenario, device: DeviceFacts) -> Iterator[Finding]:
    schedule, can = scenario.schedule, device.capabilities
    samples, pulses = schedule.window_samples, schedule.pulses
    step, longest = can.window_granularity, can.max_window_samples
    limits = [f"multiples of {step}"] if step > 1 else []
    limits += [f"up to {longest}"] if longest is not None else []
    yield Finding(
        "window",
        f"{samples} samples",
        " and ".join(limits) or "any",
        judged(samples % step == 0 and (longest is None or samples <= longest)),
    )
    total = can.max_total_samples
    yield Finding(
        "samples in all",
        f"{samples * pulses} ({pulses} x {samples})",
        "any" if total is None else f"up to {total}",
        judged(total is None or samples * pulses <= total),
    )


def _radio(
    configuration: Configuration, settings: SoapySettings, device: DeviceFacts
) -> Iterator[Finding]:
    yield Finding(
        "full duplex",
        "plays and records at once",
        "yes" if device.full_duplex else "no",
        judged(device.full_duplex),
        "" if device.full_duplex else "a half-duplex radio hears nothing of what it plays",
    )
    if device.formats:
        wanted = settings.stream_format
        yield Finding("format", wanted, ", ".join(device.formats), judged(wanted in device.formats))
    asked = (
        ("tuning", settings.frequency_hz, device.frequencies_hz, hertz),
        ("set bandwidth", settings.bandwidth_hz, device.bandwidths_hz, hertz),
        ("output gain", settings.tx_gain_db, device.tx_gains_db, decibels),
    )
    for name, value, spans, text in asked:
        if value is not None:
            status = judged(within(value, spans))
            yield Finding(name, text(value), spans_text(spans, text), status)
        elif name == "tuning":
            yield Finding(
                name, "left as it is", spans_text(spans), "note",
                "" if device.software else "state device.soapy.frequency_hz",
            )  # fmt: skip
    if settings.bandwidth_hz is not None:
        signal_hz = configuration.radar.bandwidth_hz or 0.0
        if settings.bandwidth_hz < signal_hz:
            yield Finding(
                "set bandwidth", hertz(signal_hz), hertz(settings.bandwidth_hz), "does not fit",
                "device.soapy.bandwidth_hz cuts off the pulse's band",
            )  # fmt: skip


def _timing(scenario: Scenario, settings: SoapySettings, device: DeviceFacts) -> Iterator[Finding]:
    schedule = scenario.schedule
    timed = device.capabilities.timed
    yield Finding(
        "time stamps",
        "windows at their ticks",
        "yes" if timed else "no",
        "fits" if timed else "note",
        "" if timed else "streams without a gap; a marker burst tells where the windows stand",
    )
    continuous = settings.streaming == "continuous" or not timed
    duty = schedule.window_samples * scenario.sampling.prf_hz / schedule.sample_rate_hz
    rate_hz = schedule.sample_rate_hz * (1.0 if continuous else duty)
    sample_bytes = 4 if settings.stream_format == "CS16" else 8
    gap = smallest_gap(schedule)
    yield Finding(
        "link to the radio",
        f"{rate_hz * sample_bytes / 1e6:.4g} MB/s each way",
        "not told",
        "note",
        f"{100.0 * duty:.3g} % of the time"
        + ("" if gap is None else f", {seconds(gap / schedule.sample_rate_hz)} between windows"),
    )
    if continuous:
        return
    lead_s = settings.pulses_ahead / scenario.sampling.prf_hz
    short = lead_s < _LEAST_LEAD_S and not device.software
    yield Finding(
        "lead",
        f"{settings.pulses_ahead} pulses, {seconds(lead_s)}",
        f"started {seconds(settings.start_delay_s)} ahead",
        "note",
        "raise device.soapy.pulses_ahead, as far as the radio's queue goes" if short else "",
    )


def _leave(configuration: Configuration, device: DeviceFacts) -> Iterator[Finding]:
    radio, level_dbfs = configuration.device.soapy, configuration.device.level_dbfs
    if device.software:
        return
    for name, given, what in (
        ("leave to transmit", radio.transmit, "device.soapy.transmit: true"),
        ("attenuation", radio.attenuation_db is not None, "device.soapy.attenuation_db"),
    ):
        stated = "stated" if given else "not stated"
        remark = "" if given else f"a run is refused without {what}"
        yield Finding(name, "stated", stated, "fits" if given else "to do", remark)
    power_dbm = radio.tx_power_dbm_at_full_scale
    if power_dbm is None or radio.attenuation_db is None:
        yield Finding(
            "levels", "", "not known", "note", "state device.soapy.tx_power_dbm_at_full_scale"
        )
        return
    out_dbm = power_dbm + level_dbfs
    limit = radio.max_rx_power_dbm
    yield Finding(
        "levels",
        f"{out_dbm:.4g} dBm out, {out_dbm - radio.attenuation_db:.4g} dBm in",
        "no limit stated" if limit is None else f"up to {limit:.4g} dBm in",
        "note" if limit is None else "fits",
        f"peaks, at {level_dbfs:.4g} dBFS",
    )


def _machine(scenario: Scenario, device: DeviceFacts, host: HostFacts) -> Iterator[Finding]:
    configuration, schedule = scenario.configuration, scenario.schedule
    needed = memory_needed_bytes(configuration)
    if host.memory_bytes is None:
        yield Finding("memory", _size(needed), "not told", "note")
    else:
        yield Finding(
            "memory", _size(needed), _size(host.memory_bytes), judged(needed <= host.memory_bytes)
        )
    needed = bytes_of_run(configuration)
    yield Finding(
        "disk",
        _size(needed),
        _size(host.disk_bytes),
        judged(needed <= host.disk_bytes),
        f"at {host.disk_place}",
    )
    rate_per_s = schedule.window_samples * scenario.sampling.prf_hz
    made = f"{host.echo_samples_per_s / 1e6:.3g} Msamples/s"
    if device.at_leisure:
        yield Finding("echoes made", "at leisure", made, "note")
    else:
        yield Finding(
            "echoes made",
            f"{rate_per_s / 1e6:.3g} Msamples/s",
            made,
            judged(rate_per_s <= host.echo_samples_per_s),
            "as fast as they are played",
        )


def _time(
    scenario: Scenario,
    settings: DriverSettings,
    device: DeviceFacts,
    host: HostFacts,
) -> Iterator[Finding]:
    record_s, total_s = run_time_s(scenario, settings, device, host)
    real = "in software" if device.software else "in real time"
    if isinstance(settings, VisaSettings):
        real = "to make the echoes, without uploads and read-outs"
    yield Finding("run time", f"about {seconds(total_s)}", f"{seconds(record_s)} {real}", "note")


def run_time_s(
    scenario: Scenario,
    settings: DriverSettings,
    device: DeviceFacts,
    host: HostFacts,
) -> tuple[float, float]:
    """Return about how long a run plays, and how long it takes in all."""
    schedule = scenario.schedule
    samples = schedule.window_samples * schedule.pulses
    record_s = samples / host.echo_samples_per_s
    if isinstance(settings, SoapySettings) and not device.software:
        span = int(schedule.window_start_tick[-1] - schedule.window_start_tick[0])
        play_s = (span + schedule.window_samples) / schedule.sample_rate_hz
        record_s = max(record_s, play_s) + settings.start_delay_s
    return record_s, record_s + samples / FOCUSED_PER_S + FIXED_TIME_S


def _size(size: int) -> str:
    return f"{size / _GIGA:.3g} GB" if size >= _GIGA / 10 else f"{size / 1e6:.3g} MB"


def decibels(value: float) -> str:
    """Write a gain."""
    return f"{value:.4g} dB"


def spans_text(spans: Sequence[Span], write: Callable[[float], str] = hertz) -> str:
    """Write ranges; the first and the last few of many."""
    if not spans:
        return "any"
    parts = [write(low) if low == high else f"{write(low)} to {write(high)}" for low, high in spans]
    return ", ".join(parts if len(parts) <= 4 else [*parts[:2], "...", parts[-1]])
