"""The simulated laboratory: every model starts, is wired, says that it is simulated, and ends."""

import socket
import threading

import pytest

from drivers.errors import DeviceSettingsError
from drivers.simulators.bench.rf_bench import RfBench
from drivers.simulators.laboratory import Laboratory
from drivers.simulators.models import MODELS, find_model
from drivers.visa import catalogue
from drivers.visa.discovery import ask_instrument, serial_number
from drivers.visa.identify import identity_of


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_is_one_that_the_drivers_know(model: object) -> None:
    assert model in MODELS
    one = find_model(getattr(model, "name", "").lower(), getattr(model, "kind", "generator"))
    instrument = one.make("here", RfBench())
    identity = identity_of(instrument.execute(b"*IDN?").decode())
    assert identity.serial.startswith("SIM")
    rows = {"generator": catalogue.GENERATORS, "digitizer": catalogue.DIGITIZERS}[one.kind]
    assert catalogue.driver_of(identity, rows) is not None


@pytest.mark.parametrize("protocol", ["hislip", "socket"])
def test_both_instruments_answer_at_their_addresses(protocol: str) -> None:
    before = set(threading.enumerate())
    with Laboratory(protocol="socket" if protocol == "socket" else "hislip") as laboratory:
        generator, digitizer = laboratory.addresses
        assert laboratory.driver == f"visa:{generator}+{digitizer}"
        assert all(serial_number(one).startswith("SIM") for one in (generator, digitizer))
        settings = laboratory.settings()
        assert (settings["generator"], settings["attenuation_db"]) == (generator, 20.0)
    # Threads end with it, and so do the ports.
    assert set(threading.enumerate()) <= before
    told = ask_instrument(generator, deadline_s=10.0)
    assert told.problem is not None


def test_a_port_in_use_is_an_error_and_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        laboratory = Laboratory(ports=(0, port))
        with pytest.raises(OSError, match="in use"):
            laboratory.__enter__()
    assert set(threading.enumerate()) <= before


def test_a_model_that_is_not_simulated_is_refused_with_those_that_are() -> None:
    with pytest.raises(DeviceSettingsError, match=r"no simulated generator 'AWG1'.*M8190A"):
        Laboratory("AWG1")
    with pytest.raises(DeviceSettingsError, match=r"no simulated digitizer 'M8190A'.*MSO44"):
        Laboratory(digitizer="M8190A")
