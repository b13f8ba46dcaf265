"""Compiles what a bench computes with, before anybody waits for an answer."""

from __future__ import annotations

import numpy as np

from drivers.simulators.bench.rf_bench import FrontEnd, Playback, RfBench, Signal

_SAMPLES = 64
_RATE_HZ = 1e9


def warm_up() -> None:
    """Play a little of every kind, and hear it.

    Otherwise it would be compiled inside the first trigger, for longer than a driver waits.
    """
    bench = RfBench()
    for name in ("1", "RF", "M1"):
        bench.connect(("generator", name), ("digitizer", name))
    bench.register_digitizer("digitizer", _hear)
    real = {"1": np.zeros(_SAMPLES, np.float32)}
    envelope = {"RF": np.zeros(_SAMPLES, np.complex64)}
    marker = np.zeros(_SAMPLES, np.uint8)
    marker[8:16] = 1
    markers = {"M1": marker}
    for held in (False, True):
        bench.play("generator", Playback(_RATE_HZ, real, markers, zero_order_hold=held))
    bench.play("generator", Playback(_RATE_HZ, envelope, markers, carrier_hz=_RATE_HZ))


def _hear(signal: Signal) -> None:
    signal.edges("M1", 0.5)
    for connector in signal.connectors:
        signal.sample(connector, 0.0, 1.0 / _RATE_HZ, _SAMPLES, FrontEnd(_RATE_HZ))
