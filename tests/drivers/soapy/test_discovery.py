import subprocess
from pathlib import Path

import pytest

from drivers.errors import DriverError
from drivers.soapy.discovery import find_radios

# A driver's module is C++; one that hangs or crashes while it looks for its radios is enough.
MODULE = """
#include <SoapySDR/Registry.hpp>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>
static SoapySDR::KwargsList find(const SoapySDR::Kwargs &args)
{
    if (args.count("how") && args.at("how") == "hang") for (;;) pause();
    if (args.count("how") && args.at("how") == "crash") abort();
    if (args.count("how") && args.at("how") == "throw") throw std::runtime_error("no luck");
    return {};
}
static SoapySDR::Device *make(const SoapySDR::Kwargs &) { throw std::runtime_error("no"); }
static SoapySDR::Registry registry("rogue", &find, &make, SOAPY_SDR_ABI_VERSION);
"""


def test_radios_are_found_with_what_they_can_do() -> None:
    (radio,) = find_radios("driver=moonecho_loopback")
    assert "driver=moonecho_loopback" in radio.arguments
    assert radio.problem is None
    told = radio.capabilities
    assert told["driver_key"] == "moonecho_loopback"
    assert told["hardware_time"] is True
    assert told["full_duplex"] == [True]
    assert told["tx"][0]["native_format"] == "CS16"
    assert told["tx"][0]["full_scale"] == 32767
    assert told["rx"][0]["sample_rates_hz"] == [[1e3, 1e9]]


def test_where_nothing_is_attached_nothing_is_found() -> None:
    assert find_radios("driver=nothing") == ()


@pytest.fixture(scope="module")
def rogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    source = folder / "rogue.cpp"
    source.write_text(MODULE)
    command = ["c++", "-shared", "-fPIC", "-o", str(folder / "librogue.so"), str(source)]
    subprocess.run([*command, "-lSoapySDR"], check=True, timeout=60.0)
    return folder


@pytest.mark.parametrize(
    ("how", "deadline_s", "message"),
    [
        ("hang", 1.0, "did not answer within 1 s when asked to find"),
        ("crash", 60.0, "failed when asked"),
    ],
)
def test_a_driver_that_hangs_or_crashes_is_survived(
    how: str, deadline_s: float, message: str, rogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOAPY_SDR_PLUGIN_PATH", str(rogue))
    with pytest.raises(DriverError, match=message):
        find_radios(f"driver=rogue,how={how}", deadline_s=deadline_s)


def test_a_driver_that_throws_has_no_radios(rogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAPY_SDR_PLUGIN_PATH", str(rogue))
    assert find_radios("driver=rogue,how=throw") == ()
