import os
import shutil
import tempfile
from pathlib import Path

import pytest

from testbed.errors import OutputError
from testbed.recording import require_free_space


def test_room_enough_is_accepted(tmp_path: Path) -> None:
    require_free_space(tmp_path, 1)
    require_free_space(tmp_path / "not" / "there" / "yet", 1)
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_tells_both_figures(tmp_path: Path) -> None:
    wanted = shutil.disk_usage(tmp_path).total + 10**9
    with pytest.raises(OutputError, match=r"MB are needed and .* MB are free; make room") as caught:
        require_free_space(tmp_path / "run", wanted)
    assert caught.value.path == tmp_path / "run"


def test_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutputError, match=r"notes\.txt is not a folder"):
        require_free_space(tmp_path / "notes.txt" / "run", 1)


@pytest.mark.parametrize(
    ("mode", "message"), [(0o555, "may not be written to"), (0o000, "cannot be reached")]
)
def test_folder_without_permission(mode: int, message: str) -> None:
    # Not in tmp_path: to be refused, root has to become somebody else, who may not enter that.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(mode)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match=message):
                require_free_space(folder / "run", 1)
        finally:
            os.seteuid(user)
            folder.chmod(0o700)
