import pytest

from drivers.simulators.bench.rf_bench import Cable, RfBench


@pytest.fixture
def bench() -> RfBench:
    bench = RfBench(seed=3, clock_error_ppm=0.0)
    bench.connect(("awg", "1"), ("scope", "1"), Cable(0.0, 4e-9))
    bench.connect(("awg", "M1"), ("scope", "EXT"), Cable(0.0, 4e-9))
    return bench
