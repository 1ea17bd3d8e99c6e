"""Prompts: the stable part first, only what was heard, and never without bounds."""

from __future__ import annotations

from voice.conversation.commands import Message, Side
from voice.conversation.prompts import HISTORY_CHARACTERS, INTERRUPTED, model_messages


def test_messages_are_the_persona_and_then_the_turns() -> None:
    history = (
        Message(Side.BUDDY, "Hi, Lisa here."),
        Message(Side.CALLER, "hello"),
        Message(Side.BUDDY, "Once upon", was_interrupted=True),
        Message(Side.CALLER, "no wait"),
    )

    system, *turns = model_messages(
        persona_prompt="You are Lisa.", about_caller="The caller's name is Sam.", history=history
    )

    assert system.role == "system"
    assert system.text.endswith("You are Lisa.\n\nThe caller's name is Sam.")
    assert [(turn.role, turn.text) for turn in turns] == [
        ("assistant", "Hi, Lisa here."),
        ("user", "hello"),
        ("assistant", f"Once upon {INTERRUPTED}"),
        ("user", "no wait"),
    ]


def test_oldest_turns_are_left_out_first() -> None:
    long = "word " * (HISTORY_CHARACTERS // 10)
    history = [Message(Side.CALLER, f"{number} {long}") for number in range(5)]

    _, *turns = model_messages(persona_prompt="", about_caller="", history=history)

    assert [turn.text[0] for turn in turns] in (["4"], ["3", "4"])
    assert turns[-1].text.startswith("4")


def test_last_turn_stays_however_long_it_is() -> None:
    history = [Message(Side.CALLER, "x" * (2 * HISTORY_CHARACTERS))]

    _, *turns = model_messages(persona_prompt="", about_caller="", history=history)

    assert len(turns) == 1
