"""Drivers of tm_devices run on the simulated Tektronix oscilloscopes, through HiSLIP."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from tm_devices.drivers import MSO4, MSO5, MSO6B
from tm_devices.drivers.scopes.tekscope.tekscope import AbstractTekScope

from drivers.simulators.bench.rf_bench import Cable, Playback, RfBench
from drivers.simulators.digitizers.tektronix.mso import SimulatedTektronixMso
from drivers.simulators.servers.instrument_server import InstrumentServer
from tests.drivers.simulators.tektronix_manager import device_manager


@contextmanager
def _managed(simulated: SimulatedTektronixMso) -> Iterator[AbstractTekScope]:
    with InstrumentServer(simulated) as server, device_manager() as manager:
        endpoint = f"hislip0,{server.hislip_port}"
        scope = manager.add_scope("127.0.0.1", lan_device_endpoint=endpoint)
        assert isinstance(scope, AbstractTekScope)
        scope.ieee_cmds.cls()
        yield scope


@pytest.mark.parametrize(("model", "kind"), [("MSO44", MSO4), ("MSO58", MSO5), ("MSO64B", MSO6B)])
def test_captures_a_tone(model: str, kind: type) -> None:
    bench = RfBench()
    simulated = SimulatedTektronixMso("scope", model=model, bench=bench)
    bench.connect(("awg", "1"), ("scope", "2"), Cable())
    volts = (0.3 * np.sin(2.0 * np.pi * np.arange(20_000) / 100.0)).astype(np.float32)
    with _managed(simulated) as scope:
        assert type(scope) is kind
        assert scope.total_channels == simulated.model.channels
        assert len(scope.channel) == simulated.model.channels
        scope.turn_channel_on("CH2")
        commands = scope.commands
        commands.ch[2].scale.write(0.1)
        commands.horizontal.mode.write("MANual")
        commands.horizontal.mode.samplerate.write(1.25e9)
        commands.horizontal.mode.recordlength.write(5000)
        commands.trigger.a.edge.source.write("CH2")
        commands.trigger.a.level.ch[2].write(0.05)
        commands.trigger.a.mode.write("NORMal")
        commands.acquire.stopafter.write("SEQUENCE", verify=True)
        commands.acquire.state.write(1)
        # It begins, fills what stands before a trigger, and waits.
        states = [commands.trigger.state.query() for _ in range(3)]
        assert states == ["SAVE", "ARMED", "READY"]
        bench.play("awg", Playback(1e9, {"1": volts}))
        assert commands.acquire.state.query() == "0"
        commands.data.width.write(2)
        curve = np.array(scope.curve_query(2), float)
        step_v = float(commands.wfmoutpre.ymult.query())
        scope.expect_esr(0)
    assert curve.size == 5000
    measured = curve * step_v
    # Behind the middle, where the trigger is: 0.3 V, but for noise of 0.008 divisions.
    assert np.sqrt(2.0) * measured[2500:].std() == pytest.approx(0.3, rel=1e-3)


def test_takes_a_record_without_a_trigger_in_mode_auto() -> None:
    simulated = SimulatedTektronixMso(model="MSO54")
    with _managed(simulated) as scope:
        scope.commands.horizontal.recordlength.write(2000)
        scope.single_sequence()
        scope.ieee_cmds.opc()
        assert scope.query("*OPC?") == "1"
        assert len(scope.curve_query(1)) == 2000


def test_reads_an_event() -> None:
    simulated = SimulatedTektronixMso(model="MSO58")
    with _managed(simulated) as scope:
        scope.write("CH1:SCAle 100")
        code, messages = scope.get_errors()
        assert code == 1 << 4
        assert messages == ('222,"Data out of range;100"',)
