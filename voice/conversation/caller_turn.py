"""The caller's turn: from the words that come in to the message that is answered."""

from __future__ import annotations

from dataclasses import dataclass

from voice.conversation.commands import Message, Side, WriteEntry
from voice.conversation.dictation import sounds_dictated
from voice.conversation.turn_rules import TurnRules
from voice.conversation.utterance import News, Utterance


@dataclass(frozen=True, slots=True)
class _Unconfirmed:
    """A turn taken from words without their final, and the history before it."""

    text: str
    history: list[Message]


class CallerTurn:
    """Collects what the caller says and knows when it is a turn. Instants are the machine's."""

    def __init__(self) -> None:
        self.words = Utterance()
        self.is_dictated = False  # what was said last goes on: digits, letters, an address
        self._voice_at: float | None = None
        self._kept: News | None = None
        self._kept_at = 0.0
        self._unconfirmed: _Unconfirmed | None = None

    @property
    def text(self) -> str:
        """Everything said in this turn."""
        return self.words.text

    @property
    def has_voice_since(self) -> bool:
        """Whether there was voice after the words that came last."""
        heard_at = self.words.heard_at
        return self._voice_at is not None and heard_at is not None and self._voice_at > heard_at

    def is_open(self, now: float, hold: float) -> bool:
        """Tell whether the caller is in the middle of saying something."""
        if not self.words.is_settled:
            return True
        has_voice = self._voice_at is not None and now - self._voice_at <= hold
        return has_voice and (self.words.heard_at is None or self.has_voice_since)

    def preview(self, history: list[Message]) -> list[Message]:
        """Return the history as it would be if the turn were over."""
        return _with_turn(history, self.text)

    def notice_voice(self, now: float) -> None:
        """There is voice on the line: a turn that has begun is held open."""
        self._voice_at = now

    def begin(self) -> None:
        """Begin with the floor: a voice from before says nothing about this turn."""
        self._voice_at = None

    def keep(self, news: News, now: float) -> None:
        """Keep a word said while the buddy speaks; it may become the turn."""
        self._kept, self._kept_at = news, now

    def drop_kept(self) -> None:
        """Forget the kept word: it is part of what interrupted."""
        self._kept = None

    def take_back_kept(self) -> None:
        """Forget the kept word, unless it is final: it turned out not to have been said."""
        if self._kept is not None and not self._kept.is_final:
            self._kept = None

    def resume(self, now: float, history: list[Message], *, within: float) -> None:
        """Let a kept word begin the turn if it was said within so many seconds of now."""
        self.words.forget_before(now - within)
        kept, self._kept = self._kept, None
        if kept is not None and now - self._kept_at <= within:
            self._take_in(kept, self._kept_at, history)

    def hear(self, news: News, history: list[Message], now: float) -> list[Message]:
        """Take words in and return the history, without a turn that they correct."""
        if self._unconfirmed is not None and news.corrects:
            history = self._unconfirmed.history
            self._unconfirmed = None
        self._take_in(news, now, history)
        return history

    def ends_at(self, rules: TurnRules) -> float | None:
        """Return when the turn ends if nothing more is said; None before its first word."""
        words = self.words
        if not words.text or words.last_word_at is None or words.heard_at is None:
            return None
        pause = max(rules.pause, rules.dictation_pause) if self.is_dictated else rules.pause
        ends_at = words.last_word_at + pause
        if not words.is_settled:
            ends_at = max(ends_at, words.heard_at + rules.final_wait)
        if self._voice_at is not None and self.has_voice_since:
            held_until = self._voice_at + rules.voice_hold
            ends_at = max(ends_at, min(held_until, words.last_word_at + rules.voice_hold_most))
        return ends_at

    def _take_in(self, news: News, now: float, history: list[Message]) -> None:
        """Take words in; a number that goes on after a pause is judged by all of it."""
        self.words.hear(news, now)
        self.is_dictated = sounds_dictated(self.preview(history)[-1].text)

    def take(self, history: list[Message]) -> list[WriteEntry]:
        """Add the turn to the history; words without their final may be corrected."""
        rows = self.confirm()
        before = list(history)
        is_settled = self.words.is_settled
        text = self.words.take()
        self._voice_at, self.is_dictated = None, False
        history[:] = _with_turn(history, text)
        if is_settled:
            return [*rows, WriteEntry(Side.CALLER, text)]
        self._unconfirmed = _Unconfirmed(text, before)
        return rows

    def take_unanswered(self, history: list[Message]) -> list[WriteEntry]:
        """End the turn, if one has begun, without anybody to answer it."""
        rows = self.take(history) if self.text else []
        return [*rows, *self.confirm()]

    def confirm(self) -> list[WriteEntry]:
        """Write down what was taken without its final: nothing will correct it any more."""
        unconfirmed, self._unconfirmed = self._unconfirmed, None
        return [WriteEntry(Side.CALLER, unconfirmed.text)] if unconfirmed is not None else []


def _with_turn(history: list[Message], text: str) -> list[Message]:
    """Return the history with what the caller said; a turn that goes on is one turn."""
    if history and history[-1].side is Side.CALLER:
        return [*history[:-1], Message(Side.CALLER, f"{history[-1].text} {text}")]
    return [*history, Message(Side.CALLER, text)]
