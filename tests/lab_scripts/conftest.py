"""The lab scripts through the software radio; left out where SoapySDR cannot be had."""

from tests.drivers.soapy.conftest import PLUGIN_FOLDER, WITHOUT_SOAPY

__all__ = ["PLUGIN_FOLDER"]

collect_ignore_glob = ["*"] if WITHOUT_SOAPY else []
