"""SCPI as instruments understand it: messages, command trees, settings, errors, status."""

from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.command_tree import CommandTree
from drivers.simulators.scpi.errors import ErrorQueue, ScpiError
from drivers.simulators.scpi.settings import Setting, SettingTable
from drivers.simulators.scpi.values import definite_block, quoted

__all__ = [
    "Call",
    "CommandTree",
    "ErrorQueue",
    "ScpiError",
    "Setting",
    "SettingTable",
    "definite_block",
    "quoted",
]
