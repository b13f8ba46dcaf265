"""Back-projected images: slant ones, whole or as chips about points, and on the ground.

A slant image has the coordinates of `slant_geometry`, and a point the phase ``-2 pi f_c r`` of its
range r, as in the images of the other methods: it is as smooth as they are, and responses are
measured in the same way. On the ground the phase is that of the reflectivity.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.back_projection.projection import (
    OVERSAMPLING,
    PixelGrid,
    PixelPlan,
    Places,
    back_project,
    ground_pixels,
)
from sim_core.focusing.back_projection.slant_axes import SlantAxes
from sim_core.focusing.ground_image import GroundImage
from sim_core.focusing.image import Image, SlantGridSettings
from sim_core.focusing.pulse_weights import pulse_weights
from sim_core.focusing.range_compression.compression import (
    ComplexRows,
    Progress,
    RangeCompression,
    SampleSource,
)
from sim_core.focusing.range_compression.gates import RangeGates, plan_gates
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.focusing.sampling import AzimuthSampling, azimuth_sampling
from sim_core.focusing.settings import FocusSettings
from sim_core.focusing.slant_geometry import SlantGeometry, solve_slant_geometry
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_function import DelayFunction
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import surface_up_m
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform

# Samples per cell either way: more than the least that the measurement of responses wants.
_SAMPLES_PER_CELL = 1.28
# A map needs an extent in height, too.
_HEIGHT_MARGIN_M = 10.0
# Sums in double precision and the image, and what a tile's delays need.
_BYTES_PER_PIXEL = 26


@dataclass(frozen=True, slots=True, eq=False)
class BackProjection:
    """All that images of one recording have in common.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; read once for all images that are formed together.
    schedule : PulseSchedule
        Ticks of the pulses and of their receive windows.
    waveform : Waveform
        Transmitted pulse.
    reference : Reference
        The reference point of range compression, at which slant images have their origin.
    pulse_weight : ndarray of float64, shape (pulses,)
        What each pulse counts for, from `pulse_weights`.
    field : DelayField
        Delays of the ground over the aperture.
    settings : FocusSettings
        Window over the pulse's band, delay of the chain, measured replica, bound on memory.
    """

    source: SampleSource
    schedule: PulseSchedule
    waveform: Waveform
    reference: Reference
    pulse_weight: FloatArray
    field: DelayField
    settings: FocusSettings

    @classmethod
    def of(
        cls,
        source: SampleSource,
        schedule: PulseSchedule,
        waveform: Waveform,
        carrier_hz: float,
        reference: DelayFunction,
        settings: FocusSettings,
        field: DelayField,
        pulse_valid: npt.NDArray[np.bool_] | None = None,
    ) -> "BackProjection":
        """Weigh the pulses as `focus` does.

        Parameters
        ----------
        source, schedule, waveform, carrier_hz, reference, settings, field, pulse_valid
            As for `focus`.
        """
        split = Reference.over(reference, schedule, carrier_hz)
        weight = pulse_weights(split, settings.azimuth_window, pulse_valid)
        return cls(source, schedule, waveform, split, weight, field, settings)

    def slant_images(
        self,
        axes: Sequence[SlantAxes],
        progress: Progress,
        heights_m: Sequence[float] | None = None,
    ) -> list[Image]:
        """Form slant images of parts of the plane, of any number and size, in one pass.

        Parameters
        ----------
        axes : sequence of SlantAxes
            Their extents and spacings.
        progress : callable
            Called with the fraction done.
        heights_m : sequence of float, optional
            Height of the ground on which each is formed; that of the field's centre without them.
            Points of another height stand elsewhere, as in any image, and are less sharp.

        Returns
        -------
        list of Image

        Raises
        ------
        DelayFieldError, FocusingError
            If the field or the receive windows do not hold what is wanted, or the memory.
        """
        if heights_m is None:
            heights_m = [self.field.centre.height_m] * len(axes)
        # Heights within a geometry's margin share it; pixels are laid at their own.
        geometries = {
            level: self.slant_geometry(level * _HEIGHT_MARGIN_M)[0]
            for level in {round(height_m / _HEIGHT_MARGIN_M) for height_m in heights_m}
        }
        grids = [
            _slant_pixels(one, geometries[round(height_m / _HEIGHT_MARGIN_M)], height_m)
            for one, height_m in zip(axes, heights_m, strict=True)
        ]
        gates, images = self._form(grids, progress)
        for number, one in enumerate(axes):
            cycles = np.mod(self.reference.carrier_hz * one.range_s(), 1.0)
            images[number] *= np.exp(-2j * np.pi * cycles).astype(np.complex64)
        sampling = self._sampling()
        return [
            Image(
                samples=samples,
                azimuth_start_s=one.azimuth_start_s,
                azimuth_step_s=one.azimuth_step_s,
                range_start_s=one.range_start_s,
                range_step_s=one.range_step_s,
                method="back-projection",
                range_bandwidth_hz=self.waveform.bandwidth_hz,
                azimuth_bandwidth_hz=sampling.doppler_bandwidth_hz,
                azimuth_ambiguity_s=sampling.ambiguity_spacing_s,
                full_azimuth_s=float(np.max(np.abs(one.azimuth_s()))),
                full_range_s=gates.full_range_s,
                band_rate_hz_per_s=-sampling.doppler_rate_hz_per_s,
            )
            for one, samples in zip(axes, images, strict=True)
        ]

    def slant_geometry(self, height_m: float | None = None) -> tuple[SlantGeometry, float]:
        """Return the map from the plane of slant images to ground of a height, and that height.

        Parameters
        ----------
        height_m : float, optional
            Height above the ellipsoid; that of the field's centre without it.
        """
        if height_m is None:
            height_m = self.field.centre.height_m
        geometry = solve_slant_geometry(
            self.field,
            self.reference.history,
            self.schedule,
            self.waveform,
            self.reference.carrier_hz,
            "back-projection",
            half_east_m=self.field.half_east_m,
            half_north_m=self.field.half_north_m,
            height_m=(height_m - _HEIGHT_MARGIN_M, height_m + _HEIGHT_MARGIN_M),
        )
        return geometry, height_m

    def slant_image(self, progress: Progress, grid: SlantGridSettings | None = None) -> Image:
        """Form one slant image.

        Parameters
        ----------
        progress : callable
            Called with the fraction done.
        grid : SlantGridSettings, optional
            Extent and spacing. What it leaves open is the range that all windows hold, the
            unambiguous lags or those of the aperture, whichever are fewer, at 1.28 per cell.

        Returns
        -------
        Image

        Raises
        ------
        DelayFieldError, FocusingError
            As for `slant_images`.
        """
        return self.slant_images([self._axes(grid or SlantGridSettings())], progress)[0]

    def chips(
        self,
        points: Sequence[tuple[float, float]],
        progress: Progress,
        half_cells: float = 40.0,
        heights_m: Sequence[float] | None = None,
    ) -> list[Image]:
        """Form slant images of nothing but the surroundings of points.

        Parameters
        ----------
        points : sequence of tuple of float
            Range and lag of each point, in s; see `slant_position`.
        progress : callable
            Called with the fraction done.
        half_cells : float
            How far the chips reach to either side.
        heights_m : sequence of float, optional
            Height of each point above the ellipsoid, at which its chip is formed.

        Returns
        -------
        list of Image

        Raises
        ------
        DelayFieldError, FocusingError
            As for `slant_images`.
        """
        cells_s = (1.0 / self.waveform.bandwidth_hz, 1.0 / self._sampling().doppler_bandwidth_hz)
        half = (half_cells * cells_s[0], half_cells * cells_s[1])
        step = (cells_s[0] / _SAMPLES_PER_CELL, cells_s[1] / _SAMPLES_PER_CELL)
        axes = [SlantAxes.about(range_s, azimuth_s, half, step) for range_s, azimuth_s in points]
        return self.slant_images(axes, progress, heights_m)

    def ground_images(self, grids: Sequence[GroundGrid], progress: Progress) -> list[GroundImage]:
        """Form images on the ground in one pass.

        Parameters
        ----------
        grids : sequence of GroundGrid
            Where the pixels are.
        progress : callable
            Called with the fraction done.

        Returns
        -------
        list of GroundImage
            The reflectivity of what lies at the pixels: a unit point at one gives 1, phase zero.

        Raises
        ------
        DelayFieldError, FocusingError
            As for `slant_images`; also if the grid's offsets are not those of the field.
        """
        for grid in grids:
            if grid.centre != self.field.centre:
                raise FocusingError(
                    f"a grid about {grid.centre} has other axes than a delay field about "
                    f"{self.field.centre}",
                    "lay the grid about the field's centre",
                )
        images = self._form([ground_pixels(grid) for grid in grids], progress)[1]
        return [
            GroundImage(samples, grid, "back-projection")
            for grid, samples in zip(grids, images, strict=True)
        ]

    def _form(
        self, grids: Sequence[PixelGrid], progress: Progress
    ) -> tuple[RangeGates, list[ComplexRows]]:
        pixels = sum(grid.rows * grid.columns for grid in grids)
        if pixels * _BYTES_PER_PIXEL > self.settings.memory_bytes:
            raise FocusingError(
                f"{pixels:.3g} pixels take {pixels * _BYTES_PER_PIXEL / 2**30:.3g} GiB, above the "
                f"bound of {self.settings.memory_bytes / 2**30:.3g} GiB",
                "set a smaller grid, or raise memory_bytes",
            )
        plan = PixelPlan.of(grids, self.field, self.reference, self.waveform)
        frame_s = self.reference.pulse_delay_s()
        gates = plan_gates(
            self.schedule,
            self.waveform,
            self.reference,
            frame_s,
            self.settings.chain_delay_s,
            extent_s=plan.extent_s,
        )
        compression = RangeCompression.plan(
            self.schedule,
            self.waveform,
            self.reference,
            frame_s,
            self.pulse_weight / np.sum(self.pulse_weight),
            gates,
            self.settings.range_window,
            chain_delay_s=self.settings.chain_delay_s,
            replica=self.settings.replica,
            oversampling=OVERSAMPLING,
        )
        return gates, back_project(self.source, compression, plan, progress)

    def _sampling(self) -> AzimuthSampling:
        reference = self.reference
        return azimuth_sampling(reference.history, self.schedule, reference.carrier_hz)

    def _axes(self, grid: SlantGridSettings) -> SlantAxes:
        reference, sampling = self.reference, self._sampling()
        range_s, azimuth_s = grid.range_s, grid.azimuth_s
        if range_s is None:
            range_s = plan_gates(
                self.schedule,
                self.waveform,
                reference,
                reference.pulse_delay_s(),
                self.settings.chain_delay_s,
            ).full_range_s
        if azimuth_s is None:
            half_s = 0.5 * min(sampling.ambiguity_spacing_s, reference.aperture.duration_s)
            azimuth_s = (-half_s, half_s)
        range_step_s = grid.range_step_s or 1.0 / (_SAMPLES_PER_CELL * self.waveform.bandwidth_hz)
        azimuth_step_s = grid.azimuth_step_s or 1.0 / (
            _SAMPLES_PER_CELL * sampling.doppler_bandwidth_hz
        )
        # Whole steps from the reference point, which so is a sample of any image that holds it.
        first_row, last_row = _whole(azimuth_s, azimuth_step_s)
        first_column, last_column = _whole(range_s, range_step_s)
        return SlantAxes(
            first_row * azimuth_step_s,
            azimuth_step_s,
            last_row - first_row + 1,
            first_column * range_step_s,
            range_step_s,
            last_column - first_column + 1,
        )


def _whole(extent: tuple[float, float], step: float) -> tuple[int, int]:
    """Return the first and last whole step within an extent, one at least."""
    first, last = math.ceil(extent[0] / step - 1e-9), math.floor(extent[1] / step + 1e-9)
    return first, max(first, last)


def _slant_pixels(axes: SlantAxes, geometry: SlantGeometry, height_m: float) -> PixelGrid:
    def places_m(row: FloatArray, column: FloatArray) -> Places:
        east, north = geometry.places(
            axes.range_start_s + axes.range_step_s * column,
            axes.azimuth_start_s + axes.azimuth_step_s * row,
            height_m,
        )
        return east, north, surface_up_m(geometry.centre, east, north, height_m)

    return PixelGrid(axes.rows, axes.columns, places_m)
