"""Which radios are attached, and what they can do, as data.

A driver's module is another person's code: one that looks for its radios may throw, hang, or take
the process with it. So each is asked in a process of its own, against a deadline.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from drivers.errors import DriverError
from drivers.soapy.capabilities import as_data, channel_facts
from drivers.soapy.library import arguments_of, asking, soapy

# What a finding process writes before its answer; drivers print to the standard output as well.
_ANSWER = "moonecho-radios:"


@dataclass(frozen=True, slots=True)
class FoundRadio:
    """A radio that a driver has found.

    Parameters
    ----------
    arguments : str
        That open it, as `SoapySettings.arguments` takes them.
    label : str
        What the driver calls it.
    capabilities : dict
        Fit for JSON: ``driver_key``, ``hardware_key``, ``full_duplex``, ``hardware_time``,
        ``clock_sources``, ``time_sources``, ``sensors``, and for ``tx`` and ``rx`` lists of
        channels; empty where it could not be opened.
    problem : str or None
        Why not.
    """

    arguments: str
    label: str
    capabilities: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def find_radios(arguments: str = "", deadline_s: float = 20.0) -> tuple[FoundRadio, ...]:
    """List attached radios with what they can do.

    Parameters
    ----------
    arguments : str
        That they must have, as in "driver=uhd"; empty for all.
    deadline_s : float
        For finding them, and again for opening each, seconds.

    Returns
    -------
    tuple of FoundRadio
        Those that cannot be opened (in use, no leave, hanging) have a ``problem``.

    Raises
    ------
    SoapyMissingError
        SoapySDR is not installed.
    DriverError
        A driver hangs, or takes its process down, while it looks.
    """
    soapy()
    found = _ask("find", arguments, deadline_s)
    radios = []
    for radio in found:
        text, label = str(radio["arguments"]), str(radio["label"])
        try:
            told = _ask("describe", text, deadline_s)[0]
        except DriverError as error:
            radios.append(FoundRadio(text, label, problem=error.problem))
        else:
            radios.append(FoundRadio(text, label, told))
    return tuple(radios)


def _ask(task: str, arguments: str, deadline_s: float) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", __name__, task, arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=deadline_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DriverError(
            f"a driver did not answer within {deadline_s:g} s when asked to {task} "
            f"{arguments or 'radios'!r}",
            "name the driver, as in driver=uhd, so that no other one is asked",
        ) from error
    for line in done.stdout.splitlines():
        if line.startswith(_ANSWER):
            answer: list[dict[str, Any]] = json.loads(line.removeprefix(_ANSWER))
            return answer
    reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    raise DriverError(
        f"a driver failed when asked to {task} {arguments or 'radios'!r}: {reason}",
        "name the driver, as in driver=uhd, so that no other one is asked",
    )


def _find(arguments: str) -> list[dict[str, Any]]:
    with asking("be found"):
        results = soapy().Device.enumerate(arguments_of(arguments))
        radios = [{str(key): str(result[key]) for key in result} for result in results]
    return [
        {
            "arguments": ",".join(
                f"{key}={value}" for key, value in radio.items() if "," not in value
            ),
            "label": radio.get("label", radio.get("driver", "")),
        }
        for radio in radios
    ]


def _describe(arguments: str) -> list[dict[str, Any]]:
    library = soapy()
    with asking(f"be opened as {arguments!r}"):
        device = library.Device.make(arguments_of(arguments))
    try:
        with asking("tell what it is"):
            directions = {"tx": library.SOAPY_SDR_TX, "rx": library.SOAPY_SDR_RX}
            told: dict[str, Any] = {
                "driver_key": str(device.getDriverKey()),
                "hardware_key": str(device.getHardwareKey()),
                "hardware_time": bool(device.hasHardwareTime()),
                "clock_sources": [str(name) for name in device.listClockSources()],
                "time_sources": [str(name) for name in device.listTimeSources()],
                "sensors": [str(name) for name in device.listSensors()],
                "full_duplex": [
                    bool(device.getFullDuplex(directions["rx"], channel))
                    for channel in range(device.getNumChannels(directions["rx"]))
                ],
            }
            for side, direction in directions.items():
                told[side] = [
                    as_data(channel_facts(device, direction, channel))
                    for channel in range(device.getNumChannels(direction))
                ]
    finally:
        device.close()
    return [told]


def _main() -> int:
    task, arguments = sys.argv[1:]
    try:
        answer = {"find": _find, "describe": _describe}[task](arguments)
    except DriverError as error:
        sys.stderr.write(f"{error.problem}\n")
        return 1
    sys.stdout.write(f"\n{_ANSWER}{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
