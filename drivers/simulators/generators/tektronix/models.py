"""Models of Tektronix's AWG5200 and AWG70000, by their data sheets."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulators.generators.tektronix.waveforms import MemoryModel


@dataclass(frozen=True, slots=True)
class AwgModel:
    """What a model can do.

    Parameters
    ----------
    channels : int
        Outputs.
    memory : MemoryModel
        Limits of a waveform.
    rate_hz : tuple of two floats
        Slowest and fastest clock.
    dac_bits, markers : int
        Of a channel; each marker in use takes a bit.
    paths : dict
        Smallest and largest amplitude, V peak to peak into 50 ohm, by output path.
    marker_v : tuple of two floats
        Lowest and highest level of a marker.
    options : str
        Answer to ``*OPT?``.
    """

    channels: int
    memory: MemoryModel
    rate_hz: tuple[float, float]
    dac_bits: int
    markers: int
    paths: dict[str, tuple[float, float]]
    marker_v: tuple[float, float]
    options: str


def _awg5200(channels: int) -> AwgModel:
    return AwgModel(
        channels=channels,
        memory=MemoryModel(1, 2400, 2_000_000_000, 650_000_000),
        rate_hz=(298.0, 2.5e9),
        dac_bits=16,
        markers=4,
        paths={"DCHB": (0.025, 0.75), "DCHV": (0.010, 5.0)},
        marker_v=(-0.5, 1.75),
        options="25,HV,SEQ",
    )


def _awg70000(channels: int, options: str) -> AwgModel:
    return AwgModel(
        channels=channels,
        memory=MemoryModel(
            2 if channels == 1 else 1, 4800 if channels == 1 else 2400, 2_000_000_000, 999_999_999
        ),
        rate_hz=(1.49e3, 50e9 if channels == 1 else 25e9),
        dac_bits=10,
        markers=2,
        paths={"DIR": (0.125, 0.5)},
        marker_v=(-1.4, 1.4),
        options=options,
    )


MODELS = {
    "AWG5202": _awg5200(2),
    "AWG5204": _awg5200(4),
    "AWG5208": _awg5200(8),
    "AWG70001A": _awg70000(1, "150,03"),
    "AWG70001B": _awg70000(1, "150,03"),
    "AWG70002A": _awg70000(2, "225,03"),
    "AWG70002B": _awg70000(2, "225,03"),
}
