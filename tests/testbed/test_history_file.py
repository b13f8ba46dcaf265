from pathlib import Path

import h5netcdf
import numpy as np
import pytest
import xarray

from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import motion_model, site_station, target_station
from sim_core.geometry.sites import EarthPoint, LunarSite
from testbed.errors import GeometryFileError, OutputError
from testbed.history_file import load_delay_histories, save_delay_histories


@pytest.fixture(scope="module")
def histories() -> dict[str, DelayHistory]:
    epoch = Epoch.from_utc("2024-03-25T07:00:00.123")
    model, _ = motion_model(epoch.plus_seconds(-400.0), epoch.plus_seconds(400.0))
    site = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    return {
        name: solve_delay_history(model, site, target_station(place), epoch, -300.0, 300.0)
        for name, place in (("here", EarthPoint(40.0, 0.0)), ("there", EarthPoint(41.0, 1.0)))
    }


@pytest.fixture
def saved(histories: dict[str, DelayHistory], tmp_path: Path) -> Path:
    path = tmp_path / "histories.nc"
    save_delay_histories(path, histories, {"ephemeris": "de421", "carrier_hz": 23e9})
    return path


def test_what_is_loaded_is_what_was_saved(histories: dict[str, DelayHistory], saved: Path) -> None:
    loaded = load_delay_histories(saved)
    assert list(loaded) == ["here", "there"]
    for name, history in histories.items():
        other = loaded[name]
        np.testing.assert_array_equal(other.coefficients, history.coefficients)
        np.testing.assert_array_equal(other.downlink_coefficients, history.downlink_coefficients)
        for field in ("epoch", "start_s", "stop_s", "reference_delay_s", "error_s", "noise_s"):
            assert getattr(other, field) == getattr(history, field)
        times_s = np.linspace(-300.0, 300.0, 101)
        np.testing.assert_array_equal(other.delay_s(times_s), history.delay_s(times_s))


def test_provenance_is_in_the_file(saved: Path) -> None:
    with xarray.open_dataset(saved) as dataset:
        assert dataset.attrs["ephemeris"] == "de421"
        assert dataset.attrs["carrier_hz"] == 23e9
    assert not list(saved.parent.glob("*.part"))


def test_a_changed_number_is_noticed(saved: Path) -> None:
    with h5netcdf.File(saved, "a") as file:
        file["history_series"][1, 0, 0, 3] += 1e-18
    with pytest.raises(GeometryFileError, match="not those that were saved"):
        load_delay_histories(saved)


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.9])
def test_a_file_cut_short_is_refused(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content)) if kept < 1 else int(kept)])
    with pytest.raises(GeometryFileError, match=r"histories\.nc"):
        load_delay_histories(saved)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.nc"
    xarray.Dataset({"delay_s": ("time", [1.0, 2.0])}).to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(GeometryFileError, match="no delay histories") as caught:
        load_delay_histories(foreign)
    assert "history_format" in caught.value.remedy
    text = tmp_path / "text.nc"
    text.write_text("transmit_s,delay_s\n")
    with pytest.raises(GeometryFileError, match="netCDF"):
        load_delay_histories(text)
    with pytest.raises(GeometryFileError, match="no such file"):
        load_delay_histories(tmp_path / "none.nc")


def test_a_missing_variable_is_named(saved: Path, tmp_path: Path) -> None:
    with xarray.open_dataset(saved, decode_cf=False) as dataset:
        rest = dataset.drop_vars("history_error_s").load()
    other = tmp_path / "rest.nc"
    rest.to_netcdf(other, engine="h5netcdf")
    with pytest.raises(GeometryFileError, match="history_error_s"):
        load_delay_histories(other)


def test_a_folder_that_is_not_there_is_refused(
    histories: dict[str, DelayHistory], tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        save_delay_histories(tmp_path / "none" / "histories.nc", histories, {})


def test_histories_of_one_file_share_their_span(
    histories: dict[str, DelayHistory], tmp_path: Path
) -> None:
    epoch = histories["here"].epoch
    model, _ = motion_model(epoch, epoch)
    site = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    target = target_station(EarthPoint(40.0, 0.0))
    shorter = solve_delay_history(model, site, target, epoch, -1.0, 1.0)
    with pytest.raises(ValueError, match="share their epoch and span"):
        save_delay_histories(tmp_path / "mixed.nc", histories | {"shorter": shorter}, {})


def test_exchanged_names_are_noticed(saved: Path) -> None:
    with xarray.open_dataset(saved, decode_cf=False) as opened:
        dataset = opened.load()
    exchanged = dataset.assign_coords(history=dataset.history.values[::-1])
    exchanged.to_netcdf(saved, engine="h5netcdf")
    with pytest.raises(GeometryFileError, match="not those that were saved"):
        load_delay_histories(saved)


def test_an_epoch_that_is_no_number_is_a_damaged_file(saved: Path) -> None:
    with h5netcdf.File(saved, "a") as file:
        file.attrs["history_epoch_tdb_day"] = "x"
    with pytest.raises(GeometryFileError, match="missing or wrong"):
        load_delay_histories(saved)
