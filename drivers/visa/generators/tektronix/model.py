"""What models of Tektronix's AWG5200 and AWG70000 can do, as far as they do not tell it."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import DeviceSettingsError
from drivers.visa.instrument import Identity, OutputSettings, Signal


@dataclass(frozen=True, slots=True)
class AwgModel:
    """What a model is, by its data sheet and its options.

    Parameters
    ----------
    min_rate_hz : float
        Slowest clock.
    rates_hz : dict
        Fastest clock, by option.
    dac_bits : int
        Without markers, each of which takes one.
    markers : int
        Of a channel, that can be written to.
    paths : tuple of (path, V, option)
        Output paths with the largest amplitude of each, peak to peak into 50 ohm at one side of the
        differential output, and the option that it takes.
    has_offset : bool
        Whether these paths have an offset, which is set to zero.
    sequencing : frozenset of str
        Options of which one makes a sequencer.
    """

    min_rate_hz: float
    rates_hz: dict[str, float]
    dac_bits: int
    markers: int
    paths: tuple[tuple[str, float, str], ...]
    has_offset: bool
    sequencing: frozenset[str]

    def max_rate_hz(self, options: frozenset[str]) -> float:
        """Return the rate of the option that is there; of several, and of none, the lowest."""
        found = [rate for option, rate in self.rates_hz.items() if option in options]
        return min(found or self.rates_hz.values())

    def available_paths(self, options: frozenset[str]) -> list[tuple[str, float]]:
        """List output paths and their largest amplitudes, the preferred one first."""
        return [(path, volts) for path, volts, option in self.paths if option in {"", *options}]

    def path_for(self, amplitude_v: float, options: frozenset[str]) -> str:
        """Return the first path that reaches an amplitude, V peak to peak."""
        paths = self.available_paths(options)
        return next(path for path, largest_v in paths if amplitude_v <= largest_v)


# Of the four markers of an AWG5200, two have bits that are known.
AWG5200 = AwgModel(
    min_rate_hz=300.0,
    rates_hz={"25": 2.5e9, "50": 5e9},
    dac_bits=16,
    markers=2,
    paths=(("DCHB", 0.75, ""), ("DCHV", 5.0, "HV")),
    has_offset=True,
    sequencing=frozenset({"SEQ"}),
)
AWG70000 = AwgModel(
    min_rate_hz=1.5e3,
    rates_hz={"150": 50e9, "225": 25e9, "216": 16e9, "208": 8e9},
    dac_bits=10,
    markers=2,
    paths=(("DIRect", 0.5, ""),),
    has_offset=False,
    sequencing=frozenset({"03", "SEQ"}),
)


def model_of(identity: Identity) -> AwgModel:
    """Return what a model can do."""
    return AWG70000 if identity.model.upper().startswith("AWG70") else AWG5200


def refuse_impossible(
    identity: Identity,
    options: frozenset[str],
    channels: int,
    signals: tuple[Signal, ...],
    output: OutputSettings,
) -> None:
    """Refuse what an instrument cannot have, before anything is sent to it.

    Parameters
    ----------
    identity : Identity
        Of the instrument.
    options : frozenset of str
        That it has.
    channels : int
        That it has.
    signals : tuple of str
        That it can play.
    output : OutputSettings
        What it is to have.

    Raises
    ------
    DeviceSettingsError
        The first thing that it cannot.
    """
    model = model_of(identity)
    wanted = 2 if output.signal == "iq" else 1
    highest_hz = model.max_rate_hz(options)
    largest_v = 0.5 * max(amplitude for _, amplitude in model.available_paths(options))
    known = set(range(1, channels + 1))
    problems = (
        (
            output.signal not in signals,
            f"signal {output.signal}",
            f"choose one of {', '.join(signals)}",
        ),
        (
            len(output.channels) != wanted
            or len(set(output.channels)) != wanted
            or not set(output.channels) <= known,
            f"channels {output.channels}",
            f"give {wanted} of 1 to {channels}",
        ),
        (
            not model.min_rate_hz <= output.sample_rate_hz <= highest_hz,
            f"a sample rate of {output.sample_rate_hz:g} Hz",
            f"choose {model.min_rate_hz:g} to {highest_hz:g} Hz",
        ),
        (
            output.peak_v is None or not 0.0 < output.peak_v <= largest_v,
            f"a full scale of {output.peak_v} V",
            f"choose up to {largest_v:g} V peak into 50 ohm",
        ),
        (
            not 1 <= output.markers <= model.markers,
            f"{output.markers} markers",
            f"use 1 to {model.markers} of them",
        ),
        (
            output.trigger == "external" and not model.sequencing & options,
            "an external trigger, and has no sequencing, which alone tells that one has come",
            "let the trigger be the bus",
        ),
    )
    for wrong, what, remedy in problems:
        if wrong:
            raise DeviceSettingsError(f"{identity} is to have {what}", remedy)
