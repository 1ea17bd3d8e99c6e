"""What callers ask of the call itself, in words, and what only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.wishes import (
    TalkTo,
    Wish,
    after_going_on_the_record,
    goes_off_the_record,
    is_about_the_record,
    wish_of,
)

NAMES = {1: "Lisa", 2: "Ben", 3: "Ethan", 4: "Jack", 5: "Chloe", 6: "Maya"}


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("Let me talk to Ben.", 2),
        ("Can I speak to Maya?", 6),
        ("I'd like to talk to Jack about the game", 4),
        ("I’d like to speak with Jack", 4),
        ("could you hand me over to Ethan please", 3),
        ("put me through to Chloe", 5),
        ("switch to Lisa", 1),
        ("okay, let me go back to Ben", 2),
        ("Ben, please.", 2),
        ("Lisa, I want to switch to Maya now", 6),
    ],
)
def test_another_buddy_is_asked_for_by_name(words: str, key: int) -> None:
    assert wish_of(words, NAMES) == TalkTo(key)


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("Menu", Wish.MENU),
        ("can we go back to the menu, please", Wish.MENU),
        ("Who else is there?", Wish.MENU),
        ("Can I talk to somebody else?", Wish.MENU),
        ("Could you repeat that, please?", Wish.REPEAT),
        ("Say that again.", Wish.REPEAT),
        ("Sorry, what did you say?", Wish.REPEAT),
        ("I didn’t catch that", Wish.REPEAT),
        ("Slow down!", Wish.SLOWER),
        ("could you speak a bit more slowly please", Wish.SLOWER),
        ("You're talking too fast.", Wish.SLOWER),
    ],
)
def test_what_keys_do_can_be_asked_for(words: str, wish: Wish) -> None:
    assert wish_of(words, NAMES) is wish


@pytest.mark.parametrize(
    "words",
    [
        "I talked to Ben yesterday",
        "I don't want to talk to Ben",
        "please don't let me talk to Ben",
        "give me Ben's number",
        "Ben please tell me why",
        "what's on the menu tonight",
        "can you make me a menu for six",
        "repeat after me, one two three",
        "I need to slow down in life",
        "he drove too fast",
        "let me talk to my mother",
        "",
    ],
)
def test_what_is_told_is_no_wish(words: str) -> None:
    assert wish_of(words, NAMES) is None


@pytest.mark.parametrize(
    ("words", "is_all"),
    [
        ("Off the record.", True),
        ("Okay, off the record, my boss is a bear", False),
        ("can we go off the record for a moment please", True),
        ("Is this off the record?", True),
        ("keep this strictly off the record", True),
        ("I'll tell you something off the record", False),
    ],
)
def test_record_ends_where_that_is_asked_for(words: str, is_all: bool) -> None:  # noqa: FBT001
    assert goes_off_the_record(words)
    assert is_about_the_record(words) is is_all


@pytest.mark.parametrize(
    "words",
    [
        "he told me that off the record",
        "the mayor spoke off the record",
        "I don't want to go off the record",
        "I took it off the record player",
        "for the record, I like bears",
    ],
)
def test_record_goes_on_where_nobody_wants_it_ended(words: str) -> None:
    assert not goes_off_the_record(words)


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("Back on the record.", ""),
        ("okay, we're back on the record", ""),
        ("Back on the record. Tell me about whales!", "Tell me about whales!"),
        ("that was twenty-one bears. Back on the record: it’s late-ish", "it's late-ish"),
        ("my secret is a bear. okay, back on the record please", ""),
        ("don't put me back on the record", None),
        ("it was on the record once", None),
        ("we're off the record", None),
    ],
)
def test_only_what_follows_the_words_is_on_the_record(words: str, rest: str | None) -> None:
    assert after_going_on_the_record(words) == rest


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_said_before_the_record_begins_is_left(secret: str, after: str) -> None:
    rest = after_going_on_the_record(f"{secret} back on the record {after}")

    assert rest is None or after.replace("’", "'").endswith(rest)
