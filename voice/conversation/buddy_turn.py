"""The buddy's turn: the reply at hand, what is said of it, and whether it moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from voice.conversation import commands as do
from voice.conversation.asides import Asides
from voice.conversation.commands import OPERATING, Announcement, Command, Message, Side
from voice.conversation.events import ReplyId
from voice.conversation.playback import Playback, Segment
from voice.conversation.turn_rules import TurnRules


@dataclass(frozen=True, slots=True)
class CutOff:
    """What is left of a reply that was cut off."""

    commands: list[Command]
    heard: list[Message]  # what the history keeps of it
    rest: tuple[str, ...]  # what would have followed, from the start of the sentence cut
    was_generated: bool  # the model had written its last word


# A reply that was due and had not been asked for.
UNBEGUN: Final = CutOff(commands=[], heard=[], rest=(), was_generated=False)


class BuddyTurn:
    """Says one reply after another, each by an id of its own. Instants are the machine's."""

    def __init__(
        self,
        texts: Mapping[Announcement, str],
        *,
        last_reply: ReplyId,
        now: float,
        buddy: int = 0,
    ) -> None:
        self.buddy = buddy  # who has the call, by menu key
        self.last: tuple[str, ...] = ()  # the last thing that a buddy said, in segments
        self._introduced = buddy  # who was heard last
        self.reply = last_reply  # events of any other reply are stale
        self._newest = last_reply  # no id is given twice
        self.is_generated = True
        self.has_failed = False
        self.asides = Asides()
        self.progress_at = now  # when anything of the reply last moved on the line
        self.moved_at = now  # when the buddy's own words last moved
        self._texts = texts
        self._playback = Playback()
        self._shown: Segment | None = None  # the segment on the live page

    def next_id(self) -> ReplyId:
        """Return the id of a reply that is yet to begin."""
        self._newest = ReplyId(self._newest + 1)
        return self._newest

    def begin(
        self, now: float, *, reply: ReplyId | None = None, is_generated: bool = False
    ) -> ReplyId:
        """Begin a reply; one that is generated already gets no words of the model."""
        self.reply = self.next_id() if reply is None else reply
        self.is_generated = is_generated
        self.has_failed = False
        self.progress_at = self.moved_at = now
        self._playback = Playback()
        return self.reply

    def hand_over(self, buddy: int) -> Command:
        """Let another buddy have the call."""
        self.buddy = buddy
        return do.HandOver(buddy)

    def message(self, text: str) -> Message:
        """Return a message of the buddy who has the call."""
        return Message(Side.BUDDY, text, buddy=self.buddy)

    def introduce(self, segment: Segment) -> list[Command]:
        """Take note of who is heard now; return what to do where it is somebody else."""
        if segment.buddy == self._introduced:
            return []
        self._introduced = segment.buddy
        return [do.RecordBuddy(segment.buddy)]

    def speak(self, text: str, *, is_cover: bool = False) -> Command:
        """Say a segment in the buddy's voice."""
        number = self._playback.add(Side.BUDDY, text, is_cover=is_cover, buddy=self.buddy)
        return do.Speak(self.reply, number, text, is_cover=is_cover)

    def announce(self, announcement: Announcement, *, is_cover: bool = False) -> Command:
        """Say words made ahead."""
        number = self._playback.add(
            Side.LINE,
            self._texts[announcement],
            is_cover=is_cover or announcement in OPERATING,
            buddy=self.buddy,
        )
        return do.Announce(self.reply, number, announcement, is_cover=is_cover)

    def say_asides(self) -> list[Command]:
        """Say what waited for a gap."""
        commands = []
        for announcement in self.asides.take():
            commands.append(self.announce(announcement))
            self.asides.say(announcement, self._playback.last)
        return commands

    def send(self, number: int) -> Segment | None:
        """Take note that a segment's first frame went out; None for one that is over."""
        segment = self._playback.segment(number)
        if segment is None or segment.is_over:
            return None
        self._playback.send(segment)
        return segment

    def newly_audible(self, now: float) -> Segment | None:
        """Return the segment that plays from now on; None if it did before."""
        segment = self._playback.audible
        if segment is not None:
            segment.begin(now)
        if segment is None or segment is self._shown:
            return None
        self._shown = segment
        return segment

    def drop(self, number: int, spoken: float) -> None:
        """Keep what can be heard of a segment that can't be spoken (further)."""
        self._playback.drop(number, spoken)

    def break_off(self, number: int, spoken: float) -> None:
        """Take note that no more than this share of a segment can be heard."""
        self._playback.break_off(number, spoken)

    @property
    def last_whole(self) -> tuple[str, ...]:
        """The segment of the reply at hand that was heard last to its end."""
        return self._playback.said_by(self.buddy, only_whole=True)[-1:]

    @property
    def is_audible(self) -> bool:
        """Whether something plays now."""
        return self._playback.audible is not None

    @property
    def is_covering(self) -> bool:
        """Whether what plays now only covers a wait."""
        audible = self._playback.audible
        return audible is not None and audible.is_cover

    @property
    def is_over(self) -> bool:
        """Whether the reply is written and heard to its last word."""
        return self.is_generated and self._playback.is_over

    def settle(self) -> list[Message]:
        """End the reply after its last word; return what the history keeps of it."""
        self.asides.settle()
        return self._heard(was_interrupted=False)

    def cut_off(self, now: float) -> CutOff:
        """Retire the reply and keep only what the caller heard of it by now."""
        if (audible := self._playback.audible) is not None:
            audible.reckon(now)
        rest, was_generated = tuple(self._playback.rest_of(self.buddy)), self.is_generated
        commands: list[Command] = [do.Interrupt(self.reply), *self._playback.close()]
        self.asides.settle()
        heard = self._heard(was_interrupted=True)
        self.reply = self.next_id()  # what still comes of the old one is stale
        self._playback = Playback()
        self.is_generated = True
        return CutOff(commands, heard, rest, was_generated)

    def deadline(self, rules: TurnRules, quiet_since: float) -> float:
        """Return when a reply that does not move must be mended."""
        if self.is_audible:
            return self.progress_at + rules.playback_stall
        return min(quiet_since + rules.cover_after, self.moved_at + rules.reply_timeout)

    def _heard(self, *, was_interrupted: bool) -> list[Message]:
        self.last = self._playback.said_by(self.buddy) or self.last
        heard = [Message(Side.BUDDY, text, buddy=who) for who, text in self._playback.heard]
        if heard and was_interrupted:
            heard[-1] = replace(heard[-1], was_interrupted=True)
        return heard
