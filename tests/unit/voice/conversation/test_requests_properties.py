"""What holds whatever callers ask for, and whenever."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.talk import Talk
from tests.unit.voice.conversation.test_machine_properties import Witness
from voice.conversation import commands as do
from voice.conversation.commands import Command
from voice.conversation.keypad import Shortcut
from voice.conversation.machine import Phase
from voice.conversation.turn_rules import TurnRules

SECRET = "bear"

Step = Callable[[Talk], list[Command]]


def pressing(keys: str) -> Step:
    return lambda talk: talk.press(keys)


def saying(words: str) -> Step:
    return lambda talk: talk.say(words)


def hearing(words: str) -> Step:
    return lambda talk: talk.hear(words, is_final=False)


def playing(segments: int, share: float) -> Step:
    return lambda talk: talk.play(segments, share=share)


def writing(talk: Talk, *, is_over: bool) -> list[Command]:
    return talk.write("One, and so.", "Two, and on.", is_over=is_over) if talk.asked else []


WORDS = ["let me talk to Ben", "menu", "Maya", "never mind", "say that again", "slower please"]
TALK = ["off the record", "back on the record", "tell me a story", "no wait"]
steps = st.one_of(
    st.sampled_from([*Shortcut, *"126"]).map(pressing),
    st.sampled_from([*WORDS, *TALK]).map(saying),
    st.sampled_from([*WORDS, *TALK]).map(hearing),
    st.builds(playing, st.integers(1, 4), st.sampled_from([0.3, 0.7, 1.0])),
    st.sampled_from([Talk.wait, Talk.play]),
    st.booleans().map(lambda is_over: lambda talk: writing(talk, is_over=is_over)),
)


@given(st.lists(steps, max_size=40), st.sampled_from([0, 2]))
@settings(max_examples=300, deadline=None)
def test_rules_hold_whatever_is_asked_for(script: list[Step], speculations: int) -> None:
    talk, witness = Talk(TurnRules(speculations=speculations)), Witness()
    witness.see(talk.commands, talk.conversation)

    for step in script:
        witness.see(step(talk), talk.conversation)
        assert (talk.conversation.deadline is None) == (talk.conversation.phase is Phase.ENDED)

    for _ in range(80):
        if talk.conversation.deadline is None:
            break
        witness.see(talk.wait(), talk.conversation)
    assert witness.hang_ups == 1


@given(st.lists(steps, max_size=20), st.lists(steps, max_size=20))
@settings(max_examples=200, deadline=None)
def test_a_secret_is_known_to_nobody_once_the_record_goes_on(
    before: list[Step], after: list[Step]
) -> None:
    talk = Talk()
    for step in before:
        step(talk)
    if sum(isinstance(c, do.GoOffRecord | do.GoOnRecord) for c in talk.commands) % 2:
        talk.press("*9")
    talk.press("*9")
    talk.play()
    talk.say(f"my secret is a {SECRET}")
    writing(talk, is_over=True)
    talk.play()
    talk.press("*9")

    later = [command for step in after for command in step(talk)]

    assert not [c for c in talk.commands if _is_shown(c) and SECRET in str(c)]
    assert not [c for c in later if isinstance(c, do.GenerateReply) and SECRET in str(c.history)]


def _is_shown(command: Command) -> bool:
    return isinstance(command, do.WriteEntry | do.ShowInterim)
