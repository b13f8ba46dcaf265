"""The packages import each other one way only (the contracts are in pyproject.toml)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("testbed", "drivers", "sim_core")


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
        ("drivers/soapy", "import drivers.loopback", "kinds of device"),
        ("drivers/visa/pair", "import drivers.simulators.bench", "kinds of device"),
        ("drivers/simulators/bench", "import drivers.visa.link", "kinds of device"),
        ("drivers/visa/link", "import drivers.visa.generators.keysight", "inside drivers.visa"),
        ("drivers/visa/generators", "import drivers.visa.pair", "inside drivers.visa"),
        (
            "drivers/visa/generators/keysight",
            "import drivers.visa.generators.tektronix.awg",
            "no other maker's",
        ),
        ("drivers/visa/digitizers/tektronix", "import pyvisa", "the link's alone"),
        (
            "drivers/simulators/servers",
            "import drivers.simulators.generators",
            "inside drivers.simulators",
        ),
    ],
)
def test_import_against_the_layers_is_found(
    repository: Path, tmp_path: Path, module: str, statement: str, contract: str
) -> None:
    # Every module of the packages, with nothing in it.
    for package in PACKAGES:
        for file in sorted((repository / package).rglob("*.py")):
            empty = tmp_path / file.relative_to(repository)
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()
    shutil.copy(repository / "pyproject.toml", tmp_path)
    (tmp_path / module / "trespasser.py").write_text(statement + "\n")

    result = check_layers(tmp_path)

    assert result.returncode == 1, result.stdout + result.stderr
    assert contract in result.stdout
    assert "1 broken" in result.stdout
    assert "trespasser" in result.stdout
