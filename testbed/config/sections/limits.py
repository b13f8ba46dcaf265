"""Section ``limits``: the verdict."""

from pydantic import Field

from testbed.config.sections.base import Number, Section


class AxisLimits(Section):
    """The worst that one axis of the impulse response may be."""

    pslr_db: Number = Field(ge=-100, lt=0, description="Largest peak-to-side-lobe ratio.")
    islr_db: Number = Field(
        ge=-100,
        le=20,
        description="Largest integrated side-lobe ratio (null to null, side lobes out to 10 cells "
        "either side).",
    )
    irw_cells: Number = Field(
        ge=0.1, le=100, description="Largest half-power width, in cells of 1/bandwidth."
    )


class PeakLimits(Section):
    """How far the peak may lie from its prediction."""

    range_error_cells: Number = Field(
        gt=0, le=100, description="Largest error in range, either way, in cells of 1/bandwidth."
    )
    azimuth_error_cells: Number = Field(
        gt=0, le=100, description="Largest error in azimuth, either way, in cells of 1/(Doppler "
        "bandwidth).",
    )  # fmt: skip
    phase_error_deg: Number = Field(
        gt=0, le=180, description="Largest error of the peak's phase, either way."
    )
    magnitude_error_db: Number | None = Field(
        None,
        gt=0,
        le=100,
        description="Largest error of the peak's magnitude, either way, against what was played "
        "and `calibration.gain_db`; `null` leaves it unjudged.",
    )


class Limits(Section):
    """The verdict: the first target passes if it is within all of them.

    The run is inconclusive, whatever they say, if the peak stands less than 20 dB above the
    background or the device lost more than one pulse in a hundred; fewer are left out of the image.
    """

    range: AxisLimits = Field(description="Across the range.")
    azimuth: AxisLimits = Field(description="Along the azimuth.")
    peak: PeakLimits = Field(description="Position and phase of the peak.")
