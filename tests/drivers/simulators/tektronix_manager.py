"""The device manager of tm_devices without its log, which would lie in the working folder."""

from collections.abc import Iterator
from contextlib import contextmanager

from tm_devices import DeviceManager
from tm_devices.helpers import LoggingLevels, configure_logging


@contextmanager
def device_manager() -> Iterator[DeviceManager]:
    """Open one on pyvisa-py."""
    configure_logging(log_console_level=LoggingLevels.NONE, log_file_level=LoggingLevels.NONE)
    with DeviceManager(verbose=False) as manager:
        manager.visa_library = "@py"
        yield manager
