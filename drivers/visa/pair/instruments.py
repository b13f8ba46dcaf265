"""The two instruments of a pair, opened and closed together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from drivers.errors import DriverError
from drivers.visa import catalogue
from drivers.visa.instrument import Digitizer, Generator
from drivers.visa.link import Link
from drivers.visa.link.command_log import CommandLog
from drivers.visa.pair.settings import VisaSettings

# Of the log of each link that goes into a recording's metadata.
_FIRST_ENTRIES, _LAST_ENTRIES = 50, 50


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """A generator and a digitizer, and the links to them.

    Parameters
    ----------
    generator : Generator
        Plays.
    digitizer : Digitizer
        Records.
    generator_link, digitizer_link : Link
        To them.
    """

    generator: Generator
    digitizer: Digitizer
    generator_link: Link
    digitizer_link: Link

    def stop(self, timeout_s: float) -> None:
        """Switch outputs off, then stop the acquisition, and close both links; never raises.

        One that an interrupt cuts short leaves the links open, so that it can be made again.

        Parameters
        ----------
        timeout_s : float
            For an answer meanwhile, where the links have a longer one.
        """
        for link in (self.generator_link, self.digitizer_link):
            link.timeout_s = min(link.timeout_s, timeout_s)
        with suppress(DriverError):
            self.generator.ensure_stopped()
        with suppress(DriverError):
            self.digitizer.ensure_stopped()
        for link in (self.generator_link, self.digitizer_link):
            link.close()


def open_instruments(settings: VisaSettings, logs: tuple[CommandLog, CommandLog]) -> Instruments:
    """Open both links and find out who is there; sets nothing.

    Parameters
    ----------
    settings : VisaSettings
        Addresses.
    logs : tuple of two CommandLog
        The generator's and the digitizer's.

    Raises
    ------
    DriverError
        One is not there, or is not of a known kind.
    """
    links: list[Link] = []
    try:
        for address, log in zip((settings.generator, settings.digitizer), logs, strict=True):
            links.append(
                Link(
                    address,
                    visa_library=settings.visa_library,
                    timeout_s=settings.timeout_s,
                    log=log,
                )
            )
        generator = catalogue.open_generator(links[0])
        digitizer = catalogue.open_digitizer(links[1])
    except BaseException:
        for link in links:
            link.close()
        raise
    return Instruments(generator, digitizer, links[0], links[1])


def log_excerpt(log: CommandLog) -> dict[str, Any]:
    """Give the first and the last entries of a log, and how many there were, fit for JSON."""
    entries = [entry.as_dict() for entry in log.entries]
    first = entries[:_FIRST_ENTRIES]
    return {
        "began_utc": log.began_utc.isoformat(),
        "count": log.count,
        "first": first,
        "last": entries[len(first) :][-_LAST_ENTRIES:],
    }
