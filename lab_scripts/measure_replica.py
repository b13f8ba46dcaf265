"""What does the chain make of a pulse? Measure it, as the replica for range compression.

    python lab_scripts/measure_replica.py configs/smoke.yaml replica.npy [pulses]

Wire the loop as for the run that is to follow. The bare pulse is played into every window and what
comes back is averaged. With `focusing.replica: replica.npy` range compression then correlates with
what the chain really makes: its gain, delay and distortion are out of the image, so that
`calibration` stays at zero.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from drivers.interface import PlayedBlock
from drivers.session import session
from testbed.config import load_configuration
from testbed.device_settings import open_configured_device
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
    """
    bench = load_configuration(config)
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
    with session(device, schedule) as armed:
        for captured in armed.exchange(blocks()):
            samples = captured.samples
            if samples.dtype == np.int16:
                samples = (
                    device.code_scale * samples[..., 0] + 1j * device.code_scale * samples[..., 1]
                )
            total += np.sum(samples, axis=0)
    heard: npt.NDArray[np.complex64] = (total / schedule.pulses / level).astype(np.complex64)
    return heard[AHEAD_SAMPLES:]


def main() -> None:
    """Measure, save, and say how strong the pulse came back."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    config, target = Path(sys.argv[1]), Path(sys.argv[2])
    replica = measure_replica(config, int(sys.argv[3]) if len(sys.argv) > 3 else PULSES)
    np.save(target, replica)
    energy = float(np.sum(np.abs(replica) ** 2))
    print(f"{target}: {replica.size} samples, energy {energy:.1f} of a pulse of full scale")


if __name__ == "__main__":
    main()
