"""What the caller is saying: final words, the words that may still change, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

# Said alone, these take the floor at once.
STOP_WORDS = frozenset("stop wait no hold pause quiet enough shush hush hang sorry hey".split())
# Said alone or together, these are the sounds of somebody who listens.
BACKCHANNELS = frozenset(
    "ah aha cool exactly good great hm hmm huh i mhm mm nice oh ok okay really right see sure "
    "true uh uhhuh um wow yeah yep yes yup".split()
)


SAME_WORDS = 0.25  # seconds: a final that ends this close to its interim says the same words
SAME_SENSE = 0.75  # of the words: a final this like its interim is not worth a new reply


def words_of(text: str) -> list[str]:
    """Return the words of `text`, bare and in lower case."""
    return re.findall(r"[a-z0-9']+", text.lower())


def takes_floor(text: str, *, at_least: int) -> bool:
    """Tell whether these words interrupt a buddy who speaks."""
    words = words_of(text)
    if any(word in STOP_WORDS for word in words):
        return True
    return len(words) >= at_least and any(word not in BACKCHANNELS for word in words)


def only_listens(text: str) -> bool:
    """Tell whether these are sounds of listening, and nothing else."""
    words = words_of(text)
    return bool(words) and all(word in BACKCHANNELS for word in words)


@dataclass(frozen=True, slots=True)
class News:
    """What a transcript says that was not dealt with before."""

    text: str  # may be empty: the words heard last are taken back
    is_final: bool
    ended_at: float | None
    corrects: bool = False  # it replaces words that were taken before their final came


class Utterance:
    """What the caller has said since the floor came to them. Instants are the machine's."""

    def __init__(self) -> None:
        self._finals: list[str] = []
        self._interim = ""
        self._unconfirmed: list[str] = []  # words taken before their final came
        self._before_them: list[str] = []  # the finals they were taken with
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

    def sift(self, text: str, *, is_final: bool, ended_at: float | None) -> News | None:
        """Return what is new in a transcript; None for words that were dealt with before.

        A recogniser reads a piece of speech again and again until its final, so what comes
        next after words were taken unconfirmed begins with those words, or corrects them.
        """
        taken = self._unconfirmed
        if taken and is_final:
            self._unconfirmed = []
        slack = SAME_WORDS if taken else 0.0
        if ended_at is not None and ended_at <= self._heard_until + slack:
            return None
        spoken = words_of(text)
        if not taken or not spoken:
            return News(text, is_final, ended_at)
        if spoken[: len(taken)] == taken or (not is_final and len(spoken) > len(taken)):
            fresh = " ".join(text.split()[len(taken) :])
            return News(fresh, is_final, ended_at) if fresh else None
        if is_final and (len(spoken) > len(taken) or _likeness(spoken, taken) < SAME_SENSE):
            return News(text, is_final, ended_at, corrects=True)
        return None

    def hear(self, news: News, now: float) -> None:
        """Take words in."""
        if news.corrects:
            self._finals = list(self._before_them)
        if news.is_final:
            self._interim = ""
            if news.text:
                self._finals.append(news.text)
        else:
            self._interim = news.text
        if news.text:
            self.heard_at = now
            self.last_word_at = now if news.ended_at is None else min(news.ended_at, now)

    def take(self) -> str:
        """End the utterance and return what was said."""
        text = self.text
        self._unconfirmed, self._before_them = words_of(self._interim), self._finals
        if self.last_word_at is not None:
            self._heard_until = max(self._heard_until, self.last_word_at)
        self._finals, self._interim = [], ""
        self.heard_at = self.last_word_at = None
        return text

    def forget_before(self, instant: float) -> None:
        """Treat words that ended by `instant` as dealt with."""
        self._heard_until = max(self._heard_until, instant)


def _likeness(one: list[str], other: list[str]) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
