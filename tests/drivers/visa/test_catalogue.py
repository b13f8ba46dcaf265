from collections.abc import Mapping
from importlib import import_module

import pytest

from drivers.visa.catalogue import DIGITIZERS, GENERATORS, driver_of, open_digitizer, open_generator
from drivers.visa.errors import WrongInstrumentError
from drivers.visa.identify import identity_of
from drivers.visa.link import Link
from tests.drivers.visa.link.store import served


@pytest.mark.parametrize(
    ("answer", "rows", "module"),
    [
        # Answers as programmer's manuals and other people's drivers have them.
        ("TEKTRONIX,AWG5204,B010180,FV:7.0.0212.1", GENERATORS, "tektronix.awg"),
        ("TEKTRONIX,AWG70002B,B020397,FV:7.0.0212.1", GENERATORS, "tektronix.awg"),
        ("Agilent Technologies,M8190A,DE123,5.7.0.0-1.6", GENERATORS, "keysight.m8190a"),
        ("Keysight Technologies,M8195A,DE55,3.6.0.0", GENERATORS, "keysight.m8195a"),
        ("Keysight Technologies, N5182B, MY53050123, B.01.86", GENERATORS, "keysight.mxg"),
        ("Agilent Technologies, N5172B, MY1, B.01.01", GENERATORS, "keysight.mxg"),
        ("Rohde&Schwarz,SMW200A,1412.0000K02/105578,5.30", GENERATORS, "rohde_schwarz.smw"),
        ("Rohde&Schwarz,SMBV100B,1423.1003K02/101234,5.30", GENERATORS, "rohde_schwarz.smw"),
        ("TEKTRONIX,MSO64B,C0123,CF:91.1CT FV:1.30.6.1", DIGITIZERS, "tektronix.mso"),
        ("TEKTRONIX,MSO58LP,Q1,CF:91.1CT FV:1.2", DIGITIZERS, "tektronix.mso"),
        ("TEKTRONIX,LPD64,Q1,CF:91.1CT FV:1.2", DIGITIZERS, "tektronix.mso"),
        ("AGILENT TECHNOLOGIES,MSO-X 3104A,MY5,02.30", DIGITIZERS, "keysight.infiniivision"),
        ("KEYSIGHT TECHNOLOGIES,DSO-X 3034T,MY5,7.10", DIGITIZERS, "keysight.infiniivision"),
        ("KEYSIGHT TECHNOLOGIES,EDU-X 1052G,CN1,2.10", DIGITIZERS, "keysight.infiniivision"),
        ("KEYSIGHT TECHNOLOGIES,DSOS104A,MY5,06.40", DIGITIZERS, "keysight.infiniium"),
        ("KEYSIGHT TECHNOLOGIES,MXR608A,MY6,11.10", DIGITIZERS, "keysight.infiniium"),
        ("KEYSIGHT TECHNOLOGIES,UXR0134A,MY6,10.20", DIGITIZERS, "keysight.infiniium"),
        ("Agilent Technologies,DSAX91604A,MY5,04.20", DIGITIZERS, "keysight.infiniium"),
        ("Rohde&Schwarz,RTO,1329.7002k44/101376,5.05.1.0", DIGITIZERS, "rohde_schwarz.rto"),
        ("Rohde&Schwarz,RTP,1320.5007k16/101001,5.05.1.0", DIGITIZERS, "rohde_schwarz.rto"),
    ],
)
def test_answers_find_their_driver(answer: str, rows: Mapping[str, str], module: str) -> None:
    place = driver_of(identity_of(answer), rows)
    assert place is not None
    assert place.partition(":")[0] == module
    assert driver_of(identity_of(answer), DIGITIZERS if rows is GENERATORS else GENERATORS) is None


@pytest.mark.parametrize(
    "answer",
    [
        "TEKTRONIX,AWG5014C,B1,FV:4",
        "TEKTRONIX,MSO4104,C1,CF:91.1CT",
        "AGILENT TECHNOLOGIES,MSO6104A,MY4,6.20",
        "Keysight Technologies,M8190AX,DE123,5.7",
        "NOTEKTRONIX,AWG5204,B1,1",
        "Rohde&Schwarz,SMA100B,1,1",
    ],
)
def test_other_models_have_none(answer: str) -> None:
    identity = identity_of(answer)
    assert driver_of(identity, GENERATORS) is None
    assert driver_of(identity, DIGITIZERS) is None


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        *(("generators", place) for place in GENERATORS.values()),
        *(("digitizers", place) for place in DIGITIZERS.values()),
    ],
)
def test_every_row_names_a_driver(kind: str, place: str) -> None:
    module, _, name = place.partition(":")
    assert isinstance(getattr(import_module(f"drivers.visa.{kind}.{module}"), name), type)


def test_an_unknown_instrument_is_named() -> None:
    with served("hislip") as (store, _, address):
        with Link(address) as link, pytest.raises(WrongInstrumentError, match=r"ACME STORE \(42\)"):
            open_generator(link)
        store.identity = "TEKTRONIX,AWG5204,B010180,FV:7.0"
        with Link(address) as link, pytest.raises(WrongInstrumentError, match="exchange"):
            open_digitizer(link)
