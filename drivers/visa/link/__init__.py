"""The one way to an instrument: commands, questions and blocks over VISA."""

from drivers.visa.link.link import Link

__all__ = ["Link"]
