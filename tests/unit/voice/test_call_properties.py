"""Whole calls on long random scripts, in virtual time: who is heard, when, and who never is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import structlog
from hypothesis import Phase as Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ProviderError
from tests.support import (
    judging_drafts,
    judging_sound,
    judging_turns,
    judging_waits,
    judging_words,
)
from tests.support.fakes import ScriptedReply, ScriptedSpeech
from tests.support.loop_time import now
from tests.support.scripted_call import ScriptedCall, call, moment
from tests.support.witnessed_call import BLANK, WitnessedCall, witnessed
from voice.conversation import events as on
from voice.conversation.commands import EndReason

LOST = ProviderError("fake", "lost", retryable=True)
CHARACTER_SECONDS = 0.04


@dataclass
class Step:
    """One thing that happens on the line."""

    kind: str
    seconds: float
    words: str

    async def play(self, witness: WitnessedCall) -> None:
        phone = witness.phone
        match self.kind:
            case "say":
                await self._say(witness)
            case "take back" | "mishear":
                phone.recogniser.hear(self.words, is_final=False)
                witness.speech.append((now(), now()))
                # The line goes on meanwhile, as it does in life: stream time stands still without it.
                await phone.leg.say("", then_silence=min(self.seconds, 1.0))
                if self.kind == "mishear":
                    witness.speech.append((now(), now()))
                phone.recogniser.hear("" if self.kind == "take back" else "mm hm", is_final=True)
            case "noise":
                witness.noises.append(now())
                phone.session.post(on.VoiceDetected())
            case "hint":
                phone.session.post(on.UtteranceLikelyEnded())
            case "strong hint":
                phone.session.post(on.UtteranceEnded())
            case "resumed":
                phone.session.post(on.UtteranceResumed())
            case "low":
                phone.session.post(on.TalkTimeLow(60))
            case "deaf":
                phone.recogniser.stream.break_off()
            case "another pause" if phone.rules is not None:
                phone.rules = replace(phone.rules, pause=self.seconds + 0.4)
            case "wait":
                await phone.leg.say("", then_silence=self.seconds * 4)
            case _:
                pass
        await moment(0.01)

    async def _say(self, witness: WitnessedCall) -> None:
        began = now()
        witness.speech.append((began, began + len(self.words) * CHARACTER_SECONDS))
        await witness.phone.leg.say(self.words, then_silence=self.seconds)


steps = st.builds(
    Step,
    st.sampled_from(
        [
            *["say", "say", "say", "say", "wait", "wait"],
            *["take back", "mishear", "noise", "hint", "strong hint", "resumed", "low", "deaf"],
            "another pause",
        ]
    ),
    st.sampled_from([0.1, 0.35, 0.5, 0.7, 0.79, 0.85, 1.2, 2.5]),
    st.sampled_from(
        ["tell me a story ", "mm hm ", "stop ", "no wait ", "and then ", "five five five ", "yes "]
    ),
)
texts = st.sampled_from(
    [
        f"{BLANK} {BLANK}. {' '.join([BLANK] * 12)}. {' '.join([BLANK] * 8)}.",
        f"{BLANK}.",
        f"{' '.join([BLANK] * 9)}. {' '.join([BLANK] * 11)}",
    ]
)
healthy_replies = st.builds(
    ScriptedReply,
    text=texts,
    first_token_seconds=st.sampled_from([0.05, 0.3, 1.0]),
    token_seconds=st.sampled_from([0.01, 0.1]),
)
replies = st.builds(
    ScriptedReply,
    text=st.one_of(texts, st.just("")),
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


@dataclass(frozen=True)
class Script:
    """A caller, and the services that the call is led with."""

    steps: list[Step]
    replies: list[ScriptedReply]
    speeches: list[ScriptedSpeech]
    ending: str
    has_fillers: bool
    chunk_bytes: int
    send_seconds: float

    def witness(self) -> WitnessedCall:
        return witnessed(
            has_fillers=self.has_fillers,
            chunk_bytes=self.chunk_bytes,
            send_seconds=self.send_seconds,
        )

    async def play(self, witness: WitnessedCall) -> None:
        phone = witness.phone
        await phone.until_heard("Lisa here.")
        phone.model.answer(*(replace(reply) for reply in self.replies))
        phone.voice.fail(*self.speeches)
        for step in self.steps:
            await step.play(witness)
        match self.ending:
            case "talk time over":
                phone.session.post(on.TalkTimeOver())
                await moment(0.5)
                await Step("say", 1.0, "no wait stop ").play(witness)
            case "silence":
                await phone.leg.say("", then_silence=40)
            case _:
                pass
        await phone.leg.say("", then_silence=6)
        witness.hung_up_at = now()
        phone.leg.hang_up()


def scripts(
    replies: st.SearchStrategy[ScriptedReply], speeches: st.SearchStrategy[list[ScriptedSpeech]]
) -> st.SearchStrategy[Script]:
    return st.builds(
        Script,
        steps=st.lists(steps, min_size=4, max_size=16),
        replies=st.lists(replies, max_size=5),
        speeches=speeches,
        ending=st.sampled_from(["hang up", "hang up", "talk time over", "silence"]),
        has_fillers=st.booleans(),
        chunk_bytes=st.sampled_from([800, 8000]),
        send_seconds=st.sampled_from([0.0, 0.0, 0.03]),
    )


def played(script: Script) -> WitnessedCall:
    """Play a call to its end."""
    witness: list[WitnessedCall] = []

    def phone() -> ScriptedCall:
        witness.append(script.witness())
        return witness[0].phone

    async def caller(_phone: ScriptedCall) -> None:
        await script.play(witness[0])

    call(phone, caller)
    (one,) = witness
    last = one.phone.leg.playbacks[-1].ended_at
    one.ended_at = last if one.hung_up_at is None else one.hung_up_at
    return one


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


JUDGES = (
    *judging_sound.JUDGES,
    *judging_turns.JUDGES,
    *judging_drafts.JUDGES,
    *judging_waits.JUDGES,
    *judging_words.JUDGES,
)
# A call takes some 30 ms: to shrink one that breaks a rule would take minutes.
AS_FOUND = (Stage.explicit, Stage.reuse, Stage.generate)


@given(scripts(replies, st.lists(speeches, max_size=2)))
@settings(max_examples=60, deadline=None, phases=AS_FOUND)
def test_every_rule_holds_whatever_fails(script: Script) -> None:
    judge(played(script))


@given(scripts(healthy_replies, st.just([])))
@settings(max_examples=60, deadline=None, phases=AS_FOUND)
def test_every_rule_holds_whatever_the_caller_does(script: Script) -> None:
    judge(played(script))


def judge(witness: WitnessedCall) -> None:
    for rule in JUDGES:
        rule(witness)
    assert witness.phone.reason in ENDINGS
    assert witness.phone.record.prepared >= witness.phone.record.committed


ENDINGS = {
    EndReason.CALLER_HUNG_UP,
    EndReason.CALLER_SILENT,
    EndReason.FAILED,
    EndReason.TALK_TIME_OVER,
}
