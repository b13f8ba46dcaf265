from pathlib import Path

import pytest

from testbed.config import Configuration, load_configuration
from tests.testbed.experiments import Run, run


@pytest.fixture(scope="session")
def smoke(repository: Path) -> Configuration:
    return load_configuration(repository / "configs" / "smoke.yaml")


@pytest.fixture(scope="session")
def point_target(repository: Path) -> Configuration:
    return load_configuration(repository / "configs" / "point_target.yaml")


@pytest.fixture(scope="session")
def smoke_run(smoke: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(smoke, tmp_path_factory.mktemp("smoke") / "run")
