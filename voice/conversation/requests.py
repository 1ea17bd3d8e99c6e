"""What the caller asks of the call itself, by key or in words, and how it is granted at once.

Where that cuts a buddy short, the buddy goes on afterwards from the sentence that was cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voice.conversation import bridges
from voice.conversation import commands as do
from voice.conversation.buddy_turn import UNBEGUN, CutOff
from voice.conversation.caller_turn import CallerTurn
from voice.conversation.commands import Announcement, Command, Message, Side
from voice.conversation.floor import Floor, Phase
from voice.conversation.keypad import PlainKey, Shortcut, TypedPin
from voice.conversation.menu import named_buddy
from voice.conversation.utterance import News, words_of
from voice.conversation.wishes import (
    TalkTo,
    Wish,
    after_going_on_the_record,
    goes_off_the_record,
    is_about_the_record,
    wish_of,
)

LONGEST_CHOICE: Final = 6  # words: who says more after the menu is telling something
STAYING: Final = frozenset(
    "no nope never mind nobody nothing none stay staying stop cancel here with you i'll i'd "
    "rather just thanks thank it's okay ok fine go on back keep talking let's".split()
)


class Requests(Floor):
    """Grants what callers ask for."""

    # By key.

    def _press(self, digit: str, now: float) -> list[Command]:
        """Take a key; one that only begins something interrupts nobody."""
        if self.phase is Phase.CLOSING:
            return []
        self._questions = 0
        if self.phase is Phase.LISTENING:
            self._quiet_since = now
        match self._keypad.press(digit, now):
            case TypedPin(pin):
                return [do.CheckPin(pin)]
            case PlainKey(key):
                return self._choose(int(key), now)
            case None:
                return []
            case shortcut:
                return self._obey(shortcut, now)

    def _obey(self, shortcut: Shortcut, now: float) -> list[Command]:
        match shortcut:
            case Shortcut.MENU:
                self._menu_key_at = now
                commands = [*self._cut_off(now), *self._take_begun_turn()]
                return [*commands, *self._open_menu(self._cut, now)]
            case Shortcut.REPEAT:
                return self._repeat(now)
            case Shortcut.SLOWER:
                order, words = self._slow_down()
                return self._interject(words, now, orders=order)
            case Shortcut.OFF_THE_RECORD if self._record.is_off:
                return self._go_on_record("", now)
            case Shortcut.OFF_THE_RECORD:
                return self._interject(Announcement.OFF_THE_RECORD, now, goes_off=True)
            case Shortcut.SKIP:
                return self._skip(now)

    def _obey_early(self, pressed: Sequence[Shortcut]) -> list[Command]:
        """Slow down or end the record from the greeting on; it is told after that."""
        commands: list[Command] = []
        for shortcut in pressed:
            if shortcut is Shortcut.SLOWER:
                orders, words = self._slow_down()
                commands += orders
                self._buddy.asides.add(words)
            else:
                commands.append(self._record.go_off(self.history))
                self._buddy.asides.add(Announcement.OFF_THE_RECORD)
        return commands

    def _skip(self, now: float) -> list[Command]:
        """Say no more of what is being said, and listen."""
        if self.phase is Phase.LISTENING:
            return self._leave_menu(now) if self._is_choosing else []
        if not self._buddy.is_audible and not self._is_choosing:
            return []
        commands = self._cut_off(now)
        self._cut = None
        self._give_floor_to_caller(now)
        return commands

    # In words.

    def _hear_off_the_record(self) -> list[Command]:
        """End the record at the words that ask for it: what follows them must not be shown."""
        before = self.history[-1] if self.history else None
        said = self._turn.text
        if before is not None and before.side is Side.CALLER:  # it goes on, and is one turn
            said = f"{before.text} {said}"
        if self._record.is_off or not goes_off_the_record(said):
            return []
        return self._go_off_record()

    def _wish(self, turn: str, said: str) -> Wish | TalkTo | None:
        """Return what is asked for by a turn, or by what was said in it last."""
        wish = wish_of(turn, self._names) or wish_of(said, self._names)
        return None if wish == TalkTo(self._buddy.buddy) else wish

    def _is_request(self) -> bool:
        """Tell whether the words so far are not for the model."""
        said = self._turn.text
        return (
            self._is_choosing
            or self._wish(said, said) is not None
            or (self._record.is_off and after_going_on_the_record(said) is not None)
        )

    def _grant(self, said: str, before: list[Message], now: float) -> list[Command] | None:
        """Grant what the turn just taken asks for; None if it is part of the conversation.

        `before` is the history without that turn: the model needn't know how a call is operated.
        """
        was_choosing, self._is_choosing = self._is_choosing, False
        cut = self._menu_cut if was_choosing else self._cut
        if self._record.is_off:
            # A recogniser's pieces may fall into two turns; together they say it.
            since = self._record.said_since(self.history[-1].text)
            if (rest := after_going_on_the_record(since)) is not None:
                return self._go_on_record(rest, now)
            if goes_off_the_record(said) and is_about_the_record(said):
                self.history = before
                self._buddy.asides.drop(Announcement.OFF_THE_RECORD)
                return self._go_on(now, cut=cut, words=(Announcement.OFF_THE_RECORD,))
        if was_choosing and (key := self._chosen(said)) is not None:
            self.history = before if key == self._buddy.buddy else self.history
            return self._hand_over(key, now, is_turn=True)
        match self._wish(self.history[-1].text, said):
            case TalkTo(key):
                return self._hand_over(key, now, is_turn=True)
            case Wish.MENU:
                self.history = before
                return self._open_menu(cut, now)
            case Wish.REPEAT:
                self.history = before
                return self._go_on(now, cut=cut, again=self._last_said())
            case Wish.SLOWER:
                self.history = before
                orders, words = self._slow_down()
                self._buddy.asides.add(words)
                return [*orders, *self._go_on(now, cut=cut)]
            case None:
                return None

    # The menu, and another buddy.

    def _open_menu(self, cut: CutOff | None, now: float) -> list[Command]:
        commands = self._speculation.discard()
        if not self._is_choosing:
            self._menu_cut = cut
        commands += self._announce_alone(Announcement.BUDDY_MENU, now)
        self._is_choosing = True
        return commands

    def _take_begun_turn(self) -> list[Command]:
        """End what the caller was saying as they pressed a key: it is answered after that."""
        if self.phase is not Phase.LISTENING or not self._turn.text:
            return []
        self._cut = UNBEGUN
        return [*self._speculation.discard(), *self._turn.take(self.history)]

    def _is_late(self, news: News) -> bool:
        """Tell whether the menu's key was pressed after these words were said."""
        is_before = news.ended_at is not None and news.ended_at <= self._menu_key_at
        return self._is_choosing and is_before

    def _take_late_words(self, news: News, now: float) -> list[Command]:
        """Add them to what is answered later, and leave the menu open."""
        if not news.is_final or not news.text:
            return []
        self._menu_cut = self._menu_cut or UNBEGUN
        self.history = self._turn.hear(news, self.history, now)
        return [*self._turn.take(self.history)]

    def _leave_menu(self, now: float) -> list[Command]:
        """Go on where the menu was asked for."""
        self._is_choosing = False
        cut, self._menu_cut = self._menu_cut, None
        return self._go_on(now, cut=cut, words=(Announcement.MENU_LEFT,))

    def _chosen(self, said: str) -> int | None:
        """Return whom the caller chose at the menu: another buddy, or to stay with this one."""
        words = words_of(said)
        if len(words) > LONGEST_CHOICE:
            return None
        if (key := named_buddy(said, self._names)) is not None:
            return key
        return self._buddy.buddy if all(word in STAYING for word in words) else None

    def _choose(self, key: int, now: float) -> list[Command]:
        """Take a digit: it means something while the menu waits for one."""
        if not self._is_choosing or key not in self._names:
            return []
        return [*self._cut_off(now), *self._hand_over(key, now)]

    def _buddy_asked_for(self) -> int | None:
        """Return whom the caller asked for last, if that is as far as the talk came."""
        before, last = self.history, ""
        if before and before[-1].side is Side.BUDDY:
            before, last = before[:-1], before[-1].text
        if not before or before[-1].side is not Side.CALLER:
            return None
        asked = before[-1].text
        match self._wish(asked, asked):
            case TalkTo(key) if bridges.HANDING_OVER.startswith(last):
                return key
            case _:
                return None

    def _hand_over(
        self, key: int, now: float, *, first: str = "", is_turn: bool = False
    ) -> list[Command]:
        """Let the old buddy hand over and the new one take up, who knows what was said.

        With `is_turn` the caller's words asked for it, and no key.
        """
        if key == self._buddy.buddy:
            return self._leave_menu(now)
        self._is_choosing, self._menu_cut = False, None
        name = self._names[key]
        rows = self._take_unanswered()
        if not self.history or self.history[-1].side is not Side.CALLER:
            self.history.append(Message(Side.CALLER, f"[The caller asked for {name}, by key.]"))
        reply = self._begin_reply(now)
        opening = bridges.taking_up(name)
        commands = [
            *rows,
            *([self._buddy.speak(first)] if first else []),
            self._buddy.speak(bridges.HANDING_OVER),
            self._buddy.hand_over(key),
            self._buddy.speak(opening),
        ]
        asked = (*self.history, self._buddy.message(opening))
        order = do.GenerateReply(reply, asked, goes_on=True, hands_over=is_turn)
        return [*commands, order]

    # Again, and slower.

    def _repeat(self, now: float) -> list[Command]:
        """Say the last thing again; a buddy cut short by that goes on afterwards."""
        if self.phase is not Phase.SPEAKING:
            commands = self._cut_off(now)
            return [*commands, *self._go_on(now, again=self._last_said())]
        again = self._buddy.last_whole
        return [*self._cut_off(now), *self._go_on(now, again=again)]

    def _last_said(self) -> tuple[str, ...]:
        last = self._buddy.last[-self.rules.repeated_segments :]
        # What is gone on with is said again anyhow, from the start of its sentence.
        is_cut = self._cut is not None and bool(self._cut.rest)
        return last[:-1][-1:] if is_cut else last

    def _slow_down(self) -> tuple[list[Command], Announcement]:
        if self._slower >= self.rules.slower_steps:
            return [], Announcement.SLOWEST
        self._slower += 1
        return [do.SpeakSlower()], Announcement.SLOWER

    # On and off the record.

    def _go_off_record(self) -> list[Command]:
        rows = self._turn.confirm()
        self._buddy.asides.drop(Announcement.ON_THE_RECORD)
        self._buddy.asides.add(Announcement.OFF_THE_RECORD)
        return [*rows, self._record.go_off(self.history)]

    def _go_on_record(self, rest: str, now: float) -> list[Command]:
        """Keep again what is said; all that was said meanwhile is forgotten, here as well."""
        commands = [*self._speculation.discard(), *self._cut_off(now)]
        is_speaking = self._turn.is_open(now, self.rules.voice_hold)
        self.history, order = self._record.go_on(now, is_speaking=is_speaking)
        self._turn = CallerTurn()
        self._turn.words.forget_before(now)
        self._buddy.last = ()
        self._cut = self._menu_cut = None
        self._is_choosing = False
        self._give_floor_to_caller(now)
        self._buddy.asides.drop(Announcement.OFF_THE_RECORD)
        self._buddy.asides.add(Announcement.ON_THE_RECORD)
        commands.append(order)
        if not rest:
            return [*commands, *self._speak_if_idle(now)]
        self.history = [*self.history, Message(Side.CALLER, rest)]
        commands.append(do.WriteEntry(Side.CALLER, rest))
        reply = self._begin_reply(now)
        commands += self._buddy.say_asides()
        return [*commands, do.GenerateReply(reply, tuple(self.history))]

    # Saying something in between.

    def _interject(
        self,
        words: Announcement,
        now: float,
        *,
        orders: Sequence[Command] = (),
        goes_off: bool = False,
    ) -> list[Command]:
        """Say something at once, and go on from the start of the sentence that it cuts."""
        if self.phase is Phase.LISTENING:
            more = self._go_off_record() if goes_off else []
            self._buddy.asides.add(words)
            return [*orders, *more, *self._speak_if_idle(now)]
        commands = [*self._cut_off(now), *orders]
        if goes_off:
            commands += self._go_off_record()
        self._buddy.asides.add(words)
        return [*commands, *self._go_on(now)]
