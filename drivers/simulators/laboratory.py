"""A whole bench in one call: a generator, a digitizer, their servers and the wiring between them.

Outputs 1 and 2 (or RF) go to inputs 1 and 2 through an attenuator, marker 1 goes to the external
trigger and to input 4, and both follow the same 10 MHz if they are told to.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Literal, Self

from drivers.simulators.bench.rf_bench import Cable, RfBench
from drivers.simulators.bench.warm_up import warm_up
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.models import find_model
from drivers.simulators.servers.instrument_server import InstrumentServer

Protocol = Literal["hislip", "socket"]

_GENERATOR, _DIGITIZER = "generator", "digitizer"
# A metre of cable; to the trigger input as well, so that there is no skew.
_CABLE_DELAY_S = 5e-9
_MARKER_INPUTS = ("EXT", "4")


class Laboratory:
    """Simulated instruments on loopback addresses, from entering the context to leaving it.

    Parameters
    ----------
    generator, digitizer : str
        Models; see :func:`drivers.simulators.models.find_model`.
    attenuation_db : float
        Between outputs and inputs.
    protocol : {"hislip", "socket"}
        Of the addresses that are given; servers speak both.
    ports : tuple of two int
        Of generator and digitizer under that protocol; 0 takes any that is free.
    seed : int
        Of all noise.
    clock_error_ppm : float
        Between the clocks where they do not follow the common reference.

    Raises
    ------
    DeviceSettingsError
        There is no such model.
    OSError
        On entering: a port is in use.
    """

    def __init__(
        self,
        generator: str = "AWG5204",
        digitizer: str = "MSO44",
        *,
        attenuation_db: float = 20.0,
        protocol: Protocol = "hislip",
        ports: tuple[int, int] = (0, 0),
        seed: int = 0,
        clock_error_ppm: float = 0.3,
    ) -> None:
        self.generator_model = find_model(generator, "generator")
        self.digitizer_model = find_model(digitizer, "digitizer")
        self.attenuation_db = attenuation_db
        self.bench = RfBench(seed=seed, clock_error_ppm=clock_error_ppm)
        self.generator = self.generator_model.make(_GENERATOR, self.bench)
        self.digitizer = self.digitizer_model.make(_DIGITIZER, self.bench)
        self._protocol = protocol
        self._ports = ports
        self._servers: list[InstrumentServer] = []
        self._closing = ExitStack()
        self._wire()

    def __enter__(self) -> Self:
        """Compile what is not compiled yet, and start the servers."""
        warm_up()
        self.generator.warm_up()
        self.digitizer.warm_up()
        with ExitStack() as stack:
            pairs = zip((self.generator, self.digitizer), self._ports, strict=True)
            self._servers = [stack.enter_context(self._server(one, port)) for one, port in pairs]
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop them."""
        self._closing.close()

    @property
    def servers(self) -> tuple[InstrumentServer, InstrumentServer]:
        """Of generator and digitizer, for faults to be injected."""
        generator, digitizer = self._servers
        return generator, digitizer

    @property
    def addresses(self) -> tuple[str, str]:
        """VISA addresses of generator and digitizer."""
        generator, digitizer = (
            server.socket_address if self._protocol == "socket" else server.hislip_address
            for server in self.servers
        )
        return generator, digitizer

    @property
    def driver(self) -> str:
        """What ``device.driver`` and ``--device`` take."""
        return f"visa:{'+'.join(self.addresses)}"

    def settings(self) -> dict[str, Any]:
        """Return what section ``device.visa`` needs for this bench, beside its defaults."""
        generator, digitizer = self.addresses
        return {
            "generator": generator,
            "digitizer": digitizer,
            "attenuation_db": self.attenuation_db,
            **self.generator_model.settings,
            **self.digitizer_model.settings,
        }

    def _server(self, instrument: SimulatedInstrument, port: int) -> InstrumentServer:
        if self._protocol == "socket":
            return InstrumentServer(instrument, socket_port=port)
        return InstrumentServer(instrument, hislip_port=port)

    def _wire(self) -> None:
        signal = Cable(self.attenuation_db, _CABLE_DELAY_S)
        for output, into in (("1", "1"), ("2", "2"), ("RF", "1")):
            self.bench.connect((_GENERATOR, output), (_DIGITIZER, into), signal)
        for into in _MARKER_INPUTS:
            marker = Cable(0.0, _CABLE_DELAY_S)
            self.bench.connect((_GENERATOR, "M1"), (_DIGITIZER, into), marker)
