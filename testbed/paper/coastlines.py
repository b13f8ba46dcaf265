"""Coastlines for maps: those of Natural Earth at 1:110 000 000, if their package is installed."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

_PACKAGE = "earthkit.plots"
_FILE = Path("data") / "geo" / "coastlines_low.json"

INSTALL = "pip install -e '.[maps]'"
"""What brings them."""


@cache
def coastlines() -> tuple[npt.NDArray[np.float64], ...]:
    """Return coastlines of the Earth.

    They are read from the files of earthkit-plots (ECMWF, Apache-2.0; the data are in the public
    domain), which is not imported: it would bring cartopy, which fetches data from the network.

    Returns
    -------
    tuple of ndarray of float64, shape (points, 2)
        Longitude and latitude in deg, line by line; none where the package is not installed.
    """
    # Finding a module inside a package imports the packages above it: only `earthkit`, which is
    # empty.
    top, _, _ = _PACKAGE.partition(".")
    if importlib.util.find_spec(top) is None:
        return ()
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        return ()
    path = Path(next(iter(found.submodule_search_locations))) / _FILE
    if not path.exists():
        return ()
    lines = json.loads(path.read_text("utf-8"))
    return tuple(np.asarray(line["coords"], dtype=np.float64).reshape(-1, 2) for line in lines)
