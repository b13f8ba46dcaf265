"""Delay histories and images as netCDF files: named axes, units, provenance."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sim_core.focusing.image import Image
from testbed.history_file import history_dataset, write_dataset
from testbed.provenance import provenance
from testbed.scenario import Scenario

# Enough for plots; the exact histories are in the file as well.
_HISTORY_POINTS = 2001


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
    """Write a focused image.

    Parameters
    ----------
    path : Path
        File to make. netCDF has no complex numbers: real and imaginary part are two variables.
    image : Image
        The image.
    attributes : mapping of str to str
        What else to say of it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import xarray

    # Written as it lies in memory: transposing it would take longer than writing it.
    columns_first = image.samples.flags.f_contiguous
    samples = image.samples.T if columns_first else image.samples
    axes = ("range_s", "azimuth_s") if columns_first else ("azimuth_s", "range_s")
    dataset = xarray.Dataset(
        {
            "image_real": (axes, samples.real, {"units": "1", "long_name": "real part"}),
            "image_imag": (axes, samples.imag, {"units": "1", "long_name": "imaginary part"}),
        },
        coords={
            "azimuth_s": (
                "azimuth_s",
                image.azimuth_s(),
                {"units": "s", "long_name": "azimuth lag against the scene reference point"},
            ),
            "range_s": (
                "range_s",
                image.range_s(),
                {"units": "s", "long_name": "two-way delay against the scene reference point"},
            ),
        },
        attrs={
            "method": image.method,
            "range_bandwidth_hz": image.range_bandwidth_hz,
            "azimuth_bandwidth_hz": image.azimuth_bandwidth_hz,
            "azimuth_ambiguity_s": image.azimuth_ambiguity_s,
            **attributes,
        },
    )
    write_dataset(path, dataset)
