"""``moonecho devices``: what is attached, and what it can do."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drivers.errors import DriverError
from drivers.soapy.discovery import FoundRadio, find_radios
from drivers.soapy.library import arguments_of
from drivers.visa.discovery import FoundInstrument, ask_instrument, find_instruments
from testbed.device_settings import SOFTWARE_RADIO, is_software_radio
from testbed.plan.device_facts import Span, common_spans
from testbed.plan.findings import decibels, spans_text

_NO_INSTRUMENT = (
    "VISA finds no instrument; not every one on a network makes itself known, and simulated ones "
    "do not: give its address, moonecho devices ADDRESS"
)


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device as it is listed.

    Parameters
    ----------
    driver : str
        What ``device.driver`` or ``--device`` takes.
    label : str
        What it calls itself.
    radiates : bool
        A signal leaves a connector.
    capabilities : mapping
        What it told, fit for JSON; empty where it could not be opened.
    problem : str or None
        Why it could not.
    """

    driver: str
    label: str
    radiates: bool
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceList:
    """What is attached.

    Parameters
    ----------
    devices : tuple of ListedDevice
        The loopback first.
    problems : tuple of str
        Why there may be more.
    instruments : tuple of FoundInstrument
        Two of which, a generator and a digitizer, make a device.
    """

    devices: tuple[ListedDevice, ...]
    problems: tuple[str, ...]
    instruments: tuple[FoundInstrument, ...] = ()

    def data(self) -> dict[str, Any]:
        """Return the list as data fit for JSON."""
        return {
            "devices": [
                {
                    "driver": one.driver,
                    "label": one.label,
                    "radiates": one.radiates,
                    "capabilities": dict(one.capabilities),
                    "problem": one.problem,
                }
                for one in self.devices
            ],
            "instruments": [asdict(one) for one in self.instruments],
            "problems": list(self.problems),
        }


def list_devices(arguments: str = "", deadline_s: float = 20.0) -> DeviceList:
    """List the loopback, every radio that SoapySDR finds, and every instrument that VISA finds.

    Parameters
    ----------
    arguments : str
        Which ones: "soapy", or arguments that radios must have, as in "driver=uhd"; "visa", or the
        VISA address of an instrument; empty for all.
    deadline_s : float
        For finding devices, and again for opening each, seconds.

    Raises
    ------
    DeviceSettingsError
        What looks like a VISA address is none.
    """
    loopback = ListedDevice(
        "loopback", "converters, gain, delay and noise in this process", radiates=False
    )
    asked = arguments.strip()
    driver, _, rest = asked.partition(":")
    if "::" in asked:
        address = rest if driver == "visa" else asked
        return DeviceList((loopback,), (), (ask_instrument(address, deadline_s=deadline_s),))
    wanted = rest if driver == "soapy" else asked
    with ThreadPoolExecutor(2) as pool:
        finding = pool.submit(_instruments, deadline_s) if asked in {"", "visa"} else None
        radios, problems = ([], []) if asked == "visa" else _radios(wanted, deadline_s)
        instruments, more = ((), []) if finding is None else finding.result()
    if asked == "visa" and not (instruments or more):
        more = [_NO_INSTRUMENT]
    every = tuple(dict.fromkeys([*problems, *more]))
    return DeviceList((loopback, *radios), every, instruments)


def _radios(arguments: str, deadline_s: float) -> tuple[list[ListedDevice], list[str]]:
    # The radio in software answers only to those who call it by its name.
    asked = (arguments,) if arguments else ("", f"driver={SOFTWARE_RADIO}")
    radios: dict[str, ListedDevice] = {}
    problems: list[str] = []
    for one in asked:
        try:
            found = find_radios(one, deadline_s)
        except DriverError as error:
            problems.append(str(error))
            continue
        for radio in found:
            listed = _listed(radio)
            radios.setdefault(listed.driver, listed)
    return list(radios.values()), problems


def _instruments(deadline_s: float) -> tuple[tuple[FoundInstrument, ...], list[str]]:
    try:
        return find_instruments(deadline_s=deadline_s), []
    except DriverError as error:
        return (), [str(error)]


def _listed(radio: FoundRadio) -> ListedDevice:
    # A label is for people; it need not be given to open the radio.
    pairs = (f"{key}={value}" for key, value in arguments_of(radio.arguments).items()
             if key != "label")  # fmt: skip
    return ListedDevice(
        driver=f"soapy:{','.join(pairs)}",
        label=radio.label,
        radiates=not is_software_radio(radio.arguments),
        capabilities=radio.capabilities,
        problem=radio.problem,
    )


def print_devices(listed: DeviceList, console: Console) -> None:
    """Print a list of devices.

    Parameters
    ----------
    listed : DeviceList
        What was found.
    console : Console
        Where to.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in listed.devices:
        table.add_row("device.driver", Text(one.driver, style="bold"))
        table.add_row("label", Text(one.label))
        table.add_row("radiates", _yes(one.radiates))
        for name, value in _facts(one):
            table.add_row(name, Text(value))
        if one.problem is not None:
            table.add_row("problem", Text(one.problem, style="bold red"))
        table.add_section()
    console.print(table)
    if listed.instruments:
        _print_instruments(listed.instruments, console)
    for problem in listed.problems:
        console.print(f"- {problem}", markup=False)


def _print_instruments(instruments: Sequence[FoundInstrument], console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in instruments:
        table.add_row("VISA address", Text(one.address, style="bold"))
        if one.problem is not None:
            table.add_row("problem", Text(one.problem, style="bold red"))
        else:
            table.add_row("identity", Text(one.identity))
            table.add_row("can be", Text(one.kind or "nothing here: no driver speaks its dialect"))
        table.add_section()
    console.print(table)
    found = {one.kind: one.address for one in reversed(instruments)}
    if found.keys() >= {"generator", "digitizer"}:
        driver = f"visa:{found['generator']}+{found['digitizer']}"
        console.print(f"device.driver: {driver}", markup=False, soft_wrap=True)


def _facts(one: ListedDevice) -> Iterator[tuple[str, str]]:
    """Yield what to show of a device's capabilities; the whole of them is in the JSON."""
    told = one.capabilities
    if "tx" not in told:
        return
    sides: list[Sequence[Mapping[str, Any]]] = [told["tx"] or (), told["rx"] or ()]
    yield "channels", f"{len(sides[0])} out, {len(sides[1])} in"
    yield "full duplex", _yes(any(told.get("full_duplex", ())))
    yield "time stamps", _yes(told.get("hardware_time"))
    if not all(sides):
        return
    yield "sample rates", spans_text(_common(sides, "sample_rates_hz"))
    yield "tuning", spans_text(_common(sides, "frequencies_hz"))
    yield "filters", spans_text(_common(sides, "bandwidths_hz"))
    for name, side in zip(("out", "in"), sides, strict=True):
        first = side[0]
        gains = spans_text([(low, high) for low, high in first["gains_db"]], decibels)
        yield (
            name,
            (
                f"{first['native_format']}, full scale {first['full_scale']:g}; gain {gains}; "
                f"connectors {', '.join(first['antennas']) or 'not told'}"
            ),
        )
    for name in ("clock_sources", "time_sources", "sensors"):
        yield name.replace("_", " "), ", ".join(told.get(name, ())) or "none"


def _common(sides: Sequence[Sequence[Mapping[str, Any]]], key: str) -> tuple[Span, ...]:
    first, second = (
        [(float(low), float(high)) for low, high in side[0].get(key) or ()] for side in sides
    )
    return common_spans(first, second)


def _yes(value: object) -> str:
    return "yes" if value else "no"
