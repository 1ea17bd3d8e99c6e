"""While the caller has the floor: words, pauses, and the end of the turn."""

from __future__ import annotations

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation import honesty
from voice.conversation.commands import Announcement, Command, Side
from voice.conversation.endings import CALLER_SILENT, RECOGNISER_GONE
from voice.conversation.floor import Phase
from voice.conversation.honesty import asks_whether_human
from voice.conversation.requests import Requests
from voice.conversation.utterance import only_listens, takes_floor


class Listening(Requests):
    """Listens to the caller, whoever has the floor, and ends their turn."""

    def _hear(self, event: on.TranscriptReceived, now: float) -> list[Command]:
        news = self._turn.words.sift(event.text, is_final=event.is_final, ended_at=event.ended_at)
        if news is None or self.phase is Phase.CLOSING or self._record.ignores(event, now):
            return []
        if self._is_late(news):
            return self._take_late_words(news, now)
        if not news.text and self.phase is not Phase.LISTENING:
            self._turn.take_back_kept()
            return []
        if self._keeps_floor(news.text):
            self._questions = 0  # who listens is there
            self._turn.keep(news, now)
            return []
        commands: list[Command] = []
        if self.phase is not Phase.LISTENING:
            commands += self._cut_off(now)
            self._give_floor_to_caller(now)
            self._turn.drop_kept()
        self.history = self._turn.hear(news, self.history, now)
        commands += self._speculation.keep_to(self._turn)
        if not news.text:
            is_taken_back = self._cut is not None and not self._turn.text
            return [*commands, *self._go_on(now)] if is_taken_back else commands
        self._questions = 0
        self._quiet_since = now
        commands += self._hear_off_the_record()
        return [*commands, do.ShowInterim(Side.CALLER, self._turn.text)]

    def _keeps_floor(self, text: str) -> bool:
        """Tell whether the buddy goes on in spite of these words."""
        if self.phase is Phase.SPEAKING:
            return not takes_floor(text, at_least=self.rules.interruption_words)
        return self._buddy.is_covering and not takes_floor(text, at_least=1)

    def _follow_hint(self, event: on.Hint, now: float) -> list[Command]:
        """Take what the recogniser makes of the caller's voice: the pause time decides."""
        match event:
            case on.VoiceDetected():
                self._turn.notice_voice(now)
                return []
            case on.UtteranceLikelyEnded() | on.UtteranceEnded():
                return [] if self._turn.is_dictated else self._prepare_reply()
            case on.UtteranceResumed():
                return self._speculation.discard()

    def _listening_deadline(self) -> float:
        ends_at = self._turn.ends_at(self.rules)
        if self._lost_at is not None:
            note_at = self._quiet_since + self.rules.recogniser_note
            ends_at = min(ends_at or note_at, self._lost_at + self.rules.recogniser_wait)
        elif ends_at is None:
            wait = self.rules.menu_wait if self._is_choosing else self.rules.silence
            ends_at = self._quiet_since + wait
        prepare_at = self._speculation.due_at(self._turn, self.rules)
        return ends_at if prepare_at is None else min(ends_at, prepare_at)

    def _end_listening(self, now: float) -> list[Command]:
        ends_at = self._turn.ends_at(self.rules)
        if ends_at is not None and now >= ends_at:
            return self._end_turn(now)
        prepare_at = self._speculation.due_at(self._turn, self.rules)
        if prepare_at is not None and now >= prepare_at:
            return self._prepare_reply()
        if self._lost_at is not None:
            if now >= self._lost_at + self.rules.recogniser_wait:
                return self._close(RECOGNISER_GONE, now)
            return self._announce_alone(Announcement.STILL_WORKING, now)  # it is us who are deaf
        if self._is_choosing:
            return self._leave_menu(now)
        if self._questions >= self.rules.silence_questions:
            return self._close(CALLER_SILENT, now)
        self._questions += 1
        is_first = self._questions == 1
        words = Announcement.ARE_YOU_THERE if is_first else Announcement.STILL_HERE
        return self._announce_alone(words, now)

    def _end_turn(self, now: float) -> list[Command]:
        last_word_at = self._turn.words.last_word_at or now
        said, before = self._turn.text, list(self.history)
        # Who went on before a word of the answer is still in the same turn.
        goes_on = self._cut is not None and not self._cut.heard
        was_listening = only_listens(said)
        commands: list[Command] = [*self._turn.take(self.history)]
        granted = self._grant(said, before, now)
        if granted is not None:
            return [*commands, *granted]
        if was_listening and self._cut is not None and self._cut.rest:
            return [*commands, *self._go_on(now)]
        prepared = self._speculation.commit(self.history)
        commands += self._speculation.discard()
        reply = self._begin_reply(now, reply=prepared)
        self._quiet_since = max(
            last_word_at, now + self.rules.cover_spacing - self.rules.cover_after
        )
        commands += self._buddy.say_asides()
        if prepared is not None:
            self.fillers.begin(now, goes_on=goes_on)
            return [*commands, do.CommitReply(reply)]
        if asks_whether_human(self.history[-1].text):
            self._buddy.is_generated = True
            return [*commands, self._buddy.speak(honesty.ANSWER)]
        self.fillers.begin(now, goes_on=goes_on)
        return [*commands, do.GenerateReply(reply, tuple(self.history))]

    def _prepare_reply(self) -> list[Command]:
        if self.phase is not Phase.LISTENING:
            return []
        return self._speculation.prepare(
            self._buddy.next_id,
            self._turn,
            self.history,
            self.rules,
            is_request=self._is_request(),
        )
