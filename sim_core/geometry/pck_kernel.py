"""The Moon's orientation from a kernel of orientations (.bpc).

Such a kernel turns the Moon's principal axes, which are those of the ephemeris that it was made
with. Those of two versions lie up to 1.4 m apart on the surface; the mean-Earth frames, which are
reached by angles proper to each version, agree to 0.4 m. So a kernel is used with the angles of its
own version or not at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import KernelError
from sim_core.geometry.granules import Granules, Span, coverage, cut_out, require_covered
from sim_core.geometry.kernel_file import J2000_FRAME, KernelFile, series_of

ARCSECOND = np.pi / 648000.0


@dataclass(frozen=True, slots=True)
class PrincipalAxes:
    """The principal-axis frame of one version.

    Attributes
    ----------
    version : str
        The ephemeris that it belongs to.
    to_mean_earth : tuple of float
        Angles about z, y, x between it and the mean-Earth frame, rad.
    """

    version: str
    to_mean_earth: tuple[float, float, float]


DE421_AXES = PrincipalAxes("DE421", (67.92 * ARCSECOND, 78.56 * ARCSECOND, 0.30 * ARCSECOND))
"""Williams, Boggs and Folkner (2008), JPL IOM 335-JW,DB,WF-20080314-001."""

DE440_AXES = PrincipalAxes("DE440", (67.8526 * ARCSECOND, 78.6944 * ARCSECOND, 0.2785 * ARCSECOND))
"""Park, Folkner, Williams and Boggs (2021), The Astronomical Journal 161:105, section 4; NAIF's
frame kernel moon_de440_220930.tf. They lead to DE421's mean-Earth frame, not to one of their own.
"""

FRAMES: Mapping[int, PrincipalAxes] = {31006: DE421_AXES, 31008: DE440_AXES}
"""SPICE's numbers of the principal-axis frames whose angles to the mean Earth are known."""


class OrientationKernel:
    """A kernel of the Moon's orientation.

    Parameters
    ----------
    kernel : KernelFile
        A PCK.

    Attributes
    ----------
    kernel : KernelFile
    axes : PrincipalAxes
        The version that its frame belongs to.
    span : Span
        From its first to its last instant.

    Raises
    ------
    KernelError
        If it has no orientation of the Moon, or of a version whose angles are not known, or of
        several, or of another than its name says; or if it is in a form that is not read.
    """

    def __init__(self, kernel: KernelFile) -> None:
        self.kernel = kernel
        known = ", ".join(f"{axes.version} (frame {frame})" for frame, axes in FRAMES.items())
        remedy = f"give a .bpc of the Moon's principal axes of {known}, or use de421"
        held = sorted({segment.subject for segment in kernel.segments})
        found = [frame for frame in held if frame in FRAMES]
        if not found:
            frames = ", ".join(map(str, held)) or "none"
            raise KernelError(
                f"{kernel.label} has no lunar frame whose angles to the mean-Earth frame are "
                f"known; its frames are {frames}",
                remedy,
            )
        if len(found) > 1:
            raise KernelError(
                f"{kernel.label} has principal axes of several versions "
                f"({', '.join(FRAMES[frame].version for frame in found)}), which must not be mixed",
                "give a .bpc with one of them",
            )
        self.axes = FRAMES[found[0]]
        named = re.findall(r"(?<![a-z])de[-_]?0?(\d{3})(?!\d)", kernel.path.name.lower())
        if named and self.axes.version.removeprefix("DE") not in named:
            raise KernelError(
                f"{kernel.label} is named after DE{named[0]}, but its frame ({found[0]}) is that "
                f"of {self.axes.version}; principal axes of different versions must not be mixed",
                remedy,
            )
        segments = [segment for segment in kernel.segments if segment.subject == found[0]]
        for segment in segments:
            if segment.frame != J2000_FRAME or segment.data_type != 2:
                raise KernelError(
                    f"{kernel.label} has the frame {found[0]} relative to frame {segment.frame} in "
                    f"segments of type {segment.data_type}",
                    "give a .bpc relative to J2000 (1) in segments of type 2 (Chebyshev series)",
                )
        self._pieces = [series_of(kernel, segment) for segment in segments]
        covered = coverage(self._pieces)
        self.span = Span(covered[0].start_s, covered[-1].stop_s)

    def angles(self, wanted: Span) -> Granules:
        """Read the Euler angles that hold for a span.

        Parameters
        ----------
        wanted : Span
            The span.

        Returns
        -------
        Granules
            Angles phi, theta, psi in rad; psi is reduced by `without_turns`.

        Raises
        ------
        EpochError
            If the kernel does not cover it.
        """
        require_covered(self.kernel.label, "orientation", coverage(self._pieces), wanted)
        granules = cut_out(self._pieces, wanted)
        granules.coefficients[:, 2, 0] = without_turns(granules.coefficients[:, 2, 0])
        return granules


def without_turns(angle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Reduce angles modulo 2 pi.

    Parameters
    ----------
    angle : ndarray of float64
        Angles in rad, positive and up to some thousands.

    Returns
    -------
    ndarray of float64
        The same directions, from 0 to 2 pi, each rounded once.

    Notes
    -----
    The Moon's angle psi grows by 2 pi a month and has reached thousands of radians, where one ulp
    is 1.6 um on the Moon's equator. With the constant term of a granule reduced, the series is as
    smooth within it as its other terms; only the joints keep that step.
    """
    # One turn in the 64 bits of x87 (numpy's longdouble).
    turn = 2 * np.longdouble("3.14159265358979323846264338328")
    extended = angle.astype(np.longdouble)
    return np.asarray(extended - turn * np.floor(extended / turn), dtype=np.float64)
