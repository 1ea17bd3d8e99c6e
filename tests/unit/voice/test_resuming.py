"""A call that goes on in another process, from what was kept of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.timings import CallFigures
from shared.services.call_record import EntryKind, EntryView, Side
from shared.services.redials import BrokenOff
from shared.services.resumptions import Resumption, UnansweredView
from tests.support.scripted_call import ScriptedCall, call, persona, stranger
from voice.caller import Caller
from voice.conversation.commands import EndReason, Message, WriteEntry
from voice.conversation.commands import Side as Speaks
from voice.conversation.reception import Visitor
from voice.conversation.recovery import Recovered
from voice.resuming import recovered as recovered_with
from voice.resuming import redial

BEGAN = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
BACK = Visitor(is_back=True, favourite_key=1)


def said(*lines: tuple[Side, str], **more: Any) -> tuple[EntryView, ...]:
    return tuple(
        EntryView(
            sequence=number,
            side=side,
            text=text,
            unheard="",
            offset_seconds=number,
            said_at=BEGAN + timedelta(seconds=number),
            **{"was_interrupted": False, "buddy": "Lisa", **more},
        )
        for number, (side, text) in enumerate(lines, start=1)
    )


def left(text: str, *, is_whole: bool = True, is_written: bool = False) -> UnansweredView:
    return UnansweredView(text, BEGAN, is_whole=is_whole, is_written=is_written)


def before(entries: tuple[EntryView, ...], unanswered: UnansweredView | None = None) -> Resumption:
    return Resumption(
        began_at=BEGAN,
        has_consented=True,
        menu_key=1,
        entries=entries,
        unanswered=unanswered,
        sequence=1000,
        turns=1,
        used_seconds=9,
        figures=CallFigures(),
    )


def recovered(before: Resumption) -> Recovered:
    return recovered_with(before, {"Lisa": 1, "Ben": 2})


TOLD = said(
    (Side.LINE, "This is an AI."),
    (Side.BUDDY, "Hi, Lisa here."),
    (Side.BUDDY, "What is up?"),
    (Side.CALLER, "what about salt"),
)


def test_question_that_was_not_answered_is_owed() -> None:
    resumed = recovered(before(TOLD, left("what about salt", is_written=True)))

    assert resumed.history == (
        Message(Speaks.BUDDY, "Hi, Lisa here. What is up?", buddy=1),
        Message(Speaks.CALLER, "what about salt"),
    )
    assert resumed.words == (
        "Sorry, I lost you for a second.",
        "You were asking about salt.",
    )
    assert (resumed.owes_reply, resumed.rows, resumed.menu_key) == (True, (), 1)


def test_it_is_owed_too_where_only_the_transcript_tells() -> None:
    assert recovered(before(TOLD)).owes_reply


def test_words_that_no_entry_holds_yet_become_one() -> None:
    resumed = recovered(before(TOLD[:3], left("and pepper")))

    assert resumed.rows == (WriteEntry(Speaks.CALLER, "and pepper"),)
    assert resumed.history[-1] == Message(Speaks.CALLER, "and pepper")
    assert resumed.owes_reply


def test_caller_cut_off_in_mid_sentence_goes_on() -> None:
    resumed = recovered(before(TOLD[:3], left("i went to the", is_whole=False)))

    assert not resumed.owes_reply
    assert resumed.words[-1] == "You were saying: i went to the. Please go on."


def test_buddy_cut_off_in_mid_reply_owes_the_rest_and_nobody_interrupted() -> None:
    half = said((Side.BUDDY, "Salt is"), was_interrupted=True)

    resumed = recovered(before((*TOLD, *half), left("what about salt", is_written=True)))

    assert resumed.owes_reply
    assert resumed.history[-1] == Message(Speaks.BUDDY, "Salt is", buddy=1)


def test_buddy_that_was_done_leaves_the_floor_to_the_caller() -> None:
    done = said(*[(one.side, one.text) for one in TOLD], (Side.BUDDY, "Salt is salty."))

    resumed = recovered(before(done))

    assert not resumed.owes_reply
    assert resumed.words[-1] == "You were asking about salt. Please go on."


def test_who_said_what_is_known_after_a_hand_off() -> None:
    lisa = said((Side.BUDDY, "Over to Ben."))
    ben = said((Side.BUDDY, "Ben here."), (Side.CALLER, "hi"), buddy="Ben")

    resumed = recovered(before((*TOLD, *lisa, *ben)))

    assert [message.buddy for message in resumed.history] == [1, 0, 1, 2, 0]


def test_nothing_was_said_yet() -> None:
    assert recovered(before(())).words == ("Sorry, I lost you for a second. Please go on.",)


@pytest.mark.parametrize(
    ("kinds", "is_off"),
    [
        ((), False),
        ((EntryKind.OFF_RECORD,), True),
        ((EntryKind.OFF_RECORD, EntryKind.ON_RECORD), False),
    ],
)
def test_call_stays_off_the_record(kinds: tuple[EntryKind, ...], *, is_off: bool) -> None:
    dividers = tuple(said((Side.LINE, ""), kind=kind)[0] for kind in kinds)

    assert recovered(before((*TOLD, *dividers))).is_off_record is is_off


def test_caller_hears_an_apology_and_then_the_answer_that_is_owed() -> None:
    resumed = recovered(before(TOLD, left("what about salt", is_written=True)))

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("You said what about salt.")
        await phone.talk("and pepper")
        await phone.until_heard("You said and pepper.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(visitor=BACK, resumed=resumed), script)

    assert phone.heard == (
        "Sorry, I lost you for a second.You were asking about salt."
        "You said what about salt.You said and pepper."
    )
    assert (phone.reason, phone.record.consents) == (EndReason.CALLER_HUNG_UP, 0)
    assert [timing.turn for timing in phone.record.timings] == [1]  # the answer owed is none
    assert not phone.record.is_off


def test_caller_who_has_the_floor_is_asked_to_go_on_and_nothing_is_generated() -> None:
    resumed = recovered(before(TOLD[:3], left("i went to the", is_whole=False)))

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Please go on.")
        await phone.talk("zoo")
        await phone.until_heard("You said zoo.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(visitor=BACK, resumed=resumed), script)

    texts = [entry.text for entry in phone.record.entries]
    assert texts[0] == "i went to the"
    assert texts[-2:] == ["zoo", "You said zoo."]
    assert [message.text for message in phone.model.requests[0].messages[1:]] == [
        "Hi, Lisa here. What is up?",
        "i went to the",
        "Sorry, I lost you for a second. You were saying: i went to the. Please go on.",
        "zoo",
    ]


def test_half_an_answer_is_gone_on_with() -> None:
    half = said(*[(one.side, one.text) for one in TOLD], (Side.BUDDY, "Salt is"))
    resumed = recovered(before(half, left("what about salt", is_written=True)))

    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("salty, as you know.")
        await phone.until_heard("salty, as you know.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(visitor=BACK, resumed=resumed), script)

    assert [message.role for message in phone.model.requests[0].messages[-3:]] == [
        "user",
        "assistant",
        "user",
    ]
    assert phone.model.requests[0].messages[-2].text == "Salt is"


def test_how_far_a_sentence_was_heard_is_told_with_every_mark() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(f"Salt {'and pepper ' * 20}is what the sea is made of.")
        await phone.until_heard("Lisa here.")
        await phone.talk("what about salt")
        await phone.until_heard("sea is made of.")
        phone.leg.hang_up()

    shares = call(ScriptedCall, script).record.shares

    assert len(shares) > 3
    assert all(0 < share < 1 for share in shares)


def test_what_was_off_the_record_stays_so() -> None:
    off = said((Side.LINE, ""), kind=EntryKind.OFF_RECORD)
    resumed = recovered(before((*TOLD[:3], *off)))

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Please go on.")
        phone.leg.hang_up()

    assert call(lambda: ScriptedCall(visitor=BACK, resumed=resumed), script).record.is_off


def test_who_asked_for_slower_speech_still_hears_it_and_may_ask_as_often_as_before() -> None:
    resumed = recovered(before(TOLD))

    def slowed() -> ScriptedCall:
        phone = ScriptedCall(visitor=BACK, resumed=resumed)
        phone.caller.slower = 1
        return phone

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("You said what about salt.")
        phone.leg.press("*")
        phone.leg.press("2")
        await phone.until_heard("slower.")
        phone.leg.press("*")
        phone.leg.press("2")
        await phone.until_heard("slowest.")
        phone.leg.hang_up()

    phone = call(slowed, script)

    assert phone.voice.requests[0].voice.speed == 0.85
    assert (phone.record.times_slower, phone.caller.slower) == (2, 2)


@pytest.mark.parametrize("handing_over", ["", "Of course, I'll"])
def test_who_had_asked_for_another_buddy_is_handed_over(handing_over: str) -> None:
    asked = (Side.CALLER, "let me talk to Ben")
    begun = ((Side.BUDDY, handing_over),) if handing_over else ()
    told = said(*[(one.side, one.text) for one in TOLD], asked, *begun)

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("You said let me talk to Ben.")
        phone.leg.hang_up()

    phone = call(
        lambda: ScriptedCall(visitor=BACK, resumed=recovered(before(told))),
        script,
    )

    assert phone.heard.startswith(
        "Sorry, I lost you for a second.Of course, I'll hand you over.Hi, Ben here."
    )
    assert phone.record.entries[-1].buddy == 2


@pytest.mark.parametrize("heard", ["", "Hi, Lisa"])
def test_who_had_not_heard_the_greeting_is_greeted_again(heard: str) -> None:
    told = said((Side.BUDDY, heard)) if heard else ()

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Hi, Lisa here.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(visitor=BACK, resumed=recovered(before(told))), script)

    assert phone.heard == "Sorry, I lost you for a second.Hi, Lisa here."


def test_who_has_heard_the_greeting_is_not_greeted_again() -> None:
    told = said((Side.BUDDY, "Hi, Lisa here."))

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("go on.")
        phone.leg.hang_up()

    phone = call(
        lambda: ScriptedCall(visitor=BACK, resumed=recovered(before(told))),
        script,
    )

    assert phone.heard == "Sorry, I lost you for a second. Please go on."


def test_other_buddy_than_the_one_that_was_lost_greets_as_ever() -> None:
    resumed = recovered(before(TOLD))
    elsewhere = Visitor(is_back=True, favourite_key=2)

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Hi, Ben here.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(visitor=elsewhere, resumed=resumed), script)

    assert phone.heard.startswith("Hi, Ben here.")


def test_who_dials_again_is_offered_to_go_on_by_the_same_buddy() -> None:
    again = redial(BrokenOff(1, TOLD), {"Lisa": 1, "Ben": 2})

    async def script(phone: ScriptedCall) -> None:
        phone.caller.redial = again
        await phone.until_heard("Shall we go on?")
        await phone.talk("yes please")
        await phone.until_heard("You said yes please.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(name="Sam"), script)

    assert "Hi Sam, Lisa here again. It seems we got cut off just now. You were asking" in (
        phone.heard
    )
    assert "what about salt" in [message.text for message in phone.model.requests[-1].messages]


def test_what_was_asked_of_the_call_itself_is_not_what_it_was_about() -> None:
    asked = said((Side.BUDDY, "Salt is salty."), (Side.CALLER, "let me talk to Ben"))

    again = redial(BrokenOff(1, (*TOLD, *asked), was_cut=False), {"Lisa": 1, "Ben": 2})

    assert again is not None
    assert again.offer == (
        "We talked only a moment ago. You were asking about salt. Shall we go on?"
    )


def test_offer_without_proof_is_neutral_and_the_model_knows_nothing() -> None:
    again = redial(BrokenOff(1, ()), {"Lisa": 1})

    assert again is not None
    assert (again.offer, again.history) == (
        "It seems we got cut off just now. Shall we go on?",
        (),
    )
    assert redial(None, {}) is None


def test_another_buddy_greets_as_ever_after_a_call_that_broke_off() -> None:
    caller = Caller(stranger("Sam"), Visitor(), BEGAN, redial=redial(BrokenOff(1, TOLD), {}))

    assert caller.greeting(persona(2, "Ben")) == "Hi Sam, Ben here."
