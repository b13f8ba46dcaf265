"""Which instruments can be reached, and who they say they are.

Looking for them is a library's business that takes seconds and may hang. So it is done in a process
of its own, against a deadline, and so is each question: nothing but ``*IDN?`` is sent.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass

from drivers.errors import DeviceSettingsError, DriverError
from drivers.visa.catalogue import DIGITIZERS, GENERATORS, driver_of
from drivers.visa.identify import identity_of
from drivers.visa.link.address import parse_address
from drivers.visa.link.text import receive_line
from drivers.visa.link.transports.loading import connections
from drivers.visa.link.transports.transport import Transport

_LONGEST_ANSWER = 4096
_LEAST_S = 1e-3
# What an asked process writes before its answer; libraries print to the standard output as well.
_ANSWER = "moonecho-instruments:"
_SILENT = "see that it is switched on and that nobody else uses it; nothing but *IDN? was sent"


@dataclass(frozen=True, slots=True)
class FoundInstrument:
    """An instrument that can be reached.

    Parameters
    ----------
    address : str
        VISA address.
    identity : str
        Its answer to ``*IDN?``; empty where there is none.
    kind : {"generator", "digitizer", ""}
        What it can be in a pair; empty for what there is no driver for.
    problem : str or None
        Why it was not asked, or did not answer.
    """

    address: str
    identity: str = ""
    kind: str = ""
    problem: str | None = None


def find_instruments(
    visa_library: str = "@py", deadline_s: float = 20.0
) -> tuple[FoundInstrument, ...]:
    """List instruments at networks, USB and GPIB with who they are.

    Parameters
    ----------
    visa_library : str
        "@py" for PyVISA-py, else the path of a vendor's library.
    deadline_s : float
        For finding them, and again for asking each, seconds.

    Raises
    ------
    DriverError
        The library fails or hangs.
    """
    found = []
    for address in _ask("find", visa_library, "", deadline_s):
        try:
            parse_address(address)
        except DeviceSettingsError:
            # Serial ports, interfaces, memory: not to be spoken to unasked.
            continue
        found.append(ask_instrument(address, visa_library, deadline_s))
    return tuple(found)


def ask_instrument(
    address: str, visa_library: str = "@py", deadline_s: float = 20.0
) -> FoundInstrument:
    """Ask one instrument who it is.

    Parameters
    ----------
    address : str
        VISA address.
    visa_library : str
        As for :func:`find_instruments`.
    deadline_s : float
        Within which it has to answer.

    Raises
    ------
    DeviceSettingsError
        That is no VISA address.
    """
    parse_address(address)
    try:
        (answer,) = _ask("identify", visa_library, address, deadline_s)
        identity = identity_of(answer)
    except DriverError as error:
        return FoundInstrument(address, problem=error.problem)
    kinds = (("generator", GENERATORS), ("digitizer", DIGITIZERS))
    kind = next((name for name, rows in kinds if driver_of(identity, rows)), "")
    return FoundInstrument(address, answer, kind)


def serial_number(address: str, visa_library: str = "@py", deadline_s: float = 10.0) -> str:
    """Ask one instrument for its serial number, in this process.

    Parameters
    ----------
    address, visa_library, deadline_s
        As for :func:`ask_instrument`.

    Raises
    ------
    DeviceSettingsError
        That is no VISA address.
    DriverError
        The instrument is not there, or does not say.
    """
    return identity_of(_read_identity(address, visa_library, deadline_s)).serial


def _read_identity(address: str, visa_library: str, deadline_s: float) -> str:
    """Open a connection, ask, and close: a link that fails would clear the instrument."""
    end_s = time.monotonic() + deadline_s
    transport: Transport = connections().open_transport(
        parse_address(address), visa_library, deadline_s
    )
    try:
        left_s = max(_LEAST_S, end_s - time.monotonic())
        transport.write(memoryview(b"*IDN?\n"), last=True, timeout_s=left_s)
        answer = receive_line("*IDN?", transport, end_s, most=_LONGEST_ANSWER)
    finally:
        transport.close()
    return answer.decode("ascii", "replace").strip()


def _ask(task: str, visa_library: str, address: str, deadline_s: float) -> list[str]:
    what = f"asking {address} who it is" if address else "looking for instruments"
    command = [sys.executable, "-m", __name__, task, visa_library, address, str(deadline_s)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=deadline_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DriverError(f"{what} took longer than {deadline_s:g} s", _SILENT) from error
    for line in done.stdout.splitlines():
        if line.startswith(_ANSWER):
            answer: list[str] = json.loads(line.removeprefix(_ANSWER))
            return answer
    reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    raise DriverError(f"{what} failed: {reason}", _SILENT)


def _find(visa_library: str) -> list[str]:
    with warnings.catch_warnings():
        # What it lacks (GPIB, USB) it says by warnings, too; then it has nothing to find there.
        warnings.simplefilter("ignore")
        manager = connections().resource_manager(visa_library)
        return [str(name) for name in manager.list_resources("?*")]


def _main() -> int:
    task, visa_library, address, deadline_s = sys.argv[1:]
    try:
        if task == "find":
            answer = _find(visa_library)
        else:
            answer = [_read_identity(address, visa_library, float(deadline_s))]
    except DriverError as error:
        sys.stderr.write(f"{error.problem}\n")
        return 1
    sys.stdout.write(f"\n{_ANSWER}{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
