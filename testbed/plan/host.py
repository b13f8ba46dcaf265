"""What this machine has: memory, disk, and how fast it makes echoes."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from testbed.config import Configuration
from testbed.run_folder import bytes_of_run
from testbed.scenario import Scenario

# What a run takes by itself, and for each sample, up to the working memory of focusing; what is
# more goes through a scratch file. Measured over the configurations that come with moonecho (456 MB
# for 6.1 Msamples, 470 MB for 10.2, 744 MB for 61.4) and rounded up.
_MEMORY_ITSELF_BYTES = 500_000_000
_MEMORY_PER_SAMPLE_BYTES = 12

# Samples of one timed block: long enough that starting threads does not count.
_TIMED_SAMPLES = 1 << 18

# Samples that two cores record and focus in a second, and what takes its time whatever their
# number: start, geometry, measures, figures.
FOCUSED_PER_S = 15e6
FIXED_TIME_S = 4.0


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What this machine has.

    Parameters
    ----------
    memory_bytes : int or None
        Available memory; None where the system does not tell.
    disk_bytes : int
        Free space where the results go.
    disk_place : Path
        The folder that was asked about.
    echo_samples_per_s : float
        Samples of echoes that it makes in a second.
    """

    memory_bytes: int | None
    disk_bytes: int
    disk_place: Path
    echo_samples_per_s: float


def ask_host(scenario: Scenario, folder: Path) -> HostFacts:
    """Ask this machine; nothing is written.

    Parameters
    ----------
    scenario : Scenario
        Whose echoes are made for a moment, to time it.
    folder : Path
        Where the results would go; its nearest existing parent is asked.
    """
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return HostFacts(
        memory_bytes=_available_memory_bytes(),
        disk_bytes=shutil.disk_usage(place).free,
        disk_place=folder,
        echo_samples_per_s=_echo_samples_per_s(scenario),
    )


def memory_needed_bytes(configuration: Configuration) -> int:
    """Return about how much memory a run takes at its peak."""
    samples = configuration.radar.pulses * configuration.receiver.window_samples
    working = round(configuration.focusing.memory_gib * 2**30)
    return _MEMORY_ITSELF_BYTES + min(working, samples * _MEMORY_PER_SAMPLE_BYTES)


def samples_in_memory(configuration: Configuration, memory_bytes: int) -> int | None:
    """Return how many samples a run may have in so much memory; None for any number."""
    left = max(0, memory_bytes - _MEMORY_ITSELF_BYTES)
    if left >= configuration.focusing.memory_gib * 2**30:
        return None
    return left // _MEMORY_PER_SAMPLE_BYTES


def samples_on_disk(configuration: Configuration, disk_bytes: int) -> int:
    """Return how many samples a run may have on so much disk."""
    samples = configuration.radar.pulses * configuration.receiver.window_samples
    return disk_bytes * samples // bytes_of_run(configuration)


def _available_memory_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:  # not Linux
        names = os.sysconf_names
        if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
            return None
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    kibibytes = {name: rest.split()[0] for name, _, rest in (line.partition(":") for line in lines)}
    text = kibibytes.get("MemAvailable")
    return None if text is None else int(text) << 10


def _echo_samples_per_s(scenario: Scenario) -> float:
    """Time the making of one block of the scenario's own echoes, its compilation apart."""
    schedule = scenario.schedule
    pulses = max(1, min(_TIMED_SAMPLES // schedule.window_samples, schedule.pulses // 2))
    blocks = scenario.signal.blocks(schedule, pulses)
    next(blocks)
    started_s = time.perf_counter()
    _, block = next(blocks)
    return block.size / (time.perf_counter() - started_s)
