"""From samples to images: the scenario's settings for the one `focus`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sim_core.focusing.back_projection.images import BackProjection
from sim_core.focusing.focus import focus
from sim_core.focusing.ground_image import GroundImage, project_to_ground
from sim_core.focusing.image import Image
from sim_core.focusing.prediction import PeakPredictor, PredictedPeak
from sim_core.focusing.range_compression.compression import Progress
from sim_core.focusing.settings import FocusSettings
from sim_core.focusing.slant_geometry import solve_slant_geometry
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import surface_up_m
from testbed.errors import locate_errors
from testbed.recording import Recording
from testbed.report.progress import RunProgress
from testbed.scenario import Scenario
from testbed.verification import BREAKING_EVENTS
from testbed.waveforms import build_window

# Heights over the grid's surface between which the map from ground to image is solved.
_HEIGHT_MARGIN_M = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class FocusedScene:
    """What focusing made of a recording.

    Parameters
    ----------
    image : Image
        The image; by back-projection the surroundings of the first target.
    per_target : tuple of Image
        The image that each target is measured in.
    predictions : tuple of PredictedPeak
        Where each target must lie in it; phases are without the targets' own.
    predictor : PeakPredictor
        Predicts other places.
    ground : GroundImage or None
        The image on the ground, if one is asked for.
    """

    image: Image
    per_target: tuple[Image, ...]
    predictions: tuple[PredictedPeak, ...]
    predictor: PeakPredictor
    ground: GroundImage | None


def usable_pulses(recording: Recording) -> npt.NDArray[np.bool_]:
    """Return which pulses were recorded as they were to be, shape (pulses,)."""
    usable = np.ones(recording.schedule.pulses, dtype=np.bool_)
    broken = [event.pulse for event in recording.events if event.kind in BREAKING_EVENTS]
    usable[broken] = False
    return usable


def focus_settings(scenario: Scenario, scratch: Path | None = None) -> FocusSettings:
    """Return the focusing settings of a scenario.

    The envelope's lag behind the carrier's phase, which is the ionosphere's, is taken out like a
    delay of the chain.

    Parameters
    ----------
    scenario : Scenario
        The run.
    scratch : Path, optional
        Folder for what does not fit into the memory.
    """
    configuration = scenario.configuration
    focusing = configuration.focusing
    return FocusSettings(
        method=scenario.method,
        range_window=build_window(focusing.range_window),
        azimuth_window=build_window(focusing.azimuth_window),
        chain_delay_s=configuration.calibration.delay_s + scenario.envelope_lag_s,
        replica=scenario.replica,
        memory_bytes=round(focusing.memory_gib * 2**30),
        scratch=scratch,
    )


def focus_scenario(
    scenario: Scenario,
    recording: Recording,
    usable: npt.NDArray[np.bool_],
    progress: RunProgress,
    scratch: Path,
) -> FocusedScene:
    """Focus a recording as its configuration says.

    Parameters
    ----------
    scenario : Scenario
        What the recording should hold.
    recording : Recording
        The samples.
    usable : ndarray of bool, shape (pulses,)
        False for pulses that are to be left out.
    progress : RunProgress
        Where the stage ``focus`` is shown and timed.
    scratch : Path
        Folder for what does not fit into the memory.

    Raises
    ------
    ConfigError
        If the method cannot focus these data.
    """
    settings = focus_settings(scenario, scratch)
    predictor = PeakPredictor.over(
        scenario.reference,
        recording.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        scenario.method,
        azimuth_window=settings.azimuth_window,
        field=scenario.field,
    )
    with (
        progress.stage("focus", "Focus the recording") as advance,
        locate_errors(scenario.configuration, "focusing"),
    ):
        predictions = tuple(predictor.peak(target.history) for target in scenario.targets)

        def show(fraction: float) -> None:
            advance(round(1000 * fraction), 1000)

        if scenario.method == "back-projection":
            return _back_project(
                scenario, recording, usable, settings, predictor, predictions, show
            )
        image = focus(
            recording,
            recording.schedule,
            scenario.waveform,
            scenario.carrier_hz,
            scenario.reference,
            settings,
            show,
            field=scenario.field,
            pulse_valid=usable,
        )
        ground = _project(scenario, recording, image, settings)
    return FocusedScene(image, (image,) * len(predictions), predictions, predictor, ground)


def ground_grid(scenario: Scenario) -> GroundGrid | None:
    """Return the grid of the image on the ground that a configuration asks for."""
    wanted = scenario.configuration.focusing.ground
    if wanted is None:
        return None
    with locate_errors(scenario.configuration, "focusing.ground"):
        columns = round(wanted.half_east_m / wanted.east_step_m)
        rows = round(wanted.half_north_m / wanted.north_step_m)
        return GroundGrid(
            scenario.geometry.aim,
            -columns * wanted.east_step_m,
            wanted.east_step_m,
            2 * columns + 1,
            -rows * wanted.north_step_m,
            wanted.north_step_m,
            2 * rows + 1,
            wanted.surface,
            wanted.pixel_height_m(scenario.geometry.aim.height_m),
        )


def _back_project(
    scenario: Scenario,
    recording: Recording,
    usable: npt.NDArray[np.bool_],
    settings: FocusSettings,
    predictor: PeakPredictor,
    predictions: tuple[PredictedPeak, ...],
    progress: Progress,
) -> FocusedScene:
    """Form the surroundings of each target, and the image on the ground, pixel by pixel."""
    projection = BackProjection.of(
        recording,
        recording.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        scenario.reference,
        settings,
        scenario.field,
        usable,
    )
    grid = ground_grid(scenario)
    share = 1.0 if grid is None else 0.5
    chips = projection.chips(
        [(one.range_s, one.azimuth_s) for one in predictions],
        lambda fraction: progress(share * fraction),
        scenario.configuration.focusing.chip_half_cells,
        [target.place.height_m for target in scenario.targets],
    )
    ground = None
    if grid is not None:
        [ground] = projection.ground_images(
            [grid], lambda fraction: progress(share + (1.0 - share) * fraction)
        )
    return FocusedScene(chips[0], tuple(chips), predictions, predictor, ground)


def _project(
    scenario: Scenario, recording: Recording, image: Image, settings: FocusSettings
) -> GroundImage | None:
    """Project an image to the ground, if the configuration asks for that."""
    grid = ground_grid(scenario)
    if grid is None:
        return None
    height_m = grid.height_m if grid.surface == "ellipsoid" else scenario.geometry.aim.height_m
    # The plane leaves the ellipsoid by the curvature of the Earth.
    highest_m = height_m + _HEIGHT_MARGIN_M
    if grid.surface == "plane":
        corner_m = (grid.east_start_m, grid.north_start_m)
        highest_m -= float(surface_up_m(grid.centre, *corner_m, height_m))
    geometry = solve_slant_geometry(
        scenario.field,
        scenario.reference,
        recording.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        image.method,
        half_east_m=float(np.max(np.abs(grid.east_m()))) + grid.east_step_m,
        half_north_m=float(np.max(np.abs(grid.north_m()))) + grid.north_step_m,
        height_m=(height_m - _HEIGHT_MARGIN_M, highest_m),
        azimuth_window=settings.azimuth_window,
    )
    return project_to_ground(image, geometry, grid)
