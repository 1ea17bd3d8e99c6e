"""Calls recorded on fakes and run again: the same, and with something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.errors import ProviderError
from tests.support.fakes import ScriptedReply, ScriptedSpeech
from tests.support.scripted_call import BEGAN_AT, ScriptedCall, moment
from voice.conversation import events as on
from voice.conversation.commands import EndReason, Message, Side
from voice.conversation.prompts import ModelMessage
from voice.conversation.reception import Visitor
from voice.conversation.recovery import Recovered
from voice.conversation.turn_rules import TurnRules
from voice.replay.comparison import Comparison
from voice.replay.recorder import Recorder
from voice.replay.rerun import Changes, Outcome, UnknownRule, rerun
from voice.replay.tape import Key, Tape, UnreadableTape
from voice.replay.virtual_time import run_in_virtual_time
from voice.timing import Stage

Script = Callable[["RecordedCall"], Awaitable[None]]
LOST = ProviderError("fake", "lost", retryable=True)


class RecordedCall(ScriptedCall):
    """A call on fakes whose ports are recorded."""

    post: Callable[[on.Event], None]  # the way in for whoever stands outside


def recorded(
    script: Script, visitor: Visitor | None = None, resumed: Recovered | None = None
) -> tuple[Outcome, Tape]:
    """Lead a call on fakes, recorded; return what came of it and its tape, stored and read."""

    async def play() -> tuple[Outcome, Tape]:
        phone = RecordedCall(name="Sam", visitor=visitor)
        outcome = Outcome()
        phone.caller.slower = 1 if resumed is not None else 0
        recorder = Recorder(
            phone.desk,
            phone.caller,
            BEGAN_AT,
            asyncio.get_running_loop().time,
            resumed=resumed,
            sequence=1000 if resumed is not None else 0,
        )
        session = recorder.session(
            phone.leg,
            phone.desk,
            caller=phone.caller,
            record=outcome,
            meter=phone.meter,
            pins=phone,
        )
        phone.post = recorder.outside(session.post)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(session.run())
            acting = tasks.create_task(_act(script, phone))
            outcome.reason = await running
            acting.cancel()
        outcome.sent = recorder.tape.sent
        return outcome, Tape.decode(recorder.tape.encode())

    return run_in_virtual_time(play())


async def _act(script: Script, phone: RecordedCall) -> None:
    await script(phone)


async def story(phone: RecordedCall) -> None:
    """Ask for a story, cut it short, and ask something else."""
    phone.model.answer("Once upon a time there was a bear who sang all day and all night long.")
    await phone.until_heard("Lisa here.")
    await phone.talk("tell me a story")
    await phone.until_heard("Once upon a time")
    await phone.leg.say("please stop that now", then_silence=2)
    await phone.until_heard("You said please stop that now.")
    await moment(1)
    phone.leg.hang_up()


def test_a_stream_that_goes_on_with_a_call_is_run_again_from_what_it_knew() -> None:
    async def go_on(phone: RecordedCall) -> None:
        await phone.until_heard("You said what about salt.")
        await phone.talk("and pepper")
        await phone.until_heard("You said and pepper.")
        phone.leg.hang_up()

    asked = (Message(Side.CALLER, "what about salt"),)
    resumed = Recovered(asked, words=("Sorry.",), owes_reply=True, menu_key=1, has_consented=True)

    first, tape = recorded(go_on, Visitor(is_back=True, favourite_key=1), resumed)
    again = rerun(tape)

    assert [entry.text for entry in first.entries] == [
        "Sorry.",
        "You said what about salt.",
        "and pepper",
        "You said and pepper.",
    ]
    assert shape(again) == shape(first)
    assert (tape.slower, tape.sequence) == (1, 1000)


def test_each_mark_is_as_late_as_it_was() -> None:
    async def impatient(phone: RecordedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me more")
        await phone.until_heard("tell me more.")
        await moment(1)
        phone.leg.marks_late = 0.9  # the line keeps one answer to itself for a while
        await phone.talk("what about salt")
        await phone.until_heard("what about salt.")
        phone.leg.marks_late = 0.0
        await phone.talk("and what about pepper")
        await phone.until_heard("what about pepper.")
        await moment(1)
        phone.leg.hang_up()

    first, tape = recorded(impatient)
    again = rerun(tape)

    assert any(entry.was_interrupted for entry in first.entries)  # as far as marks had told
    assert again.prepared == first.prepared
    assert shape(again) == shape(first)


def test_a_recogniser_that_was_given_up_is_so_again() -> None:
    async def refused(phone: RecordedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.recogniser.refusals = 1000
        phone.recogniser.refusal = ProviderError("fake", "bad key", retryable=False)
        phone.recogniser.stream.break_off()
        await moment(60)

    first, tape = recorded(refused)

    again = rerun(tape)

    assert first.reason is EndReason.RECOGNISER_LOST
    assert (again.reason, again.sent) == (first.reason, first.sent)


def test_a_call_run_again_is_the_same_call() -> None:
    before, tape = recorded(story)

    after = rerun(tape)

    assert shape(after) == shape(before)
    assert [entry.text for entry in after.entries if entry.was_interrupted]
    assert Comparison(before, after).is_same


def test_the_same_tape_always_gives_the_same_run() -> None:
    _, tape = recorded(story)

    assert rerun(tape) == rerun(tape)


def test_failures_and_keys_are_run_again() -> None:
    async def script(phone: RecordedCall) -> None:
        phone.model.answer(
            ScriptedReply("Half of", error=LOST), ScriptedReply(error=LOST), "All is well."
        )
        phone.voice.fail(ScriptedSpeech(error=LOST))
        await phone.until_heard("menu")
        phone.leg.press("2")
        await phone.until_heard("Ben here.")
        for words in ("one for me", "two for me", "three for me"):
            await phone.talk(words)
            await moment(6)
        phone.leg.hang_up()

    before, tape = recorded(script, Visitor())

    assert shape(rerun(tape)) == shape(before)


def test_a_pin_is_not_on_the_tape() -> None:
    async def script(phone: RecordedCall) -> None:
        await phone.until_heard("Lisa here.")
        for key in "**4711":
            phone.leg.press(key)
        await moment(8)
        phone.leg.press("7")
        await moment(3)
        phone.leg.hang_up()

    before, tape = recorded(script)

    keys = [item.digit for item in tape.caller if isinstance(item, Key)]
    assert keys == ["*", "*", "0", "0", "0", "0", "7"]
    assert shape(rerun(tape)) == shape(before)


def test_what_is_said_off_the_record_is_not_on_the_tape() -> None:
    async def script(phone: RecordedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("You said tell me a story.")
        await phone.talk("off the record my secret is purple")
        await moment(6)
        await phone.talk("do you like purple too")
        await moment(6)
        await phone.talk("back on the record")
        await moment(4)
        await phone.talk("and now the news")
        await phone.until_heard("You said and now the news.")
        phone.leg.hang_up()

    before, tape = recorded(script)

    assert before.off_the_record == 1
    assert b"purple" not in tape.encode()
    assert b"tell me a story" in tape.encode()
    assert b"and now the news" in tape.encode()


def test_another_pause_ends_turns_at_another_time() -> None:
    before, tape = recorded(story)

    after = rerun(tape, Changes(rules={"turn_pause": 0.6, "turn_speculations": 0}))

    ended, ends = (run.timings[0].stages_ms[Stage.TURN_ENDED] for run in (before, after))
    assert ended - ends == pytest.approx(200, abs=5)
    assert [entry.text for entry in after.entries] == [entry.text for entry in before.entries]
    assert not Comparison(before, after).is_same
    lines = Comparison(before, after).lines()
    assert any(line.startswith("~ turn 1: gap") for line in lines)
    assert "~ speculative replies: 2 -> 0" in lines


def test_another_prompt_is_written_anew_and_the_caller_waits_for_what_they_hear() -> None:
    before, tape = recorded(story)
    asked: list[tuple[str, str]] = []

    def writer(messages: Sequence[ModelMessage], model: str) -> str:
        asked.append((messages[0].text, model))
        return "No." if len(asked) == 1 else "As you wish, and here is a long answer for you."

    after = rerun(tape, Changes(prompt="You are curt.", model="another"), writer)

    assert "You are curt." in asked[0][0]
    assert {model for _, model in asked} == {"another"}
    assert after.asked_anew == len(asked) == 2
    assert [entry.text for entry in after.entries if entry.side == "buddy"][1] == "No."
    said = [entry.text for entry in after.entries if entry.side == "caller"]
    assert said == ["tell me a story", "please stop that now"]
    lines = Comparison(before, after).lines()
    assert any(line.startswith("+ buddy : No.") for line in lines)


def test_without_a_writer_a_changed_prompt_fails_as_a_model_does() -> None:
    _, tape = recorded(story)

    after = rerun(tape, Changes(prompt="You are curt."))

    assert any("reply failed" in entry.text for entry in after.entries)


def test_an_unknown_rule_is_refused_by_its_name() -> None:
    _, tape = recorded(story)

    with pytest.raises(UnknownRule, match="turn_pause"):
        rerun(tape, Changes(rules={"turn_speed": 1}))


def test_what_is_no_tape_is_refused() -> None:
    _, tape = recorded(story)
    newer = replace_version(tape, 2)

    for data in (b"nonsense", tape.encode()[:-40], newer.encode()):
        with pytest.raises(UnreadableTape):
            Tape.decode(data)


def replace_version(tape: Tape, version: int) -> Tape:
    copy = Tape.decode(tape.encode())
    copy.version = version
    return copy


def shape(outcome: Outcome) -> object:
    """Return all of a run that anybody would notice; times to the millisecond."""
    return (
        outcome.entries,
        outcome.interims,
        outcome.buddies,
        outcome.reason,
        [
            (times.turn, {stage: round(at) for stage, at in times.stages_ms.items()})
            for times in outcome.timings
        ],
        [(round(sound.at, 3), sound.size) for sound in outcome.sent],
    )


acts = st.one_of(
    st.tuples(
        st.just("talk"),
        st.sampled_from(("tell me more", "stop", "mm", "what is that then", "no wait please")),
        st.floats(0.1, 3.0),
    ),
    st.tuples(st.just("press"), st.sampled_from("0123456789*#"), st.floats(0.1, 2.0)),
    st.tuples(st.just("wait"), st.just(""), st.floats(0.5, 15.0)),
)
replies = st.lists(
    st.sampled_from(
        (
            ScriptedReply("Yes."),
            ScriptedReply("Well, here is a long one. It goes on and on. And then it ends."),
            ScriptedReply("Half", error=LOST),
            ScriptedReply(stalls=True),
            ScriptedReply("Slow.", first_token_seconds=5.0),
        )
    ),
    max_size=4,
)


@settings(max_examples=15, deadline=None)
@given(st.lists(acts, max_size=7), replies, st.sampled_from((None, 0.5, 1.5)))
@example([("wait", "", 1.0), ("press", "*", 1.0), ("press", "0", 1.0)], [], None)
def test_whatever_happens_a_rerun_does_it_again(
    script: list[tuple[str, str, float]], answers: list[ScriptedReply], pause: float | None
) -> None:
    async def act(phone: RecordedCall) -> None:
        phone.model.answer(*(replace(answer) for answer in answers))
        await phone.until_heard("notice")
        await moment(0.007)  # off the line's beat
        for kind, what, seconds in script:
            if kind == "talk":
                await phone.leg.say(what)
            elif kind == "press":
                phone.leg.press(what)
            await moment(seconds + 0.0037)  # off the call's own: one instant has no order
        phone.post(on.TalkTimeLow(60))
        await moment(4.0031)
        phone.leg.hang_up()

    before, tape = recorded(act)
    again = rerun(tape)

    assert rerun(tape) == again
    if not before.off_the_record:  # a tape has nothing of what is said then
        assert shape(again) == shape(before)
    changed = Changes(rules={"turn_pause": pause}) if pause is not None else Changes()
    assert rerun(tape, changed) == rerun(tape, changed)


def test_rules_are_those_of_the_recording() -> None:
    _, tape = recorded(story)

    assert tape.rules[0].rules == TurnRules()
