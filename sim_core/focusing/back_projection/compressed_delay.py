"""Where range compression leaves the echoes of places, against that of the reference.

With D the delay of a place less the reference's, both of what leaves at a pulse's centre, the
compressed echo of a point there has, in the frame of the reference's history,

    its peak at  D + c d,    the carrier's phase  -2 pi f_c D (1 - r)

Range compression stopped the reference, of received delay rate r, about its pulse's centre: the
phase that did so turned the point by the Doppler frequency times D. It left the point the
difference d of the two Doppler frequencies, which the pulse couples into range by c seconds per Hz.
(A linear chirp adds ``-c d^2 / 2`` cycles: 4e-9 for 280 Hz, 28 km to the side.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev as cheb

from sim_core.focusing.reference import FloatArray, Reference
from sim_core.geometry.delay_field import DelayField
from sim_core.signal.waveform import Waveform


@dataclass(frozen=True, slots=True, eq=False)
class CompressedDelay:
    """What makes the delays of compressed echoes out of the series of places.

    Each row, times the series of a place followed by a 1, is a delay against the reference in s.

    Parameters
    ----------
    envelope_s : ndarray of float64, shape (pulses, terms + 1)
        Of the compressed echo's peak.
    carrier_s : ndarray of float64, shape (pulses, terms + 1)
        Of its phase, over the carrier frequency.
    """

    envelope_s: FloatArray
    carrier_s: FloatArray

    @classmethod
    def of(cls, field: DelayField, reference: Reference, waveform: Waveform) -> "CompressedDelay":
        """Work it out for the pulses of an aperture.

        Parameters
        ----------
        field : DelayField
            Delays of places; its own reference may be another point's history.
        reference : Reference
            The reference point of range compression.
        waveform : Waveform
            Transmitted pulse.

        Raises
        ------
        DelayFieldError
            If the field does not hold at a pulse.
        """
        transmit_s = reference.aperture.transmit_s
        argument = field.normalised_time(transmit_s)
        slopes = cheb.chebder(np.eye(field.terms)) * (2.0 / (field.stop_s - field.start_s))
        # What the field's reference and that of range compression differ by is common to all.
        common_s = field.reference.relative_delay_s(transmit_s, reference.base_s)
        common_s = common_s - reference.pulse_delay_s()
        reference_rate = reference.delay_rate(reference.aperture.slow_time_s)
        common_rate = field.reference.delay_rate(transmit_s) - reference_rate
        delay_s = np.column_stack((cheb.chebvander(argument, field.terms - 1), common_s))
        rate = np.column_stack((cheb.chebval(argument, slopes).T, common_rate))
        stretch = 1.0 + reference_rate[:, None]
        coupling_s = waveform.doppler_coupling_s_per_hz * reference.carrier_hz
        return cls(
            envelope_s=delay_s + coupling_s * rate / stretch**2,
            carrier_s=delay_s * (1.0 - reference_rate[:, None] / stretch),
        )
