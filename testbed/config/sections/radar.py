"""Section ``radar``: what the radar transmits."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from testbed.config.problems import Problem, wrong_together
from testbed.config.sections.base import Number, Section, Text, Whole, misplaced_parameters
from testbed.config.sections.window import Window

WAVEFORM_PARAMETERS = {
    "nonlinear-fm": ("spectrum",),
    "phase-code": ("code", "chip_s"),
    "file": ("path", "sample_rate_hz", "bandwidth_hz"),
}
"""Parameters that each kind of waveform needs; those that are not here need none."""


class Waveform(Section):
    """The form of a pulse. Linear FM sweeps `radar.chirp_rate_hz_per_s`."""

    kind: Literal["linear-fm", "nonlinear-fm", "phase-code", "file"] = Field(
        "linear-fm",
        description="`linear-fm`: a chirp of constant rate. `nonlinear-fm`: a chirp of the same "
        "duration and band whose rate follows from `spectrum`. `phase-code`: chips of equal length "
        "with the phases of a code. `file`: samples.",
    )
    taper: Window = Field(
        Window(name="none"), description="Taper of the amplitude over the pulse, for any kind."
    )
    spectrum: Window | None = Field(
        None,
        description="Only and always with `nonlinear-fm`: the power spectrum that the pulse is "
        "designed for, such as `{name: taylor, nbar: 4, sidelobe_db: -35}`.",
    )
    code: Text | None = Field(
        None,
        description="Only and always with `phase-code`: the sequence of phases.",
        json_schema_extra={
            "form": "barker-13, m-sequence-127, frank-64, p4-100, zadoff-chu-63 or the like"
        },
    )
    chip_s: Number | None = Field(
        None,
        ge=1e-10,
        le=1,
        description="Only and always with `phase-code`: duration of a chip. The chips are "
        "band-limited and overlap, see docs/algorithms/waveforms.md.",
    )
    path: Text | None = Field(
        None,
        description="Only and always with `file`: complex samples of the pulse, a NumPy file. A "
        "relative path counts from the folder that the command runs in.",
        json_schema_extra={"form": "the path of a `.npy` file"},
    )
    sample_rate_hz: Number | None = Field(
        None, ge=1e3, le=1e11, description="Only and always with `file`: the rate of its samples."
    )
    bandwidth_hz: Number | None = Field(
        None,
        ge=1.0,
        le=1e11,
        description="Only and always with `file`: the band, about the carrier, that the samples "
        "fill; cells are counted in its inverse.",
    )

    @model_validator(mode="after")
    def _its_own_parameters(self) -> Self:
        problems = list(misplaced_parameters(self, self.kind, WAVEFORM_PARAMETERS, "kind"))
        if problems:
            raise wrong_together(problems)
        return self


class Gap(Section):
    """Pulses that are left out."""

    first_pulse: Whole = Field(ge=0, description="Number of the first one, counted from 0.")
    pulses: Whole = Field(ge=1, description="How many.")


class Antenna(Section):
    """The radar's antenna: a rectangle, which the echoes pass twice."""

    pattern: Literal["none", "rectangular"] = Field(
        "none",
        description="`none`: every place is lit alike. `rectangular`: the two-way pattern of a "
        "uniformly lit rectangle.",
    )
    azimuth_length_m: Number = Field(
        20.0, ge=0.1, le=1000, description="Its side along the azimuth."
    )
    elevation_length_m: Number = Field(
        4.0, ge=0.1, le=1000, description="Its side in the plane of incidence."
    )
    steering: Literal["aim-point", "zero-doppler"] = Field(
        "aim-point",
        description="`aim-point`: the beam's axis stays on the aim point. `zero-doppler`: it stays "
        "in the zero-Doppler plane, at the look angle that it has at time zero, and moves over the "
        "ground.",
    )


LINK_TERMS = ("transmit_power_w", "radar_cross_section_m2", "noise_temperature_k")
"""What a link budget cannot do without."""


class Link(Section):
    """How strong the echo of a target of amplitude 1 is against the receiver's thermal noise.

    Given directly as `image_snr_db`, or by the radar equation; without either there is no noise.
    """

    image_snr_db: Number | None = Field(
        None,
        ge=-50,
        le=200,
        description="Signal-to-noise ratio of the peak in the image without tapers. Not with the "
        "terms below.",
    )
    transmit_power_w: Number | None = Field(
        None, gt=0, le=1e9, description="Power during the pulse."
    )
    radar_cross_section_m2: Number | None = Field(
        None, gt=0, le=1e12, description="Of a target of amplitude 1."
    )
    noise_temperature_k: Number | None = Field(
        None, gt=0, le=1e5, description="Of the whole receiving system."
    )
    antenna_efficiency: Number = Field(
        0.6, gt=0, le=1, description="Part of the antenna's area that is effective."
    )
    losses_db: Number = Field(
        0.0, ge=0, le=100, description="All that is lost besides the absorption of the air."
    )

    @property
    def physical(self) -> bool:
        """Whether the radar equation gives the noise."""
        return self.transmit_power_w is not None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in LINK_TERMS if getattr(self, name) is not None]
        missing = [name for name in LINK_TERMS if name not in given]
        problems = []
        if self.image_snr_db is not None and given:
            problems.append(
                Problem(
                    given[0],
                    "stands beside image_snr_db",
                    "give the ratio, or the terms of the radar equation, not both",
                )
            )
        elif given:
            problems = [
                Problem(name, "is missing: the radar equation needs it", f"add {name}")
                for name in missing
            ]
        if problems:
            raise wrong_together(problems)
        return self


class Radar(Section):
    """What the radar transmits."""

    carrier_hz: Number = Field(
        ge=1e6,
        le=1e12,
        description="Carrier frequency. It sets phase and Doppler; the device plays baseband.",
    )
    chirp_rate_hz_per_s: Number | None = Field(
        None,
        ge=-1e18,
        le=1e18,
        description="Rate of the chirp, the mean one of a non-linear chirp; negative sweeps down. "
        "Its size times the pulse duration is the bandwidth. Always with `linear-fm` and "
        "`nonlinear-fm`, and only with them.",
    )
    pulse_duration_s: Number | None = Field(
        None,
        ge=1e-9,
        le=1,
        description="Duration of a chirp. Always with `linear-fm` and `nonlinear-fm`, and only "
        "with them: other pulses have their own.",
    )
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
    dither_s: Number = Field(
        0.0,
        ge=0,
        le=1,
        description="Largest offset of a pulse from its even place, either way: pseudo-random, by "
        "the seed, in whole ticks.",
    )
    gaps: Annotated[tuple[Gap, ...], Field(strict=False)] = Field(
        (), max_length=1000, description="Stretches of pulses that are not sent."
    )
    waveform: Waveform = Field(Waveform(), description="The form of a pulse.")
    antenna: Antenna = Field(Antenna(), description="The radar's antenna.")
    link: Link = Field(Link(), description="The echo against thermal noise.")

    @model_validator(mode="after")
    def _waveform_has_its_terms(self) -> Self:
        kind, problems = self.waveform.kind, []
        swept = kind in ("linear-fm", "nonlinear-fm")
        for name in ("chirp_rate_hz_per_s", "pulse_duration_s"):
            given = getattr(self, name) is not None
            if swept and not given:
                problems.append(Problem(name, f"is missing: {kind} needs it", f"add {name}"))
            elif given and not swept:
                problems.append(Problem(name, f"is no parameter of {kind}", "remove it"))
        if problems:
            raise wrong_together(problems)
        return self

    @property
    def bandwidth_hz(self) -> float | None:
        """Bandwidth of a chirp; None of other pulses."""
        if self.chirp_rate_hz_per_s is None or self.pulse_duration_s is None:
            return None
        return abs(self.chirp_rate_hz_per_s) * self.pulse_duration_s

    @property
    def pulses(self) -> int:
        """Number of pulses in the aperture, before gaps."""
        return round(self.aperture_s * self.prf_hz)
