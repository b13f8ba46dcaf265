"""From what an instrument says it is to the driver that speaks its dialect.

A row is a pattern that the whole of manufacturer and model has to match, case aside, and where its
driver is, which is imported only when it is needed.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import cast

from drivers.visa.errors import WrongInstrumentError
from drivers.visa.identify import identify, installed_options
from drivers.visa.instrument import Digitizer, Generator, Identity
from drivers.visa.link import Link

_TEKTRONIX = r"TEKTRONIX"
_KEYSIGHT = r"(KEYSIGHT|AGILENT) TECHNOLOGIES"
_ROHDE_SCHWARZ = r"ROHDE\s*&\s*SCHWARZ"

GENERATORS: Mapping[str, str] = {
    rf"{_TEKTRONIX},AWG(70\d\d\d[AB]?|52\d\d)": "tektronix.awg:TektronixAwg",
    rf"{_KEYSIGHT},M8190A": "keysight.m8190a:KeysightM8190a",
    rf"{_KEYSIGHT},M8195A": "keysight.m8195a:KeysightM8195a",
    rf"{_KEYSIGHT},N51(7[12]|8[123])[AB]": "keysight.mxg:KeysightMxg",
    rf"{_ROHDE_SCHWARZ},(SMW200A|SMBV100B)": "rohde_schwarz.smw:RohdeSchwarzSmw",
}
"""Manufacturer and model, parted by a comma, to ``module:class`` in `drivers.visa.generators`."""

DIGITIZERS: Mapping[str, str] = {
    rf"{_TEKTRONIX},(MSO|LPD)[456]\d(B|LP)?": "tektronix.mso:TektronixMso",
    # The X series; models of four digits without an X are older, and of another dialect.
    rf"{_KEYSIGHT},(DSO|MSO|EDU)-?X ?\d{{4}}[ATGZ]": "keysight.infiniivision:KeysightInfiniiVision",
    rf"{_KEYSIGHT},(((DSO|DSA|MSO)([SVZ]\d{{3}}|X?9\d{{3,4}})A)|(MXR|EXR|UXR)\d{{3,4}}[AB])": (
        "keysight.infiniium:KeysightInfiniium"
    ),
    rf"{_ROHDE_SCHWARZ},(RTO|RTP)\w*": "rohde_schwarz.rto:RohdeSchwarzRto",
}
"""The same for `drivers.visa.digitizers`; the first row that fits counts."""


def open_generator(link: Link) -> Generator:
    """Find out which generator is at a link, and give its driver.

    Parameters
    ----------
    link : Link
        Open.

    Returns
    -------
    Generator
        It; nothing has been set.

    Raises
    ------
    WrongInstrumentError
        It is none that is known.
    DriverError
        It does not say what it is.
    """
    return cast(Generator, _open(link, "generator", GENERATORS))


def open_digitizer(link: Link) -> Digitizer:
    """Find out which digitizer is at a link, and give its driver.

    Parameters
    ----------
    link : Link
        Open.

    Returns
    -------
    Digitizer
        It; nothing has been set.

    Raises
    ------
    WrongInstrumentError
        It is none that is known.
    DriverError
        It does not say what it is.
    """
    return cast(Digitizer, _open(link, "digitizer", DIGITIZERS))


def driver_of(identity: Identity, rows: Mapping[str, str]) -> str | None:
    """Give ``module:class`` of the first row that fits, or None."""
    name = f"{identity.manufacturer},{identity.model}"
    for pattern, place in rows.items():
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return place
    return None


def _open(link: Link, kind: str, rows: Mapping[str, str]) -> object:
    identity = identify(link)
    place = driver_of(identity, rows)
    if place is None:
        other = {"generator": DIGITIZERS, "digitizer": GENERATORS}[kind]
        swapped = driver_of(identity, other) is not None
        raise WrongInstrumentError(
            f"{link.address} is a {identity}, which is no {kind} that is known",
            "exchange the two addresses" if swapped else f"give the address of a {kind}",
        )
    module, _, name = place.partition(":")
    driver = getattr(importlib.import_module(f"drivers.visa.{kind}s.{module}"), name)
    # Some dialects have no SYST:ERR?, which is asked for the first time with the options, and some
    # do not answer it with text.
    link.error_query = getattr(driver, "ERROR_QUERY", link.error_query)
    return cast(object, driver(link, identity, installed_options(link)))
