"""A simulated instrument that keeps blocks and gives them back, behind HiSLIP and a raw socket."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.values import definite_block
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.link import Link

Way = Literal["hislip", "socket"]
WAYS: tuple[Way, ...] = ("hislip", "socket")


class Store(SimulatedInstrument):
    """Has blocks, an output, and something that takes until it is let go."""

    def __init__(self) -> None:
        super().__init__("store", "ACME,STORE,42,1.0", "AB1,CD2")
        self.blocks: dict[str, bytes] = {}
        self.output_on = False
        self.finished = threading.Event()
        self.tree.command("BLOCk", self._keep)
        self.tree.query("BLOCk", lambda call: definite_block(self.blocks[call.string(0)]))
        self.tree.query("BLOCk:RAW", lambda call: self.blocks[call.string(0)])
        self.tree.command("OUTPut", self._switch)
        self.tree.query("OUTPut", lambda call: str(int(self.output_on)))
        self.tree.command("LONG", lambda call: self.overlapped(self.finished))
        self.tree.query("TEXT", lambda call: call.string(0))

    def _keep(self, call: Call) -> None:
        self.blocks[call.string(0)] = bytes(call.block(1))

    def _switch(self, call: Call) -> None:
        self.output_on = call.boolean(0)


Bench = tuple[Store, InstrumentServer, Link]
"""A store, its server, and a link to it."""


@contextmanager
def served(way: Way) -> Iterator[tuple[Store, InstrumentServer, str]]:
    """Give a store, its server, and the address of one of its two ways."""
    store = Store()
    with InstrumentServer(store) as server:
        yield store, server, server.hislip_address if way == "hislip" else server.socket_address
