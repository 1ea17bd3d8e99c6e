"""What a running call takes and owes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.allowance import charge, seconds_wanted

seconds = st.integers(0, 10_000)


def test_a_call_asks_for_a_quantum_at_its_start_and_tops_it_up() -> None:
    assert seconds_wanted(held=0, used=0, quantum=10) == 10
    assert seconds_wanted(held=10, used=7, quantum=10) == 7


def test_a_call_that_asks_again_gets_nothing_more() -> None:
    assert seconds_wanted(held=10, used=0, quantum=10) == 0


def test_a_call_that_talked_on_without_asking_wants_that_too() -> None:
    assert seconds_wanted(held=10, used=25, quantum=10) == 25


@given(held=seconds, used=seconds, quantum=st.integers(1, 60))
def test_what_a_call_asks_for_puts_it_a_quantum_ahead(held: int, used: int, quantum: int) -> None:
    held = min(held, used + quantum)  # as it is when only this rule ever granted

    assert held + seconds_wanted(held=held, used=used, quantum=quantum) == used + quantum


@given(held=seconds, taken=seconds, used=seconds)
def test_a_call_owes_no_more_than_it_took_and_no_more_than_it_used(
    held: int, taken: int, used: int
) -> None:
    taken = min(taken, held)

    owed = charge(held=held, taken=taken, used=used)

    assert 0 <= owed <= min(taken, used)
    assert owed == taken or used < held


def test_free_seconds_are_used_up_first() -> None:
    assert charge(held=30, taken=10, used=20) == 0
    assert charge(held=30, taken=10, used=24) == 4
    assert charge(held=30, taken=30, used=24) == 24
