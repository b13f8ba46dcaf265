"""Rate of the software radio, both ways at once, against a bare SoapySDR loop in the same run.

A writer and a reader thread stream continuously, in packets of the MTU. The bare loop is what any
device costs at least: the same two threads, each with one copy of the packet and one call into
SoapySDR's null device, which does nothing. Stepped time shows how fast the radio can be; in
free-running time the clock does not wait, and a rate counts only if nothing was late or lost. The
last rows are those of `drivers.soapy` in continuous mode, conversion from and to its blocks
included.

    make plugin
    python -m benchmarks.soapy_rate [--seconds 3] [--format CS16]
"""

import argparse
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.interface import PlayedBlock
from drivers.session import session
from drivers.soapy.device import SoapyDevice
from drivers.soapy.settings import SoapySettings, StreamFormat

PLUGIN = Path(__file__).resolve().parents[1] / "build" / "soapy-plugin"
PACKET = 65536
TIMEOUT_US = 1_000_000
# 0.3 s at 100 Msamples/s, for machines with other work to do.
BUFFER = 1 << 25
WINDOWS = (1024, 65536)
DRIVER_BLOCK = 1 << 20
FREE_RATES_HZ = (100e6, 150e6, 200e6, 300e6, 400e6)


def packets(sample_format: str, count: int) -> list[Any]:
    """Make packets of some noise, more than the caches hold."""
    codes = np.random.default_rng(0).integers(-20000, 20000, (count, PACKET, 2)).astype(np.int16)
    if sample_format == "CS16":
        return list(codes)
    # As the radio makes floats of codes, so that they come back the same.
    return list((codes * (np.float32(1.0) / np.float32(32767.0))).view(np.complex64)[..., 0])


def both_ways(write: Any, read: Any, samples: int) -> float:
    """Return the rate of a writer and a reader at once, samples/s each way."""
    writer = threading.Thread(target=write, args=(samples,))
    start = time.perf_counter()
    writer.start()
    read(samples)
    writer.join()
    return samples / (time.perf_counter() - start)


def bare_rate(sample_format: str, samples: int) -> float:
    """Run the loop that does nothing but call and copy."""
    import SoapySDR

    device = SoapySDR.Device({"driver": "null"})
    source, sink = packets(sample_format, 16), packets(sample_format, 16)

    def stream(call: Any, total: int) -> None:
        for k in range(total // PACKET):
            call(None, [source[k % 16]], PACKET)
            np.copyto(sink[k % 16], source[k % 16])

    def write(total: int) -> None:
        stream(device.writeStream, total)

    def read(total: int) -> None:
        stream(device.readStream, total)

    return both_ways(write, read, samples)


def radio_rate(sample_format: str, samples: int, clock: str, rate_hz: float) -> float | None:
    """Stream through the radio; none if anything was late, or lost, or did not come in time."""
    import SoapySDR

    settings = {"clock": clock, "rate": str(rate_hz), "serial": str(rate_hz)}
    settings |= {"transmit_buffer": str(BUFFER), "receive_buffer": str(BUFFER)}
    device = SoapySDR.Device({"driver": "moonecho_loopback"} | settings)
    tx = device.setupStream(SoapySDR.SOAPY_SDR_TX, sample_format)
    rx = device.setupStream(SoapySDR.SOAPY_SDR_RX, sample_format)
    source, sink = packets(sample_format, 16), packets(sample_format, 16)
    flaws: list[int] = []
    device.activateStream(tx)
    start_ns = device.getHardwareTime() + 100_000_000
    timed = SoapySDR.SOAPY_SDR_HAS_TIME

    def write(total: int) -> None:
        done, flags = 0, timed
        while done < total:
            told = device.writeStream(
                tx, [source[done // PACKET % 16]], PACKET, flags, start_ns, TIMEOUT_US
            )
            if told.ret != PACKET:
                flaws.append(told.ret)
            done, flags = done + PACKET, 0
        # Before closing: what came too late or too early is told by now.
        while (told := device.readStreamStatus(tx, 0)).ret != SoapySDR.SOAPY_SDR_TIMEOUT:
            if told.ret != 0:
                flaws.append(told.ret)

    def read(total: int) -> None:
        done = 0
        while done < total and not flaws:
            told = device.readStream(rx, [sink[done // PACKET % 16]], PACKET, 0, TIMEOUT_US)
            if told.ret != PACKET:
                flaws.append(told.ret)
            done += PACKET

    device.activateStream(rx, timed, start_ns, 0)
    rate = both_ways(write, read, samples)
    intact = all(
        np.array_equal(received, sent) for received, sent in zip(sink, source, strict=True)
    )
    device.closeStream(rx)
    device.closeStream(tx)
    device.close()
    return rate if intact and not flaws else None


@dataclass(frozen=True)
class Touching:
    """Windows without gaps between them."""

    transmit_tick: NDArray[np.int64]
    window_samples: int
    sample_rate_hz: float = 1e8

    @property
    def window_start_tick(self) -> NDArray[np.int64]:
        """Windows at their pulses."""
        return self.transmit_tick

    @property
    def pulses(self) -> int:
        """Number of pulses."""
        return int(self.transmit_tick.size)


def driver_rate(sample_format: StreamFormat, samples: int, window_samples: int) -> float:
    """Stream through the driver, and check what comes back; samples/s each way."""
    per_block = DRIVER_BLOCK // window_samples
    pulses = samples // DRIVER_BLOCK * per_block
    ticks = np.arange(pulses, dtype=np.int64) * window_samples
    codes = np.random.default_rng(0).integers(-32000, 32001, (per_block, window_samples, 2))
    played = (codes / 32767.0).astype(np.float32).view(np.complex64)[..., 0]
    expected = codes.astype(np.int16) if sample_format == "CS16" else None
    settings = SoapySettings(
        "driver=moonecho_loopback,clock=stepped",
        transmit=True,
        attenuation_db=40.0,
        tx_gain_db=0.0,
        rx_gain_db=0.0,
        stream_format=sample_format,
        streaming="continuous",
    )

    def blocks() -> Iterator[PlayedBlock]:
        for first in range(0, pulses, per_block):
            yield PlayedBlock(first, played)

    start, counted = 0.0, 0
    with session(SoapyDevice(settings), Touching(ticks, window_samples)) as armed:
        for captured in armed.exchange(blocks()):
            if not start:  # what came before is opening, and compiling
                start = time.perf_counter()
                if expected is not None and not np.array_equal(captured.samples, expected):
                    raise SystemExit("samples differ from those played")
            else:
                counted += per_block * window_samples
            if captured.events:
                raise SystemExit(f"samples were lost: {captured.events[0]}")
        return counted / (time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--format", choices=("CS16", "CF32"), default="CS16")
    arguments = parser.parse_args()
    os.environ["SOAPY_SDR_PLUGIN_PATH"] = str(PLUGIN)
    os.environ.setdefault("SOAPY_SDR_LOG_LEVEL", "ERROR")

    def samples_for(rate_hz: float) -> int:
        return max(16, int(rate_hz * arguments.seconds / PACKET) // 16 * 16) * PACKET

    print(f"{arguments.format}, Msamples/s each way, two threads on {os.cpu_count()} processors")
    bare = bare_rate(arguments.format, samples_for(1e9))
    print(f"  bare loop (call and copy)  {bare / 1e6:7.0f}")
    stepped = radio_rate(arguments.format, samples_for(300e6), "stepped", 1e8)
    if stepped is None:
        raise SystemExit("samples were lost in stepped time")
    print(f"  stepped time               {stepped / 1e6:7.0f}   {stepped / bare:.2f} of the loop")
    for rate_hz in FREE_RATES_HZ:
        kept = radio_rate(arguments.format, samples_for(rate_hz), "free", rate_hz)
        told = "without loss" if kept is not None else "samples were late or lost"
        print(f"  free-running at            {rate_hz / 1e6:7.0f}   {told}")
    for window_samples in WINDOWS:
        driver = driver_rate(arguments.format, samples_for(200e6), window_samples)
        share = f"{driver / bare:.2f} of the loop"
        print(f"  driver, windows of {window_samples:7d} {driver / 1e6:7.0f}   {share}")


if __name__ == "__main__":
    main()
