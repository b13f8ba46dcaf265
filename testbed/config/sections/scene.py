"""Section ``scene``: what reflects."""

from typing import Annotated

from pydantic import Field

from testbed.config.sections.base import Number, Section


class Target(Section):
    """A point target, placed from the aim point in its local frame."""

    east_m: Number = Field(0.0, ge=-5e5, le=5e5, description="Offset to the east.")
    north_m: Number = Field(0.0, ge=-5e5, le=5e5, description="Offset to the north.")
    up_m: Number = Field(0.0, ge=-1e4, le=1e5, description="Offset upwards.")
    amplitude: Number = Field(
        1.0, ge=0, le=1e6, description="Amplitude of the echo, relative to the other targets'."
    )
    phase_deg: Number = Field(
        0.0, ge=-360, le=360, description="Phase that the target adds to its echo."
    )


class Scene(Section):
    """What reflects."""

    targets: Annotated[tuple[Target, ...], Field(strict=False)] = Field(
        (Target(),),
        min_length=1,
        max_length=1000,
        description="Point targets. The verdict is about the first; without this key there is "
        "one, at the aim point.",
    )
