"""Kernels for CSPICE, written from the same tables that the package itself reads.

So a comparison of delays has one ephemeris on both sides, and CSPICE iterates its own light times.
"""

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path

import de421
import numpy as np
import numpy.typing as npt
import spiceypy
from jplephem import Ephemeris as TableReader
from numpy.polynomial import chebyshev as cheb

from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import MotionModel

FloatArray = npt.NDArray[np.float64]

J2000 = Epoch(2451544.5, 43200.0)

EARTH_FRAME = "TESTBED_EARTH"
_EARTH_FRAME_ID = 1400399

# The kernels hold these years; the granules of four days in between are 5000.
_FIRST_JD, _LAST_JD = 2440000.5, 2462000.5


def ephemeris_time(epoch: Epoch) -> float:
    """Return CSPICE's time: seconds of TDB since J2000, in one double."""
    return epoch.seconds_since(J2000)


def lunar_kernels() -> list[str]:
    """Return the files of DE421's lunar orientation and of the frames that go with it."""
    # Found without an import: the package itself wants to download an ephemeris.
    spec = importlib.util.find_spec("lunarsky")
    assert spec is not None and spec.submodule_search_locations is not None
    data = Path(spec.submodule_search_locations[0]) / "data"
    return [
        str(data / "pck" / "moon_pa_de421_1900-2050.bpc"),
        str(data / "fk" / "satellites" / "moon_080317.tf"),
    ]


def write_de421(path: Path, points: Iterable[tuple[int, int, str, npt.ArrayLike]] = ()) -> None:
    """Write Moon and Earth of DE421, and points fixed to a body, as an SPK of type 2.

    `points` are number, number of the body, body-fixed frame and position in m.
    """
    reader = TableReader(de421)
    moon_share = reader.EMRAT / (1.0 + reader.EMRAT)
    earth_share = -1.0 / (1.0 + reader.EMRAT)
    handle = spiceypy.spkopn(str(path), "DE421", 0)
    for body, centre, table, factor in (
        (3, 0, "earthmoon", 1.0),
        (301, 3, "moon", moon_share),
        (399, 3, "moon", earth_share),
    ):
        coefficients = reader.load(table)
        days = (reader.jomega - reader.jalpha) / coefficients.shape[0]
        first = int((_FIRST_JD - reader.jalpha) // days)
        last = int((_LAST_JD - reader.jalpha) // days)
        chosen = factor * np.asarray(coefficients[first:last])
        start_s = ephemeris_time(Epoch.from_tdb(float(reader.jalpha + first * days)))
        stop_s = ephemeris_time(Epoch.from_tdb(float(reader.jalpha + last * days)))
        spiceypy.spkw02(
            handle, body, centre, "J2000", start_s, stop_s, table, days * 86400.0,
            chosen.shape[0], chosen.shape[2] - 1, chosen.ravel(), start_s,
        )  # fmt: skip
    for number, body, frame, position_m in points:
        constant = np.zeros((3, 2))
        constant[:, 0] = np.asarray(position_m) / 1e3
        spiceypy.spkw02(
            handle, number, body, frame, start_s, stop_s, "point", stop_s - start_s,
            1, 1, constant.ravel(), start_s,
        )  # fmt: skip
    spiceypy.spkcls(handle)


def write_earth_orientation(
    path: Path, models: Mapping[Epoch, MotionModel], half_span_s: float
) -> None:
    """Write the Earth orientation of some models around their epochs as a binary PCK of type 2.

    The frame is `EARTH_FRAME`; `define_earth_frame` makes CSPICE know it.
    """
    degree = 8
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    handle = spiceypy.pckopn(str(path), "Earth", 0)
    for epoch, model in models.items():
        angles = []
        for second in half_span_s * nodes + epoch.second:
            to_celestial = np.array(
                [
                    earth_fixed_to_celestial(model.orientation, epoch.day, second, *axis)[:3]
                    for axis in np.eye(3)
                ]
            ).T
            w, delta, phi = spiceypy.m2eul(to_celestial.T, 3, 1, 3)
            angles.append((phi, delta, w))
        coefficients = cheb.chebfit(nodes, np.unwrap(np.array(angles), axis=0), degree).T
        start_s = ephemeris_time(epoch) - half_span_s
        spiceypy.pckw02(
            handle, _EARTH_FRAME_ID, "J2000", start_s, start_s + 2.0 * half_span_s, "Earth",
            2.0 * half_span_s, 1, degree, coefficients.ravel(), start_s,
        )  # fmt: skip
    spiceypy.pckcls(handle)


def define_earth_frame() -> None:
    """Tell CSPICE of the frame `EARTH_FRAME`."""
    spiceypy.pcpool(f"FRAME_{_EARTH_FRAME_ID}_NAME", [EARTH_FRAME])
    for key, value in (
        (f"FRAME_{EARTH_FRAME}", _EARTH_FRAME_ID),
        (f"FRAME_{_EARTH_FRAME_ID}_CLASS", 2),
        (f"FRAME_{_EARTH_FRAME_ID}_CLASS_ID", _EARTH_FRAME_ID),
        (f"FRAME_{_EARTH_FRAME_ID}_CENTER", 399),
    ):
        spiceypy.pipool(key, [value])
