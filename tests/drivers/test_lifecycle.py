import pytest

from drivers.errors import DeviceStateError
from drivers.lifecycle import DeviceState, Lifecycle

WAY_THROUGH = ["ensure_ready", "prepare", "arm", "start", "exchange", "drained", "wait_idle"]

# What may be called in each state beside the next step of the way: to make ready twice, and to
# prepare another schedule instead.
ALSO_ALLOWED = {(DeviceState.READY, "ensure_ready"), (DeviceState.PREPARED, "prepare")}


def after(steps: int) -> Lifecycle:
    lifecycle = Lifecycle("the device")
    for call in WAY_THROUGH[:steps]:
        lifecycle.advance(call)
    return lifecycle


def test_a_run_ends_ready_for_the_next() -> None:
    assert after(len(WAY_THROUGH)).state is DeviceState.READY
    after(len(WAY_THROUGH)).advance("prepare")


@pytest.mark.parametrize("steps", range(len(WAY_THROUGH)))
@pytest.mark.parametrize("call", WAY_THROUGH)
def test_only_the_next_step_is_allowed(steps: int, call: str) -> None:
    lifecycle = after(steps)
    before = lifecycle.state
    if call == WAY_THROUGH[steps] or (before, call) in ALSO_ALLOWED:
        lifecycle.advance(call)
        return
    with pytest.raises(DeviceStateError, match=rf"{call} on the device, which is {before}; "):
        lifecycle.advance(call)
    assert lifecycle.state is before


def test_error_names_the_call_that_fits() -> None:
    with pytest.raises(DeviceStateError, match="call prepare"):
        after(1).advance("arm")


@pytest.mark.parametrize("steps", range(len(WAY_THROUGH) + 1))
def test_stops_from_any_state_and_twice(steps: int) -> None:
    lifecycle = after(steps)
    for _ in range(2):
        lifecycle.stop()
        assert lifecycle.state is DeviceState.STOPPED
    lifecycle.advance("ensure_ready")
