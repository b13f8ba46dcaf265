"""Section ``device.soapy``: a software-defined radio, and what has to be said before it plays."""

from typing import Annotated, Any, Literal

from pydantic import Field

from testbed.config.sections.base import Number, Section, Switch, Text, Whole

# Names with values, and the form that documentation and errors show.
_Texts = Annotated[dict[Text, Text], Field(strict=True)]
_Gains = Annotated[dict[Text, Number], Field(strict=True)]


def _form(text: str) -> dict[str, Any]:
    return {"form": text}


class Soapy(Section):
    """A radio that driver `soapy` reaches through SoapySDR; see [soapy](soapy.md).

    What is `null` is left as the radio has it. The sample rate is `receiver.sample_rate_hz`.
    """

    arguments: Text | None = Field(
        None,
        description="Arguments that name the radio, as `SoapySDRUtil --find` lists them; those in "
        "`device.driver: soapy:ARGUMENTS` take their place.",
        json_schema_extra=_form("`driver=uhd,serial=...` or the like"),
    )
    transmit: Switch = Field(
        False,
        description="Leave to transmit. Without it no radio is opened for output; a radio in "
        "software needs none.",
    )
    attenuation_db: Number | None = Field(
        None,
        ge=0,
        le=300,
        description="Attenuation between output and input, as wired. Nothing is transmitted before "
        "it is stated.",
    )
    max_tx_gain_db: Number | None = Field(
        None,
        ge=-200,
        le=200,
        description="No output gain above it, asked for or read back from the radio.",
    )
    tx_power_dbm_at_full_scale: Number | None = Field(
        None,
        ge=-200,
        le=100,
        description="Output power that was measured at full scale with these gains.",
    )
    max_tx_power_dbm: Number | None = Field(
        None,
        ge=-200,
        le=100,
        description="No output power above it; it needs `tx_power_dbm_at_full_scale`.",
    )
    max_rx_power_dbm: Number | None = Field(
        None,
        ge=-200,
        le=100,
        description="The most that the input bears: output power at full scale less the "
        "attenuation must stay below. It needs `tx_power_dbm_at_full_scale`.",
    )
    frequency_hz: Number | None = Field(
        None,
        ge=0,
        le=1e12,
        description="Frequency that the radio is tuned to, output and input alike. It has nothing "
        "to do with `radar.carrier_hz`, whose phase the samples carry.",
    )
    bandwidth_hz: Number | None = Field(
        None, ge=0, le=1e12, description="Of the radio's analogue filters, both ways."
    )
    tx_gain_db: Number | None = Field(
        None, ge=-200, le=200, description="Gain of the output; `null` is the lowest there is."
    )
    rx_gain_db: Number | None = Field(
        None, ge=-200, le=200, description="Gain of the input; `null` is the lowest there is."
    )
    tx_gain_elements_db: _Gains = Field(
        {},
        description="Gains of single stages of the output, set after the overall one.",
        json_schema_extra=_form("names with gains in dB, as `{PAD: -10}`"),
    )
    rx_gain_elements_db: _Gains = Field(
        {},
        description="Gains of single stages of the input.",
        json_schema_extra=_form("names with gains in dB, as `{LNA: 10, PGA: 0}`"),
    )
    tx_channel: Whole = Field(0, ge=0, le=65536, description="Channel of the output.")
    rx_channel: Whole = Field(0, ge=0, le=65536, description="Channel of the input.")
    tx_antenna: Text | None = Field(
        None,
        description="Connector of the output.",
        json_schema_extra=_form("a name such as TX/RX"),
    )
    rx_antenna: Text | None = Field(
        None,
        description="Connector of the input.",
        json_schema_extra=_form("a name such as RX2"),
    )
    clock_source: Text | None = Field(
        None,
        description="Where its frequency reference comes from.",
        json_schema_extra=_form("internal, external, gpsdo or the like"),
    )
    time_source: Text | None = Field(
        None,
        description="Where its seconds come from.",
        json_schema_extra=_form("internal, external, gpsdo or the like"),
    )
    require_lock: Switch = Field(
        True, description="Whether to refuse a radio whose lock sensors say no."
    )
    stream_format: Literal["CS16", "CF32"] = Field(
        "CS16",
        description="`CS16`: integer codes, rounded here; the recording is `ci16_le`. `CF32`: "
        "floats; the recording is `cf32_le`.",
    )
    full_scale: Whole | None = Field(
        None,
        ge=2,
        le=32768,
        description="Full scale of its integer codes; `null` believes the radio.",
    )
    streaming: Literal["bursts", "continuous"] = Field(
        "bursts",
        description="`bursts`: on for the windows alone, at their times. `continuous`: without a "
        "gap from the first window to the last, as radios without time stamps are in any case.",
    )
    use_time: Switch | None = Field(
        None,
        description="Whether to use the radio's time stamps; `null`: if it has them. Without, a "
        "marker burst ahead of the run tells where the windows stand.",
        json_schema_extra=_form("`true`, `false`"),
    )
    pulses_ahead: Whole = Field(
        6,
        ge=1,
        le=1024,
        description="Pulses under way in the radio: the time for which the host may be busy "
        "elsewhere. Queues of some hold 8.",
    )
    start_delay_s: Number = Field(
        0.1, ge=1e-6, le=60, description="From the start to the first window, to fill the queues."
    )
    receive_delay_ticks: Whole = Field(
        0,
        ge=0,
        le=1 << 31,
        description="Ticks by which windows are received later than they are played, for a chain "
        "that delays by more than a window has room for.",
    )
    on_loss: Literal["flag", "retry", "abort"] = Field(
        "flag",
        description="What a lost pulse means. `flag`: it is recorded as zeros with an event. "
        "`retry`: it is played again. `abort`: the run ends.",
    )
    max_repeats: Whole = Field(
        3, ge=0, le=65536, description="How often one pulse is played again under `retry`."
    )
    timeout_s: Number = Field(
        2.0, ge=0.1, le=3600, description="Silence after which the link counts as lost."
    )
    stop_timeout_s: Number = Field(
        5.0, ge=0.1, le=60, description="How long each step of stopping may take."
    )
    status_wait_s: Number = Field(
        0.02,
        ge=1e-4,
        le=1,
        description="How long after a window complaints about it are waited for, where a radio "
        "does not acknowledge bursts.",
    )
    rate_tolerance: Number = Field(
        1e-9,
        ge=0,
        le=1e-3,
        description="Largest relative difference between the sample rate and what the radio sets.",
    )
    device_settings: _Texts = Field(
        {},
        description="Settings of the radio's own driver.",
        json_schema_extra=_form("names with texts"),
    )
    tx_stream_arguments: _Texts = Field(
        {},
        description="Of the output's stream.",
        json_schema_extra=_form('names with texts, as `{"remote:mtu": "262144"}`'),
    )
    rx_stream_arguments: _Texts = Field(
        {}, description="Of the input's stream.", json_schema_extra=_form("names with texts")
    )
