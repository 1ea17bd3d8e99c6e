"""What the caller is saying: final words, the words that may still change, and when."""

from __future__ import annotations

import re

# Said alone, these take the floor at once.
STOP_WORDS = frozenset("stop wait no hold pause quiet enough shush hush hang sorry hey".split())
# Said alone or together, these are the sounds of somebody who listens.
BACKCHANNELS = frozenset(
    "ah aha cool exactly good great hm hmm huh i mhm mm nice oh ok okay really right see sure "
    "true uh uhhuh um wow yeah yep yes yup".split()
)


SAME_WORDS = 0.25  # seconds: a final that ends this close to its interim says the same words


def words_of(text: str) -> list[str]:
    """Return the words of `text`, bare and in lower case."""
    return re.findall(r"[a-z0-9']+", text.lower())


def takes_floor(text: str, *, at_least: int) -> bool:
    """Tell whether these words interrupt a buddy who speaks."""
    words = words_of(text)
    if any(word in STOP_WORDS for word in words):
        return True
    return len(words) >= at_least and any(word not in BACKCHANNELS for word in words)


class Utterance:
    """What the caller has said since the floor came to them. Instants are the machine's."""

    def __init__(self) -> None:
        self._finals: list[str] = []
        self._interim = ""
        self._unconfirmed: list[str] = []  # words taken before their final came
        self._heard_until = float("-inf")  # words that ended by then belong to the past
        self.heard_at: float | None = None  # when words last came
        self.last_word_at: float | None = None  # when the last of them ended

    @property
    def text(self) -> str:
        """Everything said so far."""
        return " ".join(part for part in (*self._finals, self._interim) if part)

    @property
    def is_settled(self) -> bool:
        """Whether all of it is final."""
        return not self._interim

    def hear(self, text: str, *, is_final: bool, ended_at: float | None, now: float) -> bool:
        """Take words in; return False for words that were dealt with before."""
        slack = SAME_WORDS if self._unconfirmed else 0.0
        if ended_at is not None and ended_at <= self._heard_until + slack:
            return False
        fresh = self._without_unconfirmed(text.split())
        if is_final:
            self._interim = ""
            self._unconfirmed = []
            if fresh:
                self._finals.append(fresh)
        else:
            self._interim = fresh
        if not fresh:
            return False
        self.heard_at = now
        self.last_word_at = now if ended_at is None else min(ended_at, now)
        return True

    def take(self) -> str:
        """End the utterance and return what was said."""
        text = self.text
        self._unconfirmed = words_of(self._interim)
        if self.last_word_at is not None:
            self._heard_until = max(self._heard_until, self.last_word_at)
        self._finals, self._interim = [], ""
        self.heard_at = self.last_word_at = None
        return text

    def forget_before(self, instant: float) -> None:
        """Treat words that ended by `instant` as dealt with."""
        self._heard_until = max(self._heard_until, instant)

    def _without_unconfirmed(self, words: list[str]) -> str:
        """Drop the head of `words` that was taken as an interim already."""
        taken = self._unconfirmed
        if taken and words_of(" ".join(words[: len(taken)])) == taken:
            words = words[len(taken) :]
        return " ".join(words)
