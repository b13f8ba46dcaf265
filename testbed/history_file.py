"""Delay histories in netCDF files: saved with their provenance, loaded again to the last bit."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.epoch import Epoch
from testbed.atomic_file import write_atomically
from testbed.errors import GeometryFileError

if TYPE_CHECKING:
    import xarray

_FORMAT = "moonecho delay histories 1"
_SERIES = "history_series"
_DOWNLINK_SERIES = "history_downlink_series"
_SCALARS = ("start_s", "stop_s", "reference_delay_s", "error_s", "noise_s")
_DERIVATIVES = ("delay_s", "delay_rate", "delay_acceleration_per_s")


def history_dataset(histories: Mapping[str, DelayHistory]) -> "xarray.Dataset":
    """Return delay histories as a dataset.

    Parameters
    ----------
    histories : mapping of str to DelayHistory
        By name, in order; of one epoch and one span.

    Returns
    -------
    xarray.Dataset
        Dimensions ``history``, ``derivative``, ``segment`` and ``order``; the variables are the
        fields of `DelayHistory`, the attributes the epoch and a digest of all numbers.
    """
    import xarray

    members = list(histories.values())
    epoch = members[0].epoch
    if any(one.epoch != epoch or one.coefficients.shape != members[0].coefficients.shape
           for one in members):  # fmt: skip
        raise ValueError("the delay histories of one file must share their epoch and span")
    variables: dict[str, Any] = {
        _SERIES: (
            ("history", "derivative", "segment", "order"),
            np.stack([one.coefficients for one in members]),
            {"long_name": "Chebyshev series of the delay less its reference, and its derivatives"},
        ),
        _DOWNLINK_SERIES: (
            ("history", "segment", "order"),
            np.stack([one.downlink_coefficients for one in members]),
            {"long_name": "Chebyshev series of the downlink less half the reference"},
        ),
    }
    for name in _SCALARS:
        values = [getattr(one, name) for one in members]
        variables[f"history_{name}"] = ("history", values, {"units": "s"})
    dataset = xarray.Dataset(
        variables,
        coords={"history": list(histories), "derivative": list(_DERIVATIVES)},
        attrs={
            "history_format": _FORMAT,
            "history_epoch_tdb_day": epoch.day,
            "history_epoch_tdb_second": epoch.second,
        },
    )
    dataset.attrs["history_sha256"] = _digest(dataset)
    return dataset


def save_delay_histories(
    path: Path, histories: Mapping[str, DelayHistory], provenance: Mapping[str, str | float]
) -> None:
    """Save delay histories to a netCDF file.

    Parameters
    ----------
    path : Path
        File to make.
    histories : mapping of str to DelayHistory
        By name; of one epoch and one span.
    provenance : mapping of str to str or float
        Where they come from: attributes of the file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    dataset = history_dataset(histories)
    dataset.attrs.update(provenance)
    write_dataset(path, dataset)


def load_delay_histories(path: Path) -> dict[str, DelayHistory]:
    """Load delay histories from a netCDF file, such as the ``geometry.nc`` of a run.

    Parameters
    ----------
    path : Path
        A file of `save_delay_histories` or of a run.

    Returns
    -------
    dict of str to DelayHistory
        By name, equal to what was saved to the last bit.

    Raises
    ------
    GeometryFileError
        If the file is missing, damaged, or not one of ours.
    """
    import xarray

    try:
        # Not decoded: the numbers are wanted as they are, without masks or times.
        with xarray.open_dataset(path, engine="h5netcdf", decode_cf=False) as opened:
            dataset = opened.load()
    except FileNotFoundError as error:
        raise GeometryFileError(
            path, "there is no such file", "name the geometry.nc of a run"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise GeometryFileError(
            path,
            f"cannot be read as netCDF: {error}",
            "it is damaged or of another kind; make it again with moonecho run",
        ) from error
    if dataset.attrs.get("history_format") != _FORMAT:
        raise GeometryFileError(
            path,
            "holds no delay histories of this version",
            f"name a file whose attribute history_format is {_FORMAT!r}",
        )
    try:
        if _digest(dataset) != dataset.attrs["history_sha256"]:
            raise GeometryFileError(
                path, "its numbers are not those that were saved", "make it again with moonecho run"
            )
        epoch = Epoch(
            float(dataset.attrs["history_epoch_tdb_day"]),
            float(dataset.attrs["history_epoch_tdb_second"]),
        )
        return {
            str(name): DelayHistory(
                epoch=epoch,
                coefficients=np.ascontiguousarray(dataset[_SERIES].values[k]),
                downlink_coefficients=np.ascontiguousarray(dataset[_DOWNLINK_SERIES].values[k]),
                **{one: float(dataset[f"history_{one}"].values[k]) for one in _SCALARS},
            )
            for k, name in enumerate(dataset["history"].values)
        }
    except (KeyError, ValueError, TypeError) as error:
        raise GeometryFileError(
            path, f"a part of it is missing or wrong: {error}", "make it again with moonecho run"
        ) from error


def write_dataset(path: Path, dataset: "xarray.Dataset") -> None:
    """Write a dataset as netCDF; the file appears when it is complete.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    # In memory first: HDF5 crashes when the disk is full under a file that it has open.
    content = io.BytesIO()
    dataset.to_netcdf(content, engine="h5netcdf")
    write_atomically(path, content.getbuffer())


def _digest(dataset: "xarray.Dataset") -> str:
    """Return the SHA-256 of the numbers that make up the histories."""
    digest = hashlib.sha256()
    for name in (_SERIES, _DOWNLINK_SERIES, *(f"history_{one}" for one in _SCALARS)):
        digest.update(np.ascontiguousarray(dataset[name].values, dtype="<f8").tobytes())
    digest.update("\n".join(map(str, dataset["history"].values)).encode())
    epoch = (dataset.attrs[f"history_epoch_tdb_{part}"] for part in ("day", "second"))
    digest.update(np.array([float(one) for one in epoch], dtype="<f8").tobytes())
    return digest.hexdigest()
