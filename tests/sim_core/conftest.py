"""What the tests of all of `sim_core` share."""

import pytest

from tests.sim_core.moon_link import Link, moon_link


@pytest.fixture(scope="session")
def link() -> Link:
    """Site (0, 0), look angle 0.1 deg to the south, at the epoch of the paper's Table 3."""
    return moon_link()
