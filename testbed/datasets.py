"""Delay histories and images as netCDF files: named axes, units, provenance."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sim_core.focusing.image import Image
from testbed.atomic_file import appear_complete, write_atomically
from testbed.history_file import history_dataset, write_dataset
from testbed.provenance import provenance
from testbed.recording.free_space import require_free_space
from testbed.report.display import is_by_rows
from testbed.scenario import Scenario

# Enough for plots; the exact histories are in the file as well.
_HISTORY_POINTS = 2001
# Images up to this are made in memory and then written, larger ones in their file.
_IN_MEMORY_BYTES = 512 << 20
# What the file has besides its samples, and what others may write meanwhile.
_SPARE_BYTES = 64 << 20
_SLAB_SAMPLES = 1 << 22


def write_geometry(path: Path, scenario: Scenario) -> None:
    """Write the geometry of a run: delay and Doppler of its targets, and the exact histories.

    `load_delay_histories` gets those back, under the names ``scene reference point`` and
    ``target 1``, ``target 2`` ...

    Parameters
    ----------
    path : Path
        File to make.
    scenario : Scenario
        The run.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import xarray

    settings = scenario.configuration.resolved()
    half_s = scenario.geometry.half_aperture_s
    transmit_s = np.linspace(-half_s, half_s, _HISTORY_POINTS)
    histories = [target.history for target in scenario.targets]
    places = [target.place for target in scenario.targets]
    along = ("target", "transmit_s")

    def column(values: list[float], unit: str) -> tuple[str, list[float], dict[str, str]]:
        return "target", values, {"units": unit}

    dataset = xarray.Dataset(
        {
            "delay_s": (
                along,
                np.stack([h.delay_s(transmit_s) for h in histories]),
                {"units": "s", "long_name": "two-way delay"},
            ),
            "downlink_s": (
                along,
                np.stack([h.downlink_s(transmit_s) for h in histories]),
                {"units": "s", "long_name": "light time from the radar to the target"},
            ),
            "delay_rate": (
                along,
                np.stack([h.delay_rate(transmit_s) for h in histories]),
                {"units": "1", "long_name": "derivative of the delay against transmit time"},
            ),
            "doppler_hz": (
                along,
                np.stack([h.doppler_hz(transmit_s, scenario.carrier_hz) for h in histories]),
                {"units": "Hz", "long_name": "Doppler shift at the radar's carrier"},
            ),
            "envelope_lag_s": (
                "target",
                [target.envelope_lag_s for target in scenario.targets],
                {"units": "s", "long_name": "envelope after the carrier's phase (ionosphere)"},
            ),
            "delay_error_s": column([h.error_s for h in histories], "s"),
            "latitude_deg": column([p.latitude_deg for p in places], "degrees_north"),
            "longitude_deg": column([p.longitude_deg for p in places], "degrees_east"),
            "height_m": column([p.height_m for p in places], "m"),
        },
        coords={
            "transmit_s": (
                "transmit_s",
                transmit_s,
                {"units": "s", "long_name": "transmit time on the radar's clock, from steering"},
            )
        },
        attrs={
            "title": f"geometry of {scenario.configuration.name}",
            "epoch_utc": scenario.configuration.geometry.epoch_utc,
            "ephemeris": scenario.configuration.geometry.ephemeris,
            "lunar_orientation": scenario.configuration.geometry.lunar_orientation,
            "earth_orientation": scenario.geometry.orientation.source,
            "earth_orientation_predicted": int(scenario.geometry.orientation.predicted),
            "relativity": scenario.configuration.geometry.relativity,
            "tides": json.dumps(settings["tides"]),
            "media": json.dumps(settings["media"]),
            "kernels": json.dumps(provenance(scenario)["kernels"]),
            "carrier_hz": scenario.carrier_hz,
            "configuration_sha256": scenario.configuration.sha256(),
        },
    )
    exact = history_dataset(
        {
            "scene reference point": scenario.reference,
            **{f"target {number}": one for number, one in enumerate(histories, start=1)},
        }
    )
    write_dataset(path, dataset.merge(exact).assign_attrs(exact.attrs))


def write_image(path: Path, image: Image, attributes: Mapping[str, str]) -> None:
    """Write a focused image, which may be larger than the memory.

    Parameters
    ----------
    path : Path
        File to make. netCDF has no complex numbers: real and imaginary part are two variables.
    image : Image
        The image; its samples may be mapped from a file.
    attributes : mapping of str to str
        What else to say of it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    if image.samples.nbytes <= _IN_MEMORY_BYTES:
        # In memory first: HDF5 crashes when the disk is full under a file that it has open.
        content = io.BytesIO()
        _fill(content, image, attributes)
        write_atomically(path, content.getbuffer())
        return
    require_free_space(path.parent, image.samples.nbytes + _SPARE_BYTES)
    with appear_complete(path, image.samples.nbytes) as temporary:
        _fill(temporary, image, attributes)


def _fill(file: Path | io.BytesIO, image: Image, attributes: Mapping[str, str]) -> None:
    """Write an image slab by slab, as it lies in memory: transposed it would take far longer."""
    import h5netcdf

    by_rows = is_by_rows(image.samples)
    samples = image.samples if by_rows else image.samples.T
    axes = ("azimuth_s", "range_s") if by_rows else ("range_s", "azimuth_s")
    with h5netcdf.File(file, "w") as dataset:
        dataset.dimensions = dict(zip(axes, samples.shape, strict=True))
        for name, values, meaning in (
            ("azimuth_s", image.azimuth_s(), "azimuth lag against the scene reference point"),
            ("range_s", image.range_s(), "two-way delay against the scene reference point"),
        ):
            variable = dataset.create_variable(name, (name,), data=values)
            variable.attrs.update({"units": "s", "long_name": meaning})
        parts = []
        for name, meaning in (("image_real", "real part"), ("image_imag", "imaginary part")):
            parts.append(dataset.create_variable(name, axes, dtype=np.float32))
            parts[-1].attrs.update({"units": "1", "long_name": meaning})
        rows = max(1, _SLAB_SAMPLES // samples.shape[1])
        for first in range(0, samples.shape[0], rows):
            slab = samples[first : first + rows]
            parts[0][first : first + rows] = slab.real
            parts[1][first : first + rows] = slab.imag
        dataset.attrs.update(
            {
                "method": image.method,
                "range_bandwidth_hz": image.range_bandwidth_hz,
                "azimuth_bandwidth_hz": image.azimuth_bandwidth_hz,
                "azimuth_ambiguity_s": image.azimuth_ambiguity_s,
                **attributes,
            }
        )
