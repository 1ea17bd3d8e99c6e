"""A call that goes on with another stream: what is kept, what is counted, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shared.database import Database, key_ring
from shared.domain.timings import CallFigures
from shared.ids import CallId
from shared.services import calls, resumptions, talk_time
from shared.services.call_ends import figures_of
from shared.services.call_record import spoken
from shared.services.calls import OpenedCall, StreamRefused
from shared.services.resumptions import MOST_RESUMES, Resumption, UnansweredView
from shared.tables.call import BeingSaid, Call, Entry, TurnTiming, Unanswered
from shared.tables.talk_time import LedgerEntry
from tests.support.builders import NOW, open_call, published_persona

FIRST = "MZCA1"

FIGURES = CallFigures(450.0, 2, 1, speculations_prepared=4, speculations_committed=3)


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def talking_call(database: Database, *, used: int = 7, renewed: float = 7.0) -> OpenedCall:
    """Return a call whose buddy has the floor; it last told what it used at that second."""
    opened = open_call(database)
    version_id = published_persona(database)
    database.transact_now(
        calls.record_consent, call_id=opened.call_id, wording_version="v1", now=NOW
    )
    database.transact_now(
        calls.choose_persona, call_id=opened.call_id, persona_version_id=version_id, now=NOW
    )
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)
    database.transact_now(
        talk_time.reserve, call_id=opened.call_id, used_seconds=used, now=NOW + at(renewed)
    )
    return opened


def resume(database: Database, *, seconds: float, stream_sid: str = "MZ2") -> OpenedCall:
    resumable = database.transact_now(
        resumptions.resume_call, call_sid="CA1", now=NOW + at(seconds)
    )
    assert resumable is not None
    return database.transact_now(
        calls.open_stream,
        call_sid="CA1",
        stream_sid=stream_sid,
        token=resumable.stream_token,
        now=NOW + at(seconds + 1),
    )


def lose(database: Database, opened: OpenedCall, *, used: int, seconds: float) -> None:
    database.transact_now(
        resumptions.lose_stream,
        call_id=opened.call_id,
        stream_sid=FIRST,
        reason="line_lost",
        used_seconds=used,
        figures=FIGURES,
        now=NOW + at(seconds),
    )


def end(
    database: Database, opened: OpenedCall, *, used: int, stream_sid: str, seconds: float = 60
) -> None:
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=used,
        now=NOW + at(seconds),
        stream_sid=stream_sid,
    )


def row(database: Database, opened: OpenedCall) -> Call:
    def read(session: Session) -> Call:
        call = session.get_one(Call, opened.call_id)
        session.expunge(call)
        return call

    return database.transact_now(read)


def left_and_booked(database: Database, opened: OpenedCall) -> tuple[int, int]:
    left = database.transact_now(talk_time.overview, account_id=opened.account_id, now=NOW)
    booked = database.transact_now(
        lambda session: sum(
            session.exec(
                select(LedgerEntry.seconds).where(LedgerEntry.account_id == opened.account_id)
            )
        )
    )
    return left.seconds_left, booked


def resumption_of(opened: OpenedCall) -> Resumption:
    assert opened.resumption is not None
    return opened.resumption


def add_words(
    database: Database, call_id: CallId, *, said: tuple[str, ...], unanswered: str | None = None
) -> None:
    """Write entries of both sides in turn, and what has not been answered."""

    def add(session: Session) -> None:
        ring = key_ring(session)
        for number, text in enumerate(said, start=1):
            session.add(
                Entry(
                    call_id=call_id,
                    sequence=number,
                    side="caller" if number % 2 else "buddy",
                    offset_ms=number * 1000,
                    said_at=NOW + at(number),
                    sealed_text=ring.seal(text, "entry", call_id, number),
                )
            )
        if unanswered is not None:
            session.merge(
                Unanswered(
                    call_id=call_id,
                    sealed_text=ring.seal(unanswered, "unanswered", call_id),
                    said_at=NOW + at(len(said)),
                    is_whole=True,
                )
            )

    database.transact_now(add)


@pytest.mark.parametrize("is_resumed", [False, True])
def test_what_a_killed_process_told_with_its_last_turn_counts(
    database: Database, *, is_resumed: bool
) -> None:
    opened = talking_call(database)

    def add_turns(session: Session) -> None:
        session.add(TurnTiming(call_id=opened.call_id, turn=1, answer_ms=450.0, interruptions=1))
        session.add(
            TurnTiming(
                call_id=opened.call_id,
                turn=2,
                answer_ms=450.0,
                interruptions=2,
                underruns=1,
                speculations_prepared=4,
                speculations_committed=3,
            )
        )

    database.transact_now(add_turns)
    if is_resumed:
        assert resumption_of(resume(database, seconds=9)).figures == FIGURES
    else:
        database.transact_now(lambda s: list(talk_time.sweep(s, now=NOW + at(900))))

    assert figures_of(row(database, opened)) == FIGURES


def test_pace_that_was_asked_for_goes_on_with_the_call(database: Database) -> None:
    opened = talking_call(database)
    database.transact_now(calls.slow_down, call_id=opened.call_id, slower=2)

    assert resumption_of(resume(database, seconds=9)).slower == 2


def say_half(database: Database, call_id: CallId, *, sequence: int) -> None:
    """Keep that a buddy has come to the middle of a sentence, as the voice service does."""

    def add(session: Session) -> None:
        ring = key_ring(session)
        session.merge(
            BeingSaid(
                call_id=call_id,
                sequence=sequence,
                offset_ms=9000,
                said_at=NOW + at(9),
                sealed_text=ring.seal("Salt is", "entry", call_id, sequence),
                sealed_unheard=ring.seal("salty.", "unheard", call_id, sequence),
            )
        )

    database.transact_now(add)


def cut_off(database: Database, call_id: CallId) -> list[tuple[int, str, str]]:
    """Return the sentences that broke off; that nothing more is being said is true by then."""
    assert database.transact_now(lambda s: s.exec(select(BeingSaid)).all()) == []
    entries = database.transact_now(lambda session: spoken(session, call_id))
    return [(one.sequence, one.text, one.unheard) for one in entries if one.was_interrupted]


def test_sentence_that_the_process_died_in_is_known_to_who_goes_on(database: Database) -> None:
    opened = talking_call(database)
    add_words(database, opened.call_id, said=("what is salt",))
    say_half(database, opened.call_id, sequence=2)

    again = resume(database, seconds=9)

    last = resumption_of(again).entries[-1]
    assert (last.side, last.text, last.unheard) == ("buddy", "Salt is", "salty.")
    assert (last.said_at, last.offset_seconds) == (NOW + at(9), 9)
    assert cut_off(database, opened.call_id) == [(2, "Salt is", "salty.")]


def test_sentence_that_was_kept_twice_is_written_once_and_as_it_is_now(
    database: Database,
) -> None:
    opened = talking_call(database)
    say_half(database, opened.call_id, sequence=1)
    add_words(database, opened.call_id, said=("one moment",))
    say_half(database, opened.call_id, sequence=2)

    resume(database, seconds=9)

    assert cut_off(database, opened.call_id) == [(2, "Salt is", "salty.")]


def test_sentence_of_a_call_that_nobody_goes_on_with_is_written_down(database: Database) -> None:
    opened = talking_call(database)
    say_half(database, opened.call_id, sequence=1)

    database.transact_now(lambda s: list(talk_time.sweep(s, now=NOW + at(900))))

    assert cut_off(database, opened.call_id) == [(1, "Salt is", "salty.")]


@pytest.mark.parametrize("is_lost", [False, True])
def test_process_that_lives_writes_its_last_sentence_itself(
    database: Database, *, is_lost: bool
) -> None:
    opened = talking_call(database)
    say_half(database, opened.call_id, sequence=1)

    if is_lost:
        lose(database, opened, used=8, seconds=9)
    else:
        end(database, opened, used=8, stream_sid=FIRST)

    assert cut_off(database, opened.call_id) == []


def test_first_stream_resumes_nothing(database: Database) -> None:
    assert open_call(database).resumption is None


def test_the_next_stream_knows_what_the_call_has_come_to(database: Database) -> None:
    opened = talking_call(database)
    add_words(database, opened.call_id, said=("hello", "hi", "what is salt"), unanswered="what is")

    again = resume(database, seconds=9)

    resumption = resumption_of(again)
    assert again.call_id == opened.call_id
    assert (resumption.began_at, resumption.has_consented, resumption.menu_key) == (NOW, True, 2)
    assert [entry.text for entry in resumption.entries] == ["hello", "hi", "what is salt"]
    assert resumption.unanswered == UnansweredView(
        "what is", NOW + at(3), is_whole=True, is_written=True
    )
    assert (resumption.sequence, resumption.turns) == (1000, 0)


def test_seconds_until_the_stream_broke_are_used_and_those_without_one_are_not(
    database: Database,
) -> None:
    opened = talking_call(database, used=7, renewed=7)

    again = resume(database, seconds=9.5)  # Twilio asks at once, and opens the stream later

    assert resumption_of(again).used_seconds == 9
    held = database.transact_now(
        talk_time.reserve, call_id=opened.call_id, used_seconds=9, now=NOW + at(11)
    )
    assert held.held_seconds == 19
    end(database, opened, used=30, stream_sid="MZ2")
    assert left_and_booked(database, opened) == (270, 270)


def test_what_a_living_process_told_is_not_guessed(database: Database) -> None:
    opened = talking_call(database, used=7, renewed=7)
    lose(database, opened, used=8, seconds=10)

    again = resume(database, seconds=12)

    resumption = resumption_of(again)
    assert (resumption.used_seconds, resumption.figures) == (8, FIGURES)


def test_what_it_tells_after_another_went_on_changes_nothing(database: Database) -> None:
    opened = talking_call(database)
    resume(database, seconds=9)

    lose(database, opened, used=25, seconds=20)
    end(database, opened, used=26, stream_sid=FIRST)

    call = row(database, opened)
    assert (call.ended_at, call.stream_lost_at, call.stream_sid) == (None, None, "MZ2")
    end(database, opened, used=12, stream_sid="MZ2")
    assert left_and_booked(database, opened) == (288, 288)


def test_call_that_nobody_goes_on_with_ends_as_lost_and_costs_what_was_used(
    database: Database,
) -> None:
    opened = talking_call(database)
    lose(database, opened, used=8, seconds=10)

    swept = database.transact_now(talk_time.sweep, now=NOW + at(10 + talk_time.LEASE_SECONDS + 1))

    call = row(database, opened)
    assert swept == (opened.call_id,)
    assert (call.end_reason, call.talk_seconds) == ("line_lost", 8)
    assert left_and_booked(database, opened) == (292, 292)
    assert database.transact_now(resumptions.resume_call, call_sid="CA1", now=NOW + at(60)) is None


def test_end_that_twilio_tells_settles_a_lost_call_at_once(database: Database) -> None:
    opened = talking_call(database)
    lose(database, opened, used=8, seconds=10)

    database.transact_now(
        calls.update_status,
        call_sid="CA1",
        status="completed",
        sequence_number=3,
        duration_seconds=20,
        now=NOW + at(11),
    )

    call = row(database, opened)
    assert (call.end_reason, call.status, call.talk_seconds) == ("line_lost", "completed", 8)
    assert left_and_booked(database, opened) == (292, 292)


def test_stream_that_breaks_after_twilio_told_of_the_end_settles_the_call(
    database: Database,
) -> None:
    opened = talking_call(database)
    database.transact_now(
        calls.update_status,
        call_sid="CA1",
        status="completed",
        sequence_number=3,
        duration_seconds=20,
        now=NOW + at(9),
    )

    lose(database, opened, used=8, seconds=10)

    assert (row(database, opened).end_reason, left_and_booked(database, opened)) == (
        "line_lost",
        (292, 292),
    )


def test_whoever_dials_anew_is_not_held_up_by_the_call_that_broke(database: Database) -> None:
    opened = talking_call(database)
    lose(database, opened, used=8, seconds=10)

    again = open_call(database, "CA2", now=NOW + at(15))

    assert (again.refusal, again.seconds_left) == (None, 292)
    assert row(database, opened).end_reason == "line_lost"


def test_call_swept_too_early_goes_on_all_the_same(database: Database) -> None:
    opened = talking_call(database)
    late = talk_time.LEASE_SECONDS + 8.0
    database.transact_now(talk_time.sweep, now=NOW + at(late))

    again = resume(database, seconds=late + 1)

    assert resumption_of(again).used_seconds <= 17
    assert row(database, opened).ended_at is None
    end(database, opened, used=20, stream_sid="MZ2")
    assert left_and_booked(database, opened) == (280, 280)


def test_call_goes_on_only_so_often(database: Database) -> None:
    talking_call(database)
    for number in range(MOST_RESUMES):
        resume(database, seconds=9 + number, stream_sid=f"MZ{number + 2}")

    assert database.transact_now(resumptions.resume_call, call_sid="CA1", now=NOW + at(30)) is None


def test_nothing_goes_on_with_a_call_that_has_ended_or_never_was(database: Database) -> None:
    opened = talking_call(database)
    end(database, opened, used=9, stream_sid=FIRST)

    for call_sid in ("CA1", "CA404"):
        resumable = database.transact_now(
            resumptions.resume_call, call_sid=call_sid, now=NOW + at(61)
        )
        assert resumable is None


def test_token_of_a_resumption_is_good_once_and_the_first_stream_is_not_replayed(
    database: Database,
) -> None:
    talking_call(database)
    replayed = database.transact_now(
        calls.take_call, call_sid="CA1", number=None, is_attested=False, now=NOW + at(8)
    )

    def open_with(token: str) -> None:
        database.transact_now(
            calls.open_stream, call_sid="CA1", stream_sid="MZ9", token=token, now=NOW + at(9)
        )

    with pytest.raises(StreamRefused):
        open_with(replayed.stream_token)
    resumable = database.transact_now(resumptions.resume_call, call_sid="CA1", now=NOW + at(9))
    assert resumable is not None
    open_with(resumable.stream_token)
    with pytest.raises(StreamRefused):
        open_with(resumable.stream_token)


def test_call_without_a_buddy_goes_back_to_reception(database: Database) -> None:
    open_call(database)

    again = resume(database, seconds=5)

    resumption = resumption_of(again)
    assert (resumption.menu_key, resumption.has_consented, resumption.used_seconds) == (
        None,
        False,
        0,
    )


def test_lost_call_that_never_met_a_buddy_is_ended_after_a_minute(database: Database) -> None:
    opened = open_call(database)
    lose(database, opened, used=0, seconds=5)

    early = database.transact_now(calls.end_forgotten, now=NOW + at(60))
    late = database.transact_now(calls.end_forgotten, now=NOW + at(66))

    assert (early, late) == ((), (opened.call_id,))
    assert row(database, opened).end_reason == "line_lost"


def test_what_was_not_answered_is_gone_with_the_call(database: Database) -> None:
    opened = talking_call(database)
    add_words(database, opened.call_id, said=("hello",), unanswered="hello")

    end(database, opened, used=9, stream_sid=FIRST)

    assert database.transact_now(lambda s: s.get(Unanswered, opened.call_id)) is None
