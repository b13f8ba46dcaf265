"""Pulses whose amplitude rises and falls over their duration."""

import numpy as np

from sim_core.signal.pulse_shape import ComplexArray, FloatArray, fit_pulse_shape
from sim_core.signal.shaped_pulse import ShapedPulse
from sim_core.signal.waveform import Waveform
from sim_core.signal.window import Window

# The tapers hold no more than a few cycles over the pulse: eight segments to begin with.
_SEGMENTS = 8


def tapered_pulse(waveform: Waveform, taper: Window) -> ShapedPulse:
    """Taper the amplitude of a pulse over its duration.

    A matched filter meets the taper twice, in the echo and in the replica: the compressed pulse of
    a linear chirp with the taper w is that of a flat one with the taper ``w^2`` over its band.

    Parameters
    ----------
    waveform : Waveform
        Pulse of any form.
    taper : Window
        Amplitude over the pulse, 1 at its centre.

    Returns
    -------
    ShapedPulse
        Of the same duration, phase and bandwidth.
    """
    shape = waveform.pulse_shape()

    def amplitude(time_s: FloatArray) -> ComplexArray:
        place = time_s / shape.duration_s - 0.5
        return np.asarray(shape.complex_amplitude(time_s) * taper.weight(place))

    segments = shape.segments * max(1, _SEGMENTS // shape.segments)
    tapered = fit_pulse_shape(shape.duration_s, shape.phase_cycles, amplitude, segments)
    name = f"{waveform.name}, tapered by {taper.name}"
    return ShapedPulse(name, tapered, waveform.bandwidth_hz)
