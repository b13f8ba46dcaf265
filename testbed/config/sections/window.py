"""Tapers, over a band, an aperture or a pulse."""

from typing import Literal, Self

from pydantic import Field, model_validator

from testbed.config.problems import wrong_together
from testbed.config.sections.base import Number, Section, Whole, misplaced_parameters

WINDOW_PARAMETERS = {
    "generalized-hamming": ("alpha",),
    "kaiser": ("beta",),
    "taylor": ("nbar", "sidelobe_db"),
}
"""Parameters that each taper needs; those that are not here need none."""


class Window(Section):
    """A taper over a band: lower side lobes for a wider main lobe."""

    name: Literal[
        "none", "hann", "hamming", "generalized-hamming", "kaiser", "taylor"
    ] = Field(description="Which taper.")  # fmt: skip
    alpha: Number | None = Field(
        None,
        ge=0.5,
        le=1,
        description="Only and always with `generalized-hamming`: alpha - (1 - alpha) cos; "
        "0.5 is Hann, 1 is none.",
    )
    beta: Number | None = Field(
        None, ge=0, le=30, description="Only and always with `kaiser`: 0 is none."
    )
    nbar: Whole | None = Field(
        None,
        ge=2,
        le=50,
        description="Only and always with `taylor`: side lobes of equal height, plus one.",
    )
    sidelobe_db: Number | None = Field(
        None,
        ge=-100,
        le=-15,
        description="Only and always with `taylor`: their height against the main lobe.",
    )

    @model_validator(mode="after")
    def _its_own_parameters(self) -> Self:
        problems = list(misplaced_parameters(self, self.name, WINDOW_PARAMETERS, "name"))
        if problems:
            raise wrong_together(problems)
        return self
