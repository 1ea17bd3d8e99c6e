"""Who dials again after a call that broke off, and what they may be told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, update

from shared.database import Database, key_ring
from shared.phone import PhoneNumber
from shared.services import calls
from shared.services.redials import BrokenOff
from shared.tables.call import Call, Entry
from tests.support.builders import KIM, NOW, SAM, open_call, published_persona


def talk(
    database: Database,
    *said: tuple[str, str],
    reason: str = "caller_hung_up",
    number: PhoneNumber | None = SAM,
    persona: bool = True,
) -> None:
    """Make a call in which this was said, and which ended so."""
    opened = open_call(database, number=number)
    if persona:
        version_id = published_persona(database)
        database.transact_now(
            calls.choose_persona, call_id=opened.call_id, persona_version_id=version_id, now=NOW
        )

    def write(session: Session) -> None:
        for number_, (side, text) in enumerate(said, start=1):
            sealed = key_ring(session).seal(text, "entry", opened.call_id, number_)
            session.add(
                Entry(
                    call_id=opened.call_id,
                    sequence=number_,
                    side=side,
                    offset_ms=0,
                    said_at=NOW,
                    sealed_text=sealed,
                )
            )

    database.transact_now(write)
    database.transact_now(
        calls.end_call, call_id=opened.call_id, end_reason=reason, used_seconds=9, now=NOW
    )


def redial(
    database: Database,
    *,
    minutes: float = 9,
    number: PhoneNumber | None = SAM,
    is_proved: bool = True,
) -> BrokenOff | None:
    at = NOW + timedelta(minutes=minutes)
    taken = database.transact_now(
        calls.take_call, call_sid="CA2", number=number, is_attested=True, now=at
    )
    if is_proved:
        database.transact_now(
            lambda session: session.execute(
                update(Call).where(Call.id == taken.call_id).values(proved_at=at)  # type: ignore[arg-type]
            )
        )
    return database.transact_now(
        calls.open_stream,
        call_sid="CA2",
        stream_sid="MZ2",
        token=taken.stream_token,
        now=at,
    ).broken_off


TALK = (("caller", "what about salt"), ("buddy", "Salt is salty."))


@pytest.mark.parametrize(
    "reason", ["line_lost", "failed", "recogniser_lost", "service_ending", "caller_hung_up"]
)
def test_call_that_broke_off_is_offered_again(database: Database, reason: str) -> None:
    talk(database, *TALK, reason=reason)

    offered = redial(database)

    assert offered is not None
    assert (offered.menu_key, offered.was_cut) == (2, reason != "caller_hung_up")
    assert [entry.text for entry in offered.entries] == ["what about salt", "Salt is salty."]


def test_number_without_proof_hears_nothing_of_what_was_said(database: Database) -> None:
    talk(database, *TALK, reason="line_lost")

    assert redial(database, is_proved=False) == BrokenOff(2, (), was_cut=True)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((*TALK, ("caller", "thanks, bye bye")), "caller_hung_up"),
        ((*TALK, ("buddy", "Take care, Sam!")), "caller_hung_up"),
        ((("buddy", "Hi, Ben here."),), "caller_hung_up"),
        (TALK, "talk_time_over"),
        (TALK, "caller_silent"),
    ],
)
def test_call_that_came_to_its_end_is_not_offered_again(
    database: Database, said: tuple[tuple[str, str], ...], reason: str
) -> None:
    talk(database, *said, reason=reason)

    assert redial(database) is None


def test_nobody_else_and_nobody_later_is_offered_it(database: Database) -> None:
    talk(database, *TALK, reason="line_lost")

    assert redial(database, minutes=11) is None


@pytest.mark.parametrize("number", [KIM, None])
def test_it_is_offered_to_the_same_number_only(
    database: Database, number: PhoneNumber | None
) -> None:
    talk(database, *TALK, reason="line_lost")

    assert redial(database, number=number) is None


def test_withheld_number_is_offered_nothing(database: Database) -> None:
    talk(database, *TALK, reason="line_lost", number=None)

    assert redial(database, number=None) is None


def test_call_that_never_met_a_buddy_is_nothing_to_go_on_with(database: Database) -> None:
    talk(database, reason="line_lost", persona=False)

    assert redial(database) is None
