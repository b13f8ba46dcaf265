"""Sequence list of a simulated Tektronix AWG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.simulators.scpi import Call, CommandTree, ScpiError, quoted

MAX_STEPS = 16383
_MAX_TRACKS = 8
_MAX_REPEATS = 1 << 20


@dataclass(slots=True)
class Step:
    """A step of a sequence.

    Parameters
    ----------
    assets : dict
        Name of a waveform by track.
    wait : str
        "ATR", "BTR", "ITR" or "OFF": the trigger that it waits for.
    repeats : int or None
        How often it plays; None for ever.
    goto : str
        "NEXT", "FIRS", "LAST", "END" or the number of a step.
    """

    assets: dict[int, str] = field(default_factory=dict)
    wait: str = "OFF"
    repeats: int | None = 1
    goto: str = "NEXT"


@dataclass(slots=True)
class Sequence:
    """Steps, and the number of tracks that each has."""

    steps: list[Step]
    tracks: int

    def after(self, number: int) -> int | None:
        """Give the step that follows step ``number``, None at the end."""
        goto = self.steps[number - 1].goto
        if goto == "END":
            return None
        named = {"NEXT": number + 1, "FIRS": 1, "LAST": len(self.steps)}
        following = named[goto] if goto in named else int(goto)
        # Behind the last step a sequence begins anew.
        return following if following <= len(self.steps) else 1


class SequenceList:
    """Sequences by name, and the commands that make them.

    Parameters
    ----------
    tree : CommandTree
        Where they are declared.
    licensed : bool
        Whether the option is there: without it all commands fail with -203.
    deleted : callable
        Is told the name of every sequence that is deleted.
    """

    def __init__(
        self, tree: CommandTree, *, licensed: bool, deleted: Callable[[str], None]
    ) -> None:
        self._deleted = deleted
        self.sequences: dict[str, Sequence] = {}
        self._licensed = licensed
        tree.query("SLISt:SIZE", lambda _: str(len(self.sequences)))
        tree.query("SLISt:NAME", self._name)
        tree.query("SLISt:SEQuence:STEP:MAX", self._max_steps)
        tree.query("SLISt:SEQuence:STEP:RCOunt:MAX", lambda _: str(_MAX_REPEATS))
        tree.query("SLISt:SEQuence:TRACk:MAX", lambda _: str(_MAX_TRACKS))
        tree.command("SLISt:SEQuence:NEW", self._new)
        tree.command("SLISt:SEQuence:DELete", self._delete)
        tree.query("SLISt:SEQuence:LENGth", lambda call: str(len(self.get(call).steps)))
        tree.query("SLISt:SEQuence:TRACk", lambda call: str(self.get(call).tracks))
        step = f"SLISt:SEQuence:STEP<1:{MAX_STEPS}>"
        asset = f"{step}:TASSet<1:{_MAX_TRACKS}>"
        tree.command(f"{asset}:WAVeform", self._set_asset)
        tree.query(asset, lambda call: quoted(self._step(call).assets.get(call.suffixes[1], "")))
        tree.query(f"{asset}:TYPE", lambda _: "WAV")
        tree.command(f"{step}:WINPut", self._set_wait)
        tree.query(f"{step}:WINPut", lambda call: self._step(call).wait)
        tree.command(f"{step}:RCOunt", self._set_repeats)
        tree.query(f"{step}:RCOunt", lambda call: _repeats(self._step(call)))
        tree.command(f"{step}:GOTO", self._set_goto)
        tree.query(f"{step}:GOTO", lambda call: self._step(call).goto)

    def get(self, call: Call) -> Sequence:
        """Give the sequence that a command names first; -256 where there is none."""
        self._require_licence()
        name = call.string(0)
        if name not in self.sequences:
            raise ScpiError(-256, name)
        return self.sequences[name]

    def _require_licence(self) -> None:
        if not self._licensed:
            raise ScpiError(-203, "sequencing is not licensed")

    def _name(self, call: Call) -> str:
        names = list(self.sequences)
        return quoted(names[call.whole(0, lowest=1, highest=len(names)) - 1])

    def _max_steps(self, _: Call) -> str:
        self._require_licence()
        return str(MAX_STEPS)

    def _new(self, call: Call) -> None:
        self._require_licence()
        name = call.string(0)
        if name in self.sequences:
            raise ScpiError(-224, f"sequence {name} exists")
        steps = call.whole(1, lowest=0, highest=MAX_STEPS)
        tracks = call.whole(2, lowest=1, highest=_MAX_TRACKS) if len(call) > 2 else 1
        self.sequences[name] = Sequence([Step() for _ in range(steps)], tracks)

    def _delete(self, call: Call) -> None:
        if call.parameter(0, "string", "mnemonic").kind == "mnemonic":
            call.choice(0, "ALL")
            names = list(self.sequences)
        else:
            names = [call.string(0)]
            self.get(call)
        for name in names:
            del self.sequences[name]
            self._deleted(name)

    def _step(self, call: Call) -> Step:
        sequence = self.get(call)
        number = call.suffixes[0]
        if number > len(sequence.steps):
            raise ScpiError(-222, f"step {number}")
        return sequence.steps[number - 1]

    def _set_asset(self, call: Call) -> None:
        step = self._step(call)
        if call.suffixes[1] > self.get(call).tracks:
            raise ScpiError(-222, f"track {call.suffixes[1]}")
        step.assets[call.suffixes[1]] = call.string(1)

    def _set_wait(self, call: Call) -> None:
        self._step(call).wait = call.choice(1, "ATRigger", "BTRigger", "ITRigger", "OFF")

    def _set_repeats(self, call: Call) -> None:
        step = self._step(call)
        if call.parameter(1, "mnemonic", "number").kind == "mnemonic":
            step.repeats = 1 if call.choice(1, "ONCE", "INFinite") == "ONCE" else None
        else:
            step.repeats = call.whole(1, lowest=1, highest=_MAX_REPEATS)

    def _set_goto(self, call: Call) -> None:
        step = self._step(call)
        if call.parameter(1, "mnemonic", "number").kind == "mnemonic":
            step.goto = call.choice(1, "LAST", "FIRSt", "NEXT", "END")
        else:
            last = len(self.get(call).steps)
            step.goto = str(call.whole(1, lowest=1, highest=last))


def _repeats(step: Step) -> str:
    if step.repeats is None:
        return "INF"
    return "ONCE" if step.repeats == 1 else str(step.repeats)
