"""A run's result made of analytic curves, for tests of what judges and shows results."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_core.focusing.ground_image import GroundImage
from sim_core.focusing.image import Image
from sim_core.focusing.response.impulse_response import AxisResponse, ImpulseResponse, measure
from sim_core.focusing.response.spur import Spur
from sim_core.focusing.response.theory import AxisTheory, azimuth_theory, range_theory
from sim_core.focusing.sampling import AzimuthSampling
from sim_core.geometry.delay_terms import DelayTerm
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import EarthPoint
from sim_core.signal.link_budget import BudgetTerm
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import Window
from testbed.results import HistoryCurves, ImageQuality, RunResult, TargetResult
from testbed.verification import check_limits, unmeasured_response

CARRIER_HZ = 2.3e10
SPEED_OF_LIGHT_M_PER_S = 299792458.0
WAVEFORM = LinearChirp(chirp_rate_hz_per_s=1e13, duration_s=8e-6)
SAMPLE_RATE_HZ = 96e6
DOPPLER_RATE_HZ_PER_S = -4.68
APERTURE_S = 100.0
DOPPLER_BANDWIDTH_HZ = abs(DOPPLER_RATE_HZ_PER_S) * APERTURE_S
AZIMUTH_SPEED_M_PER_S = 310.0


@dataclass(frozen=True)
class AxisBounds:
    """Limits of one axis, as a configuration sets them."""

    pslr_db: float | None = -13.0
    islr_db: float | None = -9.5
    irw_cells: float | None = 0.90


@dataclass(frozen=True)
class PeakBounds:
    """Limits of the peak."""

    range_error_cells: float | None = 0.05
    azimuth_error_cells: float | None = 0.05
    phase_error_deg: float | None = 2.0
    magnitude_error_db: float | None = 0.1


@dataclass(frozen=True)
class Bounds:
    """All limits."""

    range: AxisBounds = field(default_factory=AxisBounds)
    azimuth: AxisBounds = field(default_factory=AxisBounds)
    peak: PeakBounds = field(default_factory=PeakBounds)


LIMITS = Bounds()


def axis_response(theory: AxisTheory, bandwidth_hz: float, excess_db: float = 0.0) -> AxisResponse:
    """A response as theory has it, its left side lobes higher by ``excess_db``."""
    offset_cells = np.linspace(-16.0, 16.0, 2049)
    level_db = theory.cut(offset_cells)
    level_db = np.where(offset_cells < -1.0, level_db + excess_db, level_db)
    return AxisResponse(
        irw_cells=theory.irw_cells,
        irw_s=theory.irw_cells / bandwidth_hz,
        pslr_db=theory.pslr_db + excess_db,
        pslr_left_db=theory.pslr_db + excess_db,
        pslr_right_db=theory.pslr_db,
        islr_db=theory.islr_db + 0.5 * excess_db,
        islr_definition=theory.islr_definition,
        offset_cells=offset_cells,
        level_db=level_db,
    )


@cache
def theories() -> tuple[AxisTheory, AxisTheory]:
    """Theory of range and azimuth without a window."""
    return range_theory(WAVEFORM, Window()), azimuth_theory(Window())


def target_result(excess_db: float = 0.0, snr_db: float = 71.3, **changes: Any) -> TargetResult:
    """A target whose range side lobes are ``excess_db`` above theory."""
    in_range, in_azimuth = theories()
    response = ImpulseResponse(
        range=axis_response(in_range, WAVEFORM.bandwidth_hz, excess_db),
        azimuth=axis_response(in_azimuth, DOPPLER_BANDWIDTH_HZ),
        peak_range_s=1.1e-10,
        peak_azimuth_s=-3.2e-5,
        peak_magnitude=0.707,
        peak_phase_rad=0.0044,
        snr_db=snr_db,
    )
    target = TargetResult(
        name="target 1",
        latitude_deg=-4.81234,
        longitude_deg=12.34567,
        height_m=0.0,
        amplitude=1.0,
        offset_m=(0.0, 0.0, 0.0),
        problem="",
        response=response,
        range_theory=in_range,
        azimuth_theory=in_azimuth,
        predicted_range_s=0.0,
        predicted_azimuth_s=0.0,
        range_error_cells=0.009,
        azimuth_error_cells=-0.015,
        phase_error_deg=0.25,
        magnitude_error_db=-0.01,
        range_irw_m=0.5 * SPEED_OF_LIGHT_M_PER_S * response.range.irw_s,
        azimuth_irw_m=AZIMUTH_SPEED_M_PER_S * response.azimuth.irw_s,
    )
    return replace(target, **changes)


def measured_target(**changes: Any) -> TargetResult:
    """A target with all measures of the response in `ideal_image`."""
    return target_result(response=measure(ideal_image(noise=0.0)), **changes)


def several_targets(count: int = 3) -> tuple[TargetResult, ...]:
    """Targets in a row to the east, the range side lobes of each 0.01 dB above the one before."""
    return tuple(
        target_result(
            0.01 * number,
            name=f"target {number + 1}",
            offset_m=(500.0 * number, -250.0 * number, 0.0),
        )
        for number in range(count)
    )


def ground_image() -> GroundImage:
    """A point of magnitude 0.5 a kilometre north-east of the middle, over weak ground."""
    grid = GroundGrid.about(EarthPoint(9.0, -15.0, 0.0), 2000.0, 1500.0, 10.0)
    samples = np.full(grid.shape, 1e-3, dtype=np.complex64)
    samples[250, 300] = 0.5
    return GroundImage(samples, grid, "deramp")


LINK_BUDGET = (
    BudgetTerm("transmit power", 1e6, "W", 60.0),
    BudgetTerm("losses of the radar", 1.0, "", 0.0),
    BudgetTerm("noise temperature", 500.0, "K", -26.9897),
)


def without_peak() -> TargetResult:
    """A target that was not found: every measure is NaN."""
    return target_result(
        response=unmeasured_response(),
        range_error_cells=math.nan,
        azimuth_error_cells=math.nan,
        phase_error_deg=math.nan,
        magnitude_error_db=math.nan,
        range_irw_m=math.nan,
        azimuth_irw_m=math.nan,
    )


def ideal_image(
    rows: int = 600, columns: int = 160, noise: float = 1e-4, prf_hz: float = 600.0
) -> Image:
    """A 2-D sinc at the middle of the image, sampled 1.28 times in azimuth, 1.2 in range."""
    azimuth_step_s = 1.0 / prf_hz
    range_step_s = 1.0 / SAMPLE_RATE_HZ
    azimuth_s = (np.arange(rows) - rows // 2) * azimuth_step_s
    range_s = (np.arange(columns) - columns // 2) * range_step_s
    generator = np.random.default_rng(1)
    samples = np.empty((rows, columns), dtype=np.complex64)
    samples.real = generator.standard_normal((rows, columns), dtype=np.float32)
    samples.imag = generator.standard_normal((rows, columns), dtype=np.float32)
    samples *= np.float32(noise)
    samples += np.multiply.outer(
        np.sinc(azimuth_s * DOPPLER_BANDWIDTH_HZ), np.sinc(range_s * WAVEFORM.bandwidth_hz)
    ).astype(np.complex64)
    return Image(
        samples=samples,
        azimuth_start_s=float(azimuth_s[0]),
        azimuth_step_s=azimuth_step_s,
        range_start_s=float(range_s[0]),
        range_step_s=range_step_s,
        method="range-doppler",
        range_bandwidth_hz=WAVEFORM.bandwidth_hz,
        azimuth_bandwidth_hz=DOPPLER_BANDWIDTH_HZ,
        azimuth_ambiguity_s=prf_hz / abs(DOPPLER_RATE_HZ_PER_S),
        full_azimuth_s=0.35 * rows * azimuth_step_s,
        full_range_s=(-0.4 * columns * range_step_s, 0.4 * columns * range_step_s),
    )


def azimuth_sampling(prf_hz: float = 600.0) -> AzimuthSampling:
    """The aperture's Doppler spectrum at a PRF."""
    return AzimuthSampling(
        doppler_bandwidth_hz=DOPPLER_BANDWIDTH_HZ,
        doppler_centroid_hz=0.35,
        doppler_rate_hz_per_s=DOPPLER_RATE_HZ_PER_S,
        prf_hz=prf_hz,
        undersampled=prf_hz < DOPPLER_BANDWIDTH_HZ,
        ambiguity_spacing_s=prf_hz / abs(DOPPLER_RATE_HZ_PER_S),
    )


def history_curves() -> HistoryCurves:
    """A parabola of delay with its minimum at -1.17 s, and its Doppler."""
    transmit_s = np.linspace(-0.5 * APERTURE_S, 0.5 * APERTURE_S, 1001)
    from_minimum_s = transmit_s + 1.17
    above_s = -0.5 * DOPPLER_RATE_HZ_PER_S / CARRIER_HZ * from_minimum_s**2
    delay_s = 2.335612345678 + above_s
    return HistoryCurves(transmit_s, delay_s, 0.5 * delay_s, DOPPLER_RATE_HZ_PER_S * from_minimum_s)


def pulse_schedule(pulses: int = 60000, prf_hz: float = 600.0) -> PulseSchedule:
    """Pulses about time zero with windows of 1024 samples, one constant delay after them."""
    interval_ticks = round(SAMPLE_RATE_HZ / prf_hz)
    transmit_tick = (np.arange(pulses, dtype=np.int64) - pulses // 2) * interval_ticks
    return PulseSchedule(SAMPLE_RATE_HZ, transmit_tick, transmit_tick + 224218785, 1024, 8e-6)


def played_window() -> NDArray[np.complex64]:
    """The chirp in the middle of a window, 3 dB below full scale."""
    window = np.zeros(1024, dtype=np.complex64)
    replica = WAVEFORM.replica(SAMPLE_RATE_HZ)
    start = (window.size - replica.size) // 2
    window[start : start + replica.size] = 0.708 * replica
    return window


def quantised(samples: NDArray[np.complex64], bits: int) -> NDArray[np.complex64]:
    """Round real and imaginary part to a converter of some bits."""
    scale = 2 ** (bits - 1) - 1
    codes: NDArray[np.complex64] = np.empty_like(samples)
    codes.real = np.round(samples.real * scale) / scale
    codes.imag = np.round(samples.imag * scale) / scale
    return codes


def run_result(**changes: Any) -> RunResult:
    """The result of a run that passes; ``changes`` replace its parts."""
    target = changes.pop("target", None) or target_result()
    configuration: Mapping[str, Any] = {
        "name": "point_target",
        "geometry": {"epoch_utc": "2001-02-09T01:49:49", "relativity": "none"},
        "radar": {"carrier_hz": CARRIER_HZ, "prf_hz": 600.0, "aperture_s": APERTURE_S},
        "scene": {"targets": [{"east_m": 0.0, "north_m": 0.0, "up_m": 0.0, "amplitude": 1.0}]},
    }
    result = RunResult(
        name="point_target",
        verdict="pass",
        reasons=(),
        checks=check_limits(target, LIMITS),
        targets=(target,),
        sampling=azimuth_sampling(),
        image=ideal_image(),
        ground=None,
        quality=ImageQuality(-61.5, Spur(-58.2, -60.0, 4e-7, -0.2, -71.0)),
        window_loss_db=(0.0, 0.0),
        history=history_curves(),
        delay_min_s=2.335612345678,
        delay_min_transmit_s=-1.17,
        delay_budget=(
            DelayTerm("Newtonian light time", 2.3356, 2.55e-7, True, "barycentric, both ways"),
            DelayTerm("Shapiro delay of the Sun", 4.1e-8, 2.3e-12, False, "relativity: none"),
            DelayTerm("troposphere", 1.6e-8, 0.0, False, "not modelled"),
        ),
        link_budget=(),
        schedule=pulse_schedule(),
        played_pulse=played_window(),
        recorded_pulse=quantised(quantised(played_window(), 14), 12),
        events={},
        timing_s={"geometry": 0.61, "play and record": 5.2, "focus": 7.43},
        device={
            "driver": "loopback",
            "settings": {"dac_bits": 14, "adc_bits": 12, "gain_db": 0.0, "noise_dbfs": None},
            "read_back": {"sample_rate_hz": SAMPLE_RATE_HZ},
        },
        configuration=configuration,
        provenance={
            "versions": {"moonecho": "0.1.0", "numpy": np.__version__},
            "configuration_sha256": "9f" * 32,
            "kernels": ["DE421 (de421 2008.1)"],
            "eop_span": ["1973-01-02", "2026-05-01"],
        },
    )
    return replace(result, **changes)
