from drivers.simulators.scpi.errors import STANDARD_TEXTS, ErrorQueue, ScpiError


def test_an_error_reads_as_the_standard_says() -> None:
    assert str(ScpiError(-222)) == '-222,"Data out of range"'
    assert str(ScpiError(-113, "FOO:BAR?")) == '-113,"Undefined header;FOO:BAR?"'
    assert str(ScpiError(113, text="Waveform missing")) == '113,"Waveform missing"'
    # A quote inside of a string is doubled (IEEE 488.2, 8.7.8).
    assert str(ScpiError(-151, 'say "x"')) == '-151,"Invalid string data;say ""x"""'
    # SCPI-99, volume 2, 21.8.1: 255 characters at most.
    assert len(ScpiError(-113, "x" * 999).text) == 255


def test_every_standard_number_is_an_error() -> None:
    assert all(-499 <= code <= -100 for code in STANDARD_TEXTS)


def test_the_queue_is_first_in_first_out_and_overflows_with_350() -> None:
    seen: list[int] = []
    queue = ErrorQueue(lambda error: seen.append(error.code), depth=4)
    for code in (-101, -102, -103, -104, -105, -108):
        queue.push(ScpiError(code))
    # SCPI-99, volume 2, 21.8.1: the newest entry is replaced, the oldest ones stay.
    assert [queue.pop().code for _ in range(5)] == [-101, -102, -103, -350, 0]
    assert seen == [-101, -102, -103, -104, -105, -108]
    assert str(queue.pop()) == '0,"No error"'
    queue.push(ScpiError(-101))
    queue.clear()
    assert len(queue) == 0
