"""Sections ``receiver``, ``device`` and ``calibration``: the hardware and what is known of it."""

from typing import Annotated

from pydantic import AfterValidator, Field

from testbed.config.problems import wrong_value
from testbed.config.sections.base import Number, Section, Text, Whole
from testbed.config.sections.soapy import Soapy
from testbed.config.sections.visa import Visa


def _driver(text: str) -> str:
    name, colon, address = text.partition(":")
    if not (name.isascii() and name.isalnum() and name == name.lower()):
        raise wrong_value("is no name of a driver", "use loopback, soapy:ARGUMENTS, or visa")
    if colon and not address.strip():
        raise wrong_value("has nothing behind the colon", f"write {name}:ADDRESS")
    return text


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
        description="Driver of the device; `--device` overrides it. `loopback` is in software; "
        "`soapy:ARGUMENTS` is a software-defined radio, as `soapy:driver=uhd`; `visa`, or "
        "`visa:GENERATOR+DIGITIZER` with two VISA addresses, a generator and a digitizer.",
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
    soapy: Soapy = Field(Soapy(), description="Settings of driver `soapy`.")
    visa: Visa = Field(Visa(), description="Settings of driver `visa`.")

    @property
    def name(self) -> str:
        """The driver without what stands behind its colon."""
        return self.driver.partition(":")[0]

    @property
    def soapy_arguments(self) -> str:
        """Arguments of the radio, empty where none are given."""
        return self.driver.partition(":")[2] or self.soapy.arguments or ""

    @property
    def visa_addresses(self) -> tuple[str, str]:
        """Addresses of generator and digitizer, empty where none are given."""
        given = self.driver.partition(":")[2]
        if given:
            generator, _, digitizer = given.partition("+")
            return generator.strip(), digitizer.strip()
        return self.visa.generator or "", self.visa.digitizer or ""


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
