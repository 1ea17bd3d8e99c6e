"""The book of turns: when each thing happened, all on one clock, in seconds.

Callers, recogniser, model and voice write into it; what they say names the turn, so nobody
needs to tell anybody else.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

clock: Final = time.monotonic

_LOOKS = "brown quiet clever sleepy gentle happy tiny brave golden silver".split()
_ANIMALS = "fox owl bear horse rabbit turtle swan goat otter heron".split()
_PLACES = "spring summer autumn winter london paris norway canada egypt india".split()
_TAG = re.compile(rf"({'|'.join(_LOOKS)}) ({'|'.join(_ANIMALS)}) in ({'|'.join(_PLACES)})")

MOST_CALLERS: Final = len(_LOOKS) * len(_ANIMALS)
MOST_TURNS: Final = len(_PLACES)


@dataclass(slots=True)
class Asking:
    """One request to the model, and when its first sentence was written."""

    asked_at: float
    sentence_at: float | None = None
    is_cancelled: bool = False


@dataclass(slots=True)
class Speech:
    """One request for speech, and when its first byte left."""

    asked_at: float
    is_first: bool
    byte_at: float | None = None
    is_over: bool = False


@dataclass(slots=True)
class Turn:
    """One turn of one caller."""

    caller: int
    number: int
    is_interrupting: bool
    spoke_at: float | None = None  # the first frame of speech was sent
    quiet_at: float | None = None  # the last one was
    word_at: float | None = None  # the recogniser's first words
    eager_at: float | None = None  # its hint that the turn may be over
    final_at: float | None = None  # its word that the turn is over
    asked: list[Asking] = field(default_factory=list)
    speech: list[Speech] = field(default_factory=list)
    cleared_at: float | None = None
    heard_at: float | None = None  # the first audible frame arrived
    underruns: int = 0
    silent_seconds: float = 0.0  # in the middle of the reply

    @property
    def is_spoken(self) -> bool:
        """Whether everything the model wrote has left the voice."""
        return bool(self.speech) and all(speech.is_over for speech in self.speech)

    def row(self) -> dict[str, Any]:
        return asdict(self)


class Book:
    """All turns of a run."""

    def __init__(self) -> None:
        self.turns: dict[tuple[int, int], Turn] = {}
        self._latest: dict[int, Turn] = {}

    def open(self, caller: int, number: int, *, is_interrupting: bool) -> Turn:
        """Begin a turn."""
        turn = Turn(caller, number, is_interrupting)
        self.turns[caller, number] = self._latest[caller] = turn
        return turn

    def latest(self, caller: int | None) -> Turn | None:
        """Return the turn that this caller is at."""
        return self._latest.get(caller) if caller is not None else None

    def named(self, text: str) -> Turn | None:
        """Return the turn that a text names last."""
        tags = _TAG.findall(text)
        if not tags:
            return None
        look, animal, place = tags[-1]
        caller = _LOOKS.index(look) * len(_ANIMALS) + _ANIMALS.index(animal)
        return self.turns.get((caller, _PLACES.index(place)))


def subject(turn: Turn) -> str:
    """Return the three words by which a turn is known."""
    look = _LOOKS[turn.caller // len(_ANIMALS)]
    return f"{look} {_ANIMALS[turn.caller % len(_ANIMALS)]} in {_PLACES[turn.number]}"


def question(turn: Turn) -> list[str]:
    """Return the words that the caller says."""
    opening = "no wait tell me about the" if turn.is_interrupting else "please tell me about the"
    return [*opening.split(), *subject(turn).split()]


def answer(turn: Turn) -> list[str]:
    """Return the tokens of the reply: two sentences, the first of which is eight tokens long."""
    words = subject(turn).split()
    first = ["The", *(f" {word}" for word in words), " is", " well", "."]
    return [*first, " That", *(f" {word}" for word in words), " likes", " music", "."]
