"""Identification: who is at an address, which driver speaks its dialect, and what it can do.

    python lab_scripts/identify_instruments.py TCPIP::192.168.0.10::hislip0::INSTR [ADDRESS ...]

Asks; sets nothing that an output could feel. An M8190A or an M8195A tells limits only of the mode
that it is in: with its outputs off, modes are set and put back, with one on it is not asked.
"""

import sys
from dataclasses import asdict

from rich.console import Console

from drivers.ending_signals import ending_signals_raise
from drivers.errors import DeviceStateError, DriverError
from drivers.visa.catalogue import open_digitizer, open_generator
from drivers.visa.discovery import ask_instrument
from drivers.visa.instrument import OutputSettings
from drivers.visa.link import Link
from testbed.bench import script_arguments
from testbed.error_boundary import ErrorBoundary

# Asked about: limits differ with the rate and with what is played.
RATE_HZ = 1e9


def main(address: str, console: Console) -> None:
    """Ask one instrument."""
    # 1. Who is it?
    found = ask_instrument(address)
    if found.problem is not None:
        raise DriverError(f"no answer from {address}: {found.problem}",
                          "see that it is switched on, and its address")  # fmt: skip
    console.print(f"{found.kind or 'no driver'}: {found.identity}", markup=False)
    if not found.kind:
        return

    # 2. What can it do?
    link = Link(address)
    try:
        if found.kind == "generator":
            generator = open_generator(link)
            console.print(f"  signals: {', '.join(generator.signals)}")
            signal = generator.signals[0]
            power_dbm, frequency_hz = (0.0, 1e9) if signal == "modulated" else (None, None)
            output = OutputSettings(signal, RATE_HZ, peak_v=0.25, power_dbm=power_dbm,
                                    frequency_hz=frequency_hz)  # fmt: skip
            try:
                limits = asdict(generator.limits(output))
            except DeviceStateError as busy:
                limits = {"limits": f"not asked: {busy}"}
        else:
            limits = asdict(open_digitizer(link).limits((1,)))
    finally:
        link.close()
    for name, value in limits.items():
        console.print(f"  {name}: {value}")


if __name__ == "__main__":
    with ErrorBoundary() as boundary, ending_signals_raise():
        for one in script_arguments(1, "ADDRESS " * 8):
            main(one, Console(highlight=False, soft_wrap=True))
    sys.exit(boundary.exit_code)
