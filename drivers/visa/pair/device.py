"""A generator and a digitizer as one device: what the one plays the other records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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
from drivers.visa.link.command_log import CommandLog
from drivers.visa.pair.exchange import Exchange, Watch
from drivers.visa.pair.instruments import Instruments, log_excerpt, open_instruments
from drivers.visa.pair.parts import WindowStream
from drivers.visa.pair.preparation import (
    Pair,
    capabilities_of,
    output_settings,
    prepare_pair,
    require_reference,
)
from drivers.visa.pair.settings import VisaSettings

# Asked for limits before there is a schedule; every generator has it.
_TYPICAL_RATE_HZ = 1e9


class VisaDevice:
    """A generator whose output is wired to a digitizer, and its marker to the trigger input.

    Opening it opens both links, asks who is there, and switches outputs off, since somebody may
    have left one on; they stay off until the first part is uploaded, and from ``ensure_stopped``
    on. Windows are packed back to back, since
    memories are finite: their ticks are not kept. What is played is finite and played once per
    trigger; should the host die, the outputs fall silent at the end of a part.

    A sample of 1.0 makes the stated full scale at the output. A captured sample is the voltage at
    the input over that full scale behind the stated attenuation: a cable that attenuates as stated
    has gain 1.0.

    Parameters
    ----------
    settings : VisaSettings
        How to set the pair.

    Raises
    ------
    DriverError
        An instrument is not there, or is not of a known kind.
    """

    def __init__(self, settings: VisaSettings) -> None:
        self._settings = settings
        self._lifecycle = Lifecycle(f"the pair {settings.generator!r}, {settings.digitizer!r}")
        self.generator_log = CommandLog("generator")
        self.digitizer_log = CommandLog("digitizer")
        self.on_progress: Watch | None = None
        self._instruments: Instruments | None = self._open()
        self._capabilities = self._ask()
        self._schedule: Schedule | None = None
        self._pair: Pair | None = None
        self._exchange: Exchange | None = None
        self._told: dict[str, Any] = {}

    @property
    def state(self) -> DeviceState:
        """Where the device stands."""
        return self._lifecycle.state

    @property
    def capabilities(self) -> Capabilities:
        """What the instruments told when they were opened."""
        return self._capabilities

    @property
    def capture_format(self) -> CaptureFormat:
        """``cf32_le``: windows are sums over many codes."""
        return "cf32_le"

    @property
    def code_scale(self) -> float:
        """1.0, as of every ``cf32_le``."""
        return 1.0

    def read_back(self) -> dict[str, Any]:
        """Tell what both are set to, as they say, what was chosen, and the ends of both logs."""
        settings = self._settings
        told: dict[str, Any] = {
            "driver": "visa",
            "signal": settings.signal,
            "attenuation_db": settings.attenuation_db,
            "full_scale_v": settings.full_scale_v,
            "unit_at_input_v": settings.unit_v,
            "trigger_skew_s": settings.trigger_skew_s,
            "capture": settings.capture,
            "clock_reference": settings.clock_reference,
            **self._told,
        }
        if self._pair is not None:
            told.update(self._pair.as_dict())
        if self._exchange is not None:
            told.update(self._exchange.told())
        told["commands"] = {
            "generator": log_excerpt(self.generator_log),
            "digitizer": log_excerpt(self.digitizer_log),
        }
        return told

    def ensure_ready(self) -> None:
        """Open the links again where they were closed, stop both and switch all outputs off."""
        self._lifecycle.require("ensure_ready")
        if self._instruments is None:
            self._instruments = self._open()
        self._instruments.generator.ensure_ready()
        self._instruments.digitizer.ensure_ready()
        self._lifecycle.advance("ensure_ready")

    def prepare(self, schedule: Schedule) -> None:
        """Choose rates, frequency and parts for a schedule, and set both; outputs stay off.

        Parameters
        ----------
        schedule : Schedule
            What will be played.

        Raises
        ------
        DeviceSettingsError
            There is no leave to transmit, no attenuation is stated, the input would be overdriven,
            or the pair cannot do this.
        ReferenceUnlockedError
            An instrument does not follow the external reference.
        """
        self._lifecycle.require("prepare")
        self._settings.require_may_transmit()
        require_playable(schedule, self._capabilities)
        instruments = self._both()
        self._pair = prepare_pair(
            self._settings, schedule, instruments.generator, instruments.digitizer
        )
        self._schedule = schedule
        self._ask_back("before the start")
        self._lifecycle.advance("prepare")

    def arm(self) -> None:
        """Make ready to exchange; instruments are armed part by part, behind their uploads."""
        self._lifecycle.require("arm")
        assert self._pair is not None  # by the lifecycle
        instruments = self._both()
        self._exchange = Exchange(
            self._settings,
            self._pair,
            instruments.generator,
            instruments.digitizer,
            self.on_progress,
        )
        self._lifecycle.advance("arm")

    def start(self) -> None:
        """Nothing to start: each part has a trigger of its own."""
        self._lifecycle.advance("start")

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        """Upload, play and record part by part.

        Parameters
        ----------
        blocks : iterable of PlayedBlock
            Every pulse of the schedule, in order. As many as the generator holds are drawn before
            the first is given back.

        Returns
        -------
        iterator of CapturedBlock
            Every pulse, in order.

        Raises
        ------
        DeviceTimeoutError
            The digitizer was not triggered, or an instrument did not finish.
        LinkLostError
            An instrument is gone.
        DriverError
            Blocks out of order, samples that are not numbers, an instrument that refuses.
        """
        self._lifecycle.advance("exchange")
        return self._exchanged(blocks)

    def _exchanged(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        exchange, schedule = self._exchange, self._schedule
        assert exchange is not None and schedule is not None  # by the lifecycle
        windows = WindowStream(in_order(blocks, schedule), schedule.window_samples)
        for captured in exchange.run(windows):
            yield captured
            # Between two blocks anything may have stopped the device.
            self._lifecycle.require("drained")
        self._lifecycle.advance("drained")

    def wait_idle(self, deadline_s: float) -> None:
        """Check the references again, and switch the outputs off.

        Parameters
        ----------
        deadline_s : float
            Not needed: the last part was waited for before it was read out.

        Raises
        ------
        ReferenceUnlockedError
            An instrument does not follow the external reference any more.
        """
        self._lifecycle.require("wait_idle")
        self._ask_back("at the end")
        instruments = self._both()
        instruments.generator.ensure_stopped()
        instruments.digitizer.ensure_stopped()
        self._lifecycle.advance("wait_idle")

    def ensure_stopped(self) -> None:
        """Switch outputs off, stop both and close the links; any number of times; never raises."""
        # Forgotten only behind the stop: one that a signal cut short is made again.
        if self._instruments is not None:
            self._instruments.stop(self._settings.stop_timeout_s)
            self._instruments = None
        self._lifecycle.stop()

    def _open(self) -> Instruments:
        return open_instruments(self._settings, (self.generator_log, self.digitizer_log))

    def _both(self) -> Instruments:
        assert self._instruments is not None  # from ensure_ready on
        return self._instruments

    def _ask(self) -> Capabilities:
        settings, instruments = self._settings, self._both()
        rate_hz = settings.generator_rate_hz or _TYPICAL_RATE_HZ
        try:
            # Some generators tell their limits only in the mode that they are set to.
            instruments.generator.ensure_stopped()
            played = instruments.generator.limits(output_settings(settings, rate_hz))
            heard = instruments.digitizer.limits(settings.input_channels)
        except BaseException:
            instruments.stop(settings.stop_timeout_s)
            raise
        return capabilities_of(settings, played, heard)

    def _ask_back(self, when: str) -> None:
        """Ask both what they are set to, and whether they follow their reference."""
        instruments = self._both()
        for whose, instrument in (
            ("generator", instruments.generator),
            ("digitizer", instruments.digitizer),
        ):
            told = {"identity": str(instrument.identity), **instrument.read_back()}
            self._told[whose] = told
            require_reference(self._settings, told, whose, when)
