"""Settings of the loopback."""

from __future__ import annotations

import math
from dataclasses import dataclass

from drivers.errors import DeviceSettingsError

# Fewer than 2 bits leave a symmetric converter no code but zero; more than 16 do not fit the
# recording's int16.
_FEWEST_BITS, _MOST_BITS = 2, 16
_SEEDS = 1 << 63


@dataclass(frozen=True, slots=True)
class LoopbackSettings:
    """What the loopback does to a signal on its way from the output to the input.

    Parameters
    ----------
    dac_bits, adc_bits : int or None
        Resolution of the converters, 2 to 16 bits; ``None`` for an ideal one, which neither rounds
        nor clips.
    gain_db : float
        Gain between the converters, dB; negative for a loss.
    delay_s : float
        Delay between the converters, seconds, at least zero; whole ticks and the rest of one.
    noise_dbfs : float or None
        Noise at the input: rms of its complex magnitude against full scale of the ADC, dB; ``None``
        for none.
    seed : int
        Of the noise.

    Raises
    ------
    DeviceSettingsError
        A value is out of its range.
    """

    dac_bits: int | None
    adc_bits: int | None
    gain_db: float = 0.0
    delay_s: float = 0.0
    noise_dbfs: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("dac_bits", "adc_bits"):
            bits = getattr(self, name)
            if bits is not None and not _FEWEST_BITS <= bits <= _MOST_BITS:
                raise DeviceSettingsError(
                    f"{name} = {bits}",
                    f"use {_FEWEST_BITS} to {_MOST_BITS} bits, or none for an ideal converter",
                )
        if not math.isfinite(self.gain_db):
            raise DeviceSettingsError(f"gain_db = {self.gain_db}", "use a finite number of dB")
        if not (math.isfinite(self.delay_s) and self.delay_s >= 0.0):
            raise DeviceSettingsError(
                f"delay_s = {self.delay_s}",
                "use zero or a positive number of seconds; a chain cannot answer early",
            )
        if self.noise_dbfs is not None and not math.isfinite(self.noise_dbfs):
            raise DeviceSettingsError(
                f"noise_dbfs = {self.noise_dbfs}", "use a finite number of dB, or none for no noise"
            )
        if not 0 <= self.seed < _SEEDS:
            raise DeviceSettingsError(f"seed = {self.seed}", "use a whole number of 0 to 2^63 - 1")
