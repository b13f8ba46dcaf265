"""One point of a plan."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["fits", "does not fit", "to do", "note"]
"""``to do``: what a person has to say before it plays. ``note``: to know, and no obstacle."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One point of a plan.

    Parameters
    ----------
    name : str
        What was looked at.
    needed, available : str
        What the experiment takes, and what device or machine have.
    status : str
        One of :data:`Status`.
    remark : str
        What to know or do.
    """

    name: str
    needed: str
    available: str
    status: Status
    remark: str = ""


def judged(ok: bool) -> Status:
    """Return the status of a point that fits, or does not."""
    return "fits" if ok else "does not fit"
