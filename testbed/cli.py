"""The command line: reads options, calls what does the work, turns the outcome into an exit code.

What does the work is imported inside the commands, so that ``--help`` answers at once.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from drivers.errors import DeviceSettingsError, DriverError, SessionTerminated
from sim_core.errors import SimCoreError
from testbed.errors import MoonechoError, one_line

if TYPE_CHECKING:
    from testbed.results import RunResult

PASSED = 0
VERDICT_FAILED = 1
BAD_INPUT = 2
HARDWARE_TROUBLE = 3
INTERNAL_ERROR = 70
"""EX_SOFTWARE of sysexits.h: the fault is ours."""

BROKEN_PIPE = 128 + 13
"""What a shell shows of a process that SIGPIPE has ended; written out, Windows has no SIGPIPE."""

TRACEBACK_VARIABLE = "MOONECHO_TRACEBACK"

EXIT_CODES = (
    "Exit codes: 0 passed, 1 verdict failed or inconclusive, 2 bad input, 3 hardware trouble, "
    "70 internal error, 130 stopped by Ctrl-C, 143 stopped by SIGTERM."
)

app = typer.Typer(
    name="moonecho",
    help="A hardware-in-the-loop testbed for radar signals from the Moon.",
    epilog=EXIT_CODES,
    # Plain help: it needs no rich, and reads the same in a pipe.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        text = version("moonecho")
    except PackageNotFoundError:
        text = "(not installed)"
    typer.echo(f"moonecho {text}")
    raise typer.Exit


@app.callback()
def _moonecho(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: moonecho run configs/point_target.yaml --out runs/first")
def run(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Configuration (YAML); see configs/.")
    ],
    device: Annotated[
        str | None,
        typer.Option(metavar="D", help="Driver, instead of the configuration's device.driver."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the results; by default runs/NAME."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished run in that folder.")
    ] = False,
) -> None:
    """Run the whole chain: echo, device, recording, image, verdict.

    Writes report.json, report.html, figures, the recording (SigMF), geometry.nc and image.nc.
    Exits with 0 if the verdict is "pass", else with 1.
    """
    from rich.console import Console

    from testbed.config import load_configuration

    configuration = load_configuration(config)
    if device is not None:
        configuration = configuration.with_option("device.driver", device, "--device")

    from testbed.experiment import run_experiment

    result = run_experiment(configuration, out_dir=out, resume=resume, console=Console())
    raise typer.Exit(_verdict_code(result))


@app.command(
    epilog="Example: moonecho delay --site 0,0 --target 40,-3.5,650 --start 2024-03-21T12:00:00 "
    "--duration 100 --step 1 --out delay.csv"
)
def delay(
    site: Annotated[
        str,
        typer.Option(
            metavar="LAT,LON[,H]",
            help="The radar on the Moon: planetocentric deg in the mean-Earth frame, m above the "
            "sphere of 1737.4 km.",
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            metavar="LAT,LON[,H]", help="The target on the Earth: geodetic WGS84, deg, m."
        ),
    ],
    start: Annotated[
        str, typer.Option(metavar="UTC", help="First transmit time: 2024-03-21T12:00:00.")
    ],
    duration: Annotated[str, typer.Option(metavar="S", help="Length of the table in s.")],
    step: Annotated[str, typer.Option(metavar="S", help="Spacing of its rows in s.")],
    kernel: Annotated[
        str, typer.Option(metavar="K", help="Ephemeris: de421, de440, or a .bsp file.")
    ] = "de421",
    lunar_orientation: Annotated[
        str,
        typer.Option(
            metavar="O",
            help="Orientation of the Moon: de421 (its librations), or a .bpc file of principal "
            "axes of DE421 or DE440.",
        ),
    ] = "de421",
    relativity: Annotated[
        Literal["none", "full"],
        typer.Option(
            help="none: Newtonian light time in barycentric coordinates. full: with Shapiro delay, "
            "relativistic station vectors and the lunar clock's proper time."
        ),
    ] = "none",
    tides: Annotated[
        Literal["none", "rotation", "solid-earth", "full"],
        typer.Option(
            help="rotation: with the sub-daily terms of UT1 and the pole. solid-earth: the target "
            "moves with the solid Earth tide. full: both."
        ),
    ] = "none",
    troposphere: Annotated[
        str,
        typer.Option(
            metavar="AIR",
            help="none; standard (ITU-R P.835); or hPa,K,percent of pressure, temperature and "
            "humidity at the target.",
        ),
    ] = "none",
    tec: Annotated[
        str,
        typer.Option(
            metavar="TECU", help="Electrons straight up from the target; 0 is no ionosphere."
        ),
    ] = "0",
    carrier_hz: Annotated[
        str,
        typer.Option(metavar="HZ", help="Carrier, of Doppler frequency and ionosphere, in Hz."),
    ] = "2.3e10",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="F", help="File: .csv or .nc (netCDF). By default CSV on the standard output."
        ),
    ] = None,
) -> None:
    """Tabulate two-way delay and Doppler, Moon to Earth and back.

    Columns: transmit_s (from START, on the radar's clock), delay_s, delay_rate (against transmit
    time), doppler_hz, downlink_s, uplink_s. Floats are printed so that they read back exactly. By
    default this is Newtonian light time in empty space to a rigid Earth, as CSPICE computes it.
    With an ionosphere, delays are those of the envelope, and the Doppler shift the carrier's.
    The budget of terms goes to the standard error.
    """
    from testbed.options import read_delay_request

    request = read_delay_request(
        site=site,
        target=target,
        start=start,
        duration=duration,
        step=step,
        kernel=kernel,
        lunar_orientation=lunar_orientation,
        relativity=relativity,
        carrier_hz=carrier_hz,
        out=out,
        tides=tides,
        troposphere=troposphere,
        tec=tec,
    )

    from rich.console import Console

    from testbed.delay_table import write_delay_table

    # The standard output may be the table's.
    write_delay_table(request, console=Console(stderr=True))


@app.command(epilog="Example: moonecho focus runs/first/recording.sigmf-meta --method deramp")
def focus(
    recording: Annotated[
        Path,
        typer.Argument(
            metavar="RECORDING", help="Recording (.sigmf-meta), or the folder of the run."
        ),
    ],
    method: Annotated[
        Literal["auto", "range-doppler", "deramp"] | None,
        typer.Option(help="Focusing method, instead of the recording's own."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the results; by default focus/ beside the recording."
        ),
    ] = None,
) -> None:
    """Focus a recording again and judge it.

    The limits are those that were recorded with it.
    """
    from rich.console import Console

    from testbed.experiment import focus_recording

    result = focus_recording(recording, method=method, out_dir=out, console=Console())
    raise typer.Exit(_verdict_code(result))


def _verdict_code(result: "RunResult") -> int:
    return PASSED if result.verdict == "pass" else VERDICT_FAILED


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


@contextmanager
def ending_signals_raise() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, once, so that what is open gets closed."""

    def end(number: int, _frame: FrameType | None) -> None:
        # The followers of the first come while it is being answered.
        for one in taken:
            signal.signal(one, signal.SIG_IGN)
        raise SessionTerminated(number)

    numbers = (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP"))
    try:
        # Not what nohup or an embedding program has set; and only the main thread may.
        taken = [one for one in numbers if one and signal.getsignal(one) is signal.SIG_DFL]
        for one in taken:
            signal.signal(one, end)
    except ValueError:
        taken = []
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the command's name; by default those of the process.

    Returns
    -------
    int
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    with ErrorBoundary() as boundary, ending_signals_raise():
        command = typer.main.get_command(app)
        try:
            with command.make_context("moonecho", given or ["--help"]) as context:
                command.invoke(context)
        finally:
            # Here and not at exit, where an error would be a traceback.
            sys.stdout.flush()
    return boundary.exit_code


if __name__ == "__main__":
    sys.exit(main())
