"""Drivers of tm_devices and QCoDeS run on the simulated Tektronix AWGs, through HiSLIP."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from qcodes.instrument_drivers.tektronix import TektronixAWG5208, TektronixAWG70002A
from qcodes.instrument_drivers.tektronix.AWG70000A import TektronixAWG70000Base
from tm_devices.drivers import AWG70KA, AWG70KB, AWG5200

from drivers.simulators.bench.rf_bench import Cable, RfBench, Signal
from drivers.simulators.generators.tektronix.awg import SimulatedTektronixAwg
from drivers.simulators.servers.instrument_server import InstrumentServer
from tests.drivers.simulators.tektronix_manager import device_manager


@contextmanager
def _managed(simulated: SimulatedTektronixAwg) -> Iterator[AWG5200 | AWG70KA | AWG70KB]:
    with InstrumentServer(simulated) as server, device_manager() as manager:
        endpoint = f"hislip0,{server.hislip_port}"
        awg = manager.add_awg("127.0.0.1", lan_device_endpoint=endpoint)
        assert isinstance(awg, AWG5200 | AWG70KA | AWG70KB)
        awg.ieee_cmds.cls()
        yield awg
        awg.expect_esr(0)


@pytest.mark.parametrize(
    ("model", "kind", "amplitude_v"),
    [("AWG5204", AWG5200, 0.4), ("AWG70001A", AWG70KA, 0.4), ("AWG70002B", AWG70KB, 0.4)],
)
def test_tm_devices_uploads_and_plays(model: str, kind: type, amplitude_v: float) -> None:
    heard: list[float] = []
    bench = RfBench()
    simulated = SimulatedTektronixAwg("awg", model=model, bench=bench)
    bench.connect(("awg", "1"), ("scope", "1"), Cable())

    def listen(signal: Signal) -> None:
        heard.append(float(signal.sample("1", 1e-6, 1e-9, 1000).max()))

    bench.register_digitizer("scope", listen)
    samples = np.sin(2.0 * np.pi * np.arange(4800) / 96.0).astype("<f4")
    with _managed(simulated) as awg:
        assert type(awg) is kind
        assert awg.total_channels == simulated.model.channels
        awg.commands.wlist.waveform.new.write('"tone",4800,REAL')
        # Its command tree has no way to send a block; its VISA resource has.
        awg.visa_resource.write_binary_values(
            'WLISt:WAVeform:DATA "tone",0,4800,', samples, datatype="f"
        )
        assert awg.commands.wlist.waveform.length.query('"tone"') == "4800"
        awg.generate_waveform(1e9, "tone", amplitude_v, 0.0, "SOURCE1")
        assert awg.commands.awgcontrol.rstate.query() == "2"
        assert float(awg.commands.clock.srate.query()) == 1e9
        awg.commands.awgcontrol.stop.immediate.write()
        assert awg.commands.awgcontrol.rstate.query() == "0"
        awg.commands.output.off.write("ON")
        # An answer tells that what was written before has been done.
        assert awg.commands.output.off.query() == "1"
        assert not simulated.radiates(1)
    np.testing.assert_array_equal(simulated.memory.get("tone").part("REAL"), samples)
    # Half of the amplitude, but for half a code of the AWG70000's 10 bits, 1e-3.
    assert heard == [pytest.approx(0.5 * amplitude_v, rel=3e-3)]


def test_tm_devices_sees_an_error() -> None:
    simulated = SimulatedTektronixAwg(model="AWG5208")
    with _managed(simulated) as awg:
        awg.commands.wlist.waveform.delete.write('"none"')
        code, messages = awg.get_errors()
        assert code == 1 << 4
        assert messages[0] == '-256,"File name not found;none"'


@pytest.mark.parametrize(
    ("model", "kind"), [("AWG5208", TektronixAWG5208), ("AWG70002A", TektronixAWG70002A)]
)
def test_qcodes_loads_a_file_and_plays(
    model: str, kind: type[TektronixAWG5208] | type[TektronixAWG70002A]
) -> None:
    simulated = SimulatedTektronixAwg(model=model)
    random = np.random.default_rng(1)
    volts = random.uniform(-0.2, 0.2, 3000)
    markers = random.integers(0, 2, (2, 3000)).astype(float)
    with InstrumentServer(simulated) as server:
        awg = kind("awg", server.hislip_address, visalib="@py")
        try:
            file = awg.makeWFMXFile(np.vstack([volts, markers]), 0.5)
            awg.sendWFMXFile(file, "burst.wfmx")
            awg.loadWFMXFile("burst.wfmx")
            assert awg.waveformList == ["burst"]
            awg.sample_rate(1e9)
            assert awg.sample_rate() == 1e9
            awg.clock_source("Internal, 10 MHZ ref.")
            channel = awg.ch1
            channel.resolution(simulated.model.dac_bits - 2)
            channel.awg_amplitude(0.5)
            channel.marker1_high(1.0)
            channel.hold("ZERO")
            channel.setWaveform("burst")
            assert channel.assigned_asset() == "burst"
            channel.state(1)
            awg.write("SOURce1:RMODe TRIGgered")
            awg.play()
            assert awg.run_state() == "Waiting for trigger"
            awg.force_triggerA()
            awg.wait_for_operation_to_complete()
            awg.stop()
            awg.all_output_off("1")
            assert awg.run_state() == "Stopped"
            assert not simulated.radiates(1)
            awg.clearWaveformList()
            assert awg.waveformList == [""]
        finally:
            awg.close()
        # Looking for an old file made an error, which it has read itself.
        assert len(simulated.errors) == 0


def test_what_qcodes_writes_is_read_bit_by_bit() -> None:
    simulated = SimulatedTektronixAwg(model="AWG70002A")
    random = np.random.default_rng(2)
    # At 2 V peak to peak, full scale is 1 V.
    samples = random.uniform(-1.0, 1.0, 2400).astype(np.float32)
    markers = random.integers(0, 2, (2, 2400)).astype(float)
    file = TektronixAWG70000Base.makeWFMXFile(np.vstack([samples, markers]).astype(float), 2.0)
    wanted = (np.asarray(markers[0]) + 2.0 * np.asarray(markers[1])).astype(np.uint8)
    simulated.execute(b'MMEM:DATA "w.wfmx",#%d%d' % (len(str(len(file))), len(file)) + file)
    simulated.execute(b'MMEM:OPEN "w.wfmx"')
    assert simulated.execute(b"*OPC?;:SYST:ERR:COUN?") == b"1;0"
    waveform = simulated.memory.get("w")
    np.testing.assert_array_equal(waveform.part("REAL").view(np.uint32), samples.view(np.uint32))
    np.testing.assert_array_equal(waveform.markers, wanted)
