"""What a call says at once, because it was made before it was needed."""

from __future__ import annotations

import pytest

from tests.support.fakes import ScriptedReply
from tests.support.scripted_call import FILLERS, TEXTS, ScriptedCall, call, longest_gap
from voice.conversation import honesty
from voice.conversation.commands import Announcement, EndReason
from voice.conversation.turn_rules import TurnRules

RULES = TurnRules(speculations=0)
HM = FILLERS[0]


def slow_call(first_token_seconds: float, *fillers: str) -> ScriptedCall:
    phone = ScriptedCall(rules=RULES)
    phone.made_ahead.words = {words: words for words in fillers}
    phone.model.answer(ScriptedReply("Here it is.", first_token_seconds))
    return phone


async def ask(phone: ScriptedCall) -> None:
    await phone.until_heard("Lisa here.")
    await phone.talk("tell me a story")
    await phone.until_heard("Here it is.")
    phone.leg.hang_up()


def answered_at(phone: ScriptedCall) -> float:
    """Return when the caller first heard something after the first turn."""
    return min(p.started_at for p in phone.leg.playbacks if p.started_at > phone.speech[0][1])


def test_a_slow_reply_is_covered_within_a_second_of_the_turns_end() -> None:
    phone = call(lambda: slow_call(2.5, *FILLERS), ask)

    turn_ended_at = phone.speech[0][1] + RULES.pause
    assert f"{HM}Here it is." in phone.heard
    assert answered_at(phone) == pytest.approx(turn_ended_at + RULES.filler_after, abs=0.1)
    assert longest_gap(phone) < 2


@pytest.mark.parametrize("fillers", [(), FILLERS])
def test_a_quick_reply_is_not(fillers: tuple[str, ...]) -> None:
    phone = call(lambda: slow_call(0.4, *fillers), ask)

    assert phone.heard == "notice.Hi, Lisa here.Here it is."


def test_the_transcript_shows_the_filler_and_the_model_is_not_told() -> None:
    async def ask_twice(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Here it is.")
        await phone.talk("and another")
        await phone.until_heard("another.")
        phone.leg.hang_up()

    phone = call(lambda: slow_call(2.0, *FILLERS), ask_twice)

    assert HM in [entry.text for entry in phone.record.entries]
    assert [message.text for message in phone.model.requests[1].messages[1:]] == [
        "Hi, Lisa here.",
        "tell me a story",
        "Here it is.",
        "and another",
    ]


def test_the_buddy_asks_in_its_own_voice_whether_anybody_is_there() -> None:
    def phone_of() -> ScriptedCall:
        phone = ScriptedCall()
        phone.made_ahead.words = {
            TEXTS[Announcement.ARE_YOU_THERE]: "[lisa asks]",
            TEXTS[Announcement.STILL_HERE]: "[lisa waits]",
        }
        return phone

    async def say_nothing(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")

    phone = call(phone_of, say_nothing)

    assert (
        phone.heard
        == f"notice.Hi, Lisa here.[lisa asks][lisa waits]{TEXTS[Announcement.SILENT_GOODBYE]}"
    )
    assert phone.reason is EndReason.CALLER_SILENT


def test_who_asks_whether_it_is_human_is_answered_without_a_voices_delay() -> None:
    def phone_of() -> ScriptedCall:
        phone = ScriptedCall(rules=RULES)
        phone.made_ahead.words = {honesty.ANSWER: "I am an AI."}
        return phone

    async def doubt(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("are you a human")
        await phone.until_heard("I am an AI.")
        phone.leg.hang_up()

    phone = call(phone_of, doubt)

    turn_ended_at = phone.speech[0][1] + RULES.pause
    assert answered_at(phone) == pytest.approx(turn_ended_at, abs=0.1)
    assert phone.voice.requests == []


def test_the_buddys_voice_is_warm_before_it_is_needed() -> None:
    phone = call(lambda: slow_call(0.4), ask)

    assert phone.warmed == ["voice-1"]
