"""A whole call on fakes, in virtual time: what the caller hears, and what is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog

from shared.errors import ProviderError
from tests.support.fake_sound import fake_speech
from tests.support.fakes import ScriptedReply, ScriptedSpeech
from tests.support.scripted_call import TEXTS, ScriptedCall, call, longest_gap, moment
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason, Side
from voice.conversation.reception import Visitor
from voice.conversation.turn_rules import TurnRules
from voice.timing import Stage

LOST = ProviderError("fake", "lost", retryable=True)
UNPREPARED = TurnRules(speculations=0)  # test_speculative_replies.py is about those


def test_caller_hears_notice_greeting_and_an_answer_and_all_of_it_is_written_down() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Hi Sam, Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("You said tell me a story.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(name="Sam"), script)

    assert phone.heard == "notice.Hi Sam, Lisa here.You said tell me a story."
    assert phone.record.consents == 1
    assert phone.record.chosen == ["lisa"]
    assert [(entry.side, entry.text) for entry in phone.record.entries] == [
        (Side.BUDDY, "Hi Sam, Lisa here."),
        (Side.CALLER, "tell me a story"),
        (Side.BUDDY, "You said tell me a story."),
    ]
    assert (Side.CALLER, "tell me") in phone.record.interims
    assert phone.model.requests[0].model == "the-model"


def test_first_sound_comes_at_once_and_talk_time_starts_with_the_greeting() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.leg.playbacks[0].started_at < 0.05
    notice_seconds = len(fake_speech(TEXTS[Announcement.NOTICE])) / 8000
    assert phone.meter.started_at == pytest.approx(notice_seconds, abs=0.1)


def test_recogniser_gets_no_audio_before_the_notice_was_heard() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.leg.say("secret", then_silence=0)
        assert phone.recogniser.streams == []
        await phone.until_heard("Lisa here.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert b"s" not in bytes(phone.recogniser.stream.audio)


def test_key_chooses_a_buddy() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("menu")
        phone.leg.press("2")
        await phone.until_heard("Ben here.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(visitor=Visitor()), script)

    assert phone.record.chosen == ["ben"]


def test_interruption_stops_the_buddy_and_keeps_only_what_was_heard() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("Once upon a time there was a bear who sang all day and all night long.")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Once upon a time")
        await phone.leg.say("please stop that now", then_silence=2)
        await phone.until_heard("You said please stop that now.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    cut = next(entry for entry in phone.record.entries if entry.was_interrupted)
    assert phone.leg.clears >= 1
    assert cut.text.startswith("Once upon a time")
    assert cut.unheard.endswith("night long.")
    assert cut.text in phone.heard
    assert "long." not in phone.heard
    told = phone.model.requests[-1].messages
    assert any(cut.text in message.text and "interrupted" in message.text for message in told)


def test_nothing_of_an_interrupted_reply_is_sent_after_its_clear() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(*["One sentence here. Another sentence there. A third one follows."] * 2)
        await phone.until_heard("Lisa here.")
        await phone.talk("go on then")
        await phone.until_heard("One sentence")
        await phone.leg.say("wait", then_silence=2)
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    kinds = [sent.kind for sent in phone.leg.sent]
    cleared = kinds.index("clear")
    after = b"".join(sent.audio for sent in phone.leg.sent[cleared:] if sent.kind == "audio")
    assert b"h" * 320 not in after or phone.model.requests[-1].messages[-1].text == "wait"


def test_slow_model_is_covered_and_no_silence_exceeds_four_seconds() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(ScriptedReply("Here it is.", first_token_seconds=9))
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Here it is.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert "still working." in phone.heard
    assert longest_gap(phone) <= 4.0


@pytest.mark.parametrize(
    "reply",
    [
        ScriptedReply(error=LOST),
        ScriptedReply("Half a sen", error=LOST),
        ScriptedReply(""),
        ScriptedReply(stalls=True),
        ScriptedReply("A first sentence. And", stalls=True),
    ],
)
def test_failing_model_is_apologised_for_and_the_call_goes_on(reply: ScriptedReply) -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(reply)
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("reply failed.")
        await phone.talk("once more")
        await phone.until_heard("once more.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=UNPREPARED), script)

    assert longest_gap(phone) <= 4.0


@pytest.mark.parametrize(
    "failures",
    [
        [ScriptedSpeech(), ScriptedSpeech()],  # the second try fails too
        [ScriptedSpeech(after_seconds=0.4, error=LOST), ScriptedSpeech(), ScriptedSpeech()],
        [ScriptedSpeech(after_seconds=0.4, stalls=True), ScriptedSpeech(stalls=True)],
    ],
)
def test_failing_voice_is_apologised_for_and_the_call_goes_on(
    failures: list[ScriptedSpeech],
) -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.voice.fail(*failures)
        await phone.talk("tell me a story")
        await phone.until_heard("synthesis failed.")
        await phone.talk("once more")
        await phone.until_heard("once more.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=UNPREPARED), script)

    assert longest_gap(phone) <= 4.0


def test_end_of_talk_time_closes_and_hangs_up() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.session.post(on.TalkTimeLow(60))
        await phone.until_heard("talk time low.")
        phone.session.post(on.TalkTimeOver())

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("talk time low.talk time over.")
    assert phone.reason is EndReason.TALK_TIME_OVER


def test_silent_caller_is_said_goodbye_to() -> None:
    async def script(_phone: ScriptedCall) -> None:
        await moment(500)

    phone = call(ScriptedCall, script)

    assert phone.reason is EndReason.CALLER_SILENT
    assert phone.heard.endswith("are you there.still here.silent goodbye.")


def test_stages_of_a_turn_are_timed_in_their_order() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("story.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=UNPREPARED), script)

    (times,) = phone.record.timings
    order = [
        Stage.FINAL_WORDS,
        Stage.REQUEST,
        Stage.FIRST_TOKEN,
        Stage.FIRST_SEGMENT,
        Stage.FIRST_BYTE,
        Stage.FIRST_FRAME,
        Stage.FIRST_MARK,
    ]
    moments = [times.stages_ms[stage] for stage in order]
    assert moments == sorted(moments)
    # The pause of 800 ms, 300 for the model, 200 for the voice, and nothing of our own.
    assert times.gap_ms == pytest.approx(800 + 300 + 200, abs=80)


def test_a_buddy_that_was_talked_over_counts_as_interrupted_once() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.model.answer("One two three four five six seven eight nine ten eleven twelve.")
        await phone.talk("count for me")
        await phone.until_heard("One two three")
        await phone.talk("no wait please stop")
        await phone.until_heard("please stop.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.record.interruptions == 1
    assert phone.record.answered_at is not None
    assert phone.record.underruns == 0


def test_a_hang_up_is_no_interruption() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.record.interruptions == 0


def test_a_voice_slower_than_speech_leaves_the_line_silent_and_that_is_counted() -> None:
    def phone_of() -> ScriptedCall:
        phone = ScriptedCall()
        phone.voice.speed = 0.5
        return phone

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("story.")
        phone.leg.hang_up()

    phone = call(phone_of, script)

    assert phone.record.underruns > 1


def test_a_turn_whose_reply_was_cut_off_before_its_first_mark_is_told_as_far_as_it_got() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.model.answer(ScriptedReply("Once upon a time.", first_token_seconds=3.0))
        await phone.talk("tell me a story")
        await phone.talk("and make it a long one")  # while the buddy thinks
        await phone.until_heard("long one.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    cut, whole = phone.record.timings
    assert (cut.turn, whole.turn) == (1, 2)
    assert cut.gap_ms is None
    assert Stage.TURN_ENDED in cut.stages_ms
    assert whole.gap_ms is not None


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


def test_pause_time_edited_in_mid_call_counts_from_the_next_turn_on() -> None:
    rules = [UNPREPARED]

    def phone_of() -> ScriptedCall:
        phone = ScriptedCall()
        phone.session._desk = replace(phone.session._desk, turn_rules=lambda _p, _o: rules[0])
        return phone

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("first turn")
        await phone.until_heard("You said first turn.")
        rules[0] = replace(UNPREPARED, pause=1.6)
        await phone.talk("second turn")
        await phone.until_heard("You said second turn.")
        phone.leg.hang_up()

    phone = call(phone_of, script)

    first, second = phone.record.timings
    assert first.stages_ms[Stage.REQUEST] == pytest.approx(800, abs=50)
    assert second.stages_ms[Stage.REQUEST] == pytest.approx(1600, abs=50)


def test_interruption_reaches_the_line_within_a_frame_of_the_word() -> None:
    heard_at: list[float] = []

    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("Once upon a time there was a bear who sang all day and all night long.")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Once upon a time")
        phone.recogniser.hear("stop", is_final=False)
        heard_at.append(asyncio.get_running_loop().time())
        await moment(0.5)
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    (cleared_at,) = [sent.at for sent in phone.leg.sent if sent.kind == "clear"]
    assert cleared_at - heard_at[0] < 0.02


def test_false_interruption_lets_the_buddy_say_the_whole_sentence_again() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("Once upon a time. There was a bear who sang all day long. The end.")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("There was a bear")
        phone.recogniser.hear("no wait", is_final=False)
        await moment(0.4)
        phone.recogniser.hear("", is_final=True)
        await phone.until_heard("The end.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.heard.count("There was a bear") == 2
    assert phone.heard.endswith("There was a bear who sang all day long.The end.")
    assert longest_gap(phone) < 1.0


def test_transcript_of_a_cut_reply_is_true_to_the_second() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("One two three four five six seven eight nine ten eleven twelve.")
        await phone.until_heard("Lisa here.")
        await phone.talk("count for me")
        await phone.until_heard("seven eight")
        phone.recogniser.hear("stop it", is_final=False)
        await moment(0.5)
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    (cut,) = [entry for entry in phone.record.entries if entry.was_interrupted]
    heard = phone.heard[phone.heard.index("One") :]
    assert abs(len(heard) - len(cut.text)) < 25  # characters a second


def test_replies_that_were_heard_leave_nothing_behind() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        for words in ("one thing", "another thing", "a third thing"):
            await phone.talk(words)
            await phone.until_heard(f"You said {words}.")
        await phone.leg.until_quiet()
        await moment(0.1)
        speaker = phone.session._speaker
        assert (speaker._items, speaker._synthesis, speaker._marks) == ({}, {}, {})
        assert phone.session._replies == {}
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.reason is EndReason.CALLER_HUNG_UP
