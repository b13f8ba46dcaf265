"""Section ``radar``: what the radar transmits."""

from pydantic import Field

from testbed.config.sections.base import Number, Section


class Radar(Section):
    """What the radar transmits."""

    carrier_hz: Number = Field(
        ge=1e6,
        le=1e12,
        description="Carrier frequency. It sets phase and Doppler; the device plays baseband.",
    )
    chirp_rate_hz_per_s: Number = Field(
        ge=-1e18,
        le=1e18,
        description="Rate of the linear chirp; negative sweeps down. Its size times the pulse "
        "duration is the bandwidth.",
    )
    pulse_duration_s: Number = Field(ge=1e-9, le=1, description="Duration of a pulse.")
    prf_hz: Number = Field(
        ge=0.1,
        le=1e6,
        description="Pulse repetition frequency. The interval is rounded to whole ticks of the "
        "sample clock; the report gives the frequency in use. Below the Doppler bandwidth the "
        "image has replicas.",
    )
    aperture_s: Number = Field(
        ge=1e-3, le=3600, description="Duration of the synthetic aperture, about time zero."
    )

    @property
    def bandwidth_hz(self) -> float:
        """Bandwidth of the chirp."""
        return abs(self.chirp_rate_hz_per_s) * self.pulse_duration_s

    @property
    def pulses(self) -> int:
        """Number of pulses in the aperture."""
        return round(self.aperture_s * self.prf_hz)
