"""``moonecho plan``: judge an experiment, and propose one that fits where it does not."""

from dataclasses import dataclass
from pathlib import Path

from testbed.config import Configuration
from testbed.errors import ConfigError, OptionError
from testbed.plan.costs import Resolution, resolution
from testbed.plan.device_facts import DeviceFacts, ask_device
from testbed.plan.finding import Finding
from testbed.plan.findings import findings, fits
from testbed.plan.host import HostFacts, ask_host
from testbed.plan.scaling import Scaled, UnscalableError, scale
from testbed.run_folder import DEFAULT_PARENT
from testbed.scenario import Scenario, build_scenario


@dataclass(frozen=True, slots=True)
class Proposal:
    """A scaled experiment that fits.

    Parameters
    ----------
    scaled : Scaled
        What it is, and what was changed.
    findings : tuple of Finding
        Why it fits.
    resolution : Resolution
        What its image resolves.
    """

    scaled: Scaled
    findings: tuple[Finding, ...]
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of an experiment before it is run.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    device : DeviceFacts
        What is to play it.
    findings : tuple of Finding
        Point by point.
    resolution : Resolution
        What its image resolves.
    proposal : Proposal or None
        A scaled experiment, if this one does not fit and a smaller one does.
    obstacle : str
        Why there is none, where it does not fit.
    """

    configuration: Configuration
    device: DeviceFacts
    findings: tuple[Finding, ...]
    resolution: Resolution
    proposal: Proposal | None
    obstacle: str

    @property
    def fits(self) -> bool:
        """Whether nothing stands in the way but what a person has to say."""
        return fits(self.findings)


def make_plan(
    configuration: Configuration,
    *,
    out_dir: Path | None = None,
    device: DeviceFacts | None = None,
) -> Plan:
    """Judge an experiment against its device and this machine; nothing is played or written.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    out_dir : Path or None
        Where its results would go; by default ``runs/NAME``.
    device : DeviceFacts, optional
        What is to play it; by default the configuration's device is asked.

    Raises
    ------
    MoonechoError
        The configuration cannot be.
    DriverError
        The device is not there.
    """
    if device is None:
        device = ask_device(configuration)
    scenario = build_scenario(configuration)
    host = ask_host(scenario, out_dir or DEFAULT_PARENT / configuration.name)
    found = findings(scenario, device, host)
    proposal, obstacle = None, ""
    if not fits(found):
        proposal, obstacle = _propose(scenario, device, host)
    return Plan(configuration, device, found, resolution(scenario), proposal, obstacle)


def _propose(
    scenario: Scenario, device: DeviceFacts, host: HostFacts
) -> tuple[Proposal | None, str]:
    try:
        scaled = scale(scenario, device, host)
        smaller = build_scenario(scaled.configuration)
    except UnscalableError as error:
        return None, str(error)
    except (ConfigError, OptionError) as error:
        return None, f"the scaled experiment cannot be: {error.problem}"
    found = findings(smaller, device, host)
    if not fits(found):
        lacking = ", ".join(one.name for one in found if one.status == "does not fit")
        return None, f"no smaller experiment changes this: {lacking}"
    return Proposal(scaled, found, resolution(smaller)), ""
