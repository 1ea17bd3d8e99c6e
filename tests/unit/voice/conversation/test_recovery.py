"""What a buddy says once a call that broke goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.recovery import LOST_YOU, MOST_WORDS, first_words, offer, recalled


@pytest.mark.parametrize(
    ("said", "reminder"),
    [
        ("Can you tell me about my dog?", "You were asking about your dog."),
        ("Please tell me one thing about the moon.", "You were asking about the moon."),
        ("um, so what about salt", "You were asking about salt."),
        ("What do you know about the moon?", "You were asking about the moon."),
        ("I'd like to hear more about us", "You were asking about you."),
        ("How long do eggs keep?", "You were asking: How long do eggs keep?"),
        ("is it raining", "You were asking: is it raining?"),
        ("You like it there?", "You were asking: You like it there?"),
        ("I went to the zoo. It was closed.", "You were saying: It was closed."),
        # Nothing of it is a hesitation: the words are said as they were.
        ("hello there my friend", "You were saying: hello there my friend."),
        ("and yes I did", "You were saying: and yes I did."),
        ("Um, well, it was blue", "You were saying: it was blue."),
        ("okay so is it raining", "You were asking: is it raining?"),
        ("hi there?", "You were asking: hi there?"),
        # Whose is what would be muddled: the words are said as they were.
        ("tell me about your dog and mine", "You were saying: tell me about your dog and mine."),
    ],
)
def test_caller_is_reminded_in_a_sentence(said: str, reminder: str) -> None:
    assert recalled(said) == reminder


@pytest.mark.parametrize("said", ["", "  ", "...", "Um, well,"])
def test_nothing_is_made_of_nothing(said: str) -> None:
    assert recalled(said) in (None, "You were saying: well.")


def test_only_the_last_words_of_a_long_story_are_said_again() -> None:
    story = "and then we went on and on " * 10

    reminder = recalled(story)

    assert reminder is not None
    assert len(reminder.split()) == len("You were saying:".split()) + MOST_WORDS


def test_who_is_owed_no_reply_is_asked_to_go_on() -> None:
    assert first_words("it was blue", owes_reply=False) == (
        LOST_YOU,
        "You were saying: it was blue. Please go on.",
    )
    assert first_words(None, owes_reply=False) == (f"{LOST_YOU} Please go on.",)
    assert first_words("what is salt", owes_reply=True) == (
        LOST_YOU,
        "You were asking: what is salt?",
    )


def test_offer_tells_what_it_was_about_only_where_it_is_known() -> None:
    assert offer(None, was_cut=True) == "It seems we got cut off just now. Shall we go on?"
    assert offer(None, was_cut=False) == "We talked only a moment ago. Shall we go on?"
    assert offer("what about salt", was_cut=True) == (
        "It seems we got cut off just now. You were asking about salt. Shall we go on?"
    )


@given(st.text(max_size=300))
def test_reminder_is_short_and_one_line_whatever_was_said(said: str) -> None:
    reminder = recalled(said)

    if reminder is not None:
        assert reminder.startswith("You were ")
        assert len(reminder.split()) <= MOST_WORDS + 4
        assert "\n" not in reminder
