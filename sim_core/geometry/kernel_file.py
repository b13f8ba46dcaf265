"""Binary kernels of SPICE: what is in a file, and its records, read a few at a time.

A kernel (.bsp: positions, .bpc: orientations) is a "double precision array file" (DAF): summaries
of segments, and arrays of numbers. jplephem reads the summaries; this module adds the checks that
make a damaged or foreign file an error with a name, and reads only the records that are asked for.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from sim_core.errors import KernelError

if TYPE_CHECKING:
    from jplephem.daf import DAF

KernelKind = Literal["SPK", "PCK"]

J2000_FRAME = 1
"""SPICE's number of the ICRF axes, which it calls J2000."""

_RECORD_BYTES = 1024
_LARGEST_NUMBER = 1e13
_WORD_BYTES = 8
_INTEGERS = {"SPK": 6, "PCK": 5}
_WHAT = {"SPK": "positions (.bsp)", "PCK": "orientations (.bpc)"}
_OTHERS = {
    "CK": "a kernel of spacecraft attitude (CK)",
    "EK": "a kernel of events (EK)",
    "DSK": "a kernel of shapes (DSK)",
}
_GIVE = {
    "SPK": "name a .bsp file with Moon, Earth, Earth-Moon barycentre and Sun, or use de421",
    "PCK": "name a .bpc file of the Moon, or use de421 for its librations",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """The summary of one segment.

    Attributes
    ----------
    name : str
        What its maker called it.
    subject : int
        SPICE's number of the body (SPK) or of the body-fixed frame's class (PCK).
    centre : int or None
        Number of the body that positions refer to; orientations have none.
    frame : int
        Number of the frame that it is given in.
    data_type : int
        Form of its data; 2 and 3 are Chebyshev series on granules of equal length.
    start_s, stop_s : float
        Span that it may be used for, TDB seconds since J2000.
    first_word, last_word : int
        Where its data lie, in numbers of 8 bytes counted from 1.
    """

    name: str
    subject: int
    centre: int | None
    frame: int
    data_type: int
    start_s: float
    stop_s: float
    first_word: int
    last_word: int


@dataclass(frozen=True, slots=True)
class KernelFile:
    """A kernel whose summaries have been read.

    Attributes
    ----------
    path : Path
        The file.
    label : str
        What its user calls it: a name such as ``de440``, or the path.
    kind : {"SPK", "PCK"}
        Positions or orientations.
    byte_order : {"<", ">"}
        Order of the bytes in its numbers.
    segments : tuple of Segment
        In the order of the file: where two hold the same instant, the later one counts.
    """

    path: Path
    label: str
    kind: KernelKind
    byte_order: Literal["<", ">"]
    segments: tuple[Segment, ...]

    def words(self, first: int, count: int) -> npt.NDArray[np.float64]:
        """Read numbers from the file.

        Parameters
        ----------
        first : int
            Number of the first one, counted from 1.
        count : int
            How many.

        Raises
        ------
        KernelError
            If the file cannot be read, or ends before.
        """
        try:
            values = np.fromfile(
                self.path, f"{self.byte_order}f8", count, offset=(first - 1) * _WORD_BYTES
            )
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if values.size != count:
            raise _cut_short(self.path)
        return values.astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Series:
    """A segment of Chebyshev series on granules of equal length (types 2 and 3).

    Attributes
    ----------
    kernel : KernelFile
        Where it is.
    segment : Segment
        Its summary.
    origin_s : Fraction
        Start of its first granule, TDB seconds since J2000, exactly as in the file.
    granule_s : Fraction
        Length of a granule.
    granules : int
        How many there are.
    record_words : int
        Numbers of one granule in the file: middle, half length, and the coefficients.
    """

    kernel: KernelFile
    segment: Segment
    origin_s: Fraction
    granule_s: Fraction
    granules: int
    record_words: int

    @property
    def start_s(self) -> float:
        """First instant that it may be used for."""
        return max(self.segment.start_s, float(self.origin_s))

    @property
    def stop_s(self) -> float:
        """Last instant that it may be used for."""
        return min(self.segment.stop_s, float(self.origin_s + self.granules * self.granule_s))

    def coefficients(self, first: int, count: int) -> npt.NDArray[np.float64]:
        """Read the coefficients of some granules.

        Parameters
        ----------
        first, count : int
            Number of the first granule, from 0, and how many.

        Returns
        -------
        ndarray of float64, shape (count, 3, degree + 1)
            Position in km, or Euler angles in rad. Segments of type 3 have series of their own for
            velocity; those are left out, since a velocity here is always the derivative.

        Raises
        ------
        KernelError
            If the numbers are not those of such granules.
        """
        start = self.segment.first_word + first * self.record_words
        records = self.kernel.words(start, count * self.record_words)
        records = records.reshape(count, self.record_words)
        # Not only NaN and infinity: what is larger than any distance of the solar system in km.
        if not (np.abs(records) < _LARGEST_NUMBER).all():
            raise KernelError(
                f"the kernel {self.kernel.path} is damaged: {describe(self.segment)} has "
                "coefficients that are no numbers",
                "get the file anew, in binary",
            )
        half_s = 0.5 * float(self.granule_s)
        middle_s = float(self.origin_s) + (2.0 * np.arange(first, first + count) + 1.0) * half_s
        # Middle and half length of each record are written in doubles, near 1e10 s at most.
        in_place = np.abs(records[:, 0] - middle_s) <= 1e-6 * half_s
        if not (in_place & (np.abs(records[:, 1] - half_s) <= 1e-6 * half_s)).all():
            raise KernelError(
                f"the kernel {self.kernel.path} is damaged: granules of {describe(self.segment)} "
                "are not where its directory says",
                "get the file anew, in binary",
            )
        components = 6 if self.segment.data_type == 3 else 3
        series = records[:, 2:].reshape(count, components, -1)[:, :3]
        return np.ascontiguousarray(series)


def open_kernel(path: Path, kind: KernelKind, label: str | None = None) -> KernelFile:
    """Read the summaries of a kernel.

    Parameters
    ----------
    path : Path
        The file. Both byte orders are read.
    kind : {"SPK", "PCK"}
        Which kind it has to be.
    label : str, optional
        What errors call it; by default the path.

    Returns
    -------
    KernelFile

    Raises
    ------
    KernelError
        If it is missing, a folder, unreadable, cut short, damaged, or no kernel of this kind.
    """
    from jplephem.daf import DAF

    try:
        size = path.stat().st_size
        if path.is_dir():
            raise KernelError(f"{path} is a folder, not a kernel", _GIVE[kind])
        with path.open("rb") as file:
            _require_kind(path, kind, file.read(_RECORD_BYTES))
            reader = DAF(file)
            if size < _WORD_BYTES * (reader.free - 1):
                raise _cut_short(path, f"{size} of {_WORD_BYTES * (reader.free - 1)} bytes")
            segments = tuple(_segments(reader, kind))
            byte_order: Literal["<", ">"] = ">" if reader.endian == ">" else "<"
    except FileNotFoundError as error:
        raise KernelError(
            f"there is no kernel {path.absolute()}",
            "check the path (a relative one counts from the folder that the command runs in), or "
            "use de421",
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except KernelError:
        raise
    except struct.error as error:
        raise _cut_short(path) from error
    # What jplephem, or Python's own conversions, make of numbers that cannot be.
    except (ValueError, OverflowError) as error:
        raise KernelError(
            f"the kernel {path} is damaged ({error})", "get the file anew, in binary"
        ) from error
    for segment in segments:
        if not 1 <= segment.first_word < segment.last_word <= size // _WORD_BYTES:
            raise _cut_short(path, f"{describe(segment)} lies beyond its end")
    return KernelFile(path, label or str(path), kind, byte_order, segments)


def series_of(kernel: KernelFile, segment: Segment) -> Series:
    """Read the directory of a segment of Chebyshev series.

    Parameters
    ----------
    kernel : KernelFile
        The file.
    segment : Segment
        One of its segments, of type 2 or 3.

    Raises
    ------
    KernelError
        If the directory contradicts itself.
    """
    directory = kernel.words(segment.last_word - 3, 4)
    # Numbers of Python: what overflows is infinite, without a warning.
    origin_s, granule_s, record_words, granules = directory.tolist()
    components = 6 if segment.data_type == 3 else 3
    length = segment.last_word - segment.first_word + 1
    right = (
        abs(origin_s) < _LARGEST_NUMBER
        and 0.0 < granule_s < _LARGEST_NUMBER
        and granules >= 1
        and granules % 1.0 == 0.0
        and record_words >= 2 + components
        and (record_words - 2) % components == 0
        and granules * record_words + 4 == length
        and max(segment.start_s, origin_s) < min(segment.stop_s, origin_s + granules * granule_s)
    )
    if not right:
        raise KernelError(
            f"the kernel {kernel.path} is damaged: the directory of {describe(segment)} "
            "contradicts itself",
            "get the file anew, in binary",
        )
    return Series(
        kernel, segment, Fraction(origin_s), Fraction(granule_s), int(granules), int(record_words)
    )


def describe(segment: Segment) -> str:
    """Say which segment it is."""
    what = f"segment {segment.name!r}" if segment.name else "the segment without a name"
    if segment.centre is None:
        return f"{what} (frame {segment.subject})"
    return f"{what} (body {segment.subject} relative to {segment.centre})"


def _require_kind(path: Path, kind: KernelKind, header: bytes) -> None:
    """Raise unless a file begins as a kernel of the wanted kind does."""
    word = header[:8].decode("latin-1").rstrip().upper()
    found = word.removeprefix("DAF/") if word.startswith("DAF/") else ""
    if word == "NAIF/DAF" and len(header) >= 16:
        # Files before 1998 do not name their kind; the numbers of their summaries tell it.
        counts = {struct.unpack_from(order, header, 8) for order in ("<II", ">II")}
        kinds = [name for name, integers in _INTEGERS.items() if (2, integers) in counts]
        found = kinds[0] if kinds else ""
    if found == kind:
        if len(header) < _RECORD_BYTES:
            raise _cut_short(path)
        order = ">" if header[88:96] == b"BIG-IEEE" else "<"
        if word != "NAIF/DAF" and struct.unpack_from(f"{order}II", header, 8) != (
            2,
            _INTEGERS[kind],
        ):
            raise KernelError(
                f"the kernel {path} is damaged: its summaries have another form than those of "
                f"{_WHAT[kind]}, or another byte order than it says",
                "get the file anew, in binary",
            )
        return
    if found in _INTEGERS:
        raise KernelError(
            f"{path} is a kernel of {_WHAT[found]}, where one of {_WHAT[kind]} is wanted",
            "give a .bsp as the ephemeris and a .bpc as the lunar orientation; are the two "
            "exchanged?",
        )
    if not header:
        problem = "is empty"
    elif found in _OTHERS:
        problem = f"is {_OTHERS[found]}"
    elif word.startswith("DAFETF"):
        raise KernelError(
            f"{path} is a kernel in transfer format, which is text",
            "convert it to binary with SPICE's TOBIN",
        )
    elif word.startswith("KPL/"):
        problem = f"is a text kernel ({word})"
    elif header.startswith(b"version https://git-lfs"):
        problem = "is a pointer to a file of Git LFS, not the file"
    else:
        problem = "is no kernel of SPICE"
    raise KernelError(f"{path} {problem}, where one of {_WHAT[kind]} is wanted", _GIVE[kind])


def _segments(reader: "DAF", kind: KernelKind) -> Iterator[Segment]:
    """Yield the summaries of all segments."""
    seen: set[int] = set()
    for record, count, data in reader.summary_records():
        if record in seen:
            raise ValueError("its summaries run in a circle")
        seen.add(record)
        names = reader.read_record(record + 1)
        if not 0 <= count <= reader.summaries_per_record:
            raise ValueError(f"{count} summaries in one record")
        for index in range(int(count)):
            start = index * reader.summary_step
            name = names[start : start + reader.summary_step].decode("latin-1").strip(" \0")
            start_s, stop_s, *integers = reader.summary_struct.unpack_from(
                data, reader.summary_control_struct.size + start
            )
            centre = integers.pop(1) if kind == "SPK" else None
            subject, frame, data_type, first, last = integers
            yield Segment(name, subject, centre, frame, data_type, start_s, stop_s, first, last)


def _unreadable(path: Path, error: OSError) -> KernelError:
    return KernelError(
        f"the kernel {path} cannot be read ({error.strerror or error})",
        "name a file that you may read",
    )


def _cut_short(path: Path, detail: str = "") -> KernelError:
    return KernelError(
        f"the kernel {path} is cut short" + (f" ({detail})" if detail else ""),
        "get the file anew; its size tells whether it is complete",
    )
