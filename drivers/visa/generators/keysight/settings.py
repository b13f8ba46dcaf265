"""Settings that a Keysight generator must take as they are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from drivers.errors import DeviceSettingsError, DeviceStateError
from drivers.visa.instrument import ClockReference, Identity
from drivers.visa.link import Link

# Answers have at least six digits of a level, and all of a rate.
RATE_TOLERANCE = 1e-9
LEVEL_TOLERANCE = 2e-3


class StrictSettings:
    """Sets, asks back, and refuses what became something else.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Whose it is, for errors.
    outputs : sequence of str
        Headers of what switches its outputs.
    """

    def __init__(self, link: Link, identity: Identity, outputs: Sequence[str]) -> None:
        self._link, self._identity, self._outputs = link, identity, outputs

    def number(self, header: str, value: float, tolerance: float, unit: str) -> None:
        """Set a number between the instrument's MIN and MAX.

        Raises
        ------
        DeviceSettingsError
            It is beyond them, or became another.
        """
        low, high = self.range(header)
        if not low * (1.0 - 1e-9) <= value <= high * (1.0 + 1e-9):
            raise DeviceSettingsError(
                f"the {self._identity.model} is to set {header} to {value:.9g} {unit}",
                f"choose {low:.9g} to {high:.9g} {unit}",
            )
        self._link.write(f"{header} {value:.15G}")
        got = self._link.query_number(f"{header}?")
        if abs(got - value) > tolerance * abs(value):
            self._refuse(header, f"{value:.12g}", f"{got:.12g}")

    def word(self, header: str, value: str) -> None:
        """Set a choice, given in its short form.

        Raises
        ------
        DeviceSettingsError
            It became another.
        """
        self._link.write(f"{header} {value}")
        got = self._link.query(f"{header}?").upper()
        if not got.startswith(value):
            self._refuse(header, value, got)

    def mode(self, header: str, value: str) -> None:
        """Set a choice that outputs feel, and that may cost what is in memory, unless it is set.

        Raises
        ------
        DeviceStateError
            An output is on, and would feel it.
        DeviceSettingsError
            It became another.
        """
        if self._link.query(f"{header}?").upper().startswith(value):
            return
        for output in self._outputs:
            if self._link.query(f"{output}?") != "0":
                raise DeviceStateError(
                    f"the {self._identity.model} tells its limits in mode {value} only, and "
                    f"{output} is on",
                    "switch its outputs off; a run does",
                )
        self.word(header, value)

    @contextmanager
    def borrowed(self, headers: Sequence[str]) -> Iterator[None]:
        """Put choices back to what they are now, in this order, where they have changed by then."""
        found = {header: self._link.query(f"{header}?") for header in headers}
        try:
            yield
        finally:
            for header, value in found.items():
                if self._link.query(f"{header}?") != value:
                    self._link.write(f"{header} {value}")

    def range(self, header: str) -> tuple[float, float]:
        """Ask for MIN and MAX."""
        query = self._link.query_number
        return query(f"{header}? MIN"), query(f"{header}? MAX")

    def reference(self, reference: ClockReference) -> None:
        """Choose the 10 MHz at REF CLK IN, if it is there, or the internal clock.

        Raises
        ------
        DeviceSettingsError
            There is no 10 MHz.
        """
        if reference == "external":
            if not self._finds_reference():
                raise DeviceSettingsError(
                    f"the {self._identity.model} finds no clock at REF CLK IN",
                    "connect the common 10 MHz, or use the internal reference",
                )
            self.word(":ROSC:SOUR", "EXT")
            self._link.write(":ROSC:FREQ 1E7")
        else:
            self.word(":ROSC:SOUR", "INT")

    def reference_locked(self) -> bool:
        """Ask whether it follows a clock at REF CLK IN, and whether there is one."""
        return self._link.query(":ROSC:SOUR?").upper().startswith("EXT") and self._finds_reference()

    def _finds_reference(self) -> bool:
        return self._link.query_whole(":ROSC:SOUR:CHEC? EXT") == 1

    def _refuse(self, header: str, wanted: str, got: str) -> None:
        raise DeviceSettingsError(
            f"the {self._identity.model} made {got} of {header} {wanted}",
            "choose a value that it has",
        )
