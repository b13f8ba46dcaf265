"""What tests of software-defined radios need: SoapySDR, and the software radio that was built.

``make test`` installs the one and builds the other (``make plugin``). Where neither can be had,
MOONECHO_WITHOUT_SOAPY in the environment leaves out the tests that need them; without it they fail.
"""

import importlib
import os
import warnings
from pathlib import Path

import pytest

PLUGIN_FOLDER = Path(__file__).resolve().parents[3] / "build" / "soapy-plugin"

WITHOUT_SOAPY = bool(os.environ.get("MOONECHO_WITHOUT_SOAPY"))

# Of this folder; what stands beside these is tested without the library.
NEED_SOAPY = ["plugin", "test_device.py", "test_discovery.py", "test_faults.py", "test_remote.py"]

collect_ignore = NEED_SOAPY if WITHOUT_SOAPY else []
if not WITHOUT_SOAPY:
    # SoapySDR loads its modules when it is first asked for a device.
    os.environ["SOAPY_SDR_PLUGIN_PATH"] = str(PLUGIN_FOLDER)
    with warnings.catch_warnings():
        # SWIG's types have no __module__, which Python 3.12 remarks upon at the first import.
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("SoapySDR")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    if WITHOUT_SOAPY:
        terminalreporter.write_line(
            f"left out without SoapySDR: {', '.join(NEED_SOAPY)} of tests/drivers/soapy, "
            "and all of tests/testbed/soapy and tests/lab_scripts"
        )
