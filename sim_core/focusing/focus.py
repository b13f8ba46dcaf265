"""From recorded samples to an image: the one way in."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.back_projection.images import BackProjection
from sim_core.focusing.deramp import azimuth_compression as deramp
from sim_core.focusing.deramp.kernel import deramp_kernel, lag_grid, range_walk_s
from sim_core.focusing.deramp.residual import ResidualPhase
from sim_core.focusing.image import Image, SlantGridSettings
from sim_core.focusing.pulse_weights import pulse_weights
from sim_core.focusing.range_compression.compression import (
    ComplexRows,
    Progress,
    RangeCompression,
    SampleSource,
)
from sim_core.focusing.range_compression.gate_blocks import Former, form_columns
from sim_core.focusing.range_compression.gates import RangeGates, plan_gates
from sim_core.focusing.range_doppler import azimuth_compression as range_doppler
from sim_core.focusing.range_doppler.lag_blocks import LagBlocks, plan_lag_blocks
from sim_core.focusing.range_doppler.place_references import PlaceReferences
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.focusing.sampling import (
    AzimuthSampling,
    azimuth_sampling,
    choose_method,
)
from sim_core.focusing.settings import FocusSettings
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_function import DelayFunction
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform


def focus(
    source: SampleSource,
    schedule: PulseSchedule,
    waveform: Waveform,
    carrier_hz: float,
    reference: DelayFunction,
    settings: FocusSettings,
    progress: Progress | None = None,
    *,
    field: DelayField | None = None,
    pulse_valid: npt.NDArray[np.bool_] | None = None,
) -> Image:
    """Focus recorded samples about a reference point.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; `read` is called in order, from the calling thread only.
    schedule : PulseSchedule
        Ticks of the pulses and of their receive windows.
    waveform : Waveform
        Transmitted pulse.
    carrier_hz : float
        Carrier of the radar, whose phase the echoes have, whatever the laboratory's carrier is.
    reference : DelayFunction
        Two-way delay history of the reference point. Range-Doppler processing wants it beyond the
        aperture's ends by about ``(PRF / Doppler bandwidth - 1) / 2`` of the aperture.
    settings : FocusSettings
        Method, windows, known delay.
    progress : callable, optional
        Called with the fraction done, 0 to 1, from the calling thread.
    field : DelayField, optional
        Delays of all places about the reference point. Back-projection needs it; without it the
        other methods focus sharply near the reference point only.
    pulse_valid : ndarray of bool, shape (pulses,), optional
        False for pulses that are missing or not to be used.

    Returns
    -------
    Image
        The reference point peaks at (0, 0) with phase zero and, for a unit amplitude, magnitude 1.

    Raises
    ------
    FocusingError
        If the method cannot focus these data, or the windows do not hold the echoes.
    """
    sampling = azimuth_sampling(reference, schedule, carrier_hz)
    method = choose_method(sampling, settings.method)
    if progress is None:
        progress = _unseen
    if method == "back-projection":
        if field is None:
            raise FocusingError(
                "back-projection takes the delays of all places",
                "give a delay field, or use auto, range-doppler or deramp",
            )
        projection = BackProjection.of(
            source, schedule, waveform, carrier_hz, reference, settings, field, pulse_valid
        )
        return projection.slant_image(progress, settings.grid)
    split = Reference.over(reference, schedule, carrier_hz)
    weight = pulse_weights(split, settings.azimuth_window, pulse_valid)
    grid = settings.grid or SlantGridSettings()
    if method == "range-doppler":
        plan = _range_doppler(split, weight, sampling, everywhere=field is not None)
    else:
        plan = _deramp(split, weight, field, grid)
    gates = plan_gates(
        schedule,
        waveform,
        split,
        plan.frame_s,
        settings.chain_delay_s,
        walk_s=plan.walk_s,
        extent_s=grid.range_s if method == "deramp" else None,
    )

    references, memory_bytes = None, settings.memory_bytes
    if method == "range-doppler" and field is not None:
        raster = AzimuthRaster.of(split.aperture)
        lag_blocks = plan_lag_blocks(PlaceReferences.over(field, split), raster, gates)
        references = lag_blocks.summary
        plan = _renewed(plan, split, lag_blocks)
        # Several blocks of lags want the spectra, their own columns, and the image.
        memory_bytes //= 3 if len(lag_blocks.blocks) > 1 else 1

    def compression(kept: RangeGates) -> RangeCompression:
        return RangeCompression.plan(
            schedule,
            waveform,
            split,
            plan.frame_s,
            weight / plan.gain,
            kept,
            settings.range_window,
            chain_delay_s=settings.chain_delay_s,
            replica=settings.replica,
            tilt_hz=plan.tilt_hz,
        )

    columns = form_columns(
        source,
        compression,
        gates,
        plan.rows,
        plan.form,
        memory_bytes,
        settings.scratch,
        progress,
    )
    return Image(
        samples=columns.T,
        azimuth_start_s=plan.azimuth_start_s,
        azimuth_step_s=plan.azimuth_step_s,
        range_start_s=gates.first_column / schedule.sample_rate_hz,
        range_step_s=1.0 / schedule.sample_rate_hz,
        method=method,
        range_bandwidth_hz=waveform.bandwidth_hz,
        azimuth_bandwidth_hz=sampling.doppler_bandwidth_hz,
        azimuth_ambiguity_s=sampling.ambiguity_spacing_s,
        full_azimuth_s=plan.full_azimuth_s,
        full_range_s=gates.full_range_s,
        band_rate_hz_per_s=-sampling.doppler_rate_hz_per_s,
        references=references,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What the methods differ in.

    The frame of range compression, how far points move in it and what rows are turned by; the peak
    that the reference would have; the image's rows; and how columns are formed.
    """

    frame_s: FloatArray
    walk_s: tuple[float, float]
    tilt_hz: FloatArray | None
    gain: float
    rows: int
    azimuth_start_s: float
    azimuth_step_s: float
    full_azimuth_s: float
    form: Former


def _range_doppler(
    reference: Reference, weight: FloatArray, sampling: AzimuthSampling, everywhere: bool
) -> _Plan:
    raster = AzimuthRaster.of(reference.aperture)
    # A point at the edge of the image, half an aperture off, migrates from its own zero Doppler
    # time: kappa / 2 (T^2 - (T/2)^2) further than the reference. Where only points near the
    # reference are sharp, the gates' guard is enough.
    migration_s = 0.375 * reference.rate_slope_per_s() * reference.aperture.duration_s**2
    ends_s = (min(migration_s, 0.0), max(migration_s, 0.0)) if everywhere else (0.0, 0.0)

    def form(spectra: ComplexRows, gates: RangeGates, progress: Progress) -> ComplexRows:
        return range_doppler.compress_azimuth(spectra, reference, gates, progress)

    # Further out a point's Doppler band reaches beyond that of the PRF.
    spare_hz = sampling.prf_hz - sampling.doppler_bandwidth_hz
    return _Plan(
        frame_s=reference.walk * reference.aperture.slow_time_s,
        walk_s=ends_s,
        tilt_hz=None,
        gain=range_doppler.peak_gain(reference, weight),
        rows=raster.bins,
        azimuth_start_s=-(raster.bins // 2) * raster.interval_s,
        azimuth_step_s=raster.interval_s,
        full_azimuth_s=0.5 * spare_hz / abs(sampling.doppler_rate_hz_per_s),
        form=form,
    )


def _renewed(plan: _Plan, reference: Reference, lag_blocks: LagBlocks) -> _Plan:
    """Return the plan of range-Doppler processing with references of all places."""

    def form(spectra: ComplexRows, gates: RangeGates, progress: Progress) -> ComplexRows:
        return range_doppler.compress_azimuth(spectra, reference, gates, progress, lag_blocks)

    edges_s = lag_blocks.summary.lag_edges_s
    return replace(plan, form=form, full_azimuth_s=min(-edges_s[0], edges_s[-1]))


def _deramp(
    reference: Reference,
    weight: FloatArray,
    field: DelayField | None,
    grid: SlantGridSettings,
) -> _Plan:
    kernel = deramp_kernel(reference, field, reference.aperture.slow_time_s)
    lags = lag_grid(reference, grid.azimuth_s)

    def form(spectra: ComplexRows, gates: RangeGates, progress: Progress) -> ComplexRows:
        residual = None
        if field is not None:
            lag_s, range_s = lags.lag_s, gates.columns_s(reference.sample_rate_hz)
            residual = ResidualPhase.fit(
                reference, field, (lag_s[0], lag_s[-1]), (range_s[0], range_s[-1])
            )
        return deramp.compress_azimuth(spectra, reference, kernel, lags, gates, residual, progress)

    return _Plan(
        frame_s=reference.pulse_delay_s(),
        walk_s=range_walk_s(reference, kernel, lags),
        tilt_hz=None if field is None else reference.carrier_hz * kernel.rho,
        gain=float(np.sum(weight)),
        rows=lags.lags,
        azimuth_start_s=lags.first * lags.step_s,
        azimuth_step_s=lags.step_s,
        full_azimuth_s=0.5 * lags.step_s * lags.lags,
        form=form,
    )


def _unseen(fraction: float) -> None:
    """Show no progress."""
