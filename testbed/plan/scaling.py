"""A smaller experiment that fits where the one that was asked for does not.

What is kept is what the experiment is about: geometry, epoch, carrier, and the time that pulse and
window take. The bandwidth follows the sample rate by the chirp rate. Where there are too many
samples, the PRF goes down to what the Doppler band needs, then the aperture, with which that band
and so the PRF go down too; and only where the aperture could not be resolved any more does the PRF
go below that, for de-ramping. An experiment that was under-sampled, and so had replicas, keeps its
PRF.
"""

import math
from dataclasses import dataclass
from typing import Any

from sim_core.focusing.sampling import LEAST_AZIMUTH_CELLS, LEAST_PRF_RATIO, AzimuthSampling
from testbed.config import Configuration
from testbed.config.consistency import (
    FEWEST_PULSES,
    LARGEST_DATA_GIB,
    LEAST_OVERSAMPLING,
    RECOMMENDED_OVERSAMPLING,
)
from testbed.config.models import pulse_samples
from testbed.plan.device_facts import DeviceFacts, nearest_within
from testbed.plan.host import HostFacts, samples_in_memory, samples_on_disk
from testbed.scenario import Scenario

# Below this, side lobes of an untapered chirp differ from those of its sinc by more than a limit
# near theory allows; a longer pulse is then the smaller change.
_TIME_BANDWIDTH_PRODUCT = 100.0

# The PRF is rounded to whole ticks, and the Doppler rate is the mean one of the original aperture.
_MARGIN = 1.01
_CELLS = 1.05 * LEAST_AZIMUTH_CELLS

# Samples of a window beside the pulse, which it follows in whole ticks and centres to one.
_LEAST_SPARE_SAMPLES = 8


class UnscalableError(ValueError):
    """No smaller experiment would fit; says why."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A smaller experiment.

    Parameters
    ----------
    configuration : Configuration
        The whole of it.
    changes : dict of str to object
        New values by dotted key, in the order of a configuration.
    remarks : tuple of str
        What follows beyond the costs that can be computed.
    """

    configuration: Configuration
    changes: dict[str, Any]
    remarks: tuple[str, ...]


def scale(scenario: Scenario, device: DeviceFacts, host: HostFacts) -> Scaled:
    """Scale an experiment down to a device and this machine.

    Parameters
    ----------
    scenario : Scenario
        The experiment that does not fit.
    device : DeviceFacts
        What is to play it.
    host : HostFacts
        What is to compute it.

    Raises
    ------
    UnscalableError
        No smaller one would fit.
    ConfigError
        The smaller one makes no sense.
    """
    configuration = scenario.configuration
    changes, remarks = _in_range(configuration, scenario.waveform.bandwidth_hz, device)
    window = changes.get("receiver.window_samples", configuration.receiver.window_samples)
    rate_hz = changes.get("receiver.sample_rate_hz", configuration.receiver.sample_rate_hz)
    samples = _most_samples(configuration, device, host)
    if not device.at_leisure:
        # As fast as the echoes can be made, with a third to spare.
        prf_hz = 0.7 * host.echo_samples_per_s / window
        if prf_hz < configuration.radar.prf_hz:
            samples = min(samples, int(prf_hz * configuration.radar.aperture_s * window))
    azimuth, more = _in_azimuth(configuration, scenario.sampling, samples // window)
    changes |= azimuth
    prf_hz = changes.get("radar.prf_hz", configuration.radar.prf_hz)
    if window > rate_hz / prf_hz:
        raise UnscalableError(f"windows of {window} samples do not fit between pulses")
    if not changes:
        raise UnscalableError("what does not fit is nothing that a smaller experiment changes")
    values = configuration.resolved()
    changes["name"] = f"{configuration.name[:57]}-scaled"
    for key, value in changes.items():
        *sections, name = key.split(".")
        section = values
        for one in sections:
            section = section[one]
        section[name] = value
    source = configuration.source
    return Scaled(Configuration.from_values(values, source), changes, (*remarks, *more))


def _in_range(
    configuration: Configuration, bandwidth_hz: float, device: DeviceFacts
) -> tuple[dict[str, Any], list[str]]:
    """Choose rate, band, pulse and window."""
    radar, receiver = configuration.radar, configuration.receiver
    remarks: list[str] = []
    rate_hz = nearest_within(receiver.sample_rate_hz, device.sample_rates_hz)
    ratio = rate_hz / receiver.sample_rate_hz
    oversampling = min(receiver.sample_rate_hz / bandwidth_hz, RECOMMENDED_OVERSAMPLING)
    filters_hz = max((high for _, high in device.bandwidths_hz), default=0.0) or math.inf
    if configuration.device.soapy.bandwidth_hz and configuration.device.name == "soapy":
        filters_hz = min(filters_hz, configuration.device.soapy.bandwidth_hz)
    widest_hz = _round_down(min(rate_hz / max(oversampling, LEAST_OVERSAMPLING), filters_hz))
    changes: dict[str, Any] = {}
    duration_s = radar.pulse_duration_s
    if bandwidth_hz > widest_hz:
        if radar.chirp_rate_hz_per_s is None or duration_s is None:
            raise UnscalableError(
                f"radar.waveform.kind {radar.waveform.kind} has no chirp rate to narrow its band by"
            )
        product = min(_TIME_BANDWIDTH_PRODUCT, bandwidth_hz * duration_s)
        if widest_hz * duration_s < product:
            duration_s = _round_down(product / widest_hz * 1.001)
            changes["radar.pulse_duration_s"] = duration_s
            remarks.append("the pulse is longer, to keep a time-bandwidth product that compresses")
        sign = math.copysign(1.0, radar.chirp_rate_hz_per_s)
        changes["radar.chirp_rate_hz_per_s"] = _round_down(widest_hz / duration_s) * sign
    if ratio != 1.0:
        changes["receiver.sample_rate_hz"] = rate_hz
    longer_s = (duration_s or 0.0) - (radar.pulse_duration_s or 0.0)
    wanted = math.ceil(receiver.window_samples * ratio * (1.0 - 1e-12) + longer_s * rate_hz)
    window = _fitting_window(wanted, device)
    if duration_s is not None and (changes or ratio != 1.0):
        new_receiver = receiver.model_copy(update={"sample_rate_hz": rate_hz})
        needed = pulse_samples(duration_s, new_receiver) + _LEAST_SPARE_SAMPLES
        window = _fitting_window(max(wanted, needed), device)
        if window < needed:
            raise UnscalableError(
                f"the device holds windows of {window} samples, and the pulse takes {needed}"
            )
    if window < wanted:
        remarks.append("the window is shorter, and with it the swath")
    if window != receiver.window_samples:
        changes["receiver.window_samples"] = window
    return changes, remarks


def _fitting_window(wanted: int, device: DeviceFacts) -> int:
    step = device.capabilities.window_granularity
    longest = device.capabilities.max_window_samples
    window = math.ceil(wanted / step) * step
    return window if longest is None else min(window, longest // step * step)


def _most_samples(configuration: Configuration, device: DeviceFacts, host: HostFacts) -> int:
    """Return how many samples all windows together may have."""
    limits = [
        int(LARGEST_DATA_GIB * 2**30) // 8,
        # The next run finds a little less of both.
        int(0.95 * samples_on_disk(configuration, host.disk_bytes)),
    ]
    if host.memory_bytes is not None:
        memory = samples_in_memory(configuration, int(0.9 * host.memory_bytes))
        limits += [] if memory is None else [memory]
    if device.capabilities.max_total_samples is not None:
        limits.append(device.capabilities.max_total_samples)
    return min(limits)


def _in_azimuth(
    configuration: Configuration, sampling: AzimuthSampling, most_pulses: int
) -> tuple[dict[str, Any], list[str]]:
    """Choose PRF and aperture for so many pulses."""
    prf_hz, aperture_s = configuration.radar.prf_hz, configuration.radar.aperture_s
    if configuration.radar.pulses <= most_pulses:
        return {}, []
    # Replicas must stand so far apart that a response lies between them.
    fewest = max(FEWEST_PULSES, math.ceil(_CELLS))
    if most_pulses < fewest:
        raise UnscalableError(
            f"there is room for {most_pulses} pulses, and a response takes {fewest}"
        )
    ratio = LEAST_PRF_RATIO * _MARGIN
    rate_hz_per_s = abs(sampling.doppler_rate_hz_per_s)
    shortest_s = math.sqrt(_CELLS / rate_hz_per_s)
    if prf_hz < ratio * sampling.doppler_bandwidth_hz:
        # Undersampled as it was asked for; the PRF stays and the aperture goes down.
        new_s = min(aperture_s, most_pulses / prf_hz)
        return _azimuth_changes(configuration, prf_hz, max(new_s, shortest_s), most_pulses)
    least_hz = ratio * sampling.doppler_bandwidth_hz
    if least_hz * aperture_s <= most_pulses:
        new_hz = max(least_hz, most_pulses / aperture_s)
        return _azimuth_changes(configuration, new_hz, aperture_s, most_pulses)
    new_s = math.sqrt(most_pulses / (ratio * rate_hz_per_s))
    if new_s >= shortest_s:
        return _azimuth_changes(configuration, ratio * rate_hz_per_s * new_s, new_s, most_pulses)
    new_hz = most_pulses / shortest_s
    changes, remarks = _azimuth_changes(configuration, new_hz, shortest_s, most_pulses)
    remarks.append("the PRF is too low for range-Doppler processing: de-ramping takes its place")
    return changes, remarks


def _azimuth_changes(
    configuration: Configuration, prf_hz: float, aperture_s: float, most_pulses: int
) -> tuple[dict[str, Any], list[str]]:
    changes: dict[str, Any] = {}
    radar = configuration.radar
    if aperture_s < radar.aperture_s:
        changes["radar.aperture_s"] = aperture_s = _round_down(aperture_s)
    if prf_hz < radar.prf_hz:
        changes["radar.prf_hz"] = prf_hz = _round_down(prf_hz)
    # Rounding may leave one pulse too many.
    if round(prf_hz * aperture_s) > most_pulses:
        changes["radar.aperture_s"] = _round_down(most_pulses / prf_hz * 0.999)
    return changes, ["pulses that radar.gaps names are others"] if radar.gaps else []


def _round_down(value: float) -> float:
    """Return a little less than a value, in four digits."""
    rounded = float(f"{value:.4g}")
    return rounded if rounded <= value else float(f"{value * 0.9995:.4g}")
