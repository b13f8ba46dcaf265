"""``moonecho simulators``: a simulated bench for anyone to try, until Ctrl-C."""

import threading
from contextlib import ExitStack
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drivers.simulators.laboratory import Laboratory, Protocol
from drivers.simulators.models import MODELS, find_model
from testbed.config.quantities import plain_number
from testbed.errors import OptionError, locate_option_errors

CONFIGURATION = "configs/instruments.yaml"
"""What the bench is good for; its addresses are those of the default ports."""

FIRST_PORT = 4881
"""Of the generator; the digitizer has the next one."""

DEFAULT_ATTENUATION_DB = 20.0
DEFAULT_ADDRESSES = tuple(
    f"TCPIP::127.0.0.1::hislip0,{port}::INSTR" for port in (FIRST_PORT, FIRST_PORT + 1)
)
"""What is in the configuration."""


def print_models(console: Console) -> None:
    """Print which instruments can be simulated.

    Parameters
    ----------
    console : Console
        Where to.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Model", "Is a", "Keys of device.visa"):
        table.add_column(heading, overflow="fold")
    for model in MODELS:
        keys = ", ".join(f"{key}: {_scalar(value)}" for key, value in model.settings.items())
        table.add_row(Text(model.name), Text(model.kind), Text(keys or "the defaults"))
    console.print(table)


def open_laboratory(
    generator: str, digitizer: str, attenuation_db: float, *, socket: bool, port: int
) -> Laboratory:
    """Make a bench as the options say, not yet started.

    Parameters
    ----------
    generator, digitizer : str
        Models.
    attenuation_db : float
        Between them.
    socket : bool
        Whether to give raw sockets and not HiSLIP.
    port : int
        Of the generator, with the digitizer's behind it; 0 takes any that are free.

    Raises
    ------
    OptionError
        There is no such model.
    """
    protocol: Protocol = "socket" if socket else "hislip"
    ports = (port, port + 1) if port else (0, 0)
    with locate_option_errors("--generator", generator):
        find_model(generator, "generator")
    with locate_option_errors("--digitizer", digitizer):
        find_model(digitizer, "digitizer")
    return Laboratory(
        generator, digitizer, attenuation_db=attenuation_db, protocol=protocol, ports=ports
    )


def serve(laboratory: Laboratory, console: Console, ended: threading.Event | None = None) -> None:
    """Start a bench, say how to use it, and keep it until Ctrl-C or SIGTERM.

    Parameters
    ----------
    laboratory : Laboratory
        Not yet started.
    console : Console
        Where to say it.
    ended : Event, optional
        Ends it as well.

    Raises
    ------
    OptionError
        A port is in use.
    KeyboardInterrupt
        When asked to end.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(laboratory)
        except OSError as error:
            raise OptionError(
                "--port",
                None,
                f"cannot be listened to: {error.strerror or error}",
                "end what uses it, or give another one; 0 takes any that is free",
            ) from error
        _print_bench(laboratory, console)
        (threading.Event() if ended is None else ended).wait()


def settings_yaml(laboratory: Laboratory) -> str:
    """Return the lines of section ``device`` for a bench that runs.

    Parameters
    ----------
    laboratory : Laboratory
        Started.
    """
    lines = ["device:", "  driver: visa", "  visa:"]
    lines += [f"    {key}: {_scalar(value)}" for key, value in laboratory.settings().items()]
    return "\n".join(lines)


def next_command(laboratory: Laboratory) -> str:
    """Return a command that plays through a bench that runs.

    Parameters
    ----------
    laboratory : Laboratory
        Started.
    """
    default = {**laboratory.generator_model.settings, **laboratory.digitizer_model.settings}
    if default or laboratory.attenuation_db != DEFAULT_ATTENUATION_DB:
        return "moonecho run bench.yaml"
    if laboratory.addresses == DEFAULT_ADDRESSES:
        return f"moonecho run {CONFIGURATION}"
    return f"moonecho run {CONFIGURATION} --device '{laboratory.driver}'"


def _print_bench(laboratory: Laboratory, console: Console) -> None:
    names = (laboratory.generator_model.name, laboratory.digitizer_model.name)
    kinds = ("generator", "digitizer")
    for kind, name, address in zip(kinds, names, laboratory.addresses, strict=True):
        console.print(f"{kind:<10} {name:<10} {address}", markup=False, soft_wrap=True)
    console.print(
        f"\nOutput to input through {laboratory.attenuation_db:g} dB, marker 1 to the external "
        f"trigger and input 4. As a configuration has it:\n",
        markup=False,
        soft_wrap=True,
    )
    console.print(settings_yaml(laboratory), markup=False, soft_wrap=True)
    command = next_command(laboratory)
    console.print("\nIn another terminal:\n", markup=False)
    if command.endswith("bench.yaml"):
        console.print(
            f"    # bench.yaml: {CONFIGURATION} with these lines in its section device",
            markup=False,
            soft_wrap=True,
        )
    console.print(f"    {command}\n", markup=False, soft_wrap=True)
    console.print("Ctrl-C ends the bench.", markup=False)


def _scalar(value: Any) -> str:
    return plain_number(value) if isinstance(value, float) else str(value)
