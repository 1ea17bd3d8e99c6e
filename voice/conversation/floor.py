"""The floor: who has it, and how it is taken, given, gone on with and closed.

What the machine stands on: its state, and the few moves that everything it decides is made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from voice.conversation import commands as do
from voice.conversation.buddy_turn import BuddyTurn, CutOff
from voice.conversation.caller_turn import CallerTurn
from voice.conversation.commands import Announcement, Command, EndReason, Message, Side
from voice.conversation.endings import Ending
from voice.conversation.events import ReplyId
from voice.conversation.fillers import Fillers
from voice.conversation.keypad import Keypad
from voice.conversation.record_keeping import RecordKeeping
from voice.conversation.speculation import Speculation
from voice.conversation.turn_rules import TurnRules


class Phase(StrEnum):
    """Whose turn it is."""

    LISTENING = "listening"  # the caller has the floor
    THINKING = "thinking"  # the caller's turn is over; nothing of the reply is audible yet
    SPEAKING = "speaking"  # the reply has the floor until its last segment is played
    CLOSING = "closing"  # the last words are being said; nothing interrupts them
    ENDED = "ended"


class Floor:
    """The state of a conversation, and its moves."""

    def __init__(
        self,
        rules: TurnRules,
        announcements: Mapping[Announcement, str],
        *,
        now: float,
        last_reply: ReplyId,
        farewell: Announcement = Announcement.TALK_TIME_OVER,
        buddies: Mapping[int, str] | None = None,
        buddy: int = 0,
        slower: int = 0,
    ) -> None:
        self.rules = rules  # the shell puts new ones here when a constant is edited
        self.phase = Phase.LISTENING
        self.history: list[Message] = []
        self.fillers = Fillers()
        self._farewell = farewell  # for the end of the talk time
        self._turn = CallerTurn()
        self._speculation = Speculation()
        self._buddy = BuddyTurn(announcements, last_reply=last_reply, now=now, buddy=buddy)
        self._floor_at = now  # when the floor last changed hands
        self._quiet_since = now  # when the caller last heard or said something
        self._cut: CutOff | None = None  # what the caller's words cut off, until it is settled
        self._questions = 0
        self._failures = 0
        self._names = dict(buddies or {})  # by menu key
        self._record = RecordKeeping()
        self._keypad = Keypad()
        self._is_choosing = False  # the menu waits for a buddy's name or key
        self._menu_cut: CutOff | None = None  # what the menu cut off
        self._menu_key_at = float("-inf")  # when it was last asked for by key
        self._slower = slower  # times that it was asked for
        self._lost_at: float | None = None  # since when nobody listens to the caller
        self._is_loss_told = False
        self._end_reason = EndReason.FAILED

    def _begin_reply(
        self, now: float, *, reply: ReplyId | None = None, is_generated: bool = False
    ) -> ReplyId:
        self.phase = Phase.THINKING
        self._cut = None
        self.fillers.drop()
        self._floor_at = self._quiet_since = now
        return self._buddy.begin(now, reply=reply, is_generated=is_generated)

    def _cut_off(self, now: float) -> list[Command]:
        """Retire the reply and keep only what the caller heard of it."""
        if self.phase is Phase.LISTENING:
            return []
        self._cut = self._buddy.cut_off(now)
        self.history += self._cut.heard
        return self._cut.commands

    def _give_floor_to_caller(self, now: float) -> None:
        self.phase = Phase.LISTENING
        self._floor_at = self._quiet_since = now
        self._turn.begin()
        self._speculation.begin_turn()

    def _go_on(
        self,
        now: float,
        *,
        cut: CutOff | None = None,
        words: Sequence[Announcement] = (),
        again: Sequence[str] = (),
    ) -> list[Command]:
        """Go on with what was cut off, from the start of its sentence.

        First come words made ahead, and what is to be said again.
        """
        cut = self._cut if cut is None else cut
        rest = cut.rest if cut is not None else ()
        # Words taken back may have been all there was to answer.
        is_written = cut is None or cut.was_generated or not (rest or self.history)
        if is_written and not (rest or words or again or self._buddy.asides.are_due):
            return self._speak_if_idle(now)
        commands = self._speculation.discard()
        reply = self._begin_reply(now, is_generated=is_written)
        commands += [self._buddy.announce(announcement) for announcement in words]
        commands += self._buddy.say_asides()
        commands += [self._buddy.speak(text) for text in again]
        heard = cut.heard if cut is not None else []
        self.history = [
            replace(message, was_interrupted=False) if message in heard else message
            for message in self.history
        ]
        commands += [self._buddy.speak(text) for text in rest]
        if is_written:
            return commands
        if not rest and self.history[-1].side is Side.CALLER:  # not a word of it was said
            self.fillers.begin(now, goes_on=True)
            return [*commands, do.GenerateReply(reply, tuple(self.history))]
        begun = [self._buddy.message(" ".join(rest))] if rest else []
        return [*commands, do.GenerateReply(reply, (*self.history, *begun), goes_on=True)]

    def _take_unanswered(self) -> list[Command]:
        return [*self._speculation.discard(), *self._turn.take_unanswered(self.history)]

    def _announce_alone(self, announcement: Announcement, now: float) -> list[Command]:
        """Say words made ahead as a reply of their own."""
        self._begin_reply(now, is_generated=True)
        return [self._buddy.announce(announcement)]

    def _speak_if_idle(self, now: float) -> list[Command]:
        """Say what the caller must know, if nobody is saying anything."""
        if self.phase is not Phase.LISTENING or self._turn.text:
            return []
        if self._lost_at is not None and not self._is_loss_told:
            self._is_loss_told = True
            return self._announce_alone(Announcement.RECOGNISER_LOST, now)
        if not self._buddy.asides.are_due:
            return []
        self._begin_reply(now, is_generated=True)
        return self._buddy.say_asides()

    def _close(self, ending: Ending, now: float) -> list[Command]:
        """Say the last words; nothing interrupts them."""
        if self.phase is Phase.CLOSING:
            return []
        commands = [*self._cut_off(now), *self._take_unanswered()]
        commands += self._announce_alone(ending.words, now)
        self.phase = Phase.CLOSING
        self._end_reason = ending.reason
        return commands

    def _end(self, reason: EndReason) -> Command:
        self.phase = Phase.ENDED
        return do.HangUp(reason)
