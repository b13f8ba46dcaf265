"""Puts a simulated instrument behind HiSLIP and a plain socket on the loopback address."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.command_tree import Piece
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.servers.faults import NONSENSE, Fault, FaultPlan, delay, garbled, shortened
from drivers.simulators.servers.hislip_server import HislipServer
from drivers.simulators.servers.listener import DisconnectedError
from drivers.simulators.servers.socket_server import SocketServer


class InstrumentServer:
    """Serves an instrument from its making to ``close``; a context manager.

    Parameters
    ----------
    instrument : SimulatedInstrument
        What is served; several servers may serve the same.
    hislip_port, socket_port : int
        Of 127.0.0.1; 0 takes a free one.

    Raises
    ------
    OSError
        A port is taken.
    """

    def __init__(
        self, instrument: SimulatedInstrument, *, hislip_port: int = 0, socket_port: int = 0
    ) -> None:
        self.instrument = instrument
        self._faults = FaultPlan()
        self._hislip = HislipServer(instrument, self._respond, hislip_port)
        try:
            self._socket = SocketServer(instrument, self._respond, socket_port)
        except OSError:
            self._hislip.close()
            raise

    @property
    def hislip_address(self) -> str:
        """VISA resource name of the HiSLIP server."""
        return self._hislip.address

    @property
    def socket_address(self) -> str:
        """VISA resource name of the plain socket."""
        return self._socket.address

    @property
    def hislip_port(self) -> int:
        """Port of the HiSLIP server."""
        return self._hislip.port

    @property
    def socket_port(self) -> int:
        """Port of the plain socket."""
        return self._socket.port

    def inject(self, fault: Fault) -> None:
        """Let something go wrong, in addition to what waits to go wrong already."""
        self._faults.add(fault)

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    def reboot(self, seconds: float) -> None:
        """Switch the instrument off and on: links drop, state is lost, new links are refused."""
        self._hislip.refuse(seconds)
        self._socket.refuse(seconds)
        self.instrument.power_on()

    def close(self) -> None:
        """End all connections and all threads."""
        self._hislip.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _respond(self, message: bytearray, cancel: threading.Event) -> list[Piece]:
        faults = self._faults.take(message)
        for fault in faults:
            if fault.kind == "slow":
                delay(fault.seconds, cancel)
            elif fault.kind == "error":
                self.instrument.errors.push(ScpiError(fault.code))
            elif fault.kind == "drop":
                raise DisconnectedError
            elif fault.kind == "reboot":
                self.reboot(fault.seconds)
                raise DisconnectedError
        pieces = self.instrument.answers(message, cancel)
        for fault in faults:
            if not pieces:
                break
            if fault.kind == "silent":
                pieces = []
            elif fault.kind == "garbage":
                pieces = garbled(pieces)
            elif fault.kind == "nonsense":
                pieces = [NONSENSE, b"\n"]
            elif fault.kind == "wrong-length":
                pieces = shortened(pieces)
        return pieces
