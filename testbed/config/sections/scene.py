"""Section ``scene``: what reflects."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from testbed.config.problems import Problem, wrong_together
from testbed.config.sections.base import Number, Section, Switch, Text, Whole

MOST_TARGETS = 1000
"""Targets that are measured one by one."""


class Target(Section):
    """A point target, placed from the aim point in its local frame."""

    east_m: Number = Field(0.0, ge=-5e5, le=5e5, description="Offset to the east.")
    north_m: Number = Field(0.0, ge=-5e5, le=5e5, description="Offset to the north.")
    up_m: Number = Field(
        0.0,
        ge=-1e4,
        le=1e5,
        description="Offset upwards. `range-doppler` and `deramp` focus the ground: what is above "
        "it keeps a quadratic phase (0.3 rad for 20 m at the ends of 100 s). `back-projection` "
        "focuses each target at its own height.",
    )
    amplitude: Number = Field(
        1.0, ge=0, le=1e6, description="Amplitude of the echo, relative to the other targets'."
    )
    phase_deg: Number = Field(
        0.0, ge=-360, le=360, description="Phase that the target adds to its echo."
    )


class TargetGrid(Section):
    """Point targets on a grid about the aim point, all measured."""

    columns: Whole = Field(ge=1, le=100, description="Targets from west to east.")
    rows: Whole = Field(ge=1, le=100, description="Targets from south to north.")
    east_step_m: Number = Field(0.0, ge=0, le=1e5, description="Spacing from west to east.")
    north_step_m: Number = Field(0.0, ge=0, le=1e5, description="Spacing from south to north.")
    surface: Literal["ellipsoid", "plane"] = Field(
        "ellipsoid",
        description="`ellipsoid`: on WGS84 at the height of the aim point. `plane`: in the tangent "
        "plane of the aim point.",
    )
    amplitude: Number = Field(1.0, gt=0, le=1e6, description="Amplitude of each echo.")

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        problems = []
        if self.columns * self.rows > MOST_TARGETS:
            problems.append(
                Problem(
                    "columns",
                    f"and rows make {self.columns * self.rows} targets, which are measured one by "
                    "one",
                    f"give {MOST_TARGETS} at most, or a scene of scatterers",
                )
            )
        for count, step in (("columns", "east_step_m"), ("rows", "north_step_m")):
            if getattr(self, count) > 1 and getattr(self, step) <= 0.0:
                problems.append(
                    Problem(step, f"is zero, and there are {getattr(self, count)} {count}",
                            "give the spacing in m")
                )  # fmt: skip
        if problems:
            raise wrong_together(problems)
        return self


class Scatterers(Section):
    """A scene of many points, which are not measured one by one.

    A table of points (`.csv`: a header, then a line each with `east_m`, `north_m` and `up_m`, or
    `latitude_deg`, `longitude_deg` and `height_m`, and `amplitude` and `phase_deg`, which may be
    left out), or the complex reflectivity of the ground (GeoTIFF, or NumPy with `pixel_east_m` and
    `pixel_north_m`, its first row the northernmost), each pixel a point. The target, or targets, of
    `scene.targets` stand in front of them: give one of a place and an amplitude to judge by.
    """

    path: Text = Field(
        description="The file. A relative path counts from the folder that the command runs in.",
        json_schema_extra={"form": "the path of a `.csv`, `.tif` or `.npy` file"},
    )
    amplitude: Number = Field(
        1.0, gt=0, le=1e6, description="Factor on all amplitudes of the file."
    )
    pixel_east_m: Number | None = Field(
        None, gt=0, le=1e5, description="Only and always with `.npy`: width of a pixel."
    )
    pixel_north_m: Number | None = Field(
        None, gt=0, le=1e5, description="Only and always with `.npy`: its height."
    )
    speckle: Switch = Field(
        False,
        description="Whether each pixel of an image is multiplied by a circular Gaussian number of "
        "mean power 1, as rough ground does.",
    )
    scattered: Switch = Field(
        False,
        description="Whether each pixel's point lies at random within it; else in its middle, and "
        "the grid shows.",
    )

    @property
    def suffix(self) -> str:
        """What the path ends in, in small letters."""
        dot = self.path.rfind(".")
        return self.path[dot:].lower() if dot >= 0 else ""

    @model_validator(mode="after")
    def _goes_with_its_file(self) -> Self:
        problems = []
        if self.suffix not in (".csv", ".npy", ".tif", ".tiff"):
            problems.append(
                Problem("path", "is no scene", "name a file that ends in .csv, .tif or .npy")
            )
        for name in ("pixel_east_m", "pixel_north_m"):
            given, wanted = getattr(self, name) is not None, self.suffix == ".npy"
            if wanted and not given:
                problems.append(Problem(name, "is missing: .npy has no scale", f"add {name}"))
            elif given and not wanted and not problems:
                problems.append(Problem(name, f"has no use with {self.suffix}", "remove it"))
        for name in ("speckle", "scattered"):
            if self.suffix == ".csv" and getattr(self, name):
                problems.append(Problem(name, "is for images, not for tables", "remove it"))
        if problems:
            raise wrong_together(problems)
        return self


class Scene(Section):
    """What reflects."""

    targets: Annotated[tuple[Target, ...], Field(strict=False)] = Field(
        (Target(),),
        min_length=1,
        max_length=MOST_TARGETS,
        description="Point targets. The verdict is about the first; without this key there is "
        "one, at the aim point.",
    )
    grid: TargetGrid | None = Field(
        None, description="More point targets, on a grid; they follow those of `targets`."
    )
    scatterers: Scatterers | None = Field(None, description="A scene behind the targets.")
