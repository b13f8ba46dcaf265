from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.simulators.laboratory import Laboratory
from drivers.visa.errors import ReferenceUnlockedError
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.preparation import require_reference
from drivers.visa.pair.settings import VisaSettings
from tests.drivers.visa.pair.wired import chirps, error_db, play, wired


def settings_of(**values: Any) -> VisaSettings:
    return VisaSettings(generator="TCPIP::a::INSTR", digitizer="TCPIP::b::INSTR", **values)


def test_instrument_that_does_not_follow_the_reference_is_refused() -> None:
    common, own = settings_of(), settings_of(clock_reference="internal")
    require_reference(common, {"reference_locked": True}, "digitizer", "at the end")
    require_reference(common, {}, "generator", "at the end")  # it cannot tell
    require_reference(own, {"reference_locked": False}, "digitizer", "at the end")
    with pytest.raises(
        ReferenceUnlockedError, match=r"the digitizer does not follow .* at the end"
    ):
        require_reference(common, {"reference_locked": False}, "digitizer", "at the end")


def told_of(laboratory: Laboratory, **values: Any) -> tuple[dict[str, Any], float]:
    """Play, and return the read-backs and the error."""
    settings = VisaSettings(**{**laboratory.settings(), "transmit": True, **values})
    windows = chirps(30, 256)
    played = play(VisaDevice(settings), windows)
    return played.told, error_db(played.windows, windows)


@pytest.mark.parametrize("digitizer", ["MSO58", "RTO2044"])
def test_rates_are_chosen_so_that_no_image_folds_onto_the_band(digitizer: str) -> None:
    with Laboratory("AWG5204", digitizer) as laboratory:
        told, error = told_of(laboratory)
        assert sum(10 ** (one["level_db"] / 10) for one in told["images_in_band"]) < 10**-6.6
        # As good as without images: what the converters leave.
        assert error < -50.0
        # Rates that were asked for are kept, and what they do is told, and true.
        told, error = told_of(laboratory, generator_rate_hz=384e6, digitizer_rate_hz=500e6)
        strongest_db = told["images_in_band"][0]["level_db"]
        assert strongest_db > -20.0
        assert error > strongest_db - 20.0


def test_what_the_digitizer_says_that_it_bears_holds() -> None:
    with wired() as pair:
        settings = pair.settings(output_peak_v=90.0, attenuation_db=0.0)
        with pytest.raises(DeviceSettingsError, match=r"90 V .* above the limit of Rohde"):
            play(VisaDevice(settings), chirps(4, 256))


def test_windows_too_long_for_a_memory_are_refused() -> None:
    with wired(digitizer_samples=3000) as pair:
        settings = pair.settings()
        with pytest.raises(
            DeviceSettingsError, match=r"do not fit the digitizer|at most 3000 samples"
        ):
            play(VisaDevice(settings), chirps(4, 1024))
