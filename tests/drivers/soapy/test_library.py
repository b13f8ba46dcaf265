import sys

import pytest

from drivers.soapy.discovery import find_radios
from drivers.soapy.errors import SoapyMissingError
from drivers.soapy.library import soapy


def test_without_the_library_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "SoapySDR", None)
    for ask in (soapy, find_radios):
        with pytest.raises(SoapyMissingError, match="python3-soapysdr"):
            ask()
