"""Clock, outputs and trigger of Tektronix's AWG5200 and AWG70000."""

from __future__ import annotations

from drivers.errors import DeviceSettingsError
from drivers.visa.generators.tektronix.model import AwgModel, model_of
from drivers.visa.instrument import Identity, OutputSettings
from drivers.visa.link import Link

_SETTLE_DEADLINE_S = 30.0
# Answers have ten digits, of a rate that was asked for with as many.
_RATE_TOLERANCE = 1e-9
_LEVEL_TOLERANCE = 1e-3
_TRIGGER_LEVEL_V = 0.5


def off_commands(channels: int) -> list[str]:
    """Give what switches so many outputs off and stops: all at once first, then each."""
    each = (f"OUTPut{channel}:STATe OFF" for channel in range(1, channels + 1))
    return ["OUTPut:OFF ON", "AWGControl:STOP:IMMediate", *each]


def configure_output(
    link: Link, identity: Identity, options: frozenset[str], output: OutputSettings
) -> None:
    """Set all but the waveforms, and read back what matters; outputs stay as they are.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Of it.
    options : frozenset of str
        That it has.
    output : OutputSettings
        That it can have.

    Raises
    ------
    DeviceSettingsError
        It has set something else.
    """
    link.write("INSTrument:MODE AWG")
    source = "EFIXed" if output.clock_reference == "external" else "INTernal"
    link.write(f"CLOCk:SOURce {source}")
    link.write(f"CLOCk:SRATe {output.sample_rate_hz:.15G}")
    link.wait_complete("set its clock", _SETTLE_DEADLINE_S)
    _expect_word(link, "CLOCk:SOURce?", source)
    _expect(link, "CLOCk:SRATe?", output.sample_rate_hz, _RATE_TOLERANCE)
    for channel in output.channels:
        _configure_channel(link, model_of(identity), options, channel, output)
    link.write("TRIGger:IMPedance 50,ATRigger")
    link.write("TRIGger:SLOPe POSitive,ATRigger")
    link.write(f"TRIGger:LEVel {_TRIGGER_LEVEL_V},ATRigger")
    link.wait_complete("take in its settings", _SETTLE_DEADLINE_S)


def _configure_channel(
    link: Link, model: AwgModel, options: frozenset[str], channel: int, output: OutputSettings
) -> None:
    source = f"SOURce{channel}"
    amplitude_v = 2.0 * (output.peak_v or 0.0)
    path = model.path_for(amplitude_v, options)
    link.write(f"OUTPut{channel}:PATH {path}")
    _expect_word(link, f"OUTPut{channel}:PATH?", path)
    level = f"{source}:VOLTage:LEVel:IMMediate"
    link.write(f"{level}:AMPLitude {amplitude_v:.9G}")
    _expect(link, f"{level}:AMPLitude?", amplitude_v, _LEVEL_TOLERANCE)
    if model.has_offset:
        link.write(f"{level}:OFFSet 0")
    bits = model.dac_bits - output.markers
    link.write(f"{source}:DAC:RESolution {bits}")
    _expect(link, f"{source}:DAC:RESolution?", bits, 0.0)
    link.write(f"{source}:RMODe TRIGgered")
    _expect_word(link, f"{source}:RMODe?", "TRIGgered")
    link.write(f"{source}:TINPut ATRigger")
    link.write(f"OUTPut{channel}:WVALue:ANALog:STATe ZERO")
    link.write(f"OUTPut{channel}:SVALue:ANALog:STATe ZERO")
    for marker in range(1, output.markers + 1):
        levels = f"{source}:MARKer{marker}:VOLTage:LEVel:IMMediate"
        link.write(f"{levels}:LOW 0")
        link.write(f"{levels}:HIGH {output.marker_v:.9G}")
        _expect(link, f"{levels}:HIGH?", output.marker_v, _LEVEL_TOLERANCE)
        link.write(f"OUTPut{channel}:WVALue:MARKer{marker} LOW")
        link.write(f"OUTPut{channel}:SVALue:MARKer{marker} LOW")


def _expect(link: Link, query: str, wanted: float, tolerance: float) -> None:
    """Refuse a number that was set to something else, or not at all."""
    got = link.query_number(query)
    if abs(got - wanted) > tolerance * abs(wanted):
        _refuse(query, f"{wanted:.12g}", f"{got:.12g}")


def _expect_word(link: Link, query: str, wanted: str) -> None:
    """Refuse a choice that is not the one that was made, in its short or its long form."""
    got = link.query(query)
    short = "".join(character for character in wanted if not character.islower())
    if got.upper() not in (wanted.upper(), short):
        _refuse(query, wanted, got)


def _refuse(query: str, wanted: str, got: str) -> None:
    raise DeviceSettingsError(
        f"{query} is answered with {got} where {wanted} was set",
        "choose a value that the generator has",
    )
