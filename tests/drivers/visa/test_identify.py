import pytest

from drivers.visa.errors import AnswerError
from drivers.visa.identify import identify, identity_of, installed_options
from drivers.visa.instrument import Identity
from drivers.visa.link import Link
from tests.drivers.visa.link.store import served


def test_an_instrument_says_who_it_is_and_what_it_has() -> None:
    with served("hislip") as (store, _, address):
        with Link(address) as link:
            assert identify(link) == Identity("ACME", "STORE", "42", "1.0")
            assert installed_options(link) == {"AB1", "CD2"}
        store.options = ""
        with Link(address) as link:
            assert installed_options(link) == frozenset()


def test_firmware_may_hold_commas_and_be_left_out() -> None:
    assert identity_of("A , B,C,D,E") == Identity("A", "B", "C", "D,E")
    assert identity_of("A,B,,") == Identity("A", "B", "0", "0")


@pytest.mark.parametrize("answer", ["", "1", "A,B,C", ",B,C,D", "A,,C,D"])
def test_what_is_no_identity(answer: str) -> None:
    with pytest.raises(AnswerError, match="IDN"):
        identity_of(answer)
