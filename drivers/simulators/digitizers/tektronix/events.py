"""Event queue of a Tektronix oscilloscope: it gives events only after ``*ESR?`` was asked."""

from __future__ import annotations

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import Call, ScpiError

_EMPTY = '0,"No events to report - queue empty"'
_PENDING = '1,"No events to report - new events pending *ESR?"'


class TektronixEvents:
    """Declares the queries of the event queue.

    Parameters
    ----------
    instrument : SimulatedInstrument
        Whose errors become events: their numbers are positive.
    """

    def __init__(self, instrument: SimulatedInstrument) -> None:
        self._instrument = instrument
        self._told: list[ScpiError] = []
        tree = instrument.tree
        tree.query("*ESR", self._read_status, 0, replace=True)
        tree.query("ALLEv", lambda _: self._all(), 0)
        tree.query("EVMsg", lambda _: self._next(), 0)
        tree.query("EVENT", lambda _: self._next().split(",")[0], 0)
        tree.query("EVQty", lambda _: str(len(self._told)), 0)

    def _read_status(self, _: Call) -> str:
        """Read the register: what happened since can be asked for, and nothing from before."""
        errors = self._instrument.errors
        self._told = [errors.pop() for _ in range(len(errors))]
        return str(self._instrument.status.read_event())

    def _next(self) -> str:
        if self._told:
            return _event(self._told.pop(0))
        return _PENDING if len(self._instrument.errors) else _EMPTY

    def _all(self) -> str:
        events = [_event(error) for error in self._told]
        self._told.clear()
        return ",".join(events) if events else _EMPTY


def _event(error: ScpiError) -> str:
    text = error.text.replace('"', "'")
    return f'{abs(error.code)},"{text}"'
