from typing import Any

import pytest

from drivers.simulators.servers.faults import Fault, FaultPlan


def kinds(plan: FaultPlan, message: bytes) -> list[str]:
    return [fault.kind for fault in plan.take(message)]


def test_a_fault_waits_for_its_message() -> None:
    plan = FaultPlan()
    plan.add(Fault("silent", on="wlis:wav", after=1, times=2))
    assert kinds(plan, b"*IDN?") == []
    assert kinds(plan, b"WLIS:WAV:DATA") == []
    assert kinds(plan, b":WLIS:WAV:NEW") == ["silent"]
    assert kinds(plan, b"*RST") == []
    assert kinds(plan, b"wlis:wav:del") == ["silent"]
    assert kinds(plan, b"WLIS:WAV:DATA") == []


def test_several_faults_meet_in_one_message() -> None:
    plan = FaultPlan()
    plan.add(Fault("slow"))
    plan.add(Fault("error", times=0))
    assert kinds(plan, b"A") == ["slow", "error"]
    assert kinds(plan, b"A") == ["error"]
    plan.clear()
    assert kinds(plan, b"A") == []


def test_what_stands_in_a_block_far_behind_is_not_searched() -> None:
    plan = FaultPlan()
    plan.add(Fault("drop", on="TRIG"))
    assert kinds(plan, b"DATA #41024" + b"x" * 600 + b"TRIG") == []


def test_a_fault_must_make_sense() -> None:
    kind: Any = "explode"
    with pytest.raises(ValueError, match="kind = 'explode'"):
        Fault(kind)
    with pytest.raises(ValueError, match="seconds = -1"):
        Fault("slow", seconds=-1.0)
    with pytest.raises(ValueError, match="after = -1"):
        Fault("slow", after=-1)
    with pytest.raises(ValueError, match="times = -1"):
        Fault("slow", times=-1)
