"""A plan as tables for people, and as JSON for programs."""

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from testbed.config.quantities import plain_number, unit_of
from testbed.plan.finding import Finding
from testbed.plan.planning import Plan, Proposal
from testbed.report.quantities import hertz, seconds

_STYLES = {"fits": "green", "does not fit": "bold red", "to do": "bold yellow", "note": "dim"}


def plan_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as data fit for JSON."""
    proposal = plan.proposal
    return {
        "name": plan.configuration.name,
        "device": {
            "driver": plan.configuration.device.driver,
            "name": plan.device.name,
            "capabilities": asdict(plan.device.capabilities),
            "sample_rates_hz": plan.device.sample_rates_hz,
            "frequencies_hz": plan.device.frequencies_hz,
            "bandwidths_hz": plan.device.bandwidths_hz,
            "full_duplex": plan.device.full_duplex,
            "software": plan.device.software,
        },
        "fits": plan.fits,
        "checks": [asdict(one) for one in plan.findings],
        "resolution": asdict(plan.resolution),
        "obstacle": plan.obstacle,
        "proposal": None
        if proposal is None
        else {
            "changes": proposal.scaled.changes,
            "remarks": list(proposal.scaled.remarks),
            "checks": [asdict(one) for one in proposal.findings],
            "resolution": asdict(proposal.resolution),
        },
    }


def print_plan(plan: Plan, console: Console) -> None:
    """Print a plan.

    Parameters
    ----------
    plan : Plan
        What was found.
    console : Console
        Where to.
    """
    console.print(_findings_table(plan))
    console.print()
    if plan.fits:
        first_to_do = any(one.status == "to do" for one in plan.findings)
        verdict = "FITS, once what is to do is done" if first_to_do else "FITS"
        console.print(Text(f"{verdict}: {plan.configuration.name}", style="bold green"))
        return
    console.print(Text(f"DOES NOT FIT: {plan.configuration.name}", style="bold red"))
    if plan.proposal is None:
        console.print(f"No scaled experiment is proposed: {plan.obstacle}.", markup=False)
        return
    console.print("A scaled experiment that fits:")
    console.print(_changes_table(plan, plan.proposal))
    console.print(_costs_table(plan, plan.proposal))
    for remark in plan.proposal.scaled.remarks:
        console.print(f"- {remark}", markup=False)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def _findings_table(plan: Plan) -> Table:
    table = _table(f"{plan.configuration.name} on {plan.device.name}")
    for heading in ("Check", "Needs", "There is", "Verdict", "Remark"):
        table.add_column(heading, overflow="fold")
    for one in plan.findings:
        table.add_row(*_cells(one))
    return table


def _cells(one: Finding) -> tuple[str | Text, ...]:
    cells = [Text(text) for text in (one.name, one.needed, one.available)]
    return (*cells, Text(one.status, style=_STYLES[one.status]), Text(one.remark))


def _changes_table(plan: Plan, proposal: Proposal) -> Table:
    table = _table("Changes")
    for heading in ("Key", "Now", "Scaled", "Unit"):
        table.add_column(heading, overflow="fold")
    values = plan.configuration.resolved()
    for key, value in proposal.scaled.changes.items():
        was: Any = values
        for part in key.split("."):
            was = was[part]
        table.add_row(Text(key), Text(_shown(was)), Text(_shown(value)), unit_of(key))
    return table


def _shown(value: Any) -> str:
    return plain_number(value) if isinstance(value, (int, float)) else str(value)


def _costs_table(plan: Plan, proposal: Proposal) -> Table:
    table = _table("What it costs")
    for heading in ("", "Now", "Scaled"):
        table.add_column(heading, overflow="fold")
    now, then = plan.resolution, proposal.resolution
    for name, one, other in (
        ("bandwidth", hertz(now.bandwidth_hz), hertz(then.bandwidth_hz)),
        ("range cell, slant", f"{now.range_cell_m:.3g} m", f"{then.range_cell_m:.3g} m"),
        ("Doppler bandwidth", hertz(now.doppler_bandwidth_hz), hertz(then.doppler_bandwidth_hz)),
        ("azimuth cell, ground", f"{now.azimuth_cell_m:.3g} m", f"{then.azimuth_cell_m:.3g} m"),
        ("PRF", hertz(now.prf_hz), hertz(then.prf_hz)),
        ("replicas", _replicas(now.replicas_s), _replicas(then.replicas_s)),
        ("focused by", now.method, then.method),
    ):
        table.add_row(name, Text(one), Text(other))
    return table


def _replicas(spacing_s: float | None) -> str:
    return "none" if spacing_s is None else f"every {seconds(spacing_s)}"
