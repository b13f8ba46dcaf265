"""The simulated instruments by the names of their models."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from drivers.errors import DeviceSettingsError

if TYPE_CHECKING:
    from drivers.simulators.bench.rf_bench import RfBench
    from drivers.simulators.instrument import SimulatedInstrument

Kind = Literal["generator", "digitizer"]

SIMULATED = "SIM"
"""What the serial number of everything simulated begins with: no maker's does."""


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A model that can be simulated.

    Parameters
    ----------
    name : str
        As its maker calls it.
    kind : {"generator", "digitizer"}
        What it is.
    place : str
        Module and class, with a colon between.
    arguments : dict
        Of the class, beside its name and its bench.
    settings : dict
        What section ``device.visa`` needs for it, in the simulated laboratory and beside defaults.
    """

    name: str
    kind: Kind
    place: str
    arguments: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def make(self, name: str, bench: RfBench) -> SimulatedInstrument:
        """Make one, connected to a bench under a name."""
        module, _, member = self.place.partition(":")
        made: SimulatedInstrument = getattr(importlib.import_module(module), member)(
            name, bench=bench, **self.arguments
        )
        manufacturer, model, serial, firmware = made.identity.split(",", 3)
        if not serial.startswith(SIMULATED):
            made.identity = f"{manufacturer},{model},{SIMULATED}{serial},{firmware}"
        return made


_GENERATORS = "drivers.simulators.generators"
_DIGITIZERS = "drivers.simulators.digitizers"
_M8190A = f"{_GENERATORS}.keysight.m8190a:SimulatedM8190A"
_M8195A = f"{_GENERATORS}.keysight.m8195a:SimulatedM8195A"
_TEKTRONIX_AWG = f"{_GENERATORS}.tektronix.awg:SimulatedTektronixAwg"
_MXG = f"{_GENERATORS}.keysight.mxg:SimulatedMxg"
_SMW = f"{_GENERATORS}.rohde_schwarz.smw:SimulatedSmw"
_TEKTRONIX_MSO = f"{_DIGITIZERS}.tektronix.mso:SimulatedTektronixMso"
_RTO = f"{_DIGITIZERS}.rohde_schwarz.rto:SimulatedRto"
_INFINIIVISION = f"{_DIGITIZERS}.keysight.infiniivision:SimulatedInfiniiVision"
_INFINIIUM = f"{_DIGITIZERS}.keysight.infiniium:SimulatedInfiniium"
_AT_INPUT_4: dict[str, Any] = {"trigger_input": "channel 4"}
# Without a reference input clocks drift apart: each window has a trigger of its own.
_WITHOUT_REFERENCE: dict[str, Any] = {"clock_reference": "internal", "capture": "segments"}
# A carrier that the bandwidths of all these digitizers leave as it is, to 0.1 dB.
_CARRIER: dict[str, Any] = {
    "signal": "modulated",
    "frequency_hz": 150.0e6,
    "output_power_dbm": 0.0,
    "max_output_power_dbm": 0.0,
}

MODELS: tuple[SimulatedModel, ...] = (
    SimulatedModel("AWG5204", "generator", _TEKTRONIX_AWG, {"model": "AWG5204"}),
    SimulatedModel("AWG70002B", "generator", _TEKTRONIX_AWG, {"model": "AWG70002B"}),
    SimulatedModel("M8190A", "generator", _M8190A),
    SimulatedModel("M8195A", "generator", _M8195A),
    SimulatedModel("N5182B", "generator", _MXG, {}, _CARRIER),
    SimulatedModel("SMW200A", "generator", _SMW, {"model": "SMW200A"}, _CARRIER),
    SimulatedModel("SMBV100B", "generator", _SMW, {"model": "SMBV100B"}, _CARRIER),
    SimulatedModel("MSO44", "digitizer", _TEKTRONIX_MSO, {"model": "MSO44"}),
    SimulatedModel("MSO58", "digitizer", _TEKTRONIX_MSO, {"model": "MSO58"}, _AT_INPUT_4),
    SimulatedModel("MSO64B", "digitizer", _TEKTRONIX_MSO, {"model": "MSO64B"}, _AT_INPUT_4),
    SimulatedModel("DSO-X 6004A", "digitizer", _INFINIIVISION, {"model": "DSO-X 6004A"}),
    SimulatedModel(
        "DSO-X 3104T", "digitizer", _INFINIIVISION, {"model": "DSO-X 3104T"}, _WITHOUT_REFERENCE
    ),
    SimulatedModel("DSOS204A", "digitizer", _INFINIIUM, {"model": "DSOS204A"}),
    SimulatedModel("RTO2044", "digitizer", _RTO),
)
"""All that there are."""


def find_model(name: str, kind: Kind) -> SimulatedModel:
    """Return the model of a name, in whatever case.

    Parameters
    ----------
    name : str
        Of the model.
    kind : {"generator", "digitizer"}
        What it has to be.

    Raises
    ------
    DeviceSettingsError
        There is none of that name and kind; the error lists those that there are.
    """
    for model in MODELS:
        if model.kind == kind and model.name.casefold() == name.casefold():
            return model
    known = ", ".join(model.name for model in MODELS if model.kind == kind)
    raise DeviceSettingsError(f"there is no simulated {kind} {name!r}", f"use one of {known}")
