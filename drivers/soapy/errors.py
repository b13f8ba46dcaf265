"""What can go wrong with a radio beyond what can with any device."""

from __future__ import annotations

from drivers.errors import DeviceSettingsError, DriverError


class SoapyMissingError(DeviceSettingsError):
    """SoapySDR or its binding to Python is not installed."""


class ReferenceUnlockedError(DriverError):
    """A sensor says that an oscillator does not follow its reference."""


class PulseLostError(DriverError):
    """A pulse was lost, and the settings ask to stop at that."""


class AlignmentError(DriverError):
    """The place of the windows in a stream without time stamps is not known."""
