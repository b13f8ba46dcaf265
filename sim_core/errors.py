"""Named errors of the physics and signal processing.

Every error says what was wrong (`problem`) and what would be right (`remedy`). Where the value came
from - a file and a key, a command-line option - is known to the caller, which adds it.
"""

from typing import Literal


class SimCoreError(ValueError):
    """Base of all errors of `sim_core`.

    Parameters
    ----------
    problem : str
        What was wrong, with the offending value and its unit.
    remedy : str
        What would be right.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the problem and the remedy on one line."""
        return f"{self.problem}; {self.remedy}"


class EpochError(SimCoreError):
    """An epoch that cannot be read, or that no table covers."""


class KernelError(SimCoreError):
    """An ephemeris that is missing, unreadable or without the wanted body."""


class LunarOrientationError(KernelError):
    """The same of the Moon's orientation, or one in another version's principal axes."""


class CoordinateError(SimCoreError):
    """Coordinates that are no place: not finite, or a latitude beyond the pole."""


class PointingError(SimCoreError):
    """A beam that does not meet the Earth."""


class NotVisibleError(SimCoreError):
    """A site and a target that do not see each other.

    Parameters
    ----------
    problem, remedy : str
        As for `SimCoreError`.
    end : {"site", "target"}
        The end over whose horizon the other does not rise.
    """

    def __init__(self, problem: str, remedy: str, end: Literal["site", "target"]) -> None:
        super().__init__(problem, remedy)
        self.end: Literal["site", "target"] = end


class MediumError(SimCoreError):
    """Air or electrons on the path that are none, or that the models do not hold for."""


class SamplingError(SimCoreError):
    """A signal that the sample clock or the receive window cannot hold."""


class FocusingError(SimCoreError):
    """Data that the chosen focusing method cannot compress."""


class DelayFieldError(SimCoreError):
    """Delays that no polynomial follows, or a place or time outside what their field holds for."""


class ScratchError(SimCoreError):
    """Scratch files that focusing needs and cannot write: no folder, no permission, a full disk."""


class RadarEquationError(SimCoreError):
    """An antenna, a power or a noise that no radar has."""
