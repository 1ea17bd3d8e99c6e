"""Money, ids and the errors' common ground."""

from __future__ import annotations

from shared.errors import BuddyError, ProviderError
from shared.ids import new_id
from shared.money import Money


def test_money_is_printed_in_its_major_unit() -> None:
    assert str(Money(1999)) == "19.99 USD"
    assert str(Money(123456, "eur")) == "1,234.56 EUR"
    assert str(Money(5)) == "0.05 USD"


def test_money_compares_by_amount() -> None:
    assert Money(100) < Money(200)


def test_an_id_names_its_kind_and_is_never_the_same() -> None:
    ids = {new_id("call") for _ in range(100)}

    assert len(ids) == 100
    assert all(one.startswith("call_") for one in ids)


def test_a_vendors_failure_names_the_vendor() -> None:
    failure = ProviderError("deepgram", "went away", retryable=True)

    assert isinstance(failure, BuddyError)
    assert (str(failure), failure.retryable) == ("deepgram: went away", True)
