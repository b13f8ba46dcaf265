"""Section ``focusing``: from the recording to the image."""

from typing import Literal

from pydantic import Field

from testbed.config.sections.base import Number, Section, Text
from testbed.config.sections.window import Window


class GroundGrid(Section):
    """An image on the ground, east and north of the aim point; written beside the slant image."""

    half_east_m: Number = Field(ge=1, le=2e5, description="Extent to the east, and to the west.")
    half_north_m: Number = Field(ge=1, le=2e5, description="Extent to the north, and to the south.")
    east_step_m: Number = Field(gt=0, le=1e4, description="Spacing of the pixels to the east.")
    north_step_m: Number = Field(gt=0, le=1e4, description="Spacing of the pixels to the north.")
    surface: Literal["ellipsoid", "plane"] = Field(
        "ellipsoid",
        description="`ellipsoid`: the pixels lie at `height_m` above WGS84. `plane`: in the "
        "tangent plane of the aim point, where targets with `up_m: 0` are.",
    )
    height_m: Number | None = Field(
        None,
        ge=-1000,
        le=1e4,
        description="Height of the pixels above that surface. `null` is that of the aim point on "
        "the ellipsoid, and zero in the plane.",
    )

    def pixel_height_m(self, aim_height_m: float) -> float:
        """Return the height of the pixels above their surface."""
        if self.height_m is not None:
            return self.height_m
        return aim_height_m if self.surface == "ellipsoid" else 0.0


class Focusing(Section):
    """From the recording to the image."""

    method: Literal["auto", "range-doppler", "deramp", "back-projection"] = Field(
        "auto",
        description="`range-doppler` needs a PRF above the Doppler bandwidth; `deramp` works at "
        "any. `back-projection` sums every pulse for every pixel, slowly and exactly, at any PRF. "
        "`auto` takes `range-doppler` where it can, else `deramp`.",
    )
    range_window: Window = Field(
        Window(name="none"), description="Taper over the bandwidth of the chirp."
    )
    azimuth_window: Window = Field(
        Window(name="none"), description="Taper over the Doppler bandwidth."
    )
    replica: Text = Field(
        "nominal",
        description="What range compression correlates with: `nominal`, the pulse as it is "
        "defined, or samples measured in the loop, at the sample clock's rate.",
        json_schema_extra={"form": "`nominal`, or the path of a `.npy` file"},
    )
    memory_gib: Number = Field(
        3.0,
        ge=0.25,
        le=1024,
        description="Working memory of focusing. What does not fit goes through a scratch file in "
        "the folder of the results.",
    )
    chip_half_cells: Number = Field(
        40.0,
        ge=24,
        le=1000,
        description="Of `back-projection`, which forms the surroundings of each target: cells on "
        "either side of it.",
    )
    ground: GroundGrid | None = Field(
        None, description="A second image, on the ground. `null` is none."
    )
