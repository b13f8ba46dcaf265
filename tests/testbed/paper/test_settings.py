"""Settings of the reproduction: defaults, the documented file, and what is refused."""

from pathlib import Path

import pytest

from testbed.config.problems import all_keys
from testbed.config.reference import key_tables
from testbed.errors import ConfigError
from testbed.paper.registry import PARTS
from testbed.paper.settings import PaperSettings, load_paper_settings


def refused(folder: Path, text: str) -> str:
    path = folder / "case.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_paper_settings(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path}:")
    return line.removeprefix(f"{path}:")


def test_the_shipped_file_shows_every_key_at_its_default(repository: Path) -> None:
    path = repository / "configs" / "paper.yaml"
    settings = load_paper_settings(path)
    assert settings == PaperSettings()
    assert settings.source.lines.keys() >= set(all_keys(PaperSettings))


def test_the_documentation_has_every_key(repository: Path) -> None:
    """If not, replace its tables by what ``key_tables(PaperSettings, "###")`` returns."""
    text = (repository / "docs" / "paper.md").read_text("utf-8")
    assert key_tables(PaperSettings, "###") in text
    assert all(f"`{name}`" in text for part in PARTS for name in part.names)


def test_without_a_file_the_settings_are_the_papers() -> None:
    assert load_paper_settings(None) == PaperSettings()


def test_the_hash_is_that_of_the_values(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("# the default, written out\nside: south\n")
    assert load_paper_settings(path).sha256() == PaperSettings().sha256()
    path.write_text("side: north\n")
    assert load_paper_settings(path).sha256() != PaperSettings().sha256()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sites: {}\n", "1: sites = {}: unknown key; did you mean site?"),
        ("\nside: east\n", "2: side = east: is not one of the choices; give one of north, south"),
        ("look_angles_deg: [0.1, 2]\n", "1: look_angles_deg[1] = 2: is no look angle; give 0 to 1"),
        ("look_angles_deg: 0.1\n", "1: look_angles_deg = 0.1: a number stands where a list"),
        ("hours_look_angles_deg: []\n", "1: hours_look_angles_deg = []: has 0 entries"),
        ("site: {latitude_deg: 91, longitude_deg: 0}\n", "site.latitude_deg = 91: is out of range"),
        ("site: {latitude_deg: 10}\n", "site.longitude_deg: the key is missing"),
        ("search_years: {first: 2010, last: 2001}\n", "search_years.last = 2001: lies before"),
        ("beam: {min_incidence_deg: 80}\n", "beam.max_incidence_deg: is not above"),
        ("beam: {half_range_deg: wide}\n", "beam.half_range_deg = wide: a text is not a number"),
        ("fineness: {hours_grid_deg: 0}\n", "fineness.hours_grid_deg = 0: is out of range"),
        ("year_start_utc: 2021-02-30T00:00:00\n", "year_start_utc = 2021-02-30T00:00:00: "),
        ("ephemeris: de999\n", "ephemeris = de999: "),
        ("- a list\n", "1: holds a list"),
        ("beam: [\n", "is not valid YAML"),
        ("", " is empty"),
    ],
)
def test_what_is_wrong_is_said_on_one_line(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)
