import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators.scpi import Call, CommandTree, ScpiError, definite_block, quoted
from drivers.simulators.scpi.values import short_form


def codes(tree: CommandTree, message: bytes) -> tuple[list[tuple[int, ...]], int | None]:
    """Suffixes of what was understood, and the number of the error."""
    program = tree.understand(message)
    error = None if program.error is None else program.error.code
    return [step.call.suffixes for step in program.steps], error


def tree_of(*headers: str) -> CommandTree:
    tree = CommandTree()
    for header in headers:
        tree.command(header, lambda call: None)
        tree.query(header, lambda call: "")
    return tree


# SCPI-99, volume 1, 6.2: all of these are the same command.
@pytest.mark.parametrize(
    "spelling",
    [
        "SOURCE1:FREQUENCY:CW", ":SOURce:FREQuency:FIXed", "sour:freq", "FREQ", "freq:cw",
        "Sour1:Frequency", ":FREQuency:FIX",
    ],
)  # fmt: skip
def test_short_long_and_optional_forms_are_one(spelling: str) -> None:
    tree = tree_of("[:SOURce<1:2>]:FREQuency[:CW|:FIXed]", "[:SOURce<1:2>]:FREQuency:STARt")
    assert codes(tree, spelling.encode()) == ([(1,)], None)
    assert codes(tree, spelling.encode() + b"?") == ([(1,)], None)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"FREQU 1", -113),  # neither the short nor the long form
        (b"SOUR", -113),  # goes on below
        (b"FREQ:CW:FIX", -113),
        (b"SOUR3:FREQ", -114),
        (b"SOUR0:FREQ", -114),
        (b"SOUR99999999999:FREQ", -114),
        (b"FREQ2", -113),  # has no suffix
        (b"*XYZ", -113),
        (b"FREQ;CW?;STAR?", -113),  # the path is the root, not FREQ
    ],
)
def test_what_is_not_declared_is_refused(message: bytes, code: int) -> None:
    tree = tree_of("[:SOURce<1:2>]:FREQuency[:CW|:FIXed]", "[:SOURce<1:2>]:FREQuency:STARt")
    assert codes(tree, message)[1] == code


def test_each_suffix_comes_in_its_place() -> None:
    tree = tree_of(
        "SEQuence<1:9>:ELEMent<1:100>:JUMP<0:3>[:STATe]", "[:SOURce<1:2>]:MARKer<1:4>[:WIDTh<1:2>]"
    )
    assert codes(tree, b"SEQ3:ELEM42:JUMP0") == ([(3, 42, 0)], None)
    assert codes(tree, b"SEQ:ELEM:JUMP:STAT") == ([(1, 1, 1)], None)
    assert codes(tree, b"MARK3") == ([(1, 3, 1)], None)
    assert codes(tree, b"SOUR2:MARK4:WIDT2;WIDT1") == ([(2, 4, 2), (2, 4, 1)], None)


def test_names_as_vendors_write_them() -> None:
    tree = tree_of("WFMOutpre:NR_Pt", "MARKer:X1Position", "CH<1:4>:SCAle", "DATa:ENCdg")
    for message in (b"WFMO:NR_P?", b"wfmoutpre:nr_pt?", b"MARK:X1P?", b"MARKER:X1POSITION?"):
        assert codes(tree, message) == ([()], None)
    assert codes(tree, b"CH2:SCA 0.1;:DAT:ENC SRI") == ([(2,), ()], None)


def test_the_number_of_parameters_is_checked() -> None:
    tree = CommandTree()
    tree.command("NONE", lambda call: None, 0)
    tree.command("SOME", lambda call: None, (1, 2))
    tree.command("ANY", lambda call: None)
    assert codes(tree, b"NONE;SOME 1;SOME 1,2;ANY;ANY 1,2,3")[1] is None
    assert codes(tree, b"NONE 1")[1] == -108
    assert codes(tree, b"SOME")[1] == -109
    assert codes(tree, b"SOME 1,2,3")[1] == -108


def test_a_query_and_a_command_are_two() -> None:
    tree = CommandTree()
    tree.query("READ?", lambda call: "1")
    assert codes(tree, b"READ?")[1] is None
    assert codes(tree, b"READ")[1] == -113
    assert tree.headers() == ["READ?"]


def test_declaring_twice_must_be_meant() -> None:
    tree = tree_of("[:SOURce]:POWer[:LEVel]")
    with pytest.raises(ValueError, match="declared before"):
        tree.command("POWer", lambda call: None)
    tree.command("POWer", lambda call: None, replace=True)
    assert tree.headers()[:2] == ["[:SOURce]:POWer[:LEVel]", "[:SOURce]:POWer[:LEVel]?"]


@pytest.mark.parametrize("header", ["", "A B", "[:A[:B]]", "lower", "A:<1:2>", "A!"])
def test_a_header_must_be_well_formed(header: str) -> None:
    with pytest.raises(ValueError, match=r"header|mnemonic"):
        CommandTree().command(header, lambda call: None)


def test_what_was_understood_before_a_replacement_is_forgotten() -> None:
    tree = CommandTree()
    tree.query("A", lambda call: "old")
    assert tree.understand(b"A?").steps[0].handler(tree.understand(b"A?").steps[0].call) == "old"
    tree.query("A", lambda call: "new", replace=True)
    step = tree.understand(b"A?").steps[0]
    assert step.handler(step.call) == "new"


NODES = ("SOURce", "FREQuency", "MARKer", "WAVeform", "DATA", "NR_Pt")

printable_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
parameters = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: (f"{x!r}".encode(), x)),
    st.integers(-(10**12), 10**12).map(lambda x: (str(x).encode(), float(x))),
    printable_text.map(lambda x: (quoted(x).encode("latin-1"), x)),
    st.binary(max_size=40).map(lambda x: (definite_block(x), x)),
    st.sampled_from(["EXTernal", "BUS"]).map(lambda x: (short_form(x).encode(), short_form(x))),
)
commands = st.tuples(
    st.lists(st.tuples(st.sampled_from(NODES), st.integers(1, 12)), min_size=1, max_size=3),
    st.lists(parameters, max_size=3),
    st.randoms(use_true_random=False),
)


def spelled(nodes: list[tuple[str, int]], choose: random.Random) -> bytes:
    """Write a header in one of its many ways."""
    words = []
    for name, suffix in nodes:
        word = choose.choice((name, short_form(name)))
        word = choose.choice((word, word.upper(), word.lower()))
        words.append(word + (str(suffix) if suffix != 1 or choose.random() < 0.5 else ""))
    return ":".join(words).encode()


def read(call: Call, index: int) -> object:
    kind = call.parameters[index].kind
    if kind == "number":
        return call.number(index)
    if kind == "string":
        return call.string(index)
    return bytes(call.block(index)) if kind == "block" else call.mnemonic(index)


@given(st.lists(commands, min_size=1, max_size=5))
def test_a_message_means_what_it_was_composed_of(
    composed: list[tuple[list[tuple[str, int]], list[tuple[bytes, object]], random.Random]],
) -> None:
    tree = CommandTree()
    for declared in {":".join(f"{name}<1:12>" for name, _ in nodes) for nodes, _, _ in composed}:
        tree.command(declared, lambda call: None)
    message = b""
    previous: list[tuple[str, int]] = []
    for nodes, written, choose in composed:
        # Where the path is that of the command before, it may be left out.
        same_path = bool(previous) and previous[:-1] == nodes[:-1]
        short = same_path and choose.random() < 0.5
        header = spelled(nodes[-1:], choose) if short else b":" + spelled(nodes, choose)
        message += header + b" " + b" , ".join(sent for sent, _ in written) + b" ; *CLS;"
        previous = nodes
    tree.command("*CLS", lambda call: None)
    program = tree.understand(bytearray(message))
    assert program.error is None
    done = [step.call for step in program.steps if step.call.header != "*CLS"]
    assert [call.suffixes for call in done] == [
        tuple(suffix for _, suffix in nodes) for nodes, _, _ in composed
    ]
    assert [[read(call, index) for index in range(len(call))] for call in done] == [
        [value for _, value in written] for _, written, _ in composed
    ]


def test_a_message_with_an_error_is_understood_up_to_there() -> None:
    program = tree_of("A", "B").understand(b"A;B;C;A")
    assert [step.call.header for step in program.steps] == ["A", "B"]
    assert isinstance(program.error, ScpiError)
    assert str(program.error) == '-113,"Undefined header;C"'
