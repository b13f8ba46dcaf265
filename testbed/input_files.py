"""Files that a configuration names: read where they lie, kept beside the recording.

A recording must be focused again without the folder that it was made in. So a run keeps a copy of
every file that its configuration names, in ``inputs`` beside the recording, and the recording knows
their SHA-256.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from testbed.config import Configuration
from testbed.errors import ConfigError, OutputError, RecordingError

INPUTS_FOLDER = "inputs"


@dataclass(slots=True)
class InputFiles:
    """The files of one configuration.

    Parameters
    ----------
    folder : Path or None
        Folder of the recording whose copies are to be read; None reads the files themselves.
    sha256 : dict of str to str
        SHA-256 in hexadecimal of each file by the key that names it: of those that a recording
        kept, and of those that were read.
    """

    folder: Path | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    _paths: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of_recording(cls, folder: Path, sha256: Mapping[str, str]) -> "InputFiles":
        """Return the copies that lie beside a recording.

        Parameters
        ----------
        folder : Path
            Folder of the recording.
        sha256 : mapping of str to str
            What the recording knows of them.
        """
        return cls(folder, dict(sha256))

    def read(self, configuration: Configuration, key: str, name: str) -> Path:
        """Return the file that a key names, checked.

        Parameters
        ----------
        configuration : Configuration
            The experiment.
        key : str
            Dotted path of the key.
        name : str
            Its value.

        Raises
        ------
        ConfigError
            If the file cannot be read.
        RecordingError
            If a recording's copy is missing, or is not what was recorded.
        """
        kept = self.folder is not None
        path = Path(name) if self.folder is None else self.folder / INPUTS_FOLDER / _kept_name(name)
        try:
            digest = _sha256(path)
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
            if kept:
                raise RecordingError(
                    path, problem, f"put the file of {key} there, which the run had kept"
                ) from error
            source = configuration.source
            raise ConfigError(
                source.path, source.line(key), key, name, problem, "name a file that can be read"
            ) from error
        if kept and self.sha256.get(key) != digest:
            raise RecordingError(
                path, "is not what was recorded with", f"put back the file of {key}"
            )
        self.sha256[key] = digest
        self._paths[key] = path
        return path

    def keep(self, folder: Path) -> None:
        """Copy the files that were read into ``inputs`` of a run's folder.

        Raises
        ------
        OutputError
            If one cannot be written.
        """
        for path in self._paths.values():
            copy = folder / INPUTS_FOLDER / _kept_name(str(path))
            try:
                copy.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, copy)
            except OSError as error:
                raise OutputError(
                    copy,
                    f"cannot be written: {error.strerror or error}",
                    "free some space, or name another folder with --out",
                ) from error


def _kept_name(path: str) -> str:
    """Return the name of a file's copy: its own, told from a namesake's by its path."""
    name = Path(path).name
    return f"{hashlib.sha256(path.encode()).hexdigest()[:8]}-{name}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
