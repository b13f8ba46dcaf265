"""Arbitrary waveform generators Tektronix AWG5200 and AWG70000.

Commands are those of the AWG5200 and AWG70000 programmer manuals. With the sequencing option a
queue is a sequence whose every step waits for its trigger and plays once; behind the last one
stands a step of silence that leads to itself, so that one trigger too many plays nothing. Without
the option one waveform after the other is selected.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from drivers.errors import (
    DeviceStateError,
    DeviceTimeoutError,
    DriverError,
)
from drivers.visa.generators.checks import configured, refuse_other_kind, require_queueable
from drivers.visa.generators.tektronix.memory import (
    Silence,
    WaveformMemory,
    delete_sequence,
    write_sequence,
)
from drivers.visa.generators.tektronix.model import model_of, refuse_impossible
from drivers.visa.generators.tektronix.output import configure_output, off_commands
from drivers.visa.instrument import (
    GeneratorLimits,
    Identity,
    OutputSettings,
    Progress,
    Signal,
    Upload,
    WaveformSource,
)
from drivers.visa.link import Link
from drivers.visa.waiting import wait_until

_PREFIX = "moonecho_"
_SEQUENCE = f"{_PREFIX}queue"
_IDLE = f"{_PREFIX}idle"

_STOPPED, _WAITING = 0, 1
# Before it waits for a trigger, the instrument loads what it will play.
_ARM_DEADLINE_S = 60.0
_SETTLE_DEADLINE_S = 30.0
# Of the waveforms that are selected one by one, without the sequencing option.
_MAX_SELECTED = 1000


@dataclass(slots=True)
class _Queue:
    """What the next triggers play."""

    uploads: list[Upload]
    armed: bool = False
    triggered: int = 0
    played: int = 0
    started_s: float = 0.0


class TektronixAwg:
    """A Tektronix AWG5200 or AWG70000, as a :class:`drivers.visa.instrument.Generator`.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Its answer to ``*IDN?``.
    options : frozenset of str
        Its answer to ``*OPT?``.

    Attributes
    ----------
    upload_route : {"list", "file"}
        Whether waveforms go into the waveform list, or as ``.wfmx`` files to its disk.
    """

    ERROR_QUERY: ClassVar[str] = "SYSTem:ERRor:NEXT?"

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link = link
        self._identity = identity
        self._options = options
        self._model = model_of(identity)
        self._memory = WaveformMemory(link)
        self._channels: int | None = None
        self._output: OutputSettings | None = None
        self._uploads: dict[str, Upload] = {}
        self._begun: set[str] = set()
        self._queue = _Queue([])
        self.upload_route: Literal["list", "file"] = "list"

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Real samples at one output; I and Q at two, where there are two."""
        return ("real", "iq") if self._channel_count() > 1 else ("real",)

    @property
    def has_sequencer(self) -> bool:
        """Whether the sequencing option is there."""
        return bool(self._model.sequencing & self._options)

    def limits(self, output: OutputSettings) -> GeneratorLimits:
        """Ask for length, granularity and steps; rates are those of the options.

        Parameters
        ----------
        output : OutputSettings
            Of which the markers count: each takes a bit of the DAC.

        Returns
        -------
        GeneratorLimits
        """
        with self._link.operation("ask for limits"):
            memory = self._memory.limits()
            steps = _MAX_SELECTED
            if self.has_sequencer:
                # One step is the silence at the end.
                steps = self._link.query_whole("SLISt:SEQuence:STEP:MAX?") - 1
        return GeneratorLimits(
            min_sample_rate_hz=self._model.min_rate_hz,
            max_sample_rate_hz=self._model.max_rate_hz(self._options),
            dac_bits=self._model.dac_bits - output.markers,
            min_segment_samples=memory.min_samples,
            max_segment_samples=memory.max_samples,
            granularity=memory.granularity,
            max_segments=steps,
            holds_samples=True,
        )

    def ensure_ready(self) -> None:
        """Switch outputs off, stop, clear errors, and delete what an earlier run left of ours."""
        self._link.write("OUTPut:OFF ON")
        self._link.write("*CLS")
        with self._link.operation("get ready"):
            self._switch_off()
            self._forget()

    def configure(self, output: OutputSettings) -> None:
        """Set clock, path, level, markers and trigger, and see that they are set.

        Raises
        ------
        DeviceSettingsError
            The instrument cannot have them, or has set something else.
        """
        refuse_impossible(
            self._identity, self._options, self._channel_count(), self.signals, output
        )
        with self._link.operation("configure"):
            self._switch_off()
            if self._output is not None and self._output.signal != output.signal:
                # Real waveforms cannot be played as I and Q, nor these as real ones; and what is
                # deleted is assigned to no output any more.
                self._forget()
            configure_output(self._link, self._identity, self._options, output)
        self._output = output

    def upload(self, name: str, source: WaveformSource, progress: Progress | None = None) -> Upload:
        """Write a waveform into the list, with zeros up to length and granularity behind it.

        Parameters
        ----------
        name : str
            Its name here; the instrument holds it with a prefix that tells ours from others.
        source : WaveformSource
            The waveform, complex if and only if the signal is ``iq``.
        progress : callable or None
            Is told of bytes done and of bytes in all.

        Returns
        -------
        Upload

        Raises
        ------
        DeviceSettingsError
            It does not fit the memory or the settings.
        """
        output = self._configured()
        refuse_other_kind(name, source, output)
        return self._bring(_held(name), source, output.markers, progress)

    def _bring(
        self, held: str, source: WaveformSource, markers: int, progress: Progress | None
    ) -> Upload:
        """Upload a waveform in place of what may be left of an earlier one of the name."""
        if held in self._begun:
            with self._link.operation(f"delete waveform {held}"):
                if held in self._memory.names():
                    self._memory.delete(held)
            self._uploads.pop(held, None)
        # From here on it may be there, whole or not.
        self._begun.add(held)
        by_file = self.upload_route == "file" and held != _IDLE
        bits = self._model.dac_bits - markers
        upload = self._memory.upload(held, source, markers, bits, progress, by_file=by_file)
        self._uploads[held] = upload
        return upload

    def queue(self, names: Sequence[str]) -> None:
        """Make waveforms those that the next triggers play, each once.

        Parameters
        ----------
        names : sequence of str
            As given to :meth:`upload`, or as it returned them.

        Raises
        ------
        DeviceSettingsError
            There are none, too many, or one that was not uploaded.
        """
        output = self._configured()
        ours = (name.removeprefix(_PREFIX) for name in self._uploads)
        require_queueable(names, {*self._uploads, *ours}, self.limits(output).max_segments)
        self._queue = _Queue([self._uploads[_held(name)] for name in names])
        with self._link.operation("queue waveforms"):
            self._link.write("AWGControl:STOP:IMMediate")
        if self.has_sequencer:
            self._write_sequence(output)

    def _write_sequence(self, output: OutputSettings) -> None:
        if _IDLE not in self._uploads:
            self._bring(_IDLE, Silence(1, output.signal == "iq"), 0, None)
        waveforms = [upload.name for upload in self._queue.uploads]
        with self._link.operation("write the sequence"):
            write_sequence(self._link, _SEQUENCE, [*waveforms, _IDLE])
            self._assign(output, f'SEQuence "{_SEQUENCE}",1')
            self._link.wait_complete("take in the sequence", _ARM_DEADLINE_S)

    def _assign(self, output: OutputSettings, asset: str) -> None:
        for channel, component in zip(output.channels, ("I", "Q"), strict=False):
            part = f",{component}" if output.signal == "iq" else ""
            self._link.write(f"SOURce{channel}:CASSet:{asset}{part}")

    def _select_next(self) -> None:
        """Without a sequence: select the next waveform and wait for its trigger."""
        output = self._configured()
        with self._link.operation("select the next waveform"):
            self._link.write("AWGControl:STOP:IMMediate")
            name = self._queue.uploads[self._queue.played].name
            self._assign(output, f'WAVeform "{name}"')
            self._run()

    def _run(self) -> None:
        self._link.write("AWGControl:RUN:IMMediate")
        self._link.wait_complete("load its waveforms", _ARM_DEADLINE_S)
        self._wait_state(_WAITING, "wait for its trigger", _ARM_DEADLINE_S)

    def arm(self) -> None:
        """Wait for the first trigger, and then switch the outputs on: they are at 0 V.

        Raises
        ------
        DeviceTimeoutError
            It does not come to wait for its trigger.
        """
        output = self._configured()
        self._queue = _Queue(self._queue.uploads)
        if not self._queue.uploads:
            raise DeviceStateError("nothing is queued", "queue waveforms, then arm")
        if self.has_sequencer:
            with self._link.operation("arm"):
                self._run()
        else:
            self._select_next()
        with self._link.operation("switch outputs on"):
            for channel in output.channels:
                self._link.write(f"OUTPut{channel}:STATe ON")
            self._link.write("OUTPut:OFF OFF")
            self._link.wait_complete("switch its outputs on", _SETTLE_DEADLINE_S)
        self._queue.armed = True

    def trigger(self) -> None:
        """Force trigger A.

        Raises
        ------
        DeviceStateError
            The trigger is external, or nothing is left to play.
        """
        queue = self._queue
        output = self._configured()
        ready = queue.armed and queue.played == queue.triggered < len(queue.uploads)
        if output.trigger != "bus" or not ready:
            raise DeviceStateError(
                f"a trigger by command after {queue.triggered} of {len(queue.uploads)} waveforms, "
                f"{queue.played} played, {'armed' if queue.armed else 'not armed'}, "
                f"trigger {output.trigger}",
                "arm with the trigger on bus, trigger once per waveform, and wait until it is over",
            )
        with self._link.operation("trigger"):
            self._link.write("TRIGger:IMMediate ATRigger")
        queue.started_s = time.monotonic()
        queue.triggered += 1

    def wait_played(self, deadline_s: float) -> None:
        """Wait until the waveform has been played and the next one, or silence, waits.

        Parameters
        ----------
        deadline_s : float
            From now on, s.

        Raises
        ------
        DeviceTimeoutError
            It is not over by then.
        """
        output = self._configured()
        queue = self._queue
        if not queue.armed or queue.played >= len(queue.uploads):
            raise DeviceStateError("nothing is being played", "arm, and trigger")
        end_s = time.monotonic() + deadline_s
        if output.trigger == "bus":
            # The state is asked for when it must be over: before, it may not have begun.
            upload = queue.uploads[queue.played]
            samples = upload.samples + upload.padded_samples
            over_s = queue.started_s + samples / output.sample_rate_hz
            threading.Event().wait(max(0.0, min(over_s, end_s) - time.monotonic()))
            step = None
        else:
            step = queue.played + 2
        with self._link.operation("wait until it has played"):
            left_s = max(0.0, end_s - time.monotonic())
            self._wait_state(_WAITING, "come to the end of the waveform", left_s, step)
        queue.played += 1
        if not self.has_sequencer:
            if queue.played < len(queue.uploads):
                self._select_next()
            else:
                with self._link.operation("stop"):
                    self._link.write("AWGControl:STOP:IMMediate")

    def _wait_state(
        self, wanted: int, what: str, deadline_s: float, step: int | None = None
    ) -> None:
        """Poll the run state, and with external triggers the step that waits."""
        channel = self._configured().channels[0]
        state = _STOPPED

        def reached() -> bool:
            nonlocal state
            state = self._link.query_whole("AWGControl:RSTate?")
            if state == wanted and (
                step is None or self._link.query_whole(f"SOURce{channel}:SCSTep?") == step
            ):
                return True
            if state == _STOPPED and self._queue.armed:
                raise DriverError(
                    "the generator stopped while it should play", "see its front panel; run again"
                )
            return False

        wait_until(
            reached,
            deadline_s,
            lambda: DeviceTimeoutError(
                f"the generator did not {what} within {deadline_s:.3g} s (run state {state})",
                "see that its trigger arrives, and that the deadline is longer than it plays",
            ),
        )

    def read_back(self) -> dict[str, Any]:
        """Ask for what it is set to."""
        query, number = self._link.query, self._link.query_number
        with self._link.operation("read settings back"):
            channels = []
            for n in self._output.channels if self._output is not None else ():
                source = f"SOURce{n}"
                channels.append({
                    "channel": n,
                    "on": query(f"OUTPut{n}:STATe?") == "1",
                    "path": query(f"OUTPut{n}:PATH?"),
                    "amplitude_v": number(f"{source}:VOLTage:LEVel:IMMediate:AMPLitude?"),
                    "dac_bits": self._link.query_whole(f"{source}:DAC:RESolution?"),
                    "run_mode": query(f"{source}:RMODe?"),
                    "trigger_input": query(f"{source}:TINPut?"),
                    "asset": query(f"{source}:CASSet?"),
                })  # fmt: skip
            return {
                "identity": str(self._identity),
                "firmware": self._identity.firmware,
                "options": sorted(self._options),
                "sample_rate_hz": number("CLOCk:SRATe?"),
                "clock_source": query("CLOCk:SOURce?"),
                "all_outputs_off": query("OUTPut:OFF?") == "1",
                "run_state": self._link.query_whole("AWGControl:RSTate?"),
                "channels": channels,
                "waveforms": {
                    upload.name: {
                        "samples": upload.samples,
                        "padded_samples": upload.padded_samples,
                        "clipped_samples": upload.clipped_samples,
                    }
                    for upload in self._uploads.values()
                },
            }

    def ensure_stopped(self) -> None:
        """Switch all outputs off and stop; every step is tried, whatever becomes of the others."""
        self._queue.armed = False
        self._link.send_all(off_commands(self._channels or 0))

    def _channel_count(self) -> int:
        if self._channels is None:
            with self._link.operation("count channels"):
                self._channels = self._link.query_whole("AWGControl:CONFigure:CNUMber?")
        return self._channels

    def _switch_off(self) -> None:
        for command in off_commands(self._channel_count()):
            self._link.write(command)

    def _forget(self) -> None:
        """Delete all sequences and waveforms that are ours."""
        delete_sequence(self._link, _SEQUENCE)
        self._memory.delete_all(_PREFIX)
        self._uploads.clear()
        self._begun.clear()
        self._queue = _Queue([])

    def _configured(self) -> OutputSettings:
        return configured(self._output)


def _held(name: str) -> str:
    """Return the name under which the instrument holds a waveform."""
    return name if name.startswith(_PREFIX) else f"{_PREFIX}{name}"
