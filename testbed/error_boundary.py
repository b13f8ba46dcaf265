"""Where a command ends: exit codes, and errors as one line."""

import errno
import os
import signal
import sys
import traceback
from types import TracebackType

import typer

from drivers.errors import DeviceSettingsError, DriverError, SessionTerminated
from sim_core.errors import SimCoreError
from testbed.errors import MoonechoError, one_line

PASSED = 0
VERDICT_FAILED = 1
BAD_INPUT = 2
HARDWARE_TROUBLE = 3
INTERNAL_ERROR = 70
"""EX_SOFTWARE of sysexits.h: the fault is ours."""

BROKEN_PIPE = 128 + 13
"""What a shell shows of a process that SIGPIPE has ended; written out, Windows has no SIGPIPE."""

TRACEBACK_VARIABLE = "MOONECHO_TRACEBACK"


class ErrorBoundary:
    """Where every error ends: one line on the standard error, and an exit code.

    A context manager; what it has caught is in `exit_code`. ``SystemExit`` passes through.
    """

    def __init__(self) -> None:
        self.exit_code = PASSED

    def __enter__(self) -> "ErrorBoundary":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Report an error, if one came."""
        if error is None:
            return False
        if isinstance(error, SystemExit):
            return False
        if isinstance(error, typer.Exit):
            self.exit_code = error.exit_code
            return True
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            self.exit_code = BROKEN_PIPE
            _discard_output()
            return True
        self.exit_code, message = _judge(error)
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exception(error)
        print(f"moonecho: error: {one_line(message)}", file=sys.stderr)
        return True


def _judge(error: BaseException) -> tuple[int, str]:
    """Return exit code and message of an error."""
    match error:
        case MoonechoError():
            return error.exit_code, str(error)
        case typer.TyperException():
            return BAD_INPUT, _usage(error)
        case SimCoreError() | DeviceSettingsError():
            return BAD_INPUT, str(error)
        case DriverError():
            return HARDWARE_TROUBLE, str(error)
        case SessionTerminated():
            return error.exit_code, str(error)
        case KeyboardInterrupt():
            return 128 + signal.SIGINT, "stopped by Ctrl-C"
        case MemoryError():
            return BAD_INPUT, "not enough memory; shorten radar.aperture_s or the window"
        case OSError() if error.errno is not None:
            place = f"{error.filename}: " if error.filename is not None else ""
            remedy = _SYSTEM_REMEDIES.get(error.errno, "check the path and its permissions")
            return BAD_INPUT, f"{place}{error.strerror}; {remedy}"
        case _:
            kind = type(error).__name__
            return INTERNAL_ERROR, (
                f"internal error: {kind}: {error}; this is a fault of moonecho: report it with "
                f"what {TRACEBACK_VARIABLE}=1 prints"
            )


_SYSTEM_REMEDIES = {
    errno.ENOSPC: "free some space, or name another folder with --out",
    errno.EDQUOT: "free some of your quota, or name another folder with --out",
    errno.EACCES: "name a place that you may use, such as --out",
    errno.EROFS: "name a place that can be written, such as --out",
}


def _usage(error: typer.TyperException) -> str:
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "moonecho"
    if not message:
        message = "no command was given"
    return f"{message}; see {command} --help"


def _discard_output() -> None:
    """Let what is still to be flushed go nowhere: its reader is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):  # a stream that is no file
            continue
