import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.visa.errors import AnswerError, BlockSizeError
from drivers.visa.link.blocks import LARGEST_BLOCK, block_header, block_start, pieces, size_of


@pytest.mark.parametrize(
    ("size", "header"),
    [(0, b"#10"), (9, b"#19"), (10, b"#210"), (1024, b"#41024"), (LARGEST_BLOCK, b"#9999999999")],
)
def test_headers(size: int, header: bytes) -> None:
    # IEEE 488.2, 7.7.6.2: a nonzero digit, so many digits, the bytes.
    assert block_header(size) == header


@pytest.mark.parametrize("size", [-1, LARGEST_BLOCK + 1])
def test_sizes_without_a_header(size: int) -> None:
    with pytest.raises(BlockSizeError, match=str(size)):
        block_header(size)


@given(parts=st.lists(st.binary(max_size=50), max_size=6), largest=st.integers(1, 20))
def test_pieces_are_the_whole(parts: list[bytes], largest: int) -> None:
    cut = [bytes(piece) for piece in pieces(iter(parts), largest)]
    assert b"".join(cut) == b"".join(parts)
    assert all(0 < len(piece) <= largest for piece in cut)


def test_arrays_of_any_type_are_bytes() -> None:
    codes = np.array([[1, -2], [3, -4]], ">i2")
    assert size_of(codes) == 8
    assert b"".join(pieces(codes, 3)) == codes.tobytes()
    assert size_of(iter([codes])) is None
    assert b"".join(pieces([codes, b"\n"], 100)) == codes.tobytes() + b"\n"


@given(size=st.integers(0, 999_999_999), rest=st.binary(max_size=9))
def test_headers_are_read_as_they_are_written(size: int, rest: bytes) -> None:
    header = block_header(size)
    assert block_start("B?", header + rest) == (len(header), size)
    # And from any number of its bytes, either more is needed or it is all there.
    for count in range(len(header)):
        assert block_start("B?", header[:count]) is None


def test_other_headers() -> None:
    assert block_start("B?", b"#0abc") == (2, None)
    assert block_start("B?", b"#(1234567890)abc") == (13, 1234567890)
    assert block_start("B?", b"#(123") is None


@pytest.mark.parametrize(
    "data", [b"1", b"12", b"#A1", b"#:1", b"#3ab1", b"#2-1", b"#(12", b"#()", b"#(99999999999999)"]
)
def test_what_is_no_block(data: bytes) -> None:
    if data == b"#(12":
        data += b"1" * 30
    with pytest.raises(AnswerError):
        block_start("B?", data)
