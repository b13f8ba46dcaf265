"""SoapySDR itself: found late, called with its errors turned into ours."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drivers.errors import DeviceSettingsError, DriverError
from drivers.soapy.errors import SoapyMissingError

_COMPARE = "compare with what `SoapySDRUtil --probe` tells of it, and check the connection"


def soapy() -> Any:
    """Import SoapySDR.

    Returns
    -------
    module
        The binding, which has no types.

    Raises
    ------
    SoapyMissingError
        It is not installed where this Python looks.
    """
    try:
        return importlib.import_module("SoapySDR")
    except ImportError as error:
        raise SoapyMissingError(
            f"SoapySDR cannot be imported ({error})",
            "install it from the distribution (Debian, Ubuntu: python3-soapysdr) and make it "
            "visible to this environment; there is no wheel of it",
        ) from error


@contextmanager
def asking(what: str, remedy: str = _COMPARE) -> Iterator[None]:
    """Turn the binding's errors into ours.

    Parameters
    ----------
    what : str
        What is asked of the radio, as in "the radio refused to WHAT".
    remedy : str
        What would be right.

    Raises
    ------
    DriverError
        The library threw an exception, which the binding passes on as ``RuntimeError``.
    """
    try:
        yield
    except (RuntimeError, ValueError, IndexError, OSError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise DriverError(f"the radio refused to {what}: {text}", remedy) from error


def arguments_of(text: str) -> dict[str, str]:
    """Split device arguments, ``key=value`` with commas between.

    Parameters
    ----------
    text : str
        As SoapySDR's own programs take them.
    """
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


def native_format(device: Any, direction: int, channel: int) -> tuple[str, float]:
    """Ask a radio for the format of its own and its full scale.

    The binding to Python cannot: it has no way to give the second result (SoapySDR issue 399). The
    library's C interface can, and takes the same pointer.

    Parameters
    ----------
    device : SoapySDR.Device
        An open radio.
    direction, channel : int
        Of what.

    Returns
    -------
    stream_format : str
    full_scale : float

    Raises
    ------
    DeviceSettingsError
        The library is not where the system looks.
    """
    name = f"libSoapySDR.so.{soapy().getABIVersion()}"
    try:
        ask = ctypes.CDLL(name).SoapySDRDevice_getNativeStreamFormat
    except (OSError, AttributeError) as error:
        raise DeviceSettingsError(
            f"{name} cannot be loaded, so that the full scale of the radio is not known ({error})",
            "install the SoapySDR library where the system finds it",
        ) from error
    ask.restype = ctypes.c_char_p
    ask.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p]
    full_scale = ctypes.c_double()
    text: bytes | None = ask(int(device.this), direction, channel, ctypes.byref(full_scale))
    return (text or b"").decode(), full_scale.value
