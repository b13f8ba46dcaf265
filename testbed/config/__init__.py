"""Configurations: what an experiment is, written by people and checked key by key."""

from testbed.config.configuration import Configuration, load_configuration
from testbed.config.models import (
    Aim,
    AxisLimits,
    Calibration,
    Device,
    Focusing,
    Geometry,
    Ground,
    Limits,
    Look,
    Loopback,
    PeakLimits,
    Radar,
    Receiver,
    Scene,
    Site,
    Target,
    Window,
)
from testbed.errors import ConfigError, locate_errors

__all__ = [
    "Aim",
    "AxisLimits",
    "Calibration",
    "ConfigError",
    "Configuration",
    "Device",
    "Focusing",
    "Geometry",
    "Ground",
    "Limits",
    "Look",
    "Loopback",
    "PeakLimits",
    "Radar",
    "Receiver",
    "Scene",
    "Site",
    "Target",
    "Window",
    "load_configuration",
    "locate_errors",
]
