"""All that was said to a pair of instruments, kept beside the recording."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from drivers.interface import Device
from drivers.visa.link.command_log import CommandLog
from testbed.errors import OutputError

READ_BACK_KEY = "command_logs"
"""Under which the read-backs of a recording name the files, by instrument."""


Watch = Callable[[str, int, int], None]


@runtime_checkable
class _Logged(Protocol):
    """A device with links to two instruments."""

    generator_log: CommandLog
    digitizer_log: CommandLog
    on_progress: Watch | None


@contextmanager
def kept_command_logs(
    device: Device, folder: Path, watch: Watch | None = None
) -> Iterator[Mapping[str, str]]:
    """Write the logs of a device's links to files while it is in use.

    Parameters
    ----------
    device : Device
        Whatever it is; only instruments have logs.
    folder : Path
        Where the recording goes. Files that are left there of a run that was killed are written
        anew; those of a run that fails are removed.
    watch : callable, optional
        Is told of uploads and read-outs: what, bytes done, bytes in all.

    Yields
    ------
    mapping of str to str
        Names of the files, by instrument: ``commands_generator.jsonl``,
        ``commands_digitizer.jsonl``.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    if not isinstance(device, _Logged):
        yield {}
        return
    device.on_progress = watch
    logs = (device.generator_log, device.digitizer_log)
    paths = {log.name: folder / f"commands_{log.name}.jsonl" for log in logs}
    try:
        for log in logs:
            try:
                paths[log.name].unlink(missing_ok=True)
                log.stream_to(paths[log.name])
            except OSError as error:
                raise _unwritten(paths[log.name], error.strerror or str(error)) from error
        yield {name: path.name for name, path in paths.items()}
        for log in logs:
            log.close()
            if log.failure is not None:
                raise _unwritten(paths[log.name], log.failure)
    except BaseException:
        for log in logs:
            log.close()
            paths[log.name].unlink(missing_ok=True)
        raise


def _unwritten(path: Path, why: str) -> OutputError:
    return OutputError(
        path, f"cannot be written: {why}", "free some space, or name another folder with --out"
    )
