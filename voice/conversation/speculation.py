"""The reply prepared for what the caller seems to have said: committed, or never known.

At most one is under way, and only while the caller has the floor. It is bound to the words it
answers: other words discard it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voice.conversation import commands as do
from voice.conversation.caller_turn import CallerTurn
from voice.conversation.commands import Command, Message
from voice.conversation.events import ReplyId
from voice.conversation.honesty import asks_whether_human
from voice.conversation.turn_rules import TurnRules
from voice.conversation.utterance import words_of


@dataclass(frozen=True, slots=True)
class _Prepared:
    reply: ReplyId
    history: tuple[Message, ...]  # that it answers


class Speculation:
    """Knows what is prepared, and when it is worth it. Instants are the machine's."""

    def __init__(self) -> None:
        self._prepared: _Prepared | None = None
        self._tries = 0  # in this turn
        self._tried: list[str] = []  # the words that were answered, well or in vain
        self._failed: list[str] = []  # the words that the model had no answer to

    @property
    def reply(self) -> ReplyId | None:
        """The reply that is prepared now."""
        return self._prepared.reply if self._prepared is not None else None

    def begin_turn(self) -> None:
        """Begin the count anew."""
        self._tries, self._tried, self._failed = 0, [], []

    def due_at(self, turn: CallerTurn, rules: TurnRules) -> float | None:
        """Return when to prepare without a hint: soon after settled words, once for each."""
        words = turn.words
        if words.last_word_at is None or not words.is_settled or turn.has_voice_since:
            return None
        if not self._may_try(rules) or words_of(turn.text) == self._tried:
            return None
        # Whoever dictates goes on more often than not.
        return words.last_word_at + (rules.pause if turn.is_dictated else rules.speculate_after)

    def prepare(
        self,
        next_id: Callable[[], ReplyId],
        turn: CallerTurn,
        history: list[Message],
        rules: TurnRules,
        *,
        is_request: bool = False,
    ) -> list[Command]:
        """Have the words so far answered, if that is worth it."""
        words = words_of(turn.text)
        if not words or words == self._failed or not self._may_try(rules):
            return []
        self._tries += 1
        self._tried = words
        answered = tuple(turn.preview(history))
        if is_request or asks_whether_human(answered[-1].text):
            return []  # not the model's to answer
        self._prepared = _Prepared(next_id(), answered)
        return [do.PrepareReply(self._prepared.reply, answered)]

    def keep_to(self, turn: CallerTurn) -> list[Command]:
        """Discard what answers other words than those said so far."""
        return self.discard() if words_of(turn.text) != self._tried else []

    def discard(self) -> list[Command]:
        """Give up what is prepared, if anything is."""
        prepared, self._prepared = self._prepared, None
        return [do.DiscardReply(prepared.reply)] if prepared is not None else []

    def fail(self) -> list[Command]:
        """Give up what could not be prepared: another hint is no reason to try again."""
        self._failed = self._tried
        return self.discard()

    def commit(self, history: Sequence[Message]) -> ReplyId | None:
        """Take the prepared reply if it answers just this; else it is still to be discarded."""
        prepared = self._prepared
        if prepared is None or not _is_same(prepared.history, history):
            return None
        self._prepared = None
        return prepared.reply

    def _may_try(self, rules: TurnRules) -> bool:
        return self._prepared is None and self._tries < rules.speculations


def _is_same(one: Sequence[Message], other: Sequence[Message]) -> bool:
    """Tell whether the same was said, but for punctuation in the last turn."""
    return list(one[:-1]) == list(other[:-1]) and words_of(one[-1].text) == words_of(other[-1].text)
