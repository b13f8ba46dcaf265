"""The whole chain: play a scenario's echoes through a device, record, focus, judge, report."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drivers.interface import PlayedBlock
from drivers.session import session
from testbed.command_logs import READ_BACK_KEY, kept_command_logs
from testbed.config import Configuration
from testbed.datasets import write_geometry, write_image
from testbed.device_settings import (
    locate_device_errors,
    open_configured_device,
    require_leave,
)
from testbed.errors import RecordingError
from testbed.evaluation import evaluate
from testbed.ground_files import write_ground
from testbed.input_files import InputFiles
from testbed.provenance import versions
from testbed.recording import (
    Recording,
    RecordingContext,
    RecordingWriter,
    remove_unfinished,
)
from testbed.recording.metadata import META_SUFFIX
from testbed.report.progress import RunProgress
from testbed.report.terminal import print_summary
from testbed.report.writer import write_report
from testbed.results import RunResult
from testbed.run_folder import (
    DEFAULT_PARENT,
    RECORDING_NAME,
    bytes_of_run,
    open_run_folder,
    remove_if_empty,
)
from testbed.scenario import Scenario, build_scenario

if TYPE_CHECKING:
    from rich.console import Console

# Windows of one block, in samples: 16 MB occupy both cores, and the bar moves 30 times.
_SAMPLES_PER_BLOCK = 1 << 21
_GEOMETRY_NAME = "geometry.nc"
_IMAGE_NAME = "image.nc"
_GROUND_NAME = "ground.tif"


def run_experiment(
    configuration: Configuration,
    *,
    out_dir: Path | None,
    resume: bool,
    console: "Console",
) -> RunResult:
    """Run an experiment from its configuration to its report.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    out_dir : Path or None
        Folder of the results; by default ``runs/NAME``.
    resume : bool
        Go on with the run in that folder: a complete recording of the same configuration is not
        made again.
    console : Console
        Where the summary goes; the bars go to the standard error.

    Returns
    -------
    RunResult

    Raises
    ------
    MoonechoError
        If the input is bad or an output cannot be written.
    DriverError
        If the device fails.
    """
    folder = DEFAULT_PARENT / configuration.name if out_dir is None else out_dir
    require_leave(configuration)
    new = open_run_folder(folder, resume=resume, bytes_needed=bytes_of_run(configuration))
    try:
        with RunProgress() as progress:
            with progress.stage("geometry", "Solve the geometry"):
                scenario = build_scenario(configuration)
            recording = _earlier_recording(folder, scenario) if resume else None
            if recording is None:
                recording = record(scenario, folder, progress)
            result = _focus_and_report(scenario, recording, folder, progress)
    finally:
        if new:
            remove_if_empty(folder)
    print_summary(result, folder / "report.html", console)
    return result


def focus_recording(
    path: Path, *, method: str | None, out_dir: Path | None, console: "Console"
) -> RunResult:
    """Focus a recording again and judge it by the limits that were recorded with it.

    Parameters
    ----------
    path : Path
        The recording's metadata file, or the folder of its run.
    method : str or None
        Focusing method, instead of the recorded configuration's.
    out_dir : Path or None
        Folder of the results; by default ``focus``, or ``focus_METHOD``, beside the recording.
    console : Console
        Where the summary goes.

    Returns
    -------
    RunResult

    Raises
    ------
    MoonechoError
        If the recording or the output folder cannot be used.
    """
    recording = Recording.open(path, verify=True)
    configuration = Configuration.from_resolved(recording.configuration, recording.path)
    if method is not None:
        configuration = configuration.with_option("focusing.method", method, "--method")
    default = "focus" if method is None else f"focus_{method}"
    folder = recording.path.parent / default if out_dir is None else out_dir
    new = open_run_folder(folder, resume=False, bytes_needed=bytes_of_run(configuration) // 2)
    try:
        with RunProgress() as progress:
            with progress.stage("geometry", "Solve the geometry"):
                inputs = InputFiles.of_recording(recording.path.parent, recording.inputs)
                scenario = build_scenario(configuration, inputs)
            _require_own_recording(recording, scenario)
            result = _focus_and_report(scenario, recording, folder, progress)
    finally:
        if new:
            remove_if_empty(folder)
    print_summary(result, folder / "report.html", console)
    return result


def record(scenario: Scenario, folder: Path, progress: RunProgress) -> Recording:
    """Play the echoes of a scenario through its device and record what comes back.

    Parameters
    ----------
    scenario : Scenario
        What to play.
    folder : Path
        Where the recording goes, under the name ``recording``.
    progress : RunProgress
        Where the stage ``record`` is shown and timed.

    Returns
    -------
    Recording

    Raises
    ------
    DriverError
        If the device fails. Its output is off by then, and nothing is left of the recording.
    OutputError
        If the recording cannot be written.
    """
    configuration, schedule = scenario.configuration, scenario.schedule
    device = open_configured_device(configuration)
    context = RecordingContext(
        schedule=schedule,
        capture_format=device.capture_format,
        code_scale=device.code_scale,
        carrier_hz=scenario.carrier_hz,
        epoch_utc=configuration.geometry.epoch_utc,
        configuration=configuration.resolved(),
        seed=configuration.seed,
        driver=configuration.device.driver,
        versions=versions(),
        description=f"moonecho {configuration.name}",
        inputs=scenario.inputs.sha256,
    )
    scenario.inputs.keep(folder)
    try:
        with (
            progress.stage("record", "Play and record the echoes") as advance,
            RecordingWriter(folder, context, RECORDING_NAME) as writer,
        ):
            # The device is stopped before the recording is finished: output off comes first.
            with (
                locate_device_errors(configuration),
                kept_command_logs(device, folder, progress.transfer) as logs,
                session(device, schedule) as armed,
            ):
                for captured in armed.exchange(_played_blocks(scenario)):
                    writer.append(captured)
                    advance(captured.first_pulse + captured.pulses, schedule.pulses)
                read_back = armed.read_back()
            if logs:
                read_back = {**read_back, READ_BACK_KEY: logs}
            path = writer.finish(read_back)
    except BaseException:
        # The writer cleans up after itself unless Ctrl-C strikes while it is being made.
        remove_unfinished(folder, RECORDING_NAME)
        raise
    return Recording.open(path)


def _played_blocks(scenario: Scenario) -> Iterator[PlayedBlock]:
    schedule = scenario.schedule
    pulses = max(1, _SAMPLES_PER_BLOCK // schedule.window_samples)
    for first_pulse, samples in scenario.signal.blocks(schedule, pulses):
        yield PlayedBlock(first_pulse, samples)


def _focus_and_report(
    scenario: Scenario, recording: Recording, folder: Path, progress: RunProgress
) -> RunResult:
    result = evaluate(scenario, recording, progress, folder)
    attributes = {
        "title": f"image of {result.name}",
        "configuration_sha256": scenario.configuration.sha256(),
    }
    with progress.stage("save", "Save geometry and image"):
        write_geometry(folder / _GEOMETRY_NAME, scenario)
        write_image(folder / _IMAGE_NAME, result.image, attributes)
    files = {"geometry": _GEOMETRY_NAME, "image": _IMAGE_NAME}
    if result.ground is not None:
        with progress.stage("ground", "Save the image on the ground"):
            write_ground(folder / _GROUND_NAME, result.ground, attributes)
        files["ground"] = _GROUND_NAME
    if recording.path.parent == folder:
        files["recording"] = recording.path.name
        for whose, name in recording.device["read_back"].get(READ_BACK_KEY, {}).items():
            files[f"commands_{whose}"] = name
    with progress.stage("report", "Write the report") as advance:
        write_report(result, folder, files, advance)
    return result


def _require_own_recording(recording: Recording, scenario: Scenario) -> None:
    """Refuse a recording whose ticks and numbers are not those of its own configuration."""
    recorded, planned = recording.schedule, scenario.schedule
    differing = [
        name
        for name, same in (
            ("core:sample_rate", recorded.sample_rate_hz == planned.sample_rate_hz),
            ("moonecho:window_samples", recorded.window_samples == planned.window_samples),
            ("moonecho:pulse_duration_s", recorded.pulse_duration_s == planned.pulse_duration_s),
            (
                "moonecho:transmit_tick",
                np.array_equal(recorded.transmit_tick, planned.transmit_tick),
            ),
            (
                "moonecho:window_start_tick",
                np.array_equal(recorded.window_start_tick, planned.window_start_tick),
            ),
            ("moonecho:radar_carrier_hz", recording.carrier_hz == scenario.carrier_hz),
            (
                "moonecho:epoch_utc",
                recording.epoch_utc == scenario.configuration.geometry.epoch_utc,
            ),
        )
        if not same
    ]
    if differing:
        raise RecordingError(
            recording.path,
            f"{' and '.join(differing)} are not what its own moonecho:configuration makes",
            "the metadata was changed, or made by another version: record again",
        )


def _earlier_recording(folder: Path, scenario: Scenario) -> Recording | None:
    """Return the complete recording of an earlier run of this scenario, if there is one."""
    meta = folder / f"{RECORDING_NAME}{META_SUFFIX}"
    if not meta.exists():
        return None
    recording = Recording.open(meta, verify=True)
    recorded = Configuration.from_resolved(recording.configuration, meta)
    same = recorded.sha256() == scenario.configuration.sha256()
    if not same or dict(recording.inputs) != scenario.inputs.sha256:
        raise RecordingError(
            meta,
            "was made from another configuration" if not same else "was made from other files",
            "name another folder with --out, or focus it as it is with moonecho focus",
        )
    return recording
