"""The command line: reads options, calls what does the work, turns the outcome into an exit code.

What does the work is imported inside the commands, so that ``--help`` answers at once.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from drivers.ending_signals import ending_signals_raise
from testbed.error_boundary import PASSED, VERDICT_FAILED, ErrorBoundary

if TYPE_CHECKING:
    from testbed.results import RunResult

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
        Literal["auto", "range-doppler", "deramp", "back-projection"] | None,
        typer.Option(help="Focusing method, instead of the recording's own."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the results; by default focus or focus_METHOD beside the recording.",
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


@app.command(epilog="Example: moonecho plan configs/point_target.yaml --device soapy:driver=uhd")
def plan(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Configuration (YAML); see configs/.")
    ],
    device: Annotated[
        str | None,
        typer.Option(metavar="D", help="Driver, instead of the configuration's device.driver."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the results would go; by default runs/NAME."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="F", help="File for the scaled experiment, if one is proposed."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a configuration against its device and this machine, before anything is played.

    The device is asked what it can do; nothing is transmitted or written. What does not fit is
    scaled down to what does, with what that costs in resolution. Exits with 0 if it fits, with 1 if
    it does not.
    """
    from rich.console import Console

    from testbed.config import load_configuration

    configuration = load_configuration(config)
    if device is not None:
        configuration = configuration.with_option("device.driver", device, "--device")

    from testbed.plan.display import plan_data, print_plan
    from testbed.plan.planning import make_plan
    from testbed.plan.scaled_file import write_scaled

    found = make_plan(configuration, out_dir=out)
    if as_json:
        _print_json(plan_data(found))
    else:
        print_plan(found, Console(highlight=False))
    if write is not None and found.proposal is not None:
        write_scaled(write, configuration, found.proposal.scaled.configuration, found.device.name)
        print(f"Written: {write}", file=sys.stderr)
    raise typer.Exit(PASSED if found.fits else VERDICT_FAILED)


@app.command(epilog="Example: moonecho devices driver=uhd")
def devices(
    arguments: Annotated[
        str,
        typer.Argument(
            metavar="ARGUMENTS",
            help="What to look for: soapy, or arguments of radios such as driver=uhd; visa, or the "
            "address of an instrument. By default all.",
        ),
    ] = "",
    deadline: Annotated[
        str, typer.Option(metavar="S", help="How long each of them may take to answer, in s.")
    ] = "20",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what is attached, and what it can do.

    Each radio and each instrument is asked by a process of its own, so that a driver that hangs or
    crashes is told of and costs no more than the deadline. Nothing is set or transmitted.
    """
    from rich.console import Console

    from testbed.devices import list_devices, print_devices
    from testbed.options import read_number

    found = list_devices(arguments, read_number("--deadline", deadline, "s", 1.0, 600.0))
    if as_json:
        _print_json(found.data())
    else:
        print_devices(found, Console(highlight=False))


@app.command(epilog="Example: moonecho simulators --generator M8190A --attenuation 30")
def simulators(
    generator: Annotated[
        str, typer.Option(metavar="MODEL", help="Which generator; see --list.")
    ] = "AWG5204",
    digitizer: Annotated[
        str, typer.Option(metavar="MODEL", help="Which digitizer; see --list.")
    ] = "MSO44",
    attenuation: Annotated[
        str, typer.Option(metavar="DB", help="Between output and input, in dB.")
    ] = "20",
    socket: Annotated[bool, typer.Option("--socket", help="Give raw sockets, not HiSLIP.")] = False,
    port: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Of the generator, with the digitizer's behind it; 0 takes any that are free.",
        ),
    ] = "4881",
    list_models: Annotated[bool, typer.Option("--list", help="List the models and exit.")] = False,
) -> None:
    """Start simulated instruments, wired to each other, until Ctrl-C.

    They listen on this machine alone, and speak as their models do. Prints their addresses, lines
    for a configuration, and the command that plays through them.
    """
    from rich.console import Console

    from testbed.options import read_number
    from testbed.simulators_command import open_laboratory, print_models, serve

    console = Console(highlight=False)
    if list_models:
        print_models(console)
        return
    laboratory = open_laboratory(
        generator,
        digitizer,
        read_number("--attenuation", attenuation, "dB", 0.0, 200.0),
        socket=socket,
        port=int(read_number("--port", port, "", 0, 65534)),
    )
    serve(laboratory, console)


@app.command(epilog="Example: moonecho paper --only table2,figure4 --out runs/paper")
def paper(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results, new or empty.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="table2, figure4, ...: these alone; again, or with commas."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="F", help="Settings (YAML) for another site or beam; see configs/paper.yaml."
        ),
    ] = None,
) -> None:
    """Compute the paper's tables and figures anew, beside its numbers.

    Writes paper.html, paper.json and the figures. The paper: doi
    10.15982/j.issn.2096-9287.2022.20210076.
    """
    from rich.console import Console

    from testbed.paper.command import reproduce
    from testbed.paper.registry import chosen_parts
    from testbed.paper.settings import load_paper_settings

    parts = chosen_parts(only or [])
    reproduce(load_paper_settings(config), parts, out, Console(highlight=False))


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, indent=2, allow_nan=False))


def _verdict_code(result: "RunResult") -> int:
    return PASSED if result.verdict == "pass" else VERDICT_FAILED


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
