"""Where the numbers of a run come from: programs, configuration, kernels, Earth orientation."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import erfa

from sim_core.geometry.earth_parameters import MJD_ZERO_DAY
from sim_core.geometry.ephemeris import load_ephemeris
from testbed.scenario import Scenario

# What takes part in the numbers; the rest only draws or prints them.
_DISTRIBUTIONS = (
    "moonecho",
    "numpy",
    "scipy",
    "numba",
    "jplephem",
    "de421",
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
    name = scenario.configuration.geometry.ephemeris
    ephemeris = load_ephemeris(name)
    orientation = scenario.orientation
    return {
        "versions": versions(),
        "configuration_sha256": scenario.configuration.sha256(),
        "kernels": [
            {
                "name": name,
                "first_tdb_julian_day": ephemeris.moon.start_day,
                "last_tdb_julian_day": ephemeris.moon.stop_day,
            }
        ],
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


def _calendar(mjd: float) -> str:
    year, month, day, _ = erfa.jd2cal(MJD_ZERO_DAY, mjd)
    return f"{int(year):04d}-{int(month):02d}-{int(day):02d}"
