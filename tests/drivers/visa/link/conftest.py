from collections.abc import Iterator

import pytest

from drivers.visa.link import Link
from tests.drivers.visa.link.store import WAYS, Bench, Way, served


@pytest.fixture(params=WAYS)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    way: Way = request.param
    with served(way) as (store, server, address), Link(address, timeout_s=2.0) as link:
        yield store, server, link
