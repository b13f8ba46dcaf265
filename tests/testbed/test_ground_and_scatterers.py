"""Images on the ground lie where the ground is, and scenes are in the windows or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from testbed.config import Configuration
from testbed.errors import ConfigError
from testbed.experiment import focus_recording
from testbed.scenario import build_scenario
from tests.testbed.experiments import Run, changed, quiet, run

# An aim well above the ellipsoid: a ground that is taken to be at height zero is 5 km off there.
AIM = {"ground": {"latitude_deg": 40.4168, "longitude_deg": -3.7038, "height_m": 650.0}}
GRID = {"half_east_m": 60.0, "half_north_m": 60.0, "east_step_m": 4.0, "north_step_m": 4.0}


@pytest.mark.parametrize("surface", ["ellipsoid", "plane"])
def test_a_point_at_the_aim_is_in_the_middle_of_the_ground_image(
    smoke: Configuration, tmp_path: Path, surface: str
) -> None:
    changes: dict[str, Any] = {
        "geometry.aim": AIM,
        "geometry.epoch_utc": "2024-03-21T20:00:00",
        "focusing.ground": {**GRID, "surface": surface},
    }
    made = run(changed(smoke, changes), tmp_path / "run")
    assert made.result.verdict == "pass"
    with rasterio.open(made.folder / "ground.tif") as file:
        samples = file.read(1)
        row, column = np.unravel_index(int(np.argmax(np.abs(samples))), samples.shape)
        assert file.xy(row, column) == (0.0, 0.0)
    # Its own phase, zero, and what was played: a pixel holds the reflectivity of its place. The
    # noise of 12 bits is 100 dB below.
    level = 10.0 ** (smoke.device.level_dbfs / 20.0)
    assert samples[row, column] == pytest.approx(level, abs=2e-3 * level)


@pytest.mark.parametrize(("north_m", "inside"), [(500.0, True), (20e3, False)])
def test_scatterers_outside_of_the_windows_are_refused(
    smoke: Configuration, tmp_path: Path, north_m: float, inside: bool
) -> None:
    path = tmp_path / "points.csv"
    path.write_text(f"east_m,north_m\n0,{north_m}\n")
    with_scene = changed(smoke, {"scene.scatterers": {"path": str(path)}})
    if inside:
        scene = build_scenario(with_scene).signal.scene
        assert scene is not None
        assert scene.scatterers == 1
        return
    with pytest.raises(ConfigError, match="window") as caught:
        build_scenario(with_scene)
    assert caught.value.key == "scene.scatterers.path"


def test_each_method_has_a_folder_of_its_own(smoke_run: Run) -> None:
    for method in ("deramp", "range-doppler"):
        focus_recording(smoke_run.folder, method=method, out_dir=None, console=quiet())
        assert (smoke_run.folder / f"focus_{method}" / "report.json").exists()
