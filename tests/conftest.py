"""What every test shares: how hypothesis searches, how figures are drawn, where the tree lies."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Figures need no display. Set before anything imports matplotlib.
os.environ["MPLBACKEND"] = "Agg"

# Matrices are small here: on a busy machine the threads of a BLAS cost ten times what they gain.
# Set before anything imports numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No deadline: the first call of a compiled kernel may include its compilation. Under CI the
# examples are always the same, so that a failure there is the commit's doing.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("continuous", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("continuous" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the source tree."""
    return Path(__file__).resolve().parent.parent
