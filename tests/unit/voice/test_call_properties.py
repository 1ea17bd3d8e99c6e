"""Whole calls on long random scripts, in virtual time: who is heard, when, and who never is.

Every reply of the model has a letter of its own, in capitals, so that each frame on the line
tells which reply it belongs to.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ProviderError
from tests.support.fake_sound import words_in
from tests.support.fakes import FakeLanguageModel, ScriptedReply, ScriptedSpeech
from tests.support.loop_time import now
from tests.support.scripted_call import ScriptedCall, call, moment
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Command, EndReason
from voice.conversation.events import ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.prompts import ModelMessage

LOST = ProviderError("fake", "lost", retryable=True)
LETTERS = ascii_uppercase.replace("H", "").replace("L", "")  # "Hi, Lisa here."
BUDDYS_TURN = {Phase.THINKING, Phase.SPEAKING}
FRAME = 0.02  # seconds
MOST_SILENCE = 4.0  # seconds, when it is the buddy's turn

writing: ContextVar[ReplyId] = ContextVar("writing")


def letter(reply: ReplyId) -> str:
    return LETTERS[reply % len(LETTERS)]


class LetteredModel(FakeLanguageModel):
    """Writes each reply in its letter, as slowly and badly as the script says."""

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        word = letter(writing.get()) + "o"
        if self.script:
            self.script[0].text = self.script[0].text.replace("Xo", word)
        else:
            self.answer(f"{word} {word}. {' '.join([word] * 20)}. {word}.")
        async for token in super().reply(messages, model=model):
            yield token


@dataclass
class Step:
    """One thing that happens on the line."""

    kind: str
    seconds: float
    words: str

    async def play(self, phone: ScriptedCall) -> None:
        match self.kind:
            case "say":
                await phone.leg.say(self.words, then_silence=self.seconds)
            case "take back":
                phone.recogniser.hear(self.words, is_final=False)
                await moment(min(self.seconds, 1.0))
                phone.recogniser.hear("", is_final=True)
            case "noise":
                phone.session.post(on.VoiceDetected())
            case "hint":
                phone.session.post(on.UtteranceLikelyEnded())
            case "resumed":
                phone.session.post(on.UtteranceResumed())
            case "low":
                phone.session.post(on.TalkTimeLow(60))
            case "deaf":
                phone.recogniser.stream.break_off()
            case "wait":
                await phone.leg.say("", then_silence=self.seconds * 4)
            case _:
                pass
        await moment(0.01)


steps = st.builds(
    Step,
    st.sampled_from(
        ["say", "say", "say", "say", "take back", "noise", "hint", "resumed", "low", "deaf", "wait"]
    ),
    st.sampled_from([0.1, 0.35, 0.5, 0.7, 0.79, 0.85, 1.2, 2.5]),
    st.sampled_from(
        ["tell me a story ", "mm hm ", "stop ", "no wait ", "and then ", "five five five ", "yes "]
    ),
)
replies = st.builds(
    ScriptedReply,
    text=st.sampled_from(
        ["Xo Xo. Xo Xo Xo Xo Xo Xo Xo Xo Xo Xo Xo Xo. Xo Xo Xo Xo Xo Xo Xo.", "Xo.", ""]
    ),
    first_token_seconds=st.sampled_from([0.05, 0.3, 4.5, 9.5]),
    token_seconds=st.sampled_from([0.01, 0.3]),
    error=st.sampled_from([None, None, LOST]),
)
speeches = st.builds(
    ScriptedSpeech,
    error=st.sampled_from([None, LOST]),
    stalls=st.booleans(),
    after_seconds=st.sampled_from([0.0, 0.4, 1.5]),
)


@dataclass
class Witnessed:
    """What a call's machine ordered, in the order of what was sent; and whose turn it was."""

    orders: list[tuple[int, Command]] = field(default_factory=list)  # after so many messages
    phases: list[tuple[float, Phase]] = field(default_factory=list)


def watched(witnessed: Witnessed) -> ScriptedCall:
    """Return a call whose orders and phases are taken down."""
    phone = ScriptedCall()
    phone.model = model = LetteredModel()
    session: Any = phone.session
    session._replying._language_model = model
    execute, generate = session._execute, session._replying.generate

    async def take_down(command: Command) -> None:
        witnessed.orders.append((len(phone.leg.sent), command))
        await execute(command)
        machine = session._machine
        if isinstance(machine, Conversation):
            witnessed.phases.append((now(), machine.phase))

    async def write(reply: ReplyId, *args: Any, **more: Any) -> None:
        writing.set(reply)
        await generate(reply, *args, **more)

    session._execute, session._replying.generate = take_down, write
    return phone


def assert_only_the_reply_at_hand_is_sent(phone: ScriptedCall, witnessed: Witnessed) -> None:
    """Follow line and orders side by side."""
    orders = iter([*witnessed.orders, (len(phone.leg.sent) + 1, do.Listen())])
    due, order = next(orders)
    current, allowed = ReplyId(-1), ""
    retired: set[ReplyId] = set()
    prepared: dict[ReplyId, bool] = {}  # and whether it was committed
    for number, sent in enumerate(phone.leg.sent):
        while due <= number:
            match order:
                case do.Speak(reply, _, text):
                    assert prepared.get(reply, True), "nothing is said before its commit"
                    allowed = text if reply != current else allowed + text
                    current = reply
                case do.Announce(reply):
                    allowed = "" if reply != current else allowed
                    current = reply
                case do.Interrupt(reply) | do.DiscardReply(reply):
                    retired.add(reply)
                case do.PrepareReply(reply):
                    prepared[reply] = False
                case do.CommitReply(reply):
                    prepared[reply] = True
                case _:
                    pass
            due, order = next(orders)
        heard = {character for character in words_in(sent.audio) if character in LETTERS}
        if sent.kind == "audio" and heard:
            assert current not in retired, "nothing is said after the call moved on"
            assert heard <= set(allowed), "two replies never overlap"


def longest_silence(phone: ScriptedCall, witnessed: Witnessed, until: float) -> float:
    """Return the longest silence, in seconds, while it was the buddy's turn."""
    longest = 0.0
    turns = [*witnessed.phases, (until, Phase.ENDED)]
    began: float | None = None
    for at, phase in turns:
        if phase in BUDDYS_TURN:
            began = at if began is None else began
        elif began is not None:
            sounds = sorted(
                (max(sound.started_at, began), min(sound.ended_at, at))
                for sound in phone.leg.playbacks
                if sound.ended_at > began and sound.started_at < at
            )
            quiet_since = began
            for started, ended in [*sounds, (at, at)]:
                longest = max(longest, started - quiet_since)
                quiet_since = max(quiet_since, ended)
            began = None
    return longest


def spoken_out_of_turn(phone: ScriptedCall, witnessed: Witnessed, until: float) -> float:
    """Return for how many seconds something was heard while the caller had the floor."""
    seconds = 0.0
    phases = [*witnessed.phases, (until, Phase.ENDED)]
    for (began, phase), (ended, _) in itertools.pairwise(phases):
        if phase is Phase.LISTENING:
            overlaps = (
                min(sound.ended_at, ended) - max(sound.started_at, began)
                for sound in phone.leg.playbacks
            )
            seconds += sum(overlap for overlap in overlaps if overlap > 0)
    return seconds


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@given(
    st.lists(steps, min_size=4, max_size=16),
    st.lists(replies, max_size=5),
    st.lists(speeches, max_size=2),
)
@settings(max_examples=40, deadline=None)
def test_whatever_happens_one_reply_at_a_time_is_heard_and_nobody_waits_long(
    script: list[Step], written: list[ScriptedReply], voices: list[ScriptedSpeech]
) -> None:
    witnessed = Witnessed()
    hung_up_at: list[float] = []

    async def caller(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.model.answer(
            *(
                ScriptedReply(r.text, r.first_token_seconds, r.token_seconds, r.error)
                for r in written
            )
        )
        phone.voice.fail(*voices)
        for step in script:
            await step.play(phone)
        await phone.leg.say("", then_silence=6)
        hung_up_at.append(now())
        phone.leg.hang_up()

    phone = call(lambda: watched(witnessed), caller)

    assert phone.reason in (EndReason.CALLER_HUNG_UP, EndReason.FAILED, EndReason.CALLER_SILENT)
    assert_only_the_reply_at_hand_is_sent(phone, witnessed)
    until = hung_up_at[0] if hung_up_at else phone.leg.playbacks[-1].ended_at
    assert spoken_out_of_turn(phone, witnessed, until) < FRAME
    assert longest_silence(phone, witnessed, until) <= MOST_SILENCE
    assert phone.record.prepared >= phone.record.committed
