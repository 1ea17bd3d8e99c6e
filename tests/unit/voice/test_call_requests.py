"""What callers ask of the call itself, on a whole call: what they hear, and what is kept."""

from __future__ import annotations

import pytest

from tests.support.scripted_call import ScriptedCall, call, moment
from voice.conversation import bridges
from voice.conversation.commands import Side
from voice.conversation.reception import Visitor
from voice.conversation.turn_rules import TurnRules

BEN_HERE = bridges.taking_up("Ben")


def phone() -> ScriptedCall:
    return ScriptedCall(rules=TurnRules(speculations=0))


def test_hand_over_is_heard_in_both_voices_and_the_new_buddy_knows_the_talk() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me of bears")
        await phone.until_heard("You said tell me of bears.")
        phone.model.answer("A bear it is.")
        await phone.talk("let me talk to Ben")
        await phone.until_heard("A bear it is.")
        await phone.talk("and then")
        await phone.until_heard("You said and then.")
        phone.leg.hang_up()

    done = call(phone, script)

    assert f"{bridges.HANDING_OVER}{BEN_HERE}A bear it is." in done.heard
    voices = {request.text: request.voice.name for request in done.voice.requests}
    assert voices[bridges.HANDING_OVER] == "voice-1"
    assert voices["A bear it is."] == "voice-2"
    assert done.record.chosen == ["lisa", "ben"]
    rows = [(e.text, e.buddy) for e in done.record.entries if e.side is Side.BUDDY]
    assert rows[2:5] == [(bridges.HANDING_OVER, 1), (BEN_HERE, 2), ("A bear it is.", 2)]
    taking_up, following = done.model.requests[-2:]
    assert taking_up.messages[0].text.find("You are Ben.") >= 0
    asked, begun, _cue = taking_up.messages[1:]
    assert "Caller: tell me of bears\nLisa: You said tell me of bears." in asked.text
    assert "let me talk to Ben" in asked.text
    assert (begun.role, begun.text) == ("assistant", BEN_HERE)
    assert [m.role for m in following.messages] == ["system", "user", "assistant", "user"]
    assert following.messages[2].text == f"{BEN_HERE} A bear it is."


def test_what_is_said_again_was_kept_and_costs_no_second_synthesis() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me of bears")
        await phone.until_heard("You said tell me of bears.")
        await moment(0.5)
        phone.leg.press("*")
        phone.leg.press("1")
        await phone.until_heard("bears.You said tell me of bears.")
        phone.leg.hang_up()

    done = call(phone, script)

    assert [r.text for r in done.voice.requests].count("You said tell me of bears.") == 1
    assert len(done.model.requests) == 1


def test_slower_is_slower_from_then_on() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("one")
        await phone.until_heard("You said one.")
        phone.leg.press("*")
        phone.leg.press("2")
        await phone.until_heard("slower.")
        await phone.talk("two")
        await phone.until_heard("You said two.")
        phone.leg.hang_up()

    done = call(phone, script)

    speeds = {request.text: request.voice.speed for request in done.voice.requests}
    assert (speeds["You said one."], speeds["You said two."]) == (1.0, 0.85)


@pytest.mark.parametrize("way", ["*9", "off the record"])
def test_nothing_off_the_record_is_written_though_the_talk_goes_on(way: str) -> None:
    async def ask(phone: ScriptedCall, words: str) -> None:
        if way == "*9":
            for key in way:
                phone.leg.press(key)
        else:
            await phone.talk(words)

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await ask(phone, "off the record")
        await phone.until_heard("off the record.")
        await phone.talk("I am a bear")
        await phone.until_heard("You said I am a bear.")
        await ask(phone, "back on the record")
        await phone.until_heard("on the record.")
        await phone.talk("tell me more")
        await phone.until_heard("You said tell me more.")
        phone.leg.hang_up()

    done = call(phone, script)

    assert done.record.dividers == ["off", "on"]
    assert "bear" not in str(done.record.entries)
    assert "bear" not in str(done.record.interims)
    assert [t.text for t in done.record.entries][-2:] == ["tell me more", "You said tell me more."]
    assert "bear" not in str(done.model.requests[-1].messages)


def test_menu_instead_of_the_favourite_and_another_buddy_from_it() -> None:
    async def script(phone: ScriptedCall) -> None:
        for key in "*0":
            phone.leg.press(key)
        await phone.until_heard("menu.")
        phone.leg.press("2")
        await phone.until_heard("Ben here.")
        for key in "*0":
            phone.leg.press(key)
        await phone.until_heard("buddy menu.")
        phone.leg.press("1")
        await phone.until_heard(bridges.taking_up("Lisa"))
        phone.leg.hang_up()

    done = call(lambda: ScriptedCall(visitor=Visitor(favourite_key=1)), script)

    assert done.record.chosen == ["ben", "lisa"]


def test_skipped_story_stops_and_the_buddy_listens() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.model.answer("Once upon a time there was a bear who sang. And so on and on it went.")
        await phone.talk("tell me a story")
        await phone.until_heard("Once upon")
        phone.leg.press("#")
        await moment(0.3)
        await phone.talk("and you")
        await phone.until_heard("You said and you.")
        phone.leg.hang_up()

    done = call(phone, script)

    assert "on it went." not in done.heard
    assert done.leg.clears >= 1


@pytest.mark.parametrize(("is_by_key", "turns"), [(False, 2), (True, 1)])
def test_handing_over_has_the_times_of_a_turn_where_words_asked_for_it(
    *, is_by_key: bool, turns: int
) -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("one")
        await phone.until_heard("You said one.")
        if is_by_key:
            for key in "*0":
                phone.leg.press(key)
            await phone.until_heard("buddy menu.")
            phone.leg.press("2")
        else:
            await phone.talk("let me talk to Ben")
        await phone.until_heard("Ben here")
        await moment(2)
        phone.leg.hang_up()

    timings = call(phone, script).record.timings

    assert [timing.turn for timing in timings] == list(range(1, turns + 1))
    assert all(timing.gap_ms is not None for timing in timings)
