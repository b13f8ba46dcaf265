"""Cables between simulated generators and digitizers, and what goes through them.

A generator plays something finite at its trigger; whoever is connected hears it, with silence
before and after. Time is that of the generator's clock from the playback's first sample: 0 is when
it leaves the connector. Nothing is computed but what a digitizer asks for.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.bench.analogue import (
    LARGEST_HELD_SPREAD,
    Samples,
    add_held,
    add_interpolated,
    add_noise,
    gaussian_spread_s,
    kernel,
)
from drivers.simulators.bench.markers import add_marker, marker_crossings, marker_edges

Reference = Literal["internal", "external"]

# From 10 % to 90 % an error function takes as many of its standard deviations.
_RISE_IN_SPREADS = 2.5631031310892007
# A signal that is not a marker is searched for crossings with as many points a sample.
_SEARCH_POINTS = 8
_SEARCH_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable with an attenuator.

    Parameters
    ----------
    attenuation_db : float
        Of both.
    delay_s : float
        Of both, 0 or more.
    """

    attenuation_db: float = 0.0
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.attenuation_db) and 0.0 <= self.delay_s < math.inf):
            raise ValueError(f"a cable cannot have {self.attenuation_db} dB, {self.delay_s} s")

    @property
    def gain(self) -> float:
        """Of voltages."""
        return math.pow(10.0, -self.attenuation_db / 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class Playback:
    """What a generator plays after one trigger.

    Parameters
    ----------
    sample_rate_hz : float
        Of outputs and markers.
    outputs : mapping of str to array, shape (samples,)
        Voltages into 50 ohm, by connector: "1", "2" float32; "RF" complex64, the envelope x of
        Re{x exp(2j pi carrier_hz t)}.
    markers : mapping of str to bool or uint8 array, shape (samples,)
        "M1", "M2": high where not zero.
    carrier_hz : float or None
        Of complex outputs.
    reference : {"internal", "external"}
        Of the generator's clock.
    zero_order_hold : bool
        Whether its DAC holds samples, which costs sinc(f / rate) and leaves images about multiples
        of the rate; a modulator's filters take the images away.
    bandwidth_hz : float or None
        Of its output: Gaussian, 3 dB down there.
    marker_v, marker_rise_s : float
        High level, and time from 10 % to 90 % of an edge, above 0.
    """

    sample_rate_hz: float
    outputs: Mapping[str, Samples]
    markers: Mapping[str, NDArray[np.bool_] | NDArray[np.uint8]] = field(default_factory=dict)
    carrier_hz: float | None = None
    reference: Reference = "internal"
    zero_order_hold: bool = False
    bandwidth_hz: float | None = None
    marker_v: float = 1.0
    marker_rise_s: float = 100e-12

    def __post_init__(self) -> None:
        for name, samples in self.outputs.items():
            if samples.dtype not in {np.dtype(np.float32), np.dtype(np.complex64)}:
                raise TypeError(f"output {name} is of {samples.dtype}, not float32 or complex64")
            if np.iscomplexobj(samples) and self.carrier_hz is None:
                raise ValueError(f"output {name} is complex and there is no carrier")
        if not (self.sample_rate_hz > 0.0 and self.marker_rise_s > 0.0):
            raise ValueError("sample rate and rise time must be above 0")

    @property
    def duration_s(self) -> float:
        """From the first sample to the end of the last one."""
        everything = (*self.outputs.values(), *self.markers.values())
        return max((one.size for one in everything), default=0) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What stands before a digitizer's ADC.

    Parameters
    ----------
    bandwidth_hz : float or None
        Analogue bandwidth: Gaussian, 3 dB down there; None sets no limit.
    noise_v_rms : float
        Of the input, over the whole band that is sampled.
    reference : {"internal", "external"}
        Of its clock. Unless both ends have the external one, its interval is off.
    """

    bandwidth_hz: float | None = None
    noise_v_rms: float = 0.0
    reference: Reference = "internal"


_Arrival = tuple[str, Cable]


class Signal:
    """What one playback is at the inputs of one digitizer.

    Parameters
    ----------
    playback : Playback
        What is played.
    arrivals : mapping of str to list of (source connector, Cable)
        What is connected to each input.
    clock_error : float
        Relative, of the digitizer's clock without a common reference.
    seed, number : int
        Of the noise, and of the playback.
    carrier_cycles : float
        Phase of a modulator's carrier at the first sample.
    """

    def __init__(
        self,
        playback: Playback,
        arrivals: Mapping[str, list[_Arrival]],
        clock_error: float,
        seed: int,
        number: int,
        carrier_cycles: float = 0.0,
    ) -> None:
        self._playback = playback
        self._arrivals = {
            sink: [(name, cable) for name, cable in cables
                   if name in playback.outputs or name in playback.markers]
            for sink, cables in arrivals.items()
        }  # fmt: skip
        self._clock_error = clock_error
        self._seed = seed
        self._number = number
        self._carrier_cycles = carrier_cycles
        self._edges: dict[str, tuple[NDArray[np.float64], NDArray[np.int8]]] = {}

    @property
    def connectors(self) -> frozenset[str]:
        """Inputs at which something arrives."""
        return frozenset(sink for sink, cables in self._arrivals.items() if cables)

    @property
    def end_s(self) -> float:
        """When the last of it has arrived, at the end of the longest cable."""
        delays = [cable.delay_s for cables in self._arrivals.values() for _, cable in cables]
        return self._playback.duration_s + max(delays, default=0.0)

    def sample(
        self,
        connector: str,
        start_s: float,
        interval_s: float,
        count: int,
        analogue: FrontEnd | None = None,
    ) -> NDArray[np.float32]:
        """Return voltages at an input.

        Parameters
        ----------
        connector : str
            Of the digitizer.
        start_s : float
            First instant, on the generator's clock.
        interval_s : float
            From one to the next, on the digitizer's clock.
        count : int
            How many.
        analogue : FrontEnd, optional
            Of the digitizer; by default an ideal one.

        Returns
        -------
        float32 array, shape (count,)
        """
        front = FrontEnd() if analogue is None else analogue
        step_s = interval_s * self._stretch(front.reference)
        out = self._voltages(connector, start_s, step_s, count, front.bandwidth_hz)
        if front.noise_v_rms > 0.0:
            add_noise(front.noise_v_rms, self._seed, (self._number, connector, start_s), out)
        return out

    def edges(self, connector: str, level_v: float, rising: bool = True) -> NDArray[np.float64]:
        """Return when the voltage at an input crosses a level, with no noise and no bandwidth.

        Where nothing but a marker arrives the crossings are exact. Anything else is searched with 8
        points a sample, between which it is a straight line.

        Parameters
        ----------
        connector : str
            Of the digitizer.
        level_v : float
            The level.
        rising : bool
            Crossings upwards, or those downwards.

        Returns
        -------
        float64 array
            On the generator's clock, ascending, s.
        """
        arrivals = self._arrivals.get(connector, [])
        playback = self._playback
        if len(arrivals) == 1 and arrivals[0][0] in playback.markers:
            name, cable = arrivals[0]
            level = level_v / (playback.marker_v * cable.gain)
            times, signs = self._marker(name)
            crossings = marker_crossings(times, signs, self._rise_spread_s(None), level, rising)
            return np.asarray(crossings + cable.delay_s)
        return self._searched(connector, level_v, rising) if arrivals else np.empty(0)

    def _searched(self, connector: str, level_v: float, rising: bool) -> NDArray[np.float64]:
        step_s = 1.0 / (_SEARCH_POINTS * self._playback.sample_rate_hz)
        points = math.ceil(self.end_s / step_s) + 1
        found = []
        for first in range(0, points, _SEARCH_BLOCK):
            start_s = first * step_s
            # One point more, shared with the next block, so that no crossing is between blocks.
            count = min(_SEARCH_BLOCK, points - first) + 1
            volts = self._voltages(connector, start_s, step_s, count, None)
            above = volts > level_v if rising else volts < level_v
            at = np.flatnonzero(~above[:-1] & above[1:])
            before = volts[at].astype(np.float64)
            share = (level_v - before) / (volts[at + 1] - before)
            found.append(start_s + (at + share) * step_s)
        return np.concatenate(found)

    def _stretch(self, reference: Reference) -> float:
        common = reference == self._playback.reference == "external"
        return 1.0 if common else 1.0 + self._clock_error

    def _voltages(
        self,
        connector: str,
        start_s: float,
        step_s: float,
        count: int,
        bandwidth_hz: float | None,
    ) -> NDArray[np.float32]:
        """Return voltages without noise, all of it on the generator's clock."""
        out = np.zeros(count, np.float32)
        for name, cable in self._arrivals.get(connector, ()):
            self._add(name, cable, start_s - cable.delay_s, step_s, bandwidth_hz, out)
        return out

    def _add(
        self,
        name: str,
        cable: Cable,
        start_s: float,
        step_s: float,
        bandwidth_hz: float | None,
        out: NDArray[np.float32],
    ) -> None:
        playback = self._playback
        if name in playback.markers:
            times, signs = self._marker(name)
            gain = playback.marker_v * cable.gain
            add_marker(times, signs, self._rise_spread_s(bandwidth_hz), start_s, step_s, gain, out)
            return
        samples = playback.outputs[name]
        carrier_hz = float(playback.carrier_hz or 0.0) if np.iscomplexobj(samples) else 0.0
        spread_s = math.hypot(_spread_s(playback.bandwidth_hz), _spread_s(bandwidth_hz))
        rate_hz = playback.sample_rate_hz
        if playback.zero_order_hold and not carrier_hz and spread_s * rate_hz < LARGEST_HELD_SPREAD:
            add_held(samples, rate_hz, spread_s, start_s, step_s, cable.gain, out)
            return
        table = kernel(rate_hz, spread_s, carrier_hz, playback.zero_order_hold)
        add_interpolated(
            samples, rate_hz, table, start_s, step_s, cable.gain, carrier_hz, out,
            self._carrier_cycles,
        )  # fmt: skip

    def _marker(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        if name not in self._edges:
            playback = self._playback
            self._edges[name] = marker_edges(playback.markers[name], playback.sample_rate_hz)
        return self._edges[name]

    def _rise_spread_s(self, bandwidth_hz: float | None) -> float:
        return math.hypot(self._playback.marker_rise_s / _RISE_IN_SPREADS, _spread_s(bandwidth_hz))


def _spread_s(bandwidth_hz: float | None) -> float:
    return 0.0 if bandwidth_hz is None else gaussian_spread_s(bandwidth_hz)


class RfBench:
    """Cables between instruments.

    Connectors of generators are "1", "2" (outputs), "RF", "M1", "M2" (markers); those of digitizers
    "1" to "4" (channels) and "EXT" (external trigger).

    Parameters
    ----------
    seed : int
        Of all noise, 0 to 2^63 - 1.
    clock_error_ppm : float
        By how much a digitizer's interval is longer than it says without a common reference.
    free_carrier : bool
        Whether a modulator's oscillator runs through, so that its carrier has another phase after
        every trigger, by seed and playback; otherwise it is 0 at the first sample.
    """

    def __init__(
        self, *, seed: int = 0, clock_error_ppm: float = 0.3, free_carrier: bool = True
    ) -> None:
        self._seed = seed
        self._free_carrier = free_carrier
        self._clock_error = clock_error_ppm * 1e-6
        self._cables: list[tuple[tuple[str, str], tuple[str, str], Cable]] = []
        self._digitizers: dict[str, Callable[[Signal], None]] = {}
        self._playbacks = 0
        self._lock = threading.RLock()

    @property
    def playbacks(self) -> int:
        """How many there have been."""
        return self._playbacks

    def connect(
        self, source: tuple[str, str], sink: tuple[str, str], cable: Cable | None = None
    ) -> None:
        """Join an output and an input. Several cables into one input add up.

        Parameters
        ----------
        source, sink : tuple of two str
            Name of the instrument, and its connector.
        cable : Cable, optional
            By default one that neither attenuates nor delays.
        """
        with self._lock:
            self._cables.append((source, sink, Cable() if cable is None else cable))

    def register_digitizer(self, name: str, heard: Callable[[Signal], None]) -> None:
        """Have a digitizer called back with everything that is played into one of its inputs.

        Parameters
        ----------
        name : str
            Of the digitizer.
        heard : callable
            Runs in the thread that plays, while the bench is locked. A digitizer that waits for the
            bench must not hold a lock that this needs.
        """
        with self._lock:
            self._digitizers[name] = heard

    def play(self, source_name: str, playback: Playback) -> float:
        """Play, and have everyone connected hear it.

        Parameters
        ----------
        source_name : str
            Of the generator.
        playback : Playback
            What it plays.

        Returns
        -------
        float
            How long it lasts, s. It is over at once: time on the bench is not that of the wall.
        """
        with self._lock:
            number = self._playbacks
            self._playbacks += 1
            carrier_cycles = self._carrier_cycles(number)
            for name, heard in self._digitizers.items():
                arrivals: dict[str, list[_Arrival]] = {}
                for source, sink, cable in self._cables:
                    if source[0] == source_name and sink[0] == name:
                        arrivals.setdefault(sink[1], []).append((source[1], cable))
                signal = Signal(
                    playback, arrivals, self._clock_error, self._seed, number, carrier_cycles
                )
                if signal.connectors:
                    heard(signal)
        return playback.duration_s

    def _carrier_cycles(self, number: int) -> float:
        """Draw where a carrier is when a playback begins: nobody knows when it was triggered."""
        if not self._free_carrier:
            return 0.0
        return float(np.random.default_rng((self._seed, number)).random())
