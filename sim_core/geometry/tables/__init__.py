"""Published coefficients of models, as tables; the head of each file names its source."""

import csv
import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt


@functools.cache
def read_table(name: str, kind: str | None = None) -> npt.NDArray[np.float64]:
    """Read the numbers of a table.

    Parameters
    ----------
    name : str
        Name of the file, without its suffix.
    kind : str, optional
        Only the rows whose first column says so; that column is left out of the numbers. Without
        it, all rows, whose columns are all numbers.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        Read-only: it is shared.
    """
    text = Path(__file__).with_name(f"{name}.csv").read_text(encoding="ascii")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = list(csv.reader(lines[1:]))
    if kind is not None:
        rows = [row[1:] for row in rows if row[0] == kind]
    numbers = np.array(rows, dtype=np.float64)
    numbers.flags.writeable = False
    return numbers
