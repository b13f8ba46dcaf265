"""What the software radio is, can do, and can be set to."""

import subprocess

import pytest
import SoapySDR

from tests.drivers.soapy.plugin.client import RX, TX, client, device


def _util(argument: str) -> str:
    done = subprocess.run(
        ["SoapySDRUtil", argument], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_soapy_finds_it() -> None:
    found = _util("--find=driver=moonecho_loopback")
    assert "driver = moonecho_loopback" in found
    assert "moonecho loopback (software)" in found


def test_soapy_probes_it() -> None:
    probed = _util("--probe=driver=moonecho_loopback")
    for line in (
        "driver=moonecho_loopback",
        "Channels: 1 Rx, 1 Tx",
        "Timestamps: YES",
        "Full-duplex: YES",
        "Stream formats: CS16, CF32",
        "Native format: CS16 [full-scale=32767]",
        "ref_locked",
        "fault_partial_write",
    ):
        assert line in probed, line


def test_other_full_scales_are_told() -> None:
    # The Python binding cannot: it has no way to return a reference's value.
    probed = _util("--probe=driver=moonecho_loopback,dac_full_scale=2047,adc_full_scale=511")
    assert "full-scale=2047]" in probed
    assert "full-scale=511]" in probed


def test_it_answers_to_no_other_question() -> None:
    for question in ({}, {"driver": "uhd"}, {"label": "moonecho"}):
        drivers = [found["driver"] for found in SoapySDR.Device.enumerate(question)]
        assert "moonecho_loopback" not in drivers


def test_serials_make_devices_of_their_own() -> None:
    with device(delay_ticks=1) as one, device(delay_ticks=2) as other:
        assert one.getHardwareInfo()["serial"] != other.getHardwareInfo()["serial"]
        assert one.readSetting("delay_ticks") == "1"
        assert other.readSetting("delay_ticks") == "2"


def test_what_is_set_reads_back() -> None:
    with device() as made:
        for direction, antenna in ((TX, "TX"), (RX, "RX")):
            made.setFrequency(direction, 0, 2.4e9)
            assert made.getFrequency(direction, 0) == 2.4e9
            made.setBandwidth(direction, 0, 20e6)
            assert made.getBandwidth(direction, 0) == 20e6
            made.setGain(direction, 0, 10.1)
            assert made.getGain(direction, 0) == 10.0  # in steps of 0.25 dB
            made.setAntenna(direction, 0, antenna)
            assert made.getAntenna(direction, 0) == antenna
            # One clock for both directions, of whole hertz.
            made.setSampleRate(direction, 0, 50e6 + 0.4)
            assert made.getSampleRate(TX, 0) == made.getSampleRate(RX, 0) == 50e6
        made.setClockSource("external")
        made.setTimeSource("external")
        assert (made.getClockSource(), made.getTimeSource()) == ("external", "external")


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("setFrequency", (RX, 0, -1.0)),
        ("setFrequency", (TX, 0, 1e12)),
        ("setBandwidth", (TX, 0, float("nan"))),
        ("setGain", (TX, 0, 100.5)),
        ("setGain", (TX, 1, 0.0)),
        ("setSampleRate", (RX, 0, 999.0)),
        ("setSampleRate", (RX, 0, 1.1e9)),
        ("setAntenna", (RX, 0, "TX")),
        ("setClockSource", ("pps",)),
        ("setTimeSource", ("",)),
        ("readSensor", ("temperature",)),
    ],
)
def test_what_it_cannot_do_is_refused(call: str, arguments: tuple[object, ...]) -> None:
    with device() as made, pytest.raises(ValueError, match=r"is within|there is no|has channel 0"):
        getattr(made, call)(*arguments)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("delay_ticks", "-1"),
        ("delay_ticks", "31.5"),  # shorter than the filter that makes the fraction
        ("delay_ticks", "1e10"),
        ("delay_ticks", "ten"),
        ("gain_db", "nan"),
        ("noise_dbfs", "loud"),
        ("adc_full_scale", "32768"),
        ("dac_full_scale", "0"),
        ("transmit_buffer", "131071"),
        ("command_queue", "1.5"),
        ("late_receive", "maybe"),
        ("clock", "sundial"),
        ("fault_overflow", "at=ten"),
        ("fault_overflow", "probability=1.1"),
        ("fault_overflow", "at=10, probability=0.5"),
        ("fault_overflow", "when=10"),
        ("fault_overflow", "count=-1"),
        ("tick", "0"),
        ("transmitting", "true"),
        ("no such key", "1"),
    ],
)
def test_bad_settings_are_refused_and_change_nothing(key: str, value: str) -> None:
    with device() as made:
        known = key in [info.key for info in made.getSettingInfo()]
        before = made.readSetting(key) if known and key != "tick" else None
        with pytest.raises(ValueError):
            made.writeSetting(key, value)
        if before is not None:
            assert made.readSetting(key) == before


def test_settings_read_back_and_tell_their_defaults() -> None:
    with device() as made:
        infos = {info.key: info for info in made.getSettingInfo()}
        written = {"delay_ticks": "259200000.25", "noise_dbfs": "-20.5", "late_transmit": "return"}
        for key, value in written.items():
            made.writeSetting(key, value)
            assert made.readSetting(key) == value
        assert infos["delay_ticks"].value == "0"
        assert list(infos["link_lost"].options) == ["error", "silence", "zero"]


def test_sensors_show_what_they_are_told_to() -> None:
    with device(ref_locked="false") as made:
        assert list(made.listSensors()) == ["ref_locked", "lo_locked", "transmitting"]
        assert made.readSensor("ref_locked") == "false"
        made.writeSetting("ref_locked", "true")
        made.writeSetting("lo_locked", "false")
        assert [made.readSensor(key) for key in ("ref_locked", "lo_locked")] == ["true", "false"]


def test_what_would_move_ticks_is_refused_while_a_stream_is_active() -> None:
    with client() as radio:
        with pytest.raises(RuntimeError, match="deactivate it before"):
            radio.device.setSampleRate(RX, 0, 1e6)
        with pytest.raises(RuntimeError, match="deactivate it before"):
            radio.device.setHardwareTime(0)
        with pytest.raises(RuntimeError, match="deactivate it before"):
            radio.device.writeSetting("clock", "free")
