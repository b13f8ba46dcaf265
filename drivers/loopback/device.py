"""The loopback as a device: every block that is played comes back at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from drivers.clipping import clip_events
from drivers.errors import DeviceSettingsError
from drivers.interface import (
    Capabilities,
    CapturedBlock,
    CaptureFormat,
    Event,
    PlayedBlock,
    Schedule,
    in_order,
)
from drivers.lifecycle import DeviceState, Lifecycle
from drivers.loopback.delay import lost_beyond
from drivers.loopback.rf_chain import ChainOutput, RfChain, largest_code
from drivers.loopback.settings import LoopbackSettings
from drivers.schedule_check import require_playable, smallest_gap


class LoopbackDevice:
    """A device in software. Deterministic: its output depends on the settings and the samples.

    Each window comes back as its own echo through :class:`~drivers.loopback.rf_chain.RfChain`. As
    the tail of a window is cut off and never enters the next one, a schedule must leave a gap
    behind each window that is longer than the delay; in that gap a real receiver is not listening
    either, so nothing is lost that hardware would have kept.

    Parameters
    ----------
    settings : LoopbackSettings
        What the chain does to the signal.
    """

    def __init__(self, settings: LoopbackSettings) -> None:
        self._settings = settings
        self._lifecycle = Lifecycle("the loopback")
        self._schedule: Schedule | None = None
        self._chain: RfChain | None = None

    @property
    def state(self) -> DeviceState:
        """Where the device stands."""
        return self._lifecycle.state

    @property
    def capabilities(self) -> Capabilities:
        """No limits but those of the converters that it models."""
        return Capabilities(
            min_sample_rate_hz=None,
            max_sample_rate_hz=None,
            dac_bits=self._settings.dac_bits,
            adc_bits=self._settings.adc_bits,
            max_window_samples=None,
            max_total_samples=None,
            window_granularity=1,
            timed=True,
            radiates=False,
        )

    @property
    def capture_format(self) -> CaptureFormat:
        """``cf32_le`` with an ideal ADC, else ``ci16_le``."""
        return "cf32_le" if self._settings.adc_bits is None else "ci16_le"

    @property
    def code_scale(self) -> float:
        """Fraction of full scale per code of the ADC; 1.0 where it is ideal."""
        bits = self._settings.adc_bits
        return 1.0 if bits is None else 1.0 / largest_code(bits)

    def read_back(self) -> dict[str, Any]:
        """Tell the settings, and the delay as it falls on the clock once a schedule is known."""
        settings = self._settings
        told: dict[str, Any] = {
            "driver": "loopback",
            "dac_bits": settings.dac_bits,
            "adc_bits": settings.adc_bits,
            "gain_db": settings.gain_db,
            "delay_s": settings.delay_s,
            "noise_dbfs": settings.noise_dbfs,
            "seed": settings.seed,
        }
        if self._chain is not None and self._schedule is not None:
            told["sample_rate_hz"] = self._schedule.sample_rate_hz
            told["delay_whole_ticks"] = self._chain.delay.whole_ticks
            told["delay_fraction_ticks"] = self._chain.delay.fraction
        return told

    def ensure_ready(self) -> None:
        """Make ready for a schedule."""
        self._lifecycle.advance("ensure_ready")

    def prepare(self, schedule: Schedule) -> None:
        """Set the chain for a schedule.

        Parameters
        ----------
        schedule : Schedule
            What will be played.

        Raises
        ------
        DeviceSettingsError
            The schedule makes no sense, or the delay reaches beyond a window or into the next.
        """
        self._lifecycle.require("prepare")
        require_playable(schedule, self.capabilities)
        chain = RfChain(self._settings, schedule.sample_rate_hz, schedule.window_samples)
        delay = chain.delay
        written = f"delay_s = {self._settings.delay_s:g} ({delay.ticks:g} samples)"
        longest_s = (schedule.window_samples - 1) / schedule.sample_rate_hz
        if lost_beyond(delay, schedule.window_samples):
            raise DeviceSettingsError(
                f"{written} pushes everything out of windows of {schedule.window_samples} samples",
                f"use less than {longest_s:g} s, or longer windows",
            )
        gap = smallest_gap(schedule)
        if gap is not None and math.ceil(delay.ticks) > gap:
            raise DeviceSettingsError(
                f"{written} makes a window run into the next one, {gap} samples after its end",
                f"use at most {gap / schedule.sample_rate_hz:g} s, or leave more room between "
                "windows",
            )
        self._schedule, self._chain = schedule, chain
        self._lifecycle.advance("prepare")

    def arm(self) -> None:
        """Arm; there is nothing to wait for."""
        self._lifecycle.advance("arm")

    def start(self) -> None:
        """Start the sample clock, which counts samples and knows no wall time."""
        self._lifecycle.advance("start")

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        """Give back each block as it is drawn, through the chain.

        Parameters
        ----------
        blocks : iterable of PlayedBlock
            Every pulse of the schedule, in order.

        Returns
        -------
        iterator of CapturedBlock
            As many blocks, with the same pulses.

        Raises
        ------
        DriverError
            Blocks out of order, or samples that are not numbers.
        """
        self._lifecycle.advance("exchange")
        return self._exchanged(blocks)

    def _exchanged(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        schedule, chain = self._schedule, self._chain
        assert schedule is not None and chain is not None  # by the lifecycle, after prepare
        for block in in_order(blocks, schedule):
            # Between two blocks anything may have stopped the device.
            self._lifecycle.require("drained")
            output = chain.process(block.first_pulse, block.samples)
            yield CapturedBlock(
                block.first_pulse, output.samples, _events(block.first_pulse, output)
            )
        self._lifecycle.advance("drained")

    def wait_idle(self, deadline_s: float) -> None:
        """Return at once: what was played has come back already.

        Parameters
        ----------
        deadline_s : float
            Not needed here.
        """
        self._lifecycle.advance("wait_idle")

    def ensure_stopped(self) -> None:
        """Stop, from any state, any number of times; never raises."""
        self._lifecycle.stop()


def _events(first_pulse: int, output: ChainOutput) -> tuple[Event, ...]:
    """List clipping by pulse, the DAC's before the ADC's."""
    events = [
        *clip_events("clipped_dac", first_pulse, output.clipped_dac),
        *clip_events("clipped_adc", first_pulse, output.clipped_adc),
    ]
    return tuple(sorted(events, key=lambda event: event.pulse))
