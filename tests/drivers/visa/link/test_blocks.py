import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.visa.errors import BlockSizeError
from drivers.visa.link.blocks import LARGEST_BLOCK, block_header, pieces, size_of


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
