import numpy as np
import pytest
from numpy.polynomial import chebyshev as cheb

from sim_core.geometry.chebyshev_tensor import chebyshev_nodes, contract, series_along


def test_series_passes_through_its_nodes() -> None:
    x = chebyshev_nodes(12)
    series = series_along(np.stack((np.exp(x), np.sin(3.0 * x)), axis=1), 0)
    # Rounding of sums of twelve terms of size 1.
    assert series[:, 0] == pytest.approx(cheb.chebfit(x, np.exp(x), 11), abs=1e-14)
    assert cheb.chebval(x, series[:, 1]) == pytest.approx(np.sin(3.0 * x), abs=1e-14)


# More places than are evaluated at once, and not a multiple of them.
@pytest.mark.parametrize("places", [0, 1, 300])
def test_contraction_is_that_of_numpy(places: int) -> None:
    generator = np.random.default_rng(0)
    tensor = generator.standard_normal((4, 3, 5, 6))
    tensor[2, 1] = 0.0
    cube = generator.uniform(-1.0, 1.0, (3, places))
    found = contract(tensor, cube)
    assert found.shape == (places, 6)
    # Sums of 60 terms of size 1.
    assert found == pytest.approx(cheb.chebval3d(cube[0], cube[1], cube[2], tensor).T, abs=1e-12)
