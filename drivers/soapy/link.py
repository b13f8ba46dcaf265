"""The two streams of one open radio, and the order in which they may be taken down.

A ``Device`` of SoapySDR is shared between those who ask for the same arguments, and crashes when it
is used after its release. It is released here, once, and after its streams.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from drivers.errors import DriverError
from drivers.soapy.library import arguments_of, asking, soapy

_DRAINED = 4096  # stale complaints of an earlier run, at most

_FIND = (
    "see whether `SoapySDRUtil --find` lists it; drivers in a folder of their own are found by "
    "SOAPY_SDR_PLUGIN_PATH"
)


class StreamReply(NamedTuple):
    """What a stream call returned: samples or an error, flags, and a time in nanoseconds."""

    ret: int
    flags: int
    time_ns: int


class Link:
    """An open radio.

    Parameters
    ----------
    arguments : str
        Of the device.

    Raises
    ------
    DriverError
        There is no such radio, or it cannot be opened.
    """

    def __init__(self, arguments: str) -> None:
        self.library = soapy()
        with asking(f"be opened as {arguments!r}", _FIND):
            # A dictionary of Python strings; the library's own type would be one of its wrappers.
            self._device: Any = self.library.Device.make(arguments_of(arguments))
        self._no_status = False
        self._transmit: Any = None
        self._receive: Any = None
        self.receive_samples = 0
        self.transmit_samples = 0

    @property
    def device(self) -> Any:
        """The radio, for calls about anything but streams.

        Raises
        ------
        DriverError
            It is closed.
        """
        if self._device is None:
            raise DriverError("the radio is closed", "call ensure_ready first")
        return self._device

    @property
    def closed(self) -> bool:
        """Whether the radio was released."""
        return self._device is None

    def open_streams(
        self,
        stream_format: str,
        tx_channel: int,
        rx_channel: int,
        tx_arguments: Mapping[str, str],
        rx_arguments: Mapping[str, str],
    ) -> None:
        """Set up both streams; neither is active.

        Parameters
        ----------
        stream_format : str
            "CS16" or "CF32".
        tx_channel, rx_channel : int
            Channels.
        tx_arguments, rx_arguments : mapping
            Of the streams.
        """
        device, library = self.device, self.library
        with asking("set up its streams"):
            self._receive = device.setupStream(
                library.SOAPY_SDR_RX, stream_format, [rx_channel], dict(rx_arguments)
            )
            self._transmit = device.setupStream(
                library.SOAPY_SDR_TX, stream_format, [tx_channel], dict(tx_arguments)
            )
            self.receive_samples = int(device.getStreamMTU(self._receive))
            self.transmit_samples = int(device.getStreamMTU(self._transmit))

    def drain_status(self) -> None:
        """Take out complaints that an earlier run has left."""
        for _ in range(_DRAINED):
            if self.status(0).ret == self.library.SOAPY_SDR_TIMEOUT or self._no_status:
                return

    def activate_transmit(self) -> None:
        """Let the output begin with what is written next."""
        with asking("start its output"):
            code = self.device.activateStream(self._transmit)
        self.require_success(code, "start its output")

    def activate_receive(self, time_ns: int | None, samples: int = 0) -> int:
        """Order samples: from a time or from now on, a burst or without end.

        Returns
        -------
        int
            Zero, or the error that the radio answers with.
        """
        flags = 0
        if time_ns is not None:
            flags |= self.library.SOAPY_SDR_HAS_TIME
        if samples:
            flags |= self.library.SOAPY_SDR_END_BURST
        with asking("receive"):
            return int(self.device.activateStream(self._receive, flags, time_ns or 0, samples))

    def write(
        self, address: int, samples: int, flags: int, time_ns: int, timeout_us: int
    ) -> StreamReply:
        """Write samples at an address of memory, which must be that of a contiguous array."""
        result = self.device.writeStream__(
            self._transmit, [address], samples, flags, time_ns, timeout_us
        )
        return StreamReply(result.ret, result.flags, result.timeNs)

    def read(self, address: int, samples: int, timeout_us: int) -> StreamReply:
        """Read samples to an address of memory."""
        result = self.device.readStream__(self._receive, [address], samples, 0, timeout_us)
        return StreamReply(result.ret, result.flags, result.timeNs)

    def status(self, timeout_us: int) -> StreamReply:
        """Ask what became of transmissions."""
        result = self.device.readStreamStatus__(self._transmit, timeout_us)
        if result.ret == self.library.SOAPY_SDR_NOT_SUPPORTED:
            self._no_status = True
        return StreamReply(result.ret, result.flags, result.timeNs)

    def time_ns(self) -> int:
        """Read the radio's clock.

        Raises
        ------
        DriverError
            It does not answer: the link is gone.
        """
        with asking("tell its time"):
            return int(self.device.getHardwareTime())

    def describe(self, code: int) -> str:
        """Name an error of a stream call."""
        return f"{self.library.errToStr(code)} ({code})"

    def silence(self, deadline_s: float, lower: Callable[[Any], None] | None = None) -> None:
        """End output and input of the streams; never raises.

        Parameters
        ----------
        deadline_s : float
            How long each step may take, seconds. A step that takes longer is left behind.
        lower : callable, optional
            Called with the radio to turn its output down. Of some radios no output stream can be
            deactivated, so it is turned down whatever became of the streams.
        """
        device = self._device
        if device is None:
            return
        for stream in (self._transmit, self._receive):
            if stream is not None:
                _within(deadline_s, partial(device.deactivateStream, stream))
        if lower is not None:
            _within(deadline_s, partial(lower, device))

    def close(self, deadline_s: float, *, release: bool) -> None:
        """Close the streams and release the radio; never raises.

        Parameters
        ----------
        deadline_s : float
            How long each step may take, seconds. A step that takes longer is left behind.
        release : bool
            Nobody else uses the radio any more. If not, it is kept to the end of the process, since
            a call that is still inside it would crash.
        """
        device, streams = self._device, (self._transmit, self._receive)
        self._device = self._transmit = self._receive = None
        if device is None:
            return

        def take_down() -> None:
            for stream in streams:
                if stream is not None:
                    with suppress(RuntimeError, ValueError, OSError):
                        device.closeStream(stream)
            device.close()

        if not release or not _within(deadline_s, take_down):
            _KEPT.append(device)

    def require_success(self, code: int, what: str) -> None:
        """Raise an error for the answer of a call that is not zero."""
        if code:
            raise DriverError(
                f"the radio refused to {what}: {self.describe(code)}",
                "see what `SoapySDRUtil --probe` tells of its streams, and whether another "
                "program uses it",
            )


# Radios that could not be released: a call hangs inside them.
_KEPT: list[Any] = []


def _within(deadline_s: float, call: Callable[[], object]) -> bool:
    """Make a call that may hang, and give up waiting for it at a deadline; tell whether it ended.

    On the way out of a failure nothing may hang for ever, least of all a call to a server that has
    been stopped.
    """

    def quiet() -> None:
        with suppress(RuntimeError, ValueError, OSError, DriverError):
            call()

    worker = threading.Thread(target=quiet, name="soapy-stop", daemon=True)
    try:
        worker.start()
    except RuntimeError:  # the interpreter is on its way out and starts no more threads
        quiet()
        return True
    worker.join(deadline_s)
    return not worker.is_alive()
