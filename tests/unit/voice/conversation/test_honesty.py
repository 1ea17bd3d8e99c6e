"""Whether a buddy is human is asked in many ways, and answered in one."""

from __future__ import annotations

import pytest

from tests.unit.voice.conversation.test_machine import listening_conversation
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Side
from voice.conversation.honesty import ANSWER, asks_whether_human


@pytest.mark.parametrize(
    "words",
    [
        "Are you a real person?",
        "are you real",
        "wait, are you actually a robot?",
        "Are you an A.I.?",
        "are you even human",
        "Am I talking to a human being?",
        "am I really speaking with a machine",
        "Is this a recording?",
        "is that a real person",
    ],
)
def test_question_is_recognised(words: str) -> None:
    assert asks_whether_human(words)


@pytest.mark.parametrize(
    "words",
    [
        "are you really sure",
        "are you real sure about that",
        "tell me about the human heart",
        "is this a good recipe",
        "I was talking to my brother",
        "are you reading the news",
        "who invented the robot",
    ],
)
def test_other_talk_is_left_to_the_model(words: str) -> None:
    assert not asks_whether_human(words)


def test_answer_is_spoken_without_asking_the_model() -> None:
    conversation = listening_conversation()
    conversation.receive(
        on.TranscriptReceived("are you a real person", is_final=True, ended_at=12), 12.2
    )

    written, spoken = conversation.tick(12.8)

    assert written == do.WriteEntry(Side.CALLER, "are you a real person")
    assert isinstance(spoken, do.Speak)
    assert spoken.text == ANSWER
