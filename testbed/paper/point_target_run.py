"""The paper's point target through the whole chain of ``moonecho run``, and what comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from sim_core.errors import FocusingError
from sim_core.focusing.focus import focus
from sim_core.focusing.image import Image, Method, SlantGridSettings
from sim_core.focusing.response.ambiguity import AmbiguityRatio, azimuth_ambiguities
from sim_core.focusing.response.impulse_response import AxisResponse
from sim_core.focusing.sampling import AzimuthSampling
from sim_core.focusing.settings import FocusSettings
from testbed.config import Configuration
from testbed.config.yaml_source import YamlSource
from testbed.errors import ConfigError, OutputError
from testbed.evaluation import evaluate
from testbed.experiment import record
from testbed.paper.context import EPOCH_KEY, PaperContext
from testbed.paper.published import Simulation
from testbed.recording import Recording, require_free_space
from testbed.report.display import DisplayImage, chip_around
from testbed.report.progress import RunProgress
from testbed.results import TargetResult
from testbed.scenario import Scenario, build_scenario

FloatArray = npt.NDArray[np.float64]

LOOK_ANGLE_DEG = 0.1
"""Of Table 4, which gives none: that of the first row of Table 3."""

SAMPLES_PER_CELL = 1.2
CHIP_HALF_CELLS = 10.0

# Range samples beside the pulse's own: the cut is known over 200 cells.
_SWATH_SAMPLES = 256
# Range cells about the point in which replicas are looked for: they walk by tens of cells.
_REPLICA_HALF_CELLS = 64.0
_REPLICA_BINS = 1600
_EXPERIMENT = Path("the experiment of Table 4")


@dataclass(frozen=True, slots=True, eq=False)
class Replicas:
    """A point's azimuth replicas, in an image far wider than the unambiguous lag.

    Parameters
    ----------
    lag_s, level_db : ndarray of float64, shape (bins,)
        Highest level in range at azimuth lags, against the point's peak.
    ratio : AmbiguityRatio or None
        The replicas beside the point, where any lie in the image.
    """

    lag_s: FloatArray
    level_db: FloatArray
    ratio: AmbiguityRatio | None


@dataclass(frozen=True, slots=True, eq=False)
class PointRun:
    """What a run of the point target found.

    Parameters
    ----------
    scenario : Scenario
        What was run.
    target : TargetResult
        The measured response, beside theory.
    chip : DisplayImage
        The surroundings of the point.
    metres_per_cell : tuple of float
        Of slant range, and of azimuth on the ground.
    whole_islr_db : tuple of float
        Side lobes out to the ends of the image against the main lobe, null to null: range, azimuth.
    replicas : Replicas or None
        Along the azimuth, if they were asked for.
    """

    scenario: Scenario
    target: TargetResult
    chip: DisplayImage
    metres_per_cell: tuple[float, float]
    whole_islr_db: tuple[float, float]
    replicas: Replicas | None

    @property
    def sampling(self) -> AzimuthSampling:
        """Doppler band against the PRF."""
        return self.scenario.sampling

    @property
    def method(self) -> Method:
        """How it was focused."""
        return self.scenario.method

    @property
    def axes(self) -> tuple[tuple[str, AxisResponse], tuple[str, AxisResponse]]:
        """The two cuts, with the paper's names: a row runs along range, a column along azimuth."""
        response = self.target.response
        return ("row (range)", response.range), ("column (azimuth)", response.azimuth)


def require_temporary_space(bytes_needed: int) -> None:
    """Refuse to begin where the folder for temporary files cannot take a run.

    Parameters
    ----------
    bytes_needed : int
        Size of what the largest run writes.

    Raises
    ------
    OutputError
        There is too little space, or it may not be written to.
    """
    try:
        require_free_space(tempfile.gettempdir(), bytes_needed)
    except OutputError as error:
        raise OutputError(
            error.path,
            f"the folder for temporary files: {error.problem}",
            "set TMPDIR to a folder with more room, or leave out table4 and beyond by --only",
        ) from error


def run_simulation(
    context: PaperContext,
    simulation: Simulation,
    replica_spacings: float | None = None,
    look_angle_deg: float = LOOK_ANGLE_DEG,
) -> PointRun:
    """Run Table 4, or a variant; what is wrong is told of the settings of the paper.

    Parameters
    ----------
    context, simulation, look_angle_deg
        As for `point_configuration`.
    replica_spacings : float, optional
        As for `run_point`.

    Raises
    ------
    MoonechoError
        If the experiment cannot be, or the system's folder for temporary files is full.
    """
    with _settings_blamed(context):
        configuration = point_configuration(context, simulation, look_angle_deg)
        return run_point(configuration, replica_spacings)


# What decides keys of the experiment.
_DECIDED_BY = {
    "geometry.ephemeris": "ephemeris",
    "geometry.epoch_utc": EPOCH_KEY,
    "geometry.site": "site",
    "geometry.aim": "look_angles_deg",
}


@contextmanager
def _settings_blamed(context: PaperContext) -> Iterator[None]:
    """Give errors of an experiment that nobody has written the place of the setting to blame."""
    try:
        yield
    except ConfigError as error:
        key = next(
            (
                setting
                for inner, setting in _DECIDED_BY.items()
                if error.file == _EXPERIMENT and (error.key or "").startswith(inner)
            ),
            None,
        )
        if key is None:
            raise
        source = context.settings.source
        raise ConfigError(
            source.path, source.line(key), key, source.value(key), error.problem, error.remedy
        ) from error


def point_configuration(
    context: PaperContext, simulation: Simulation, look_angle_deg: float = LOOK_ANGLE_DEG
) -> Configuration:
    """Return the experiment of Table 4 at the epoch and on the side of the tables.

    Parameters
    ----------
    context : PaperContext
        Site, epoch and side.
    simulation : Simulation
        The radar.
    look_angle_deg : float
        Its look angle.

    Raises
    ------
    ConfigError
        If the radar cannot be.
    """
    site = context.settings.site
    bandwidth_hz = abs(simulation.chirp_rate_hz_per_s) * simulation.pulse_duration_s
    sample_rate_hz = SAMPLES_PER_CELL * bandwidth_hz
    pulse_samples = round(sample_rate_hz * simulation.pulse_duration_s)
    # Nothing is judged here, and a run wants limits.
    axis = {"pslr_db": -13.1, "islr_db": -10.0, "irw_cells": 0.895}
    peak = {
        "range_error_cells": 0.05,
        "azimuth_error_cells": 0.05,
        "phase_error_deg": 2.0,
        "magnitude_error_db": 0.1,
    }
    values = {
        "name": "table_4",
        "geometry": {
            "ephemeris": context.settings.ephemeris,
            "epoch_utc": context.table_epoch().utc_iso(),
            "site": site.model_dump(),
            "aim": {"look": {"angle_deg": look_angle_deg, "side": context.table_side()}},
        },
        "radar": {
            "carrier_hz": simulation.carrier_hz,
            "chirp_rate_hz_per_s": simulation.chirp_rate_hz_per_s,
            "pulse_duration_s": simulation.pulse_duration_s,
            "prf_hz": simulation.prf_hz,
            "aperture_s": simulation.aperture_s,
        },
        "receiver": {
            "sample_rate_hz": sample_rate_hz,
            "window_samples": pulse_samples + _SWATH_SAMPLES,
        },
        "device": {"loopback": {"dac_bits": None, "adc_bits": None}},
        "limits": {"range": axis, "azimuth": axis, "peak": peak},
    }
    return Configuration.from_values(values, YamlSource(_EXPERIMENT))


def run_point(configuration: Configuration, replica_spacings: float | None = None) -> PointRun:
    """Run an experiment in a folder that is removed afterwards.

    Echoes, device, recording, focusing and measurement are those of ``moonecho run``. At 600 Hz
    the folder takes 0.5 GB for ten seconds.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    replica_spacings : float, optional
        How far out along the azimuth replicas are looked for, in their spacings; by default they
        are not.

    Raises
    ------
    MoonechoError
        If the experiment cannot be, or the system's folder for temporary files is full.
    """
    progress = RunProgress(show=False)
    scenario = build_scenario(configuration)
    with tempfile.TemporaryDirectory(prefix="moonecho-") as name:
        folder = Path(name)
        recording = record(scenario, folder, progress)
        result = evaluate(scenario, recording, progress, folder)
        replicas = None
        if replica_spacings is not None:
            span_s = replica_spacings * scenario.sampling.ambiguity_spacing_s
            replicas = _replicas(scenario, recording, span_s, folder)
    [target] = result.targets
    response = target.response
    metres = (
        target.range_irw_m / response.range.irw_cells,
        target.azimuth_irw_m / response.azimuth.irw_cells,
    )
    return PointRun(
        scenario=scenario,
        target=target,
        chip=chip_around(result.image, 0.0, 0.0, CHIP_HALF_CELLS),
        metres_per_cell=metres,
        whole_islr_db=_whole_islr_db(result.image, response.range, response.azimuth),
        replicas=replicas,
    )


def _whole_islr_db(
    image: Image, along_range: AxisResponse, along_azimuth: AxisResponse
) -> tuple[float, float]:
    """Compare all the energy of the two cuts with that of their main lobes.

    The samples are denser than one in a cell, so that the sum of their powers is the integral.
    """
    row = round(-image.azimuth_start_s / image.azimuth_step_s)
    column = round(-image.range_start_s / image.range_step_s)
    return (
        _islr_db(image.samples[row], image.range_step_s / image.range_cell_s, along_range),
        _islr_db(
            image.samples[:, column], image.azimuth_step_s / image.azimuth_cell_s, along_azimuth
        ),
    )


def _islr_db(
    samples: npt.NDArray[np.complex64], step_cells: float, response: AxisResponse
) -> float:
    power = np.abs(samples.astype(np.complex128)) ** 2
    total = float(np.sum(power) / np.max(power)) * step_cells
    stored = CubicSpline(response.offset_cells, 10.0 ** (0.1 * response.level_db))
    lobe = float(stored.integrate(response.null_left_cells, response.null_right_cells))
    return 10.0 * float(np.log10((total - lobe) / lobe))


def _replicas(scenario: Scenario, recording: Recording, span_s: float, folder: Path) -> Replicas:
    """Focus so wide that replicas are seen: de-ramping forms any lag at any PRF."""
    half_range_s = _REPLICA_HALF_CELLS / scenario.waveform.bandwidth_hz
    grid = SlantGridSettings(azimuth_s=(-span_s, span_s), range_s=(-half_range_s, half_range_s))
    image = focus(
        recording,
        recording.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        scenario.reference,
        FocusSettings(method="deramp", grid=grid, scratch=folder),
    )
    power = np.max(np.abs(image.samples), axis=1).astype(np.float64) ** 2
    edges = np.linspace(0, power.size, min(power.size, _REPLICA_BINS) + 1).astype(np.int64)
    highest = np.maximum.reduceat(power, edges[:-1])
    lag_s = image.azimuth_start_s + image.azimuth_step_s * 0.5 * (edges[:-1] + edges[1:] - 1)
    level_db = 10.0 * np.log10(highest / highest.max())
    try:
        ratio = azimuth_ambiguities(image, 0.0, 0.0, scenario.carrier_hz, (-1, 1))
    except FocusingError:
        ratio = None
    return Replicas(np.asarray(lag_s, dtype=np.float64), level_db, ratio)
