"""The folder of a run: made for it, never written over."""

from pathlib import Path

from drivers.interface import CaptureFormat
from testbed.config import Configuration
from testbed.errors import OutputError
from testbed.recording import require_free_space
from testbed.recording.metadata import SAMPLE_BYTES

RECORDING_NAME = "recording"
DEFAULT_PARENT = Path("runs")


def open_run_folder(
    folder: Path, *, resume: bool, bytes_needed: int, resumable: bool = True
) -> bool:
    """Make sure that a run may write to a folder, and make it.

    Parameters
    ----------
    folder : Path
        The folder.
    resume : bool
        Whether to go on with what is there.
    bytes_needed : int
        Size of what the run will write.
    resumable : bool
        Whether the command has the option --resume; without it no error speaks of that.

    Returns
    -------
    bool
        Whether the folder is new.

    Raises
    ------
    OutputError
        If there is a run in it already, it cannot be made or written to, or the disk is too full.
    """
    require_free_space(folder, bytes_needed)
    try:
        occupied = folder.exists() and any(folder.iterdir())
        begun = any(folder.glob(f"{RECORDING_NAME}.sigmf-*")) if occupied else False
        if occupied and resume and not begun:
            raise OutputError(
                folder,
                "holds other files and no run to go on with",
                "name the folder of a run, or leave out --resume and name a new one",
            )
        if occupied and not resume:
            raise OutputError(
                folder,
                "the folder is not empty",
                "name another one with --out, remove it, or go on with its run by --resume"
                if resumable
                else "name another one with --out, or remove it",
            )
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            folder,
            f"cannot be used: {error.strerror or error}",
            "name another folder with --out",
        ) from error
    return new


def bytes_of_run(configuration: Configuration) -> int:
    """Return about how much a run writes: the recording, and as much again for the image."""
    capture_format: CaptureFormat = "ci16_le" if configuration.has_adc else "cf32_le"
    samples = configuration.radar.pulses * configuration.receiver.window_samples
    return 2 * samples * SAMPLE_BYTES[capture_format]


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that a run has made and then not used; never raises."""
    try:
        folder.rmdir()
    except OSError:
        return  # something is in it, and stays
