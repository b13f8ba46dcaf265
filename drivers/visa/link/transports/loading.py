"""PyVISA, imported only when somebody needs it, and without what it warns of."""

from __future__ import annotations

import importlib
import warnings
from functools import cache
from types import ModuleType


@cache
def connections() -> ModuleType:
    """Import :mod:`drivers.visa.link.transports.connection`, which takes a while."""
    with warnings.catch_warnings():
        # What PyVISA-py lacks (GPIB, USB, serial ports) it says when it is imported. Where an
        # address needs it, opening it fails and says so.
        warnings.simplefilter("ignore", UserWarning)
        return importlib.import_module("drivers.visa.link.transports.connection")
