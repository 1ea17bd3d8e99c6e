"""While a reply has the floor: its segments, from written to heard, and what if it stalls."""

from __future__ import annotations

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Command, Side
from voice.conversation.endings import FAILED
from voice.conversation.floor import Floor, Phase
from voice.conversation.playback import Segment


class Answering(Floor):
    """Follows a reply until it was heard, and mends one that does not move."""

    def _follow_reply(self, event: on.ReplyEvent, now: float) -> list[Command]:
        buddy = self._buddy
        if event.reply == self._speculation.reply:
            return self._speculation.fail()  # all else of it is held
        if event.reply != buddy.reply:
            return []
        buddy.progress_at = now
        match event:
            case on.SegmentGenerated(_, text):
                self.fillers.drop()
                buddy.moved_at = now
                return [] if buddy.is_generated else [buddy.speak(text)]
            case on.ReplyGenerated():
                buddy.moved_at = now
                buddy.is_generated = True
                return self._settle(now)
            case on.SegmentStarted(_, number):
                return self._show_audible(now) if buddy.send(number) is not None else []
            case on.SegmentPlayed(_, number, share):
                return self._advance_segment(buddy.send(number), share, now)
            case on.ReplyFailed():
                self.fillers.drop()
                return self._fail(Announcement.REPLY_FAILED, now)
            case on.SynthesisFailed(_, number, spoken):
                return self._lose_voice(number, spoken, now)

    def _advance_segment(self, segment: Segment | None, share: float, now: float) -> list[Command]:
        if segment is None:
            return []
        commands = self._show_audible(now)
        segment.advance(share, now)
        self._quiet_since = now
        if segment.side is Side.BUDDY and not segment.is_cover:
            self._buddy.moved_at = now
        if segment.share < 1:
            return commands
        segment.is_written = True
        row = do.WriteEntry(segment.side, segment.text, segment.unspoken, buddy=segment.buddy)
        commands.append(row)
        return [*commands, *self._show_audible(now), *self._settle(now)]

    def _show_audible(self, now: float) -> list[Command]:
        """Show what plays from now on; with its own first sound the buddy has the floor."""
        segment = self._buddy.newly_audible(now)
        if segment is None or segment.side is Side.LINE or segment.is_cover:
            return []
        self._buddy.moved_at = now
        self._failures = 0
        if self.phase is Phase.THINKING:
            self.phase = Phase.SPEAKING
        introduced = self._buddy.introduce(segment)
        return [*self._turn.confirm(), *introduced, do.ShowInterim(Side.BUDDY, segment.text)]

    def _settle(self, now: float) -> list[Command]:
        """End the reply once it is written and heard to its last word."""
        if not self._buddy.is_over:
            return []
        if self.phase is Phase.CLOSING:
            return [self._end(self._end_reason)]
        self.history += self._buddy.settle()
        self._give_floor_to_caller(now)
        self._turn.resume(now, self.history, within=self.rules.kept_word)
        return self._speak_if_idle(now)

    def _reply_deadline(self) -> float:
        mend_at = self._buddy.deadline(self.rules, self._quiet_since)
        filler_at = self.fillers.due_at(self.rules)
        if filler_at is None or self._buddy.is_audible:
            return mend_at
        return min(mend_at, filler_at)

    def _mend_reply(self, now: float) -> list[Command]:
        """Do something about a reply that does not move."""
        if self._buddy.is_audible:  # its marks got lost: take it as heard so far
            commands = self._cut_off(now)
            self._cut = None
            self._give_floor_to_caller(now)
            return [*commands, *self._speak_if_idle(now)]
        if (filler := self.fillers.take(self.rules, now)) is not None:
            return [self._buddy.speak(filler, is_cover=True)]
        if now >= self._buddy.moved_at + self.rules.reply_timeout:
            self._failures += 1
            if self._failures >= self.rules.failures:
                return self._close(FAILED, now)
            return [*self._cut_off(now), *self._announce_alone(Announcement.REPLY_FAILED, now)]
        self._quiet_since = now
        return [self._buddy.announce(Announcement.STILL_WORKING, is_cover=True)]

    def _fail(self, apology: Announcement, now: float) -> list[Command]:
        """Say sorry after what can still be heard; after too many failures say goodbye."""
        if self.phase is Phase.CLOSING or self._buddy.has_failed:
            return self._settle(now)
        self._buddy.has_failed = True
        self._failures += 1
        if self._failures >= self.rules.failures:
            return self._close(FAILED, now)
        self._buddy.is_generated = True
        return [self._buddy.announce(apology)]

    def _lose_voice(self, number: int, spoken: float, now: float) -> list[Command]:
        """Say sorry at once for words that no voice can say, and say nothing that follows them."""
        if self.phase is Phase.CLOSING:
            self._buddy.drop(number, spoken)
            return self._settle(now)
        self.fillers.drop()
        self._failures += 1
        if self._failures >= self.rules.failures:
            return self._close(FAILED, now)
        self._buddy.break_off(number, spoken)
        commands = self._cut_off(now)
        return [*commands, *self._announce_alone(Announcement.SYNTHESIS_FAILED, now)]
