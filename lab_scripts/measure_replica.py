"""What does the chain make of a pulse? Measure it, as the replica for range compression.

    python lab_scripts/measure_replica.py configs/smoke.yaml replica.npy [PULSES]

Wire the loop as for the run that is to follow. The bare pulse is played into every window and what
comes back is averaged; lost pulses are left out. With `focusing.replica: replica.npy` range
compression then correlates with what the chain really makes: its gain, delay and distortion are out
of the image, so that `calibration` stays at zero.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from drivers.ending_signals import ending_signals_raise
from drivers.errors import DriverError
from drivers.interface import PlayedBlock
from drivers.session import session
from testbed.bench import script_arguments
from testbed.config import load_configuration
from testbed.device_settings import open_configured_device, require_leave
from testbed.error_boundary import ErrorBoundary
from testbed.options import read_number
from testbed.scenario import build_scenario

PULSES = 256
AHEAD_SAMPLES = 16  # silence before the pulse, to see that there is none of it there


def measure_replica(config: Path, pulses: int = PULSES) -> npt.NDArray[np.complex64]:
    """Play the pulse of an experiment through its device and average what comes back.

    Parameters
    ----------
    config : Path
        The experiment.
    pulses : int
        How many are averaged.

    Returns
    -------
    ndarray of complex64, shape (samples,)
        From the tick at which the pulse leaves; 1 is what an ideal chain would give.

    Raises
    ------
    DriverError
        The device fails, or no pulse came back whole.
    """
    bench = load_configuration(config)
    require_leave(bench)
    scenario = build_scenario(bench)
    schedule = scenario.schedule.pulses_slice(0, min(pulses, scenario.schedule.pulses))
    level = 10.0 ** (bench.device.level_dbfs / 20.0)
    window = np.zeros(schedule.window_samples, dtype=np.complex64)
    pulse = scenario.waveform.replica(schedule.sample_rate_hz)
    room = window[AHEAD_SAMPLES:][: pulse.size]
    room[:] = level * pulse[: room.size]

    def blocks() -> Iterator[PlayedBlock]:
        for number in range(schedule.pulses):
            yield PlayedBlock(number, window[None].copy())

    device = open_configured_device(bench)
    total = np.zeros(schedule.window_samples, dtype=np.complex128)
    whole = 0
    with session(device, schedule) as armed:
        for captured in armed.exchange(blocks()):
            samples = captured.samples
            if samples.dtype == np.int16:
                samples = (
                    device.code_scale * samples[..., 0] + 1j * device.code_scale * samples[..., 1]
                )
            troubled = {event.pulse - captured.first_pulse for event in captured.events}
            kept = [row for row in range(captured.pulses) if row not in troubled]
            total += np.sum(samples[kept], axis=0)
            whole += len(kept)
    if not whole:
        raise DriverError(
            f"none of {schedule.pulses} pulses came back whole",
            "check cable, gains and levels with lab_scripts/first_loopback.py",
        )
    heard: npt.NDArray[np.complex64] = (total / whole / level).astype(np.complex64)
    return heard[AHEAD_SAMPLES:]


def main(config: str, target: str, pulses: str = str(PULSES)) -> None:
    """Measure, save, and say how strong the pulse came back."""
    replica = measure_replica(Path(config), int(read_number("PULSES", pulses, "pulses", 1, 1e6)))
    np.save(target, replica)
    energy = float(np.sum(np.abs(replica) ** 2))
    print(f"{target}: {replica.size} samples, energy {energy:.1f} of a pulse of full scale")


if __name__ == "__main__":
    with ErrorBoundary() as boundary, ending_signals_raise():
        main(*script_arguments(2, "CONFIG FILE [PULSES]"))
    sys.exit(boundary.exit_code)
