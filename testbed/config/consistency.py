"""Keys that do not go together, each with the one that is best changed.

What needs ephemeris or pointing to be known (a target that the window misses, an Earth that the
beam misses) is found later, by those who compute it.
"""

from collections.abc import Iterator

from testbed.config.models import ConfigurationValues, pulse_samples
from testbed.config.problems import Problem
from testbed.config.quantities import plain_number

FEWEST_PULSES = 16
SMALLEST_TIME_BANDWIDTH_PRODUCT = 10.0
RECOMMENDED_OVERSAMPLING = 1.2
"""Sample rate over bandwidth; at 1.0 a measured PSLR is off by up to 0.23 dB."""

LEAST_OVERSAMPLING = 1.05
"""Below this a response has too few samples per range cell to be interpolated and measured."""

LARGEST_DATA_GIB = 16.0
"""Samples of a run as complex64: more is a slip of the pen. They go to the disk, and focusing stays
within `focusing.memory_gib`."""


def inconsistencies(values: ConfigurationValues) -> Iterator[Problem]:
    """Yield what does not go together in a configuration whose values are right one by one.

    Parameters
    ----------
    values : ConfigurationValues
        The configuration.
    """
    yield from _waveform(values)
    window = list(_window(values))
    yield from window
    if not window:
        yield from _size(values)
        yield from _loopback(values)
    yield from _soapy(values)
    yield from _visa(values)
    yield from _scene(values)
    yield from _antenna(values)


def _antenna(values: ConfigurationValues) -> Iterator[Problem]:
    antenna = values.radar.antenna
    steered = antenna.pattern != "none" and antenna.steering == "zero-doppler"
    if steered and values.geometry.aim.look is None:
        yield Problem(
            "radar.antenna.steering",
            "keeps a look angle, and the aim is given by a place on the ground",
            "give geometry.aim.look, or steering: aim-point",
        )


def _waveform(values: ConfigurationValues) -> Iterator[Problem]:
    radar, receiver = values.radar, values.receiver
    # Of codes and files, what the samples say is checked when they are read.
    if radar.bandwidth_hz is None or radar.pulse_duration_s is None:
        return
    product = radar.bandwidth_hz * radar.pulse_duration_s
    if product < SMALLEST_TIME_BANDWIDTH_PRODUCT:
        least = SMALLEST_TIME_BANDWIDTH_PRODUCT / radar.pulse_duration_s**2
        yield Problem(
            "radar.chirp_rate_hz_per_s",
            f"makes a time-bandwidth product of {product:.3g} (rate x duration^2), too small to "
            "compress a pulse",
            f"give at least {plain_number(_up(least))} Hz/s, or a longer pulse",
        )
        return
    if receiver.sample_rate_hz < LEAST_OVERSAMPLING * radar.bandwidth_hz:
        below = (
            "is below the"
            if receiver.sample_rate_hz < radar.bandwidth_hz
            else f"is less than {LEAST_OVERSAMPLING} times the"
        )
        yield Problem(
            "receiver.sample_rate_hz",
            f"{below} bandwidth of {plain_number(radar.bandwidth_hz)} Hz (chirp rate x pulse "
            "duration)",
            f"give at least {plain_number(_up(RECOMMENDED_OVERSAMPLING * radar.bandwidth_hz))} Hz "
            f"({RECOMMENDED_OVERSAMPLING} x bandwidth), or shorten the pulse",
        )


def _window(values: ConfigurationValues) -> Iterator[Problem]:
    radar, receiver = values.radar, values.receiver
    if radar.pulse_duration_s is None:
        return
    needed = pulse_samples(radar.pulse_duration_s, receiver)
    interval = round(receiver.sample_rate_hz / radar.prf_hz)
    if needed > interval:
        yield Problem(
            "radar.prf_hz",
            f"makes an interval of {interval} samples, which does not hold a pulse of {needed}",
            f"give at most {plain_number(_down(receiver.sample_rate_hz / needed))} Hz, or a "
            "shorter pulse",
        )
    elif receiver.window_samples < needed:
        yield Problem(
            "receiver.window_samples",
            f"is shorter than the pulse, which takes {needed} samples "
            f"({plain_number(radar.pulse_duration_s)} s)",
            f"give at least {needed}; {_next_power_of_two(needed)} leaves room for a swath",
        )
    elif receiver.window_samples > interval:
        yield Problem(
            "receiver.window_samples",
            f"is longer than the pulse repetition interval of {interval} samples",
            f"give {needed} to {interval}, or lower radar.prf_hz",
        )


def _size(values: ConfigurationValues) -> Iterator[Problem]:
    radar, receiver = values.radar, values.receiver
    if radar.pulses < FEWEST_PULSES:
        yield Problem(
            "radar.aperture_s",
            f"holds {radar.pulses} pulses at a PRF of {plain_number(radar.prf_hz)} Hz",
            f"give at least {plain_number(_up(FEWEST_PULSES / radar.prf_hz))} s, for "
            f"{FEWEST_PULSES} pulses",
        )
    size_gib = radar.pulses * receiver.window_samples * 8 / 2**30
    if size_gib > LARGEST_DATA_GIB:
        longest_s = _down(radar.aperture_s * LARGEST_DATA_GIB / size_gib)
        yield Problem(
            "radar.aperture_s",
            f"makes {size_gib:.1f} GiB of samples ({radar.pulses} pulses x "
            f"{receiver.window_samples} samples), more than {LARGEST_DATA_GIB:g} GiB",
            f"give at most {plain_number(longest_s)} s, a lower PRF or a shorter window",
        )


def _scene(values: ConfigurationValues) -> Iterator[Problem]:
    if values.scene.targets[0].amplitude <= 0.0:
        yield Problem(
            "scene.targets[0].amplitude",
            "leaves the first target, which the verdict is about, without an echo",
            "give an amplitude above 0",
        )


def _loopback(values: ConfigurationValues) -> Iterator[Problem]:
    receiver = values.receiver
    duration_s = values.radar.pulse_duration_s
    if duration_s is None:
        return
    spare = receiver.window_samples - pulse_samples(duration_s, receiver)
    # The echo stands in the middle of its window; what follows it is room for the chain's delay.
    longest_s = (spare - spare // 2) / receiver.sample_rate_hz
    delay_s = values.device.loopback.delay_s
    if delay_s > longest_s:
        ticks = delay_s * receiver.sample_rate_hz
        yield Problem(
            "device.loopback.delay_s",
            f"pushes the echo by {ticks:.1f} samples, out of its window of "
            f"{receiver.window_samples}",
            f"give at most {plain_number(_down(longest_s))} s, or lengthen receiver.window_samples",
        )
    window_s = receiver.window_samples / receiver.sample_rate_hz
    if abs(values.calibration.delay_s) > window_s:
        yield Problem(
            "calibration.delay_s",
            f"is longer than the receive window of {plain_number(window_s)} s",
            "give the delay of the chain alone, from the output to the input, in s",
        )


def _soapy(values: ConfigurationValues) -> Iterator[Problem]:
    device, radio = values.device, values.device.soapy
    if device.name == "soapy" and not device.soapy_arguments.strip():
        yield Problem(
            "device.driver",
            "names no radio",
            "write soapy:ARGUMENTS, such as soapy:driver=uhd, or give device.soapy.arguments",
        )
    limit_db = radio.max_tx_gain_db
    stages = {f"tx_gain_elements_db.{name}": db for name, db in radio.tx_gain_elements_db.items()}
    for key, gain_db in {"tx_gain_db": radio.tx_gain_db, **stages}.items():
        if gain_db is not None and limit_db is not None and gain_db > limit_db:
            yield Problem(
                f"device.soapy.{key}",
                f"is above max_tx_gain_db, {plain_number(limit_db)} dB",
                "lower it; raise the limit only if the bench allows it",
            )
    power_dbm = radio.tx_power_dbm_at_full_scale
    for key in ("max_tx_power_dbm", "max_rx_power_dbm"):
        if getattr(radio, key) is not None and power_dbm is None:
            yield Problem(
                f"device.soapy.{key}",
                "cannot be kept without tx_power_dbm_at_full_scale",
                "measure the output at full scale with these gains, and state it",
            )
    if power_dbm is None:
        return
    if radio.max_tx_power_dbm is not None and power_dbm > radio.max_tx_power_dbm:
        yield Problem(
            "device.soapy.tx_power_dbm_at_full_scale",
            f"is above max_tx_power_dbm, {plain_number(radio.max_tx_power_dbm)} dBm",
            "lower the output's gain and measure again",
        )
    if radio.max_rx_power_dbm is not None:
        least_db = power_dbm - radio.max_rx_power_dbm
        if least_db > (radio.attenuation_db or 0.0):
            yield Problem(
                "device.soapy.attenuation_db",
                f"leaves more at the input than max_rx_power_dbm, "
                f"{plain_number(radio.max_rx_power_dbm)} dBm",
                f"wire at least {plain_number(least_db)} dB between output and input, and state it",
            )


def _visa(values: ConfigurationValues) -> Iterator[Problem]:
    device = values.device
    if device.name != "visa":
        return
    for name, address in zip(("generator", "digitizer"), device.visa_addresses, strict=True):
        if not address:
            yield Problem(
                "device.driver",
                f"names no {name}",
                "write visa:GENERATOR+DIGITIZER with their addresses, or give "
                "device.visa.generator and device.visa.digitizer",
            )
            return


def _next_power_of_two(count: int) -> int:
    return 1 << count.bit_length()


def _up(value: float) -> float:
    """Return a little more than a value, in few digits: a bound that satisfies itself."""
    return (
        float(f"{value * 1.0005:.4g}") if float(f"{value:.4g}") < value else float(f"{value:.4g}")
    )


def _down(value: float) -> float:
    """Return a little less than a value, in few digits."""
    return (
        float(f"{value * 0.9995:.4g}") if float(f"{value:.4g}") > value else float(f"{value:.4g}")
    )
