from collections.abc import Iterator

import pytest

from drivers.simulators.servers.instrument_server import InstrumentServer
from tests.drivers.simulators.toy import ToyInstrument


@pytest.fixture
def toy() -> ToyInstrument:
    return ToyInstrument()


@pytest.fixture
def server(toy: ToyInstrument) -> Iterator[InstrumentServer]:
    with InstrumentServer(toy) as served:
        yield served
