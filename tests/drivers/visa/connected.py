"""A link to a simulated instrument behind HiSLIP, whose log keeps all that is said."""

from collections.abc import Iterator
from contextlib import contextmanager

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.link import Link
from drivers.visa.link.command_log import CommandLog


@contextmanager
def connected(instrument: SimulatedInstrument) -> Iterator[Link]:
    """Serve it and connect to it."""
    log = CommandLog(instrument.name, first=10_000)
    with InstrumentServer(instrument) as server, Link(server.hislip_address, log=log) as link:
        yield link


def sent(link: Link) -> list[str]:
    """Give all messages that were sent, in their order."""
    return [entry.text for entry in link.log.entries if entry.direction == "sent"]
