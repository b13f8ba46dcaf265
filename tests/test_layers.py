"""The packages import each other one way only (the contracts are in pyproject.toml)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# The smallest tree that has every layer, parents first.
FOLDERS = (
    "testbed",
    "testbed/report",
    "drivers",
    "drivers/loopback",
    "sim_core",
    "sim_core/geometry",
    "sim_core/signal",
    "sim_core/focusing",
    "sim_core/focusing/focus",
    "sim_core/focusing/back_projection",
    "sim_core/focusing/range_doppler",
    "sim_core/focusing/deramp",
    "sim_core/focusing/range_compression",
    "sim_core/focusing/response",
)


def check_layers(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages that lie in `tree`, wherever others are installed."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_keep_the_layers(repository: Path) -> None:
    result = check_layers(repository)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("sim_core/geometry", "import testbed", "testbed stands on"),
        ("drivers/loopback", "import testbed.report", "testbed stands on"),
        ("sim_core/signal", "import drivers", "testbed stands on"),
        ("drivers/loopback", "import sim_core.signal", "testbed stands on"),
        ("sim_core/geometry", "import sim_core.signal", "inside sim_core"),
        ("sim_core/signal", "import sim_core.focusing", "inside sim_core"),
        (
            "sim_core/focusing/response",
            "import sim_core.focusing.range_doppler",
            "inside focusing",
        ),
        (
            "sim_core/focusing/deramp",
            "import sim_core.focusing.range_doppler",
            "inside focusing",
        ),
        ("sim_core/focusing", "import rich", "neither print, plot"),
        ("drivers/loopback", "import matplotlib.pyplot", "neither print, plot"),
        ("sim_core/focusing", "import sigmf", "neither hardware nor recordings"),
    ],
)
def test_import_against_the_layers_is_found(
    repository: Path, tmp_path: Path, module: str, statement: str, contract: str
) -> None:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "sim_core" / "errors.py").touch()
    shutil.copy(repository / "pyproject.toml", tmp_path)
    (tmp_path / module / "trespasser.py").write_text(statement + "\n")

    result = check_layers(tmp_path)

    assert result.returncode == 1, result.stdout + result.stderr
    assert contract in result.stdout
    assert "1 broken" in result.stdout
    assert "trespasser" in result.stdout
