"""What a caller says, as a recogniser tells it: piece by piece, with second thoughts."""

from __future__ import annotations

from voice.conversation.utterance import Utterance, takes_floor


def hear(utterance: Utterance, text: str, *, is_final: bool = False, now: float = 1.0) -> None:
    news = utterance.sift(text, is_final=is_final, ended_at=None)
    if news is not None:
        utterance.hear(news, now)


def test_interim_is_replaced_until_its_final() -> None:
    utterance = Utterance()
    hear(utterance, "tell")
    hear(utterance, "tell me")
    hear(utterance, "Tell me.", is_final=True)
    hear(utterance, "a sto")

    assert utterance.text == "Tell me. a sto"
    assert not utterance.is_settled


def test_nothing_said_can_be_taken_too() -> None:
    assert Utterance().take() == ""


def test_words_ahead_of_the_taken_ones_are_new() -> None:
    utterance = Utterance()
    hear(utterance, "tell me")
    utterance.take()

    hear(utterance, "tell me a story")

    assert utterance.text == "a story"


def test_correction_keeps_the_finals_before_it() -> None:
    utterance = Utterance()
    hear(utterance, "Hello Lisa.", is_final=True)
    hear(utterance, "what is the new")
    taken = utterance.take()

    hear(utterance, "And what is the moon made of?", is_final=True)

    assert taken == "Hello Lisa. what is the new"
    assert utterance.text == "Hello Lisa. And what is the moon made of?"


def test_listening_sounds_do_not_take_the_floor_and_words_do() -> None:
    assert not takes_floor("mm hm yeah", at_least=2)
    assert takes_floor("what bear", at_least=2)
    assert takes_floor("stop", at_least=2)
