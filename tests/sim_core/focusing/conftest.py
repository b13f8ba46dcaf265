"""What the tests of focusing share."""

import pytest

from tests.sim_core.focusing.moon_scene import MoonScene, moon_scene


@pytest.fixture(scope="session")
def scene() -> MoonScene:
    """Exact delays of the paper's geometry, and those of all places about its aim point."""
    return moon_scene()
