"""What tests of software-defined radios need: SoapySDR, and the software radio that was built.

``make test`` installs the one and builds the other (``make plugin``). Where neither can be had,
MOONECHO_WITHOUT_SOAPY in the environment leaves these tests out; without it they fail.
"""

import importlib
import os
import warnings
from pathlib import Path

PLUGIN_FOLDER = Path(__file__).resolve().parents[3] / "build" / "soapy-plugin"

collect_ignore_glob = []
if os.environ.get("MOONECHO_WITHOUT_SOAPY"):
    collect_ignore_glob.append("*")
else:
    # SoapySDR loads its modules when it is first asked for a device.
    os.environ["SOAPY_SDR_PLUGIN_PATH"] = str(PLUGIN_FOLDER)
    with warnings.catch_warnings():
        # SWIG's types have no __module__, which Python 3.12 remarks upon at the first import.
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("SoapySDR")
