"""``moonecho delay``: the table, its two formats, and what it refuses."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import xarray
from rich.console import Console

from sim_core.geometry.delay_history import solve_delay_history
from testbed.cli import main
from testbed.delay_table import COLUMNS, DelayTable, write_delay_table
from testbed.errors import OptionError, OutputError
from testbed.options import DelayRequest, read_delay_request
from tests.sim_core.geometry import cspice_kernels


def request(
    *,
    site: str = "0,0",
    target: str = "9,-15",
    start: str = "2001-02-09T01:49:49",
    duration: str = "100",
    step: str = "0.5",
    kernel: str = "de421",
    orientation: str = "de421",
    relativity: Literal["none", "full"] = "none",
    out: Path | None = None,
) -> DelayRequest:
    return read_delay_request(
        site=site,
        target=target,
        start=start,
        duration=duration,
        step=step,
        kernel=kernel,
        lunar_orientation=orientation,
        relativity=relativity,
        carrier_hz="2.3e10",
        out=out,
    )


def quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.mark.parametrize("relativity", ["none", "full"])
def test_rows_agree_with_the_delay_history_that_a_run_uses(
    relativity: Literal["none", "full"],
) -> None:
    table = DelayTable(request(relativity=relativity))
    times_s = table.transmit_s()
    columns = dict(zip(COLUMNS, table.columns(times_s), strict=True))
    clock = table._clock
    history = solve_delay_history(
        table.model, table.site, table.target, table.epoch, 0.0, 100.0, clock
    )
    # Both come from the same light times: what differs is their noise, 2e-16 s a leg.
    np.testing.assert_allclose(columns["delay_s"], history.delay_s(times_s), rtol=0, atol=2e-15)
    np.testing.assert_allclose(
        columns["delay_s"], columns["downlink_s"] + columns["uplink_s"], rtol=0, atol=1e-15
    )
    # The history's rate is a derivative of its expansion: 2e-16 s of noise over segments of 64 s,
    # times the square of the degree.
    np.testing.assert_allclose(
        columns["delay_rate"], history.delay_rate(times_s), rtol=0, atol=1e-15
    )
    np.testing.assert_allclose(
        columns["doppler_hz"], history.doppler_hz(times_s, 2.3e10), rtol=0, atol=1e-4
    )


def test_relativity_adds_what_the_budget_says() -> None:
    plain, full = DelayTable(request()), DelayTable(request(relativity="full"))
    middle_s = np.array([50.0])
    added_s = float((full.columns(middle_s)[1] - plain.columns(middle_s)[1])[0])
    terms = {term.name: term for term in full.budget()}
    relativistic = (
        "Shapiro, Sun",
        "Shapiro, Earth",
        "Shapiro, Moon",
        "station vectors to the BCRS",
        "proper time of the lunar clock",
    )
    expected_s = sum(terms[name].size_s for name in relativistic)
    # The lunar clock has gained 2.5 ns by then, and the delay changes by 1e-6 s/s: nothing.
    assert added_s == pytest.approx(expected_s, abs=1e-14)
    assert all(terms[name].included for name in relativistic)
    assert not {t.name: t for t in plain.budget()}["Shapiro, Sun"].included


def test_kernels_of_the_user_are_taken() -> None:
    middle_s = np.array([50.0])
    usual, orientation, newer = (
        DelayTable(one).columns(middle_s)[:, 0]
        for one in (
            request(),
            request(orientation=cspice_kernels.lunar_kernels()[0]),
            request(kernel="de440"),
        )
    )
    # The same numbers by another way: psi, near 5000 rad in either file, has 1 ulp of 9e-13 rad,
    # 1.6 um at the Moon's surface, of which the line of sight sees 7 deg.
    assert orientation[1] == pytest.approx(usual[1], abs=2e-14)
    # DE440 has the Moon 0.2 m nearer on average, and the month changes that by as much.
    assert 0.05e-9 < usual[1] - newer[1] < 3e-9


def test_csv_reads_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "delay.csv"
    table = DelayTable(request(out=path))
    write_delay_table(request(out=path), quiet())
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == COLUMNS
    values = np.array(rows[1:], dtype=np.float64).T
    np.testing.assert_array_equal(values, table.columns(table.transmit_s()))
    assert values.shape == (6, 201)
    assert [path.name for path in tmp_path.iterdir()] == ["delay.csv"]


def test_netcdf_holds_the_same_with_units(tmp_path: Path) -> None:
    path = tmp_path / "delay.nc"
    write_delay_table(request(out=path), quiet())
    table = DelayTable(request(out=path))
    with xarray.open_dataset(path, decode_timedelta=False) as dataset:
        np.testing.assert_array_equal(dataset.delay_s, table.columns(table.transmit_s())[1])
        assert dataset.delay_s.units == "s"
        assert dataset.attrs["start_utc"] == "2001-02-09T01:49:49"
        assert dataset.attrs["ephemeris"] == dataset.attrs["lunar_orientation"] == "de421"


def test_netcdf_says_where_the_other_end_stands() -> None:
    table = DelayTable(request(duration="86400", step="3600"))
    dataset = table.dataset()
    # The limb of the Earth is where the geometric elevation at the target is zero: light time,
    # aberration and the ellipsoid's curvature change it by an arc minute or so.
    up = dataset.target_elevation_deg.values > 0.1
    down = dataset.target_elevation_deg.values < -0.1
    assert up.any()
    assert down.any()
    assert not dataset.behind_earth.values[up].any()
    assert dataset.behind_earth.values[down].all()
    assert not dataset.behind_moon.values.any()
    assert dataset.attrs["earth_orientation_predicted"] == 0


def test_electrons_need_a_carrier_that_they_only_delay() -> None:
    with pytest.raises(OptionError, match=r"--carrier-hz.*first order"):
        DelayTable(replace(request(), vertical_tecu=50.0, carrier_hz=1e6))


def test_standard_output_is_the_table_alone(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--site", "0,0", "--target", "9,-15", "--start", "2001-02-09T01:49:49"]
    assert main(["delay", *options, "--duration", "1", "--step", "1"]) == 0
    out, error = capsys.readouterr()
    assert out.splitlines()[0] == ",".join(COLUMNS)
    assert len(out.splitlines()) == 3
    assert "Shapiro" in error


def test_rows_without_sight_are_counted() -> None:
    day = DelayTable(request(duration="86400", step="600"))
    # The Moon is up for 11 to 13 hours of a lunar day at latitude 9.
    assert 0.4 < day.rows_not_visible() / day.request.rows < 0.6


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        (request(site="0,180"), "--site"),
        (request(target="9,165"), "--target"),
        (request(start="1961-01-01"), "--start"),
        (request(start="2030-01-01"), "--start"),
        (request(kernel="no/such.bsp"), "--kernel = no/such.bsp: there is no kernel /"),
        (request(orientation="no/such.bpc"), "--lunar-orientation = no/such.bpc: there is no"),
        (request(kernel="de440", start="1961-01-01"), "--start"),
    ],
    ids=[
        "far side",
        "behind the limb",
        "before the EOP",
        "after the EOP",
        "no kernel",
        "no orientation",
        "before the EOP, in DE440",
    ],
)
def test_impossible_requests_name_the_option(asked: DelayRequest, option: str) -> None:
    with pytest.raises(OptionError, match=option):
        DelayTable(asked).rows_not_visible()


@pytest.mark.parametrize("start", ["2028-06-01", "2030-01-01", "2052-01-01"])
def test_a_start_beyond_what_is_published_says_how_to_update(start: str) -> None:
    with pytest.raises(OptionError, match="pip install -U astropy-iers-data"):
        DelayTable(request(start=start))


def test_unwritable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"delay\.csv"):
        write_delay_table(request(out=tmp_path / "missing" / "delay.csv"), quiet())
