"""Who is at the other end of a link, and what it was bought with."""

from __future__ import annotations

from drivers.visa.errors import AnswerError
from drivers.visa.instrument import Identity
from drivers.visa.link import Link


def identify(link: Link) -> Identity:
    """Read the answer to ``*IDN?`` that the link got when it was opened.

    Parameters
    ----------
    link : Link
        Open.

    Raises
    ------
    AnswerError
        There are no four fields.
    """
    return identity_of(link.identification)


def identity_of(answer: str) -> Identity:
    """Take an answer to ``*IDN?`` apart.

    Parameters
    ----------
    answer : str
        As the instrument gave it.

    Returns
    -------
    Identity
        The four fields (IEEE 488.2, 10.14); a serial number or a firmware that is left out is "0".

    Raises
    ------
    AnswerError
        There are no four fields.
    """
    fields = [part.strip() for part in answer.split(",", 3)]
    if len(fields) < 4 or not fields[0] or not fields[1]:
        raise AnswerError("*IDN?", repr(answer), "manufacturer, model, serial number, firmware")
    manufacturer, model, serial, firmware = fields
    return Identity(manufacturer, model, serial or "0", firmware or "0")


def installed_options(link: Link) -> frozenset[str]:
    """Ask for the options (``*OPT?``).

    Returns
    -------
    frozenset of str
        In capitals; empty where the instrument says "0", or nothing (IEEE 488.2, 10.20).

    Raises
    ------
    AnswerError, DeviceTimeoutError, LinkLostError
        There is no answer, or it is no list.
    """
    with link.operation("ask for options"):
        fields = link.query_list("*OPT?")
    return frozenset(field.upper() for field in fields if field not in ("", "0"))
