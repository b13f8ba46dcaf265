"""A software-defined radio as a device: timed bursts out, the same windows back in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from drivers.errors import DeviceTimeoutError
from drivers.interface import (
    Capabilities,
    CapturedBlock,
    CaptureFormat,
    PlayedBlock,
    Schedule,
    in_order,
)
from drivers.lifecycle import DeviceState, Lifecycle
from drivers.schedule_check import require_playable
from drivers.soapy.capabilities import RadioFacts, read_facts
from drivers.soapy.conversion import warm_up
from drivers.soapy.front_end import (
    lower_gain,
    read_front_end,
    read_locks,
    require_locks,
    set_front_end,
)
from drivers.soapy.library import asking
from drivers.soapy.link import Link
from drivers.soapy.run import Run, window_offsets
from drivers.soapy.settings import SoapySettings
from drivers.soapy.ticks import TickClock

# Oscillators take a while to follow a reference that was just chosen.
_LOCK_PATIENCE_S, _LOCK_POLL_S = 1.0, 0.05


class SoapyDevice:
    """A radio that is reached by SoapySDR.

    Opening it opens the radio and asks what it can do; nothing is transmitted before ``start``.

    Parameters
    ----------
    settings : SoapySettings
        How to set it.

    Raises
    ------
    SoapyMissingError
        SoapySDR is not installed.
    DriverError
        There is no such radio.
    """

    def __init__(self, settings: SoapySettings) -> None:
        self._settings = settings
        self._lifecycle = Lifecycle(f"radio {settings.arguments!r}")
        self._link = Link(settings.arguments)
        self._facts = read_facts(self._link.device, settings)
        self._schedule: Schedule | None = None
        self._clock: TickClock | None = None
        self._run: Run | None = None
        self._told: dict[str, Any] = {"driver": "soapy", "arguments": settings.arguments}

    @property
    def state(self) -> DeviceState:
        """Where the device stands."""
        return self._lifecycle.state

    @property
    def facts(self) -> RadioFacts:
        """All that the radio told of itself."""
        return self._facts

    @property
    def capabilities(self) -> Capabilities:
        """What the radio told when it was opened."""
        return self._facts.capabilities

    @property
    def capture_format(self) -> CaptureFormat:
        """``ci16_le`` with CS16 streams, ``cf32_le`` with CF32."""
        return "ci16_le" if self._facts.receive.is_integer else "cf32_le"

    @property
    def code_scale(self) -> float:
        """Fraction of full scale per code."""
        return 1.0 / self._facts.receive.largest_code if self._facts.receive.is_integer else 1.0

    def read_back(self) -> dict[str, Any]:
        """Tell what the radio is set to, as it says, and what became of the run."""
        told = dict(self._told)
        if self._run is not None:
            told.update(self._run.told())
        return told

    def read_setting(self, key: str) -> str:
        """Read a setting of the driver's own.

        Parameters
        ----------
        key : str
            As the driver calls it.
        """
        with asking(f"tell {key}"):
            return str(self._link.device.readSetting(key))

    def ensure_ready(self) -> None:
        """Open the radio again where it was closed."""
        self._lifecycle.require("ensure_ready")
        if self._link.closed:
            self._link = Link(self._settings.arguments)
            self._facts = read_facts(self._link.device, self._settings)
        self._lifecycle.advance("ensure_ready")

    def prepare(self, schedule: Schedule) -> None:
        """Set the radio for a schedule, and check its references.

        Parameters
        ----------
        schedule : Schedule
            What will be played.

        Raises
        ------
        DeviceSettingsError
            There is no leave to transmit, no attenuation is stated, or the radio cannot do this.
        ReferenceUnlockedError
            An oscillator does not follow its reference.
        """
        self._lifecycle.require("prepare")
        settings, device = self._settings, self._link.device
        settings.require_may_transmit()
        self._facts.require_usable()
        require_playable(schedule, self.capabilities)
        clock = TickClock(set_front_end(device, settings, schedule.sample_rate_hz))
        window_offsets(schedule, clock)
        self._schedule, self._clock = schedule, clock
        warm_up(self._facts.transmit, self._facts.receive)
        self._told.update(read_front_end(device, settings))
        self._told.update(self._facts.told())
        self._told["attenuation_db"] = settings.attenuation_db
        self._told["receive_delay_ticks"] = settings.receive_delay_ticks
        self._check_locks("before the start", _LOCK_PATIENCE_S)
        self._lifecycle.advance("prepare")

    def arm(self) -> None:
        """Set up the streams; neither is active yet."""
        self._lifecycle.require("arm")
        settings = self._settings
        self._link.open_streams(
            settings.stream_format,
            settings.tx_channel,
            settings.rx_channel,
            settings.tx_stream_arguments,
            settings.rx_stream_arguments,
        )
        self._lifecycle.advance("arm")

    def start(self) -> None:
        """Activate the output, and choose the tick of the first window."""
        self._lifecycle.require("start")
        assert self._schedule is not None and self._clock is not None  # by the lifecycle
        self._run = Run(self._link, self._settings, self._facts, self._schedule, self._clock)
        self._run.start()
        self._lifecycle.advance("start")

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        """Play the blocks and give back what was received.

        Parameters
        ----------
        blocks : iterable of PlayedBlock
            Every pulse of the schedule, in order. At least two blocks are under way, and as many
            more as it takes to keep the radio busy.

        Returns
        -------
        iterator of CapturedBlock
            As many blocks, with the same pulses.

        Raises
        ------
        PulseLostError
            A pulse was lost, with ``on_loss = "abort"``.
        LinkLostError
            The radio is gone. With ``on_loss = "flag"`` and something recorded, what was recorded
            is kept instead, and the rest is given as lost.
        DriverError
            Blocks out of order, samples that are not numbers, or a radio that refuses.
        """
        self._lifecycle.advance("exchange")
        return self._exchanged(blocks)

    def _exchanged(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        run, schedule = self._run, self._schedule
        assert run is not None and schedule is not None
        for captured in run.exchange(in_order(blocks, schedule)):
            yield captured
            # Between two blocks anything may have stopped the device.
            self._lifecycle.require("drained")
        self._lifecycle.advance("drained")

    def wait_idle(self, deadline_s: float) -> None:
        """Wait for the threads to end, end the streams, and check the references again.

        Parameters
        ----------
        deadline_s : float
            For the threads, seconds.

        Raises
        ------
        DeviceTimeoutError
            They did not end.
        ReferenceUnlockedError
            An oscillator does not follow its reference any more.
        """
        self._lifecycle.require("wait_idle")
        assert self._run is not None
        if not self._run.finish(deadline_s):
            raise DeviceTimeoutError(
                f"the radio's streams did not end within {deadline_s:g} s",
                "check its connection; it will be stopped",
            )
        self._link.silence(self._settings.stop_timeout_s)
        self._told.update(self._run.told())
        if not self._run.link_lost:
            self._check_locks("at the end")
        self._lifecycle.advance("wait_idle")

    def ensure_stopped(self) -> None:
        """Silence and release the radio: from any state, any number of times; never raises."""
        deadline_s, run, link = self._settings.stop_timeout_s, self._run, self._link
        # A moment for the writer to come out of its call, since not every driver bears two calls
        # at once; then the output goes off, whatever the threads are doing.
        ended = run is None or run.join()
        output = (link.library.SOAPY_SDR_TX, self._settings.tx_channel)
        link.silence(deadline_s, lambda radio: lower_gain(radio, *output))
        ended = ended or run is None or run.join(deadline_s)
        link.close(deadline_s, release=ended)
        if run is not None:
            self._told.update(run.told())
            self._run = None
        self._lifecycle.stop()

    def _check_locks(self, when: str, patience_s: float = 0.0) -> None:
        locks = read_locks(self._link.device, self._settings)
        pause, until_s = threading.Event(), time.monotonic() + patience_s
        while not all(locks.values()) and time.monotonic() < until_s:
            pause.wait(_LOCK_POLL_S)
            locks = read_locks(self._link.device, self._settings)
        self._told["locks"] = locks
        if self._settings.require_lock:
            require_locks(locks, when)
