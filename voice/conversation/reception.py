"""What comes before a buddy has the floor: notice, consent, menu and refusals.

Nobody is listened to before the notice was played to its end and the caller stayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Command, EndReason
from voice.conversation.endings import (
    RECOGNISER_GONE,
    Ending,
    ending_of,
    line_ending,
    refusal_of,
)
from voice.conversation.events import Event, ReplyId
from voice.conversation.keypad import Keypad, PlainKey, Shortcut, TypedPin
from voice.conversation.menu import buddy_in_role, named_buddy
from voice.conversation.utterance import only_listens, words_of

DECLINE_KEY = "9"
NO_CHOICE = Ending(Announcement.NO_CHOICE, EndReason.NO_CHOICE)
CONSENT_DECLINED = Ending(Announcement.CONSENT_DECLINED, EndReason.CONSENT_DECLINED)


class Stage(StrEnum):
    """How far the caller has come."""

    NOTICE = "notice"
    MENU = "menu"
    CLOSING = "closing"
    DONE = "done"  # a buddy has the floor
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Visitor:
    """What reception knows of the caller."""

    has_consented: bool = False
    favourite_key: int | None = None
    refusal: Announcement | None = None  # why nobody can be put through
    farewell: Announcement = Announcement.TALK_TIME_OVER  # says how they can go on
    is_back: bool = False  # heard the notice in this call and stayed; then the stream broke


@dataclass(frozen=True, slots=True)
class ReceptionRules:
    """The constants of reception, in seconds where not said otherwise."""

    menu_wait: float = 6.0  # after the menu, for a key or a name
    menus: int = 2  # how often the menu is said to who says nothing
    misheard: int = 2  # how often besides to who says what names nobody
    noise: float = 10.0  # voice without words holds the menu open this long at most
    stall: float = 25.0  # an announcement that is not over by then got lost


class Reception:
    """Leads the caller to a buddy."""

    def __init__(
        self, rules: ReceptionRules, visitor: Visitor, menu: Mapping[int, str], *, now: float
    ) -> None:
        self.stage = Stage.NOTICE
        self.last_reply = ReplyId(0)
        self._rules = rules
        self._visitor = visitor
        self._menu = menu  # names by key
        self._choice = visitor.favourite_key if visitor.favourite_key in menu else None
        self._is_saying = False
        self._menus = self._misheard = 0
        self._notices = 0
        self._since = now  # when something last happened
        self._asked_at = now  # when the caller was last asked to choose
        self._end_reason = EndReason.FAILED
        self._keypad = Keypad()
        self._pressed: list[Shortcut] = []  # what a buddy is to see to
        self._pin: str | None = None  # typed before a buddy was there

    def start(self, now: float) -> list[Command]:
        """Say the first words."""
        if self._visitor.refusal is not None:
            return self._close(refusal_of(self._visitor.refusal), now)
        if self._visitor.is_back:
            self.stage = Stage.MENU
            return [do.Listen(), *self._choose_or_ask(now)]
        return self._say_notice(now)

    def receive(self, event: Event, now: float) -> list[Command]:
        """Take note of `event` and return what must be done about it."""
        if self.deadline is None:
            return []
        match event:
            case on.CallerHungUp():
                is_closing = self.stage is Stage.CLOSING
                return [self._end(self._end_reason if is_closing else line_ending(event))]
            case on.SegmentPlayed(reply, _, share) if reply == self.last_reply and share >= 1:
                return self._go_on(now)
            case on.DigitPressed(digit):
                return self._press(digit, now)
            case on.TranscriptReceived(text, is_final):
                return self._hear(text, is_final=is_final, now=now)
            case on.VoiceDetected() if self.stage is Stage.MENU and not self._is_saying:
                self._since = now  # somebody is answering: give the words time to come
                return []
            case on.RecogniserLost(is_for_good=True):
                return self._close(RECOGNISER_GONE, now)
            case on.RecogniserLost() | on.StoreLost():
                return []  # keys still work
            case (
                on.TalkTimeOver()
                | on.LeaseRanOut()
                | on.SpendStopped()
                | on.CallDeleted()
                | on.ServiceEnding()
            ):
                return self._close(ending_of(event, self._visitor.farewell), now)
            case _:
                return []

    def tick(self, now: float) -> list[Command]:
        """Act on the deadline, if `now` has reached it."""
        if self.deadline is None or now < self.deadline:
            return []
        if self._is_saying and self.stage is Stage.NOTICE:
            # Nobody consents to what they may not have heard: say it again, once.
            if self._notices < 2:  # noqa: PLR2004 - once and once more
                return [do.Interrupt(self.last_reply), *self._say_notice(now)]
            return [do.Interrupt(self.last_reply), self._end(EndReason.FAILED)]
        return self._go_on(now)

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called at the latest; None once reception is over."""
        if self.stage in (Stage.DONE, Stage.ENDED):
            return None
        if self._is_saying:
            return self._since + self._rules.stall
        # Noise may hold the menu open, but not for ever.
        return min(self._since, self._asked_at + self._rules.noise) + self._rules.menu_wait

    def _say_notice(self, now: float) -> list[Command]:
        self._notices += 1
        is_short = self._visitor.has_consented
        return self._say(Announcement.NOTICE_SHORT if is_short else Announcement.NOTICE, now)

    def _go_on(self, now: float) -> list[Command]:
        """Do what comes after the words just said, or after nobody answered them."""
        was_saying, self._is_saying = self._is_saying, False
        self._since = self._asked_at = now
        match self.stage:
            case Stage.CLOSING:
                return [self._end(self._end_reason)]
            case Stage.NOTICE:
                consent = [] if self._visitor.has_consented else [do.RecordConsent()]
                self.stage = Stage.MENU
                return [*consent, do.Listen(), *self._choose_or_ask(now)]
            case _:
                return [] if was_saying else self._ask_again(now)

    def _choose_or_ask(self, now: float) -> list[Command]:
        if self._choice is not None:
            return self._put_through(self._choice)
        self._menus = 1
        return self._say(Announcement.MENU, now)

    def _ask_again(self, now: float, *, after_words: bool = False) -> list[Command]:
        """Ask once more; who says something is more patient than who says nothing."""
        if after_words and self._misheard < self._rules.misheard:
            self._misheard += 1
        elif self._menus < self._rules.menus:
            self._menus += 1
        else:
            return self._close(NO_CHOICE, now)
        return [*self._hush(), *self._say(Announcement.MENU_AGAIN, now)]

    def _press(self, digit: str, now: float) -> list[Command]:
        if self.stage is Stage.CLOSING:
            return []
        match self._keypad.press(digit, now):
            case PlainKey(key):
                return self._choose(key, now)
            case TypedPin(pin):
                self._pin = pin
            case None:
                pass
            case shortcut:
                return self._obey(shortcut, now)
        if not self._is_saying:  # somebody is typing: the menu waits
            self._since = self._asked_at = now
        return []

    def _obey(self, shortcut: Shortcut, now: float) -> list[Command]:
        """Do at once what has to do with the menu; a buddy sees to the rest."""
        match shortcut:
            case Shortcut.MENU | Shortcut.REPEAT if self.stage is Stage.MENU:
                return [*self._hush(), *self._say(Announcement.MENU, now)]
            case Shortcut.MENU:
                self._choice = None  # the menu instead of the favourite
            case Shortcut.SKIP if self.stage is Stage.MENU:
                self._since = self._asked_at = now
                return self._hush()
            case Shortcut.OFF_THE_RECORD if shortcut in self._pressed:
                self._pressed.remove(shortcut)
            case Shortcut.OFF_THE_RECORD | Shortcut.SLOWER:
                self._pressed.append(shortcut)
            case _:
                pass  # a notice is heard to its end
        return []

    def _choose(self, digit: str, now: float) -> list[Command]:
        if digit == DECLINE_KEY and not self._visitor.has_consented:
            return self._close(CONSENT_DECLINED, now)
        if not digit.isdigit() or int(digit) not in self._menu:
            return []
        if self.stage is Stage.NOTICE:
            self._choice = int(digit)  # the notice is heard to its end all the same
            return []
        return self._put_through(int(digit))

    def _hear(self, text: str, *, is_final: bool, now: float) -> list[Command]:
        if self.stage is not Stage.MENU:
            return []
        if not is_final:
            self._since = now if not self._is_saying else self._since
            return []
        key = named_buddy(text, self._menu) or buddy_in_role(text, self._menu)
        if key is not None:
            return self._put_through(key)
        if self._is_saying or not words_of(text) or only_listens(text):
            return []
        return self._ask_again(now, after_words=True)

    def _put_through(self, key: int) -> list[Command]:
        self.stage = Stage.DONE
        # What came of a PIN is told after the greeting, by who has the floor then.
        pin = [do.CheckPin(self._pin)] if self._pin is not None else []
        return [*self._hush(), do.PutThrough(key, tuple(self._pressed)), *pin]

    def _close(self, ending: Ending, now: float) -> list[Command]:
        if self.stage is Stage.CLOSING:
            return []
        self.stage = Stage.CLOSING
        self._end_reason = ending.reason
        return [*self._hush(), *self._say(ending.words, now)]

    def _say(self, announcement: Announcement, now: float) -> list[Command]:
        self.last_reply = ReplyId(self.last_reply + 1)
        self._is_saying = True
        self._since = now
        return [do.Announce(self.last_reply, 0, announcement)]

    def _hush(self) -> list[Command]:
        was_saying, self._is_saying = self._is_saying, False
        return [do.Interrupt(self.last_reply)] if was_saying else []

    def _end(self, reason: EndReason) -> Command:
        self.stage = Stage.ENDED
        return do.HangUp(reason)
