"""What reflects: the targets that are measured, and the scatterers behind them."""

import cmath
import math
from dataclasses import dataclass, replace

import numpy as np

from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import EarthPoint, surface_up_m
from sim_core.signal.scene import Scene, point_grid
from testbed.config import Configuration
from testbed.config.sections.scene import Target
from testbed.errors import locate_errors
from testbed.input_files import InputFiles
from testbed.radar_geometry import RadarGeometry
from testbed.scene_files import read_point_table, read_reflectivity

# The field of delays reaches as far as this beyond what reflects, and at least: an image shows more
# than its targets.
_FIELD_MARGIN_M = 2e3
# Hills and valleys over the scene's own heights.
_UP_MARGIN_M = 200.0


@dataclass(frozen=True, slots=True, eq=False)
class SceneTarget:
    """A point target of the scene.

    Parameters
    ----------
    key : str
        The configuration's key that it stands in.
    place : EarthPoint
        Where it is.
    offset_m : tuple of float
        East, north and up of the scene reference point.
    reflectivity : complex
        Amplitude and phase of the configuration.
    history : DelayHistory
        Its two-way delay, that of the carrier's phase.
    envelope_lag_s : float
        How much later the envelope of its echo comes, because of the ionosphere.
    absorption_db : float
        What the air absorbs of its echo's power, at the middle of the aperture.
    """

    key: str
    place: EarthPoint
    offset_m: tuple[float, float, float]
    reflectivity: complex
    history: DelayHistory
    envelope_lag_s: float
    absorption_db: float


def targets_of(geometry: RadarGeometry, reference: DelayHistory) -> tuple[SceneTarget, ...]:
    """Place the point targets of a configuration, those of the grid after those of the list.

    Parameters
    ----------
    geometry : RadarGeometry
        Radar and scene reference point.
    reference : DelayHistory
        History of the scene reference point, which is not solved twice.

    Raises
    ------
    ConfigError
        If one is no place, or not seen by the radar.
    """
    configuration = geometry.configuration
    given = [
        (f"scene.targets[{number}]", target)
        for number, target in enumerate(configuration.scene.targets)
    ]
    given.extend(("scene.grid", target) for target in _grid(configuration, geometry.aim))
    targets = []
    for key, target in given:
        with locate_errors(configuration, key):
            place = geometry.aim.offset(target.east_m, target.north_m, target.up_m)
        geometry.require_visible(place, key)
        targets.append(
            SceneTarget(
                key=key,
                place=place,
                offset_m=(target.east_m, target.north_m, target.up_m),
                reflectivity=cmath.rect(target.amplitude, math.radians(target.phase_deg)),
                history=reference if place == geometry.aim else geometry.history_of(place),
                envelope_lag_s=geometry.envelope_lag_s(place),
                absorption_db=geometry.absorption_db(place),
            )
        )
    return tuple(targets)


def scene_of(configuration: Configuration, aim: EarthPoint, inputs: InputFiles) -> Scene | None:
    """Read the scatterers that a configuration names; None where it names none.

    Raises
    ------
    MoonechoError
        If their file cannot be used.
    """
    settings = configuration.scene.scatterers
    if settings is None:
        return None
    path = inputs.read(configuration, "scene.scatterers.path", settings.path)
    random = np.random.default_rng(configuration.seed)
    if settings.suffix == ".csv":
        scene = read_point_table(path, aim)
    else:
        pixel_m = None
        if settings.pixel_east_m is not None and settings.pixel_north_m is not None:
            pixel_m = (settings.pixel_east_m, settings.pixel_north_m)
        scene = read_reflectivity(path, aim, pixel_m, random if settings.scattered else None)
    factor = np.full(scene.scatterers, settings.amplitude, dtype=np.complex128)
    if settings.speckle:
        real, imag = random.standard_normal((2, scene.scatterers)) / math.sqrt(2.0)
        factor *= real + 1j * imag
    return replace(scene, reflectivity=factor * scene.reflectivity)


def field_over(
    geometry: RadarGeometry,
    reference: DelayHistory,
    targets: tuple[SceneTarget, ...],
    scene: Scene | None,
) -> DelayField:
    """Solve the delays of all places of a scene and of the image on the ground.

    Raises
    ------
    ConfigError
        If the scene is too wide for them.
    """
    offsets = [np.array([target.offset_m for target in targets]).T]
    if scene is not None:
        offsets.append(np.stack([scene.east_m, scene.north_m, scene.up_m]))
    ground = geometry.configuration.focusing.ground
    if ground is not None:
        corner_m = (ground.half_east_m, ground.half_north_m)
        up_m = height_m = ground.pixel_height_m(geometry.aim.height_m)
        if ground.surface == "ellipsoid":
            up_m = float(surface_up_m(geometry.aim, *corner_m, height_m))
        offsets.append(np.array([[*corner_m, up_m], [0.0, 0.0, 0.0]]).T)
    every = np.concatenate(offsets, axis=1)
    half_east_m, half_north_m = np.max(np.abs(every[:2]), axis=1) + _FIELD_MARGIN_M
    # The ground is always in it: images are formed there, whatever stands above.
    lowest, highest = min(0.0, float(np.min(every[2]))), max(0.0, float(np.max(every[2])))
    with locate_errors(geometry.configuration, "scene"):
        return geometry.delay_field(
            reference,
            float(half_east_m),
            float(half_north_m),
            (lowest - _UP_MARGIN_M, highest + _UP_MARGIN_M),
        )


def _grid(configuration: Configuration, aim: EarthPoint) -> list[Target]:
    """Return the targets of the grid, row by row from south and west."""
    grid = configuration.scene.grid
    if grid is None:
        return []
    places = point_grid(
        GroundGrid(
            aim,
            -0.5 * (grid.columns - 1) * grid.east_step_m,
            grid.east_step_m or 1.0,  # of one column
            grid.columns,
            -0.5 * (grid.rows - 1) * grid.north_step_m,
            grid.north_step_m or 1.0,
            grid.rows,
            grid.surface,
            aim.height_m if grid.surface == "ellipsoid" else 0.0,
        )
    )
    return [
        Target(
            east_m=float(east),
            north_m=float(north),
            up_m=float(up),
            amplitude=grid.amplitude,
            phase_deg=0.0,
        )
        for east, north, up in zip(places.east_m, places.north_m, places.up_m, strict=True)
    ]
