import pytest

from tests.testbed.paper.reproduction import COARSE, Reproduction, reproduced

# The sections of geometry; those of the point target have tests of their own.
GEOMETRY = "table1,figure1,table2,figure2,figure3,figure4,figure5,table3,steering"


@pytest.fixture(scope="session")
def geometry(tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    return reproduced(tmp_path_factory.mktemp("paper"), COARSE, GEOMETRY)
