"""Section ``device.visa``: a generator and a digitizer, and what is said before they play."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from testbed.config.problems import wrong_value
from testbed.config.sections.base import Number, Section, Switch, Text, Whole

_Channel = Annotated[int, Field(strict=True, ge=1, le=64)]
# One connector, or those of I and Q.
_Channels = tuple[_Channel, ...]
_CHANNELS_FORM: dict[str, Any] = {"form": "list of one or two whole numbers, as `[1]` or `[1, 2]`"}
_ADDRESS_FORM: dict[str, Any] = {"form": "a VISA address, as `TCPIP::192.168.0.10::hislip0::INSTR`"}


def _trigger_input(text: str) -> str:
    kind, _, channel = text.partition(" ")
    if text != "external" and not (kind == "channel" and channel.isascii() and channel.isdigit()):
        raise wrong_value("is no trigger input", "give external, or channel N, as channel 4")
    return text


class Visa(Section):
    """Instruments that driver `visa` reaches; see [instruments](instruments/README.md).

    The rate of the windows is `receiver.sample_rate_hz`; voltages are peaks into 50 ohm.
    """

    generator: Text | None = Field(
        None,
        description="Address of the generator; `device.driver: visa:GENERATOR+DIGITIZER` takes its "
        "place.",
        json_schema_extra=_ADDRESS_FORM,
    )
    digitizer: Text | None = Field(
        None, description="Address of the digitizer, likewise.", json_schema_extra=_ADDRESS_FORM
    )
    visa_library: Text = Field(
        "@py",
        description="What VISA is spoken with: `@py` is PyVISA-py, which needs nothing else.",
        json_schema_extra={"form": "`@py`, or the path of a vendor's library"},
    )
    transmit: Switch = Field(
        False,
        description="Leave to transmit. Without it no output goes on; simulated instruments on "
        "this machine need none.",
    )
    attenuation_db: Number | None = Field(
        None,
        ge=0,
        le=300,
        description="Attenuation between output and input, as wired. Nothing is played before it "
        "is stated, and gain 1.0 is what full scale gives behind it.",
    )
    signal: Literal["real-if", "iq", "modulated"] = Field(
        "real-if",
        description="`real-if`: one real output at an intermediate frequency. `iq`: I and Q at two "
        "outputs, into two inputs. `modulated`: the generator mixes up to a carrier, which one "
        "input samples.",
    )
    frequency_hz: Number | None = Field(
        None,
        ge=1,
        le=1e12,
        description="Intermediate frequency of `real-if`, where `null` chooses; carrier of "
        "`modulated`. It has nothing to do with `radar.carrier_hz`, whose phase the samples carry.",
    )
    generator_rate_hz: Number | None = Field(
        None,
        ge=1,
        le=1e12,
        description="Of the generator's samples, a whole multiple of `receiver.sample_rate_hz`; "
        "`null` chooses.",
    )
    digitizer_rate_hz: Number | None = Field(
        None, ge=1, le=1e12, description="Of the digitizer's samples, at least; `null` chooses."
    )
    output_channels: _Channels = Field(
        (1,),
        min_length=1,
        max_length=2,
        description="Output, or those of I and Q.",
        json_schema_extra=_CHANNELS_FORM,
    )
    input_channels: _Channels = Field(
        (1,),
        min_length=1,
        max_length=2,
        description="Input, or those of I and Q.",
        json_schema_extra=_CHANNELS_FORM,
    )
    output_peak_v: Number | None = Field(
        0.25, ge=1e-6, le=100, description="Voltage of full scale, of `real-if` and `iq`."
    )
    output_power_dbm: Number | None = Field(
        None, ge=-200, le=100, description="Power of a carrier at full scale, of `modulated`."
    )
    max_output_power_dbm: Number | None = Field(
        None, ge=-200, le=100, description="No output above it: that of a sine at full scale."
    )
    max_input_v: Number | None = Field(
        None,
        ge=1e-6,
        le=1000,
        description="The most that the input bears: full scale behind the attenuation must stay "
        "below. What the digitizer says of itself holds besides.",
    )
    input_full_scale_v: Number | None = Field(
        None,
        ge=1e-6,
        le=1000,
        description="Range of the input; `null` takes what full scale of the output makes there, "
        "and a tenth more.",
    )
    marker: Whole = Field(
        1, ge=1, le=8, description="Marker output that is wired to the trigger input."
    )
    marker_v: Number = Field(
        1.0, ge=0.1, le=10, description="Its high level, where the generator lets it be set."
    )
    trigger_input: Annotated[Text, AfterValidator(_trigger_input)] = Field(
        "external",
        description="Where the marker arrives at the digitizer.",
        json_schema_extra={"form": "`external`, or `channel N`"},
    )
    trigger_level_v: Number = Field(0.5, ge=-10, le=10, description="On the marker's rising slope.")
    trigger_skew_s: Number = Field(
        0.0,
        ge=-1e-3,
        le=1e-3,
        description="How much later than the marker the signal arrives: cables, and the "
        "generator's own skew. It is taken out.",
    )
    clock_reference: Literal["internal", "external"] = Field(
        "external",
        description="`external`: both follow a common 10 MHz, and a run is refused where one says "
        "that it does not. `internal`: the two clocks drift apart.",
    )
    capture: Literal["record", "segments"] = Field(
        "record",
        description="`record`: all windows of a part in one. `segments`: one for each window.",
    )
    guard_samples: Whole | None = Field(
        None,
        ge=0,
        le=1 << 24,
        description="Silence between windows, in samples of `receiver.sample_rate_hz`; `null` "
        "takes what the filters need, and in segments the digitizer's rearming.",
    )
    timeout_s: Number = Field(
        10.0,
        ge=0.1,
        le=3600,
        description="Of an answer, and of a capture beyond the length of what is played.",
    )
    upload_timeout_s: Number = Field(
        600.0, ge=0.1, le=86400, description="Of the writing of one waveform."
    )
    stop_timeout_s: Number = Field(
        5.0, ge=0.1, le=60, description="How long each step of stopping may take."
    )
