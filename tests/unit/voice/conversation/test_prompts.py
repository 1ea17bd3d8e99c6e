"""Prompts: the stable part first, only what was heard, and never without bounds."""

from __future__ import annotations

from voice.conversation.commands import Message, Side
from voice.conversation.prompts import GO_ON, HISTORY_CHARACTERS, INTERRUPTED, model_messages


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


LISA, BEN = 1, 2
HANDED_OVER = (
    Message(Side.BUDDY, "Hi, Lisa here.", buddy=LISA),
    Message(Side.CALLER, "what of the bears"),
    Message(Side.BUDDY, "They sing", was_interrupted=True, buddy=LISA),
    Message(Side.CALLER, "let me talk to Ben"),
)


def messages_for_ben(
    history: tuple[Message, ...], *, goes_on: bool = False
) -> list[tuple[str, str]]:
    _, *turns = model_messages(
        persona_prompt="You are Ben.",
        about_caller="",
        history=history,
        buddy=BEN,
        names={LISA: "Lisa", BEN: "Ben"},
        goes_on=goes_on,
    )
    return [(turn.role, turn.text) for turn in turns]


def test_new_buddy_sees_who_said_what_before() -> None:
    history = (*HANDED_OVER, Message(Side.BUDDY, "Hi, Ben here.", buddy=BEN))

    notes, begun, cue = messages_for_ben(history, goes_on=True)

    told = (
        "[On this same call, before you came on:\n"
        "Lisa: Hi, Lisa here.\n"
        "Caller: what of the bears\n"
        f"Lisa: They sing {INTERRUPTED}]\n\n"
        "let me talk to Ben"
    )
    assert notes == ("user", told)
    assert begun == ("assistant", "Hi, Ben here.")
    assert cue == ("user", GO_ON)


def test_buddys_own_words_are_its_turns_and_others_stay_notes() -> None:
    history = (
        *HANDED_OVER,
        Message(Side.BUDDY, "I'll hand you over.", buddy=LISA),
        Message(Side.BUDDY, "Hi, Ben here.", buddy=BEN),
        Message(Side.CALLER, "hello Ben"),
    )

    turns = messages_for_ben(history)

    assert [role for role, _ in turns] == ["user", "assistant", "user"]
    assert turns[0][1].endswith("Caller: let me talk to Ben\nLisa: I'll hand you over.]")
    assert turns[1:] == [("assistant", "Hi, Ben here."), ("user", "hello Ben")]


def test_buddy_that_nobody_knows_by_name_is_another_one() -> None:
    ((_, text),) = messages_for_ben((Message(Side.BUDDY, "Hm.", buddy=6),))

    assert text == "[On this same call, before you came on:\nAnother buddy: Hm.]"
