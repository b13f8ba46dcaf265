"""The radar equation, term by term: how strong an echo is against the noise.

Skolnik, "Introduction to Radar Systems", chapter 1 (a point), and Curlander and McDonough,
"Synthetic Aperture Radar", section 2.8 (the ground, and the image).
"""

import math
from dataclasses import dataclass, replace

from sim_core.errors import RadarEquationError
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S

BOLTZMANN_J_PER_K = 1.380649e-23
"""Exact by definition of the kelvin since 2019."""

REFERENCE_TEMPERATURE_K = 290.0
"""To which noise figures refer (IEEE)."""


@dataclass(frozen=True, slots=True)
class BudgetTerm:
    """A line of a link budget.

    Parameters
    ----------
    name : str
        What it is.
    value : float
        Its value in `unit`.
    unit : str
        Unit of the value.
    db : float
        What it adds to the signal-to-noise ratio.
    """

    name: str
    value: float
    unit: str
    db: float


@dataclass(frozen=True, slots=True)
class LinkBudget:
    """Everything that the signal-to-noise ratio of a point's echo depends on.

    Parameters
    ----------
    transmit_power_w : float
        Peak power.
    transmit_gain, receive_gain : float
        Power gains of the antenna towards the place, as plain factors.
    carrier_hz : float
        Carrier of the radar.
    distance_m : float
        One-way distance.
    cross_section_m2 : float
        Radar cross section; of the ground, `sigma_zero` times the area of a cell.
    noise_bandwidth_hz : float
        Band of the receiver, whose noise the samples have: the sample rate, without a filter.
    noise_temperature_k : float
        Of the system, at the antenna's terminals; see `system_temperature_k`.
    system_loss_db : float
        Losses of the radar both ways, positive.
    absorption_db : float
        Two-way absorption of the air, positive; see `PathTerms.absorption_db`.

    Raises
    ------
    RadarEquationError
        If a value is none that a radar has.
    """

    transmit_power_w: float
    transmit_gain: float
    receive_gain: float
    carrier_hz: float
    distance_m: float
    cross_section_m2: float
    noise_bandwidth_hz: float
    noise_temperature_k: float
    system_loss_db: float = 0.0
    absorption_db: float = 0.0

    def __post_init__(self) -> None:
        for name in (
            "transmit_power_w",
            "transmit_gain",
            "receive_gain",
            "carrier_hz",
            "distance_m",
            "cross_section_m2",
            "noise_bandwidth_hz",
            "noise_temperature_k",
        ):
            _require_positive(name, getattr(self, name))
        for name in ("system_loss_db", "absorption_db"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise RadarEquationError(
                    f"{name} = {value} is no loss", "give a number of dB, zero or more"
                )

    @property
    def wavelength_m(self) -> float:
        """Wavelength of the carrier."""
        return SPEED_OF_LIGHT_M_PER_S / self.carrier_hz

    def terms(self) -> tuple[BudgetTerm, ...]:
        """Return the terms of the signal-to-noise ratio of a sample; their dB add up to it."""
        loss_db, absorption_db = self.system_loss_db, self.absorption_db
        return (
            _factor("transmit power", self.transmit_power_w, "W"),
            _factor("transmit antenna gain", self.transmit_gain, ""),
            _factor("receive antenna gain", self.receive_gain, ""),
            _factor("wavelength squared", self.wavelength_m**2, "m2"),
            _factor("radar cross section", self.cross_section_m2, "m2"),
            _divisor("spreading (4 pi)^3", (4.0 * math.pi) ** 3, ""),
            _divisor("distance to the 4th power", self.distance_m**4, "m4"),
            _divisor("losses of the radar", ratio(loss_db), ""),
            _divisor("absorption of the air", ratio(absorption_db), ""),
            _divisor("Boltzmann's constant", BOLTZMANN_J_PER_K, "J/K"),
            _divisor("noise temperature", self.noise_temperature_k, "K"),
            _divisor("noise bandwidth", self.noise_bandwidth_hz, "Hz"),
        )

    @property
    def received_power_w(self) -> float:
        """Power of the echo at the receiver's input while it lasts."""
        return ratio(self.snr_db) * self.noise_power_w

    @property
    def noise_power_w(self) -> float:
        """Power of the noise within the receiver's band, ``k T B``."""
        return BOLTZMANN_J_PER_K * self.noise_temperature_k * self.noise_bandwidth_hz

    @property
    def snr_db(self) -> float:
        """Signal-to-noise ratio of a sample of one pulse, before any compression."""
        return sum(term.db for term in self.terms())

    def image_terms(
        self,
        pulse_duration_s: float,
        pulses: int,
        range_loss_db: float = 0.0,
        azimuth_loss_db: float = 0.0,
    ) -> tuple[BudgetTerm, ...]:
        """Return the terms of the signal-to-noise ratio of a point's peak in the image.

        Parameters
        ----------
        pulse_duration_s : float
            Duration of a pulse; its matched filter gains that times the noise bandwidth, which for
            noise at the sample rate is the number of its samples.
        pulses : int
            Pulses that are added up coherently.
        range_loss_db, azimuth_loss_db : float
            What the windows lose, positive: ``-Window.snr_loss_db``.

        Returns
        -------
        tuple of BudgetTerm
        """
        _require_positive("pulse_duration_s", pulse_duration_s)
        _require_positive("pulses", pulses)
        compression = self.noise_bandwidth_hz * pulse_duration_s
        return (
            *self.terms(),
            _factor("range compression", compression, ""),
            _factor("pulses", float(pulses), ""),
            _divisor("range window", ratio(range_loss_db), ""),
            _divisor("azimuth window", ratio(azimuth_loss_db), ""),
        )

    def image_snr_db(
        self,
        pulse_duration_s: float,
        pulses: int,
        range_loss_db: float = 0.0,
        azimuth_loss_db: float = 0.0,
    ) -> float:
        """Return the signal-to-noise ratio of a point's peak in the image; see `image_terms`."""
        terms = self.image_terms(pulse_duration_s, pulses, range_loss_db, azimuth_loss_db)
        return sum(term.db for term in terms)

    def noise_equivalent_sigma_zero_db(self, image_snr_db: float, cell_m2: float) -> float:
        """Return the backscatter of ground whose image is as strong as the noise.

        Parameters
        ----------
        image_snr_db : float
            That of the cross section of this budget in the image.
        cell_m2 : float
            Area of a resolution cell on the ground; see `ground_cell_m2`.
        """
        _require_positive("cell_m2", cell_m2)
        return decibel(self.cross_section_m2 / cell_m2) - image_snr_db

    def with_snr_db(self, snr_db: float) -> "LinkBudget":
        """Return the budget with the transmit power that makes a stated ratio of a sample."""
        power_w = self.transmit_power_w * ratio(snr_db - self.snr_db)
        return replace(self, transmit_power_w=power_w)


def system_temperature_k(antenna_temperature_k: float, noise_figure_db: float) -> float:
    """Return the noise temperature of a system, ``T_a + 290 K (F - 1)``.

    Parameters
    ----------
    antenna_temperature_k : float
        What the antenna sees: 290 K of the Earth, which fills the beam.
    noise_figure_db : float
        Of the receiver.

    Raises
    ------
    RadarEquationError
        If the temperature or the figure is negative.
    """
    if not (0.0 <= antenna_temperature_k < math.inf and 0.0 <= noise_figure_db < math.inf):
        raise RadarEquationError(
            f"an antenna of {antenna_temperature_k} K and a noise figure of {noise_figure_db} dB "
            "make no noise temperature",
            "give both as zero or more",
        )
    excess = ratio(noise_figure_db) - 1.0
    return antenna_temperature_k + REFERENCE_TEMPERATURE_K * excess


def ground_cell_m2(bandwidth_hz: float, incidence_rad: float, azimuth_resolution_m: float) -> float:
    """Return the area of a resolution cell on level ground, ``c / (2 B sin i)`` times azimuth.

    Parameters
    ----------
    bandwidth_hz : float
        Bandwidth of the pulse.
    incidence_rad : float
        Angle between the line of sight and the vertical.
    azimuth_resolution_m : float
        Size of the cell along the track.
    """
    for name, value in (
        ("bandwidth_hz", bandwidth_hz),
        ("incidence_rad", incidence_rad),
        ("azimuth_resolution_m", azimuth_resolution_m),
    ):
        _require_positive(name, value)
    slant_m = SPEED_OF_LIGHT_M_PER_S / (2.0 * bandwidth_hz)
    return slant_m / math.sin(incidence_rad) * azimuth_resolution_m


def noise_rms(snr_db: float, amplitude: float) -> float:
    """Return the noise level that makes a stated signal-to-noise ratio of a sample.

    Parameters
    ----------
    snr_db : float
        Wanted ratio of an echo's power to the noise's, per sample.
    amplitude : float
        Amplitude of the echo, in units of the samples.

    Returns
    -------
    float
        Root mean square magnitude of the complex noise, in the same units.
    """
    _require_positive("amplitude", amplitude)
    return amplitude / math.sqrt(ratio(snr_db))


def decibel(power_ratio: float) -> float:
    """Return a ratio of powers in dB."""
    return 10.0 * math.log10(power_ratio)


def ratio(power_db: float) -> float:
    """Return the ratio of powers that a number of dB is."""
    return math.pow(10.0, power_db / 10.0)


def _factor(name: str, value: float, unit: str) -> BudgetTerm:
    return BudgetTerm(name, value, unit, decibel(value))


def _divisor(name: str, value: float, unit: str) -> BudgetTerm:
    return BudgetTerm(name, value, unit, decibel(1.0 / value))


def _require_positive(name: str, value: float) -> None:
    if not 0.0 < value < math.inf:  # refuses NaN as well
        raise RadarEquationError(f"{name} = {value} is out of range", "give a positive number")
