"""At which rates a pair plays and records, and where in between signal and images lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivers.errors import DeviceSettingsError
from drivers.visa.instrument import CaptureSetup, DigitizerLimits, GeneratorLimits
from drivers.visa.pair.filters import STOP_EDGE
from drivers.visa.pair.settings import VisaSettings

# Share of its rate up to which a generator is used: images begin at the remainder, 0.6 of the rate,
# and no reconstruction filter is steeper than that.
_USABLE = 0.4
# An intermediate frequency of one rate lets four samples do. One of 1.75 keeps second harmonics
# (2.5 to 4.5) and third ones (3.75 to 6.75) off the band (1.25 to 2.25), and those of a DAC from
# nine samples on: 9 - 6.75 = 2.25.
_LEAST_FACTOR, _NEAR = 4, 1.0
_CLEAN_FACTOR, _CLEAN = 9, 1.75
_LEAST_FACTOR_COMPLEX = 2
# Room above Nyquist's rate for a digitizer's own filters.
_OVERSAMPLING = 1.25
_WHOLE_TOLERANCE = 1e-9
# Of the digitizer's bandwidth; beyond it a Gaussian response is more than 48 dB down.
_IMAGE_REACH = 4.0


@dataclass(frozen=True, slots=True)
class FrequencyPlan:
    """Rates and frequencies of a run.

    Parameters
    ----------
    sample_rate_hz : float
        Of the windows.
    factor : int
        Samples of the generator per sample of a window.
    playback_hz : float or None
        What the waveform is mixed up to; ``None`` leaves it complex.
    capture_hz : float
        What the record is mixed down from; 0 for I and Q at inputs of their own.
    digitizer_rate_hz : float
        That is asked for.
    holds_samples : bool
        Whether the DAC's hold is to be taken out.
    """

    sample_rate_hz: float
    factor: int
    playback_hz: float | None
    capture_hz: float
    digitizer_rate_hz: float
    holds_samples: bool = False

    @property
    def generator_rate_hz(self) -> float:
        """Rate of the generator."""
        return self.sample_rate_hz * self.factor

    @property
    def band_gain(self) -> float:
        """Of the whole band behind a DAC that holds: that of its edge, where it is least."""
        if not self.holds_samples:
            return 1.0
        edge_hz = (self.playback_hz or 0.0) + 0.5 * self.sample_rate_hz
        return float(np.sinc(edge_hz / self.generator_rate_hz))

    def as_dict(self) -> dict[str, float | int | None]:
        """Give it in a form that fits JSON."""
        return {
            "sample_rate_hz": self.sample_rate_hz,
            "generator_rate_hz": self.generator_rate_hz,
            "interpolation": self.factor,
            "playback_hz": self.playback_hz,
            "capture_hz": self.capture_hz,
            "digitizer_rate_hz": self.digitizer_rate_hz,
            "band_gain": self.band_gain,
        }


def choose_plan(
    settings: VisaSettings,
    sample_rate_hz: float,
    generator: GeneratorLimits,
    digitizer: DigitizerLimits,
) -> FrequencyPlan:
    """Choose what the settings leave open, and check the rest.

    Parameters
    ----------
    settings : VisaSettings
        What was asked for.
    sample_rate_hz : float
        Of the windows.
    generator, digitizer : limits
        As the instruments tell.

    Raises
    ------
    DeviceSettingsError
        Naming the key that does not fit.
    """
    factor = _factor(settings, sample_rate_hz, generator)
    rate_hz = factor * sample_rate_hz
    half_hz = 0.5 * sample_rate_hz
    playback_hz: float | None = None
    capture_hz = 0.0
    if settings.signal == "real-if":
        share = _CLEAN if factor >= _CLEAN_FACTOR else _NEAR
        playback_hz = capture_hz = settings.frequency_hz or share * sample_rate_hz
        _require_above_zero(capture_hz, sample_rate_hz)
    elif settings.signal == "modulated":
        assert settings.frequency_hz is not None  # required by the settings
        capture_hz = settings.frequency_hz
        _require_carrier(capture_hz, generator)
        _require_above_zero(capture_hz, sample_rate_hz)
    highest_hz = (playback_hz or 0.0) + half_hz
    if highest_hz > _USABLE * rate_hz:
        raise DeviceSettingsError(
            f"generator_rate_hz = {rate_hz:g} does not hold a band that reaches to "
            f"{highest_hz:g} Hz",
            f"use at least {highest_hz / _USABLE:g} Hz"
            + ("" if playback_hz is None else ", or lower frequency_hz"),
        )
    if capture_hz + half_hz > digitizer.bandwidth_hz:
        raise DeviceSettingsError(
            f"{_named_frequency(settings, capture_hz)} puts the band up to "
            f"{capture_hz + half_hz:g} Hz, beyond the digitizer's {digitizer.bandwidth_hz:g} Hz",
            f"use at most {digitizer.bandwidth_hz - half_hz:g} Hz",
        )
    asked_hz = settings.digitizer_rate_hz
    least_hz = 2.0 * (capture_hz + STOP_EDGE * sample_rate_hz)
    if asked_hz is None:
        asked_hz = max(_OVERSAMPLING * least_hz, digitizer.min_sample_rate_hz)
        asked_hz = min(asked_hz, digitizer.max_sample_rate_hz)
    _require_digitizer_rate(asked_hz, least_hz, digitizer)
    return FrequencyPlan(
        sample_rate_hz, factor, playback_hz, capture_hz, asked_hz, generator.holds_samples
    )


def least_record_rate_hz(plan: FrequencyPlan) -> float:
    """Return the rate below which a record does not hold the band and its filter's transition."""
    return 2.0 * (plan.capture_hz + STOP_EDGE * plan.sample_rate_hz)


def require_captured(plan: FrequencyPlan, setup: CaptureSetup) -> None:
    """Refuse what a digitizer made of the rate that it was asked for.

    Parameters
    ----------
    plan : FrequencyPlan
        What was asked for.
    setup : CaptureSetup
        What it says.

    Raises
    ------
    DeviceSettingsError
        Its rate is too low for the band.
    """
    if setup.sample_rate_hz < least_record_rate_hz(plan):
        raise record_too_slow(plan, setup.sample_rate_hz)


def record_too_slow(plan: FrequencyPlan, told_hz: float) -> DeviceSettingsError:
    """Return the error for a digitizer that takes too low a rate in place of the one asked for.

    Parameters
    ----------
    plan : FrequencyPlan
        What was asked for.
    told_hz : float
        What it says.
    """
    return DeviceSettingsError(
        f"digitizer_rate_hz = {plan.digitizer_rate_hz:g} became {told_hz:g} Hz in "
        f"the digitizer, below the {least_record_rate_hz(plan):g} Hz that the band needs",
        "use one of the digitizer's own rates, or a shorter record",
    )


def _factor(settings: VisaSettings, sample_rate_hz: float, limits: GeneratorLimits) -> int:
    asked_hz = settings.generator_rate_hz
    if asked_hz is not None:
        factor = round(asked_hz / sample_rate_hz)
        if factor < 1 or abs(asked_hz / sample_rate_hz - factor) > _WHOLE_TOLERANCE * factor:
            near = max(1, factor) * sample_rate_hz
            raise DeviceSettingsError(
                f"generator_rate_hz = {asked_hz:g} is no whole multiple of the windows' "
                f"{sample_rate_hz:g} Hz",
                f"use {near:.12g} Hz, or null",
            )
    else:
        factor = _LEAST_FACTOR if settings.signal == "real-if" else _LEAST_FACTOR_COMPLEX
        if settings.signal == "real-if" and settings.frequency_hz is not None:
            highest = settings.frequency_hz / sample_rate_hz + 0.5
            factor = max(factor, math.ceil(highest / _USABLE - _WHOLE_TOLERANCE))
        factor = max(factor, math.ceil(limits.min_sample_rate_hz / sample_rate_hz))
    rate_hz = factor * sample_rate_hz
    lowest_hz, highest_hz = limits.min_sample_rate_hz, limits.max_sample_rate_hz
    if not lowest_hz <= rate_hz <= highest_hz * (1.0 + _WHOLE_TOLERANCE):
        said = "" if asked_hz is not None else " (chosen)"
        raise DeviceSettingsError(
            f"generator_rate_hz = {rate_hz:g}{said} is outside the generator's {lowest_hz:g} to "
            f"{highest_hz:g} Hz",
            f"use a multiple of {sample_rate_hz:g} Hz in there, or a lower sample rate",
        )
    return factor


def _require_above_zero(frequency_hz: float, sample_rate_hz: float) -> None:
    least_hz = STOP_EDGE * sample_rate_hz
    if frequency_hz < least_hz:
        raise DeviceSettingsError(
            f"frequency_hz = {frequency_hz:g} lies too near zero for a band of "
            f"{sample_rate_hz:g} Hz",
            f"use at least {least_hz:g} Hz, so that the mirrored band can be told apart",
        )


def _require_carrier(frequency_hz: float, limits: GeneratorLimits) -> None:
    if limits.frequency_hz is None:
        raise DeviceSettingsError(
            "signal = 'modulated' and this generator has no modulator", "use real-if or iq"
        )
    lowest_hz, highest_hz = limits.frequency_hz
    if not lowest_hz <= frequency_hz <= highest_hz:
        raise DeviceSettingsError(
            f"frequency_hz = {frequency_hz:g} is outside the generator's",
            f"use {lowest_hz:g} to {highest_hz:g} Hz",
        )


def _require_digitizer_rate(rate_hz: float, least_hz: float, limits: DigitizerLimits) -> None:
    highest_hz = limits.max_sample_rate_hz
    if rate_hz < least_hz or rate_hz > highest_hz:
        raise DeviceSettingsError(
            f"digitizer_rate_hz = {rate_hz:g} does not fit a band that needs {least_hz:g} Hz and a "
            f"digitizer that has {highest_hz:g} Hz",
            f"use {least_hz:g} to {highest_hz:g} Hz"
            if least_hz <= highest_hz
            else "lower frequency_hz or the windows' rate",
        )


def _named_frequency(settings: VisaSettings, frequency_hz: float) -> str:
    chosen = "" if settings.frequency_hz is not None else " (chosen)"
    return f"frequency_hz = {frequency_hz:g}{chosen}"


@dataclass(frozen=True, slots=True)
class Image:
    """A repetition of the band that folds onto it.

    Parameters
    ----------
    centre_hz : float
        Before folding.
    level_db : float
        Of its strongest edge, against the weakest of the band.
    """

    centre_hz: float
    level_db: float


def folded_images(
    plan: FrequencyPlan, record_rate_hz: float, bandwidth_hz: float
) -> tuple[Image, ...]:
    """Find the images that no filter behind the digitizer can tell from the signal.

    A DAC that holds its samples repeats its band about every multiple of its rate, as strongly as
    ``sinc(frequency / rate)`` says. A digitizer folds at its own rate what its bandwidth lets
    through, which is taken to be Gaussian: a real one stops more.

    Parameters
    ----------
    plan : FrequencyPlan
        What is played. Without a hold there are no images: interpolation has removed them.
    record_rate_hz, bandwidth_hz : float
        Of the digitizer.

    Returns
    -------
    tuple of Image
        The strongest first.
    """
    if not plan.holds_samples:
        return ()
    rate_hz, half_hz = plan.generator_rate_hz, 0.5 * plan.sample_rate_hz
    reach_hz = half_hz + STOP_EDGE * plan.sample_rate_hz
    found = []
    for multiple in range(1, math.ceil(_IMAGE_REACH * bandwidth_hz / rate_hz) + 1):
        for offset_hz in sorted({-plan.capture_hz, plan.capture_hz}):
            centre_hz = multiple * rate_hz + offset_hz
            folded_hz = abs(centre_hz - record_rate_hz * round(centre_hz / record_rate_hz))
            if abs(folded_hz - plan.capture_hz) < reach_hz:
                edges_hz = np.array([centre_hz - half_hz, centre_hz + half_hz])
                held = np.abs(np.sinc(edges_hz / rate_hz)) / plan.band_gain
                passed = np.exp(-0.5 * math.log(2.0) * (edges_hz / bandwidth_hz) ** 2)
                level = float(np.max(held * passed))
                found.append(Image(centre_hz, 20.0 * math.log10(max(level, 1e-10))))
    return tuple(sorted(found, key=lambda image: -image.level_db))


def total_db(images: tuple[Image, ...]) -> float:
    """Add up the power of images; -200 dB is none."""
    power = sum(math.pow(10.0, image.level_db / 10.0) for image in images)
    return 10.0 * math.log10(max(power, 1e-20))
