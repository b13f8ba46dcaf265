import pytest

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import ScpiError, Setting, SettingTable


class Instrument(SimulatedInstrument):
    """Only what the tests below declare."""

    def __init__(self) -> None:
        super().__init__("table", "A,B,C,D")

    def ask(self, message: str) -> str:
        return self.execute(message.encode()).decode()

    def error(self) -> int:
        return self.errors.pop().code


@pytest.fixture
def instrument() -> Instrument:
    return Instrument()


@pytest.fixture
def table(instrument: Instrument) -> SettingTable:
    return instrument.settings


def test_a_number(instrument: Instrument, table: SettingTable) -> None:
    rate = table.number(
        "CLOCk:SRATe",
        25e9,
        unit=("HZ", "SA/S"),
        lowest=1.5e3,
        highest=50e9,
        rounded=lambda hz: round(hz / 10) * 10.0,
    )
    assert rate() == 25e9
    assert instrument.ask("CLOC:SRAT 1.23456789 GHZ;SRAT?") == "1234567890"
    assert instrument.ask("CLOC:SRAT 12345 SA/S;SRAT?;SRAT? MIN;SRAT? MAX;SRAT? DEF") == (
        "12340;1500;50000000000;25000000000"
    )
    assert instrument.ask("CLOC:SRAT MAX") == ""
    assert rate() == 50e9
    instrument.ask("CLOC:SRAT 51E9")
    assert instrument.error() == -222
    assert rate() == 50e9
    instrument.ask("CLOC:SRAT? 7")
    assert instrument.error() == -128
    instrument.ask("CLOC:SRAT 1,2")
    assert instrument.error() == -108
    instrument.ask("*RST")
    assert rate() == 25e9


def test_all_digits_of_a_number_come_back(instrument: Instrument, table: SettingTable) -> None:
    level = table.number("LEVel", 0.0)
    for value in (0.1, -1.23456789012345e-7, 3e300, 12345678.9):
        assert instrument.ask(f"LEV {value!r};LEV?") == instrument.ask("LEV?")
        assert float(instrument.ask("LEV?")) == value == level()


def test_a_number_that_is_clamped(instrument: Instrument, table: SettingTable) -> None:
    table.number("LEVel", 0.0, unit="V", lowest=-1.0, highest=1.0, clamp=True)
    assert instrument.ask("LEV 2V;LEV?;LEV -3;LEV?;LEV MAX;LEV?") == "1;-1;1"
    assert instrument.error() == 0


def test_limits_that_depend_on_other_settings(instrument: Instrument, table: SettingTable) -> None:
    bits = table.whole("DAC<1:2>:RESolution", 10, lowest=8, highest=10)
    table.whole("MARKers<1:2>", 0, lowest=0, highest=lambda channel: 10 - bits(channel))
    assert instrument.ask("DAC2:RES 8;:MARK2 2;MARK2?;MARK2? MAX;MARK1? MAX") == "2;2;0"
    instrument.ask("MARK1 1")
    assert instrument.error() == -222


def test_each_combination_of_suffixes_has_its_value(
    instrument: Instrument, table: SettingTable
) -> None:
    state: Setting[bool] = table.boolean("OUTPut<1:4>[:STATe]", False)
    assert instrument.ask("OUTP3 ON;:OUTP3?;:OUTP4:STAT?;:OUTP?") == "1;0;0"
    assert state(3) is True
    state.set(3, value=False)
    assert instrument.ask("OUTP3?") == "0"


def test_choices_answer_their_short_or_their_long_form(
    instrument: Instrument, table: SettingTable
) -> None:
    source = table.choice("TRIGger:SOURce", ("INTernal", "EXTernal"), "INT")
    table.choice("MODE", ("SINGle", "CONTinuous"), "SING", long_answer=True)
    assert instrument.ask("TRIG:SOUR external;SOUR?;:MODE?;MODE CONT;MODE?") == (
        "EXT;SINGLE;CONTINUOUS"
    )
    assert source() == "EXT"
    instrument.ask("TRIG:SOUR BUS")
    assert instrument.error() == -224
    with pytest.raises(ValueError, match="none of SING"):
        table.choice("OTHer", ("SINGle",), "single")


def test_strings(instrument: Instrument, table: SettingTable) -> None:
    name = table.string("NAME", "none", longest=8)
    assert instrument.ask("NAME 'say \"a\"';NAME?") == '"say ""a"""'
    assert name() == 'say "a"'
    instrument.ask("NAME 'much too long'")
    assert instrument.error() == -223


def test_a_change_can_be_noticed_and_refused(instrument: Instrument, table: SettingTable) -> None:
    seen: list[tuple[int, bool]] = []

    def changed(channel: int, on: bool) -> None:
        if channel == 2:
            raise ScpiError(-221)
        seen.append((channel, on))

    state = table.boolean("OUTPut<1:2>", False, changed=changed)
    instrument.ask("OUTP1 ON;OUTP2 ON")
    assert seen == [(1, True)]
    assert instrument.error() == -221
    assert not state(2)
