"""At which rate a digitizer records how much: the two depend on each other, and it is asked."""

from __future__ import annotations

from dataclasses import replace

from drivers.visa.instrument import (
    CaptureSettings,
    CaptureSetup,
    Digitizer,
    DigitizerLimits,
    TakesRate,
)
from drivers.visa.pair.layout import Layout
from drivers.visa.pair.parts import PILOTS, record_span, windows_in_record
from drivers.visa.pair.settings import VisaSettings

# Rates of instruments are compared after printing.
_SAME_RATE = 1e-6


class RecordRates:
    """What a digitizer says of the records of a run. Nothing is recorded, but it is being set.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    layout : Layout
        How windows stand.
    pulses : int
        Of the run.
    digitizer
        Ready.
    limits : DigitizerLimits
        As it tells.
    """

    def __init__(
        self,
        settings: VisaSettings,
        layout: Layout,
        pulses: int,
        digitizer: Digitizer,
        limits: DigitizerLimits,
    ) -> None:
        self._settings = settings
        self._layout = layout
        self._pulses = pulses
        self._digitizer = digitizer
        self._limits = limits
        self._told: dict[tuple[int, float], float] = {}

    @property
    def chosen_by_record(self) -> bool:
        """Whether the rate follows from the length of the record."""
        return isinstance(self._digitizer, TakesRate)

    def rate_hz(self, windows: int, wanted_hz: float) -> float:
        """Ask at which rate a part is recorded, where at least some rate is wanted.

        Parameters
        ----------
        windows : int
            Of the part.
        wanted_hz : float
            At least.
        """
        digitizer = self._digitizer
        # Where the rate can be set it is the same for every record that fits.
        rows = windows + PILOTS if self.chosen_by_record else 1
        if (rows, wanted_hz) not in self._told:
            asked = capture_settings(self._settings, self._layout, wanted_hz, rows)
            self._told[rows, wanted_hz] = (
                digitizer.rate_for(asked)
                if isinstance(digitizer, TakesRate)
                else digitizer.configure(asked).sample_rate_hz
            )
        return self._told[rows, wanted_hz]

    def most_windows(self, wanted_hz: float) -> int:
        """Return how many windows a part may have to be recorded at a rate; 0 if not one.

        Parameters
        ----------
        wanted_hz : float
            At least.
        """
        rate_hz = wanted_hz if self.chosen_by_record else self.rate_hz(1, wanted_hz)
        most = windows_in_record(self._settings, self._layout, self._limits, rate_hz) - PILOTS
        most = min(most, self._pulses)
        if not self.chosen_by_record or most < 1:
            return max(most, 0)
        enough_hz = wanted_hz * (1.0 - _SAME_RATE)
        if self.rate_hz(most, wanted_hz) >= enough_hz:
            return most
        # The longer a record, the lower its rate.
        fits, fails = 0, most
        while fails - fits > 1:
            middle = (fits + fails) // 2
            if self.rate_hz(middle, wanted_hz) >= enough_hz:
                fits = middle
            else:
                fails = middle
        return fits

    def fitting(self, setup: CaptureSetup) -> int:
        """Return how many windows a part may have for the record that a digitizer has set.

        Parameters
        ----------
        setup : CaptureSetup
            What it made of a longer one.
        """
        room = replace(
            self._limits,
            max_record_samples=setup.record_samples * setup.segments,
            max_segments=setup.segments,
        )
        rows = windows_in_record(self._settings, self._layout, room, setup.sample_rate_hz)
        return rows - PILOTS


def capture_settings(
    settings: VisaSettings, layout: Layout, rate_hz: float, rows: int
) -> CaptureSettings:
    """Return how the digitizer is to record a part.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    layout : Layout
        How windows stand.
    rate_hz : float
        Of the digitizer.
    rows : int
        Windows of the part, with its pilots.
    """
    segments = settings.capture == "segments"
    span = record_span(layout, 1 if segments else rows, settings.trigger_skew_s)
    return CaptureSettings(
        channels=settings.input_channels,
        sample_rate_hz=rate_hz,
        duration_s=span.duration_s,
        pre_trigger_s=span.pre_trigger_s,
        segments=rows if segments else 1,
        full_scale_v=settings.input_range_v,
        trigger_input=settings.trigger_input,
        trigger_level_v=settings.trigger_level_v,
        clock_reference=settings.clock_reference,
    )


def holds(setup: CaptureSetup, asked: CaptureSettings) -> bool:
    """Tell whether a digitizer records as often and as long as asked, to a sample at either end."""
    length_s = asked.pre_trigger_s + asked.duration_s
    long_enough = (setup.record_samples + 2) / setup.sample_rate_hz >= length_s * (1.0 - _SAME_RATE)
    return long_enough and setup.segments >= asked.segments
