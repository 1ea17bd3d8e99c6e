"""A conversation machine on a clock of its own, driven in the words of a test."""

from __future__ import annotations

from collections.abc import Sequence

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Command, Side
from voice.conversation.events import Event, ReplyId
from voice.conversation.keypad import Shortcut
from voice.conversation.machine import Conversation
from voice.conversation.turn_rules import TurnRules

TEXTS = {announcement: f"<{announcement}>" for announcement in Announcement}
BUDDIES = {1: "Lisa", 2: "Ben", 6: "Maya"}


class Talk:
    """A call with Lisa, in which the line plays a segment a second when it is told to."""

    def __init__(self, rules: TurnRules | None = None, *, pressed: Sequence[Shortcut] = ()) -> None:
        self.now = 0.0
        self.commands: list[Command] = []  # everything so far
        self.conversation = Conversation(
            rules or TurnRules(speculations=0),
            TEXTS,
            now=0,
            last_reply=ReplyId(0),
            buddies=BUDDIES,
            buddy=1,
        )
        self._queue: list[tuple[ReplyId, int]] = []
        self._note(self.conversation.start("Hi, Lisa here.", 0, pressed))

    def receive(self, event: Event) -> list[Command]:
        return self._note(self.conversation.receive(event, self.now))

    def press(self, keys: str) -> list[Command]:
        return [command for key in keys for command in self.receive(on.DigitPressed(key))]

    def hear(self, words: str, *, is_final: bool = True) -> list[Command]:
        """Recognise words that ended just now."""
        self.now += 1
        return self.receive(on.TranscriptReceived(words, is_final, self.now))

    def say(self, words: str) -> list[Command]:
        """Say a whole turn."""
        return [*self.hear(words), *self.wait()]

    def wait(self) -> list[Command]:
        """Let the time pass that something waits for."""
        self.now = max(self.now, self.conversation.deadline or self.now)
        return self._note(self.conversation.tick(self.now))

    def write(self, *texts: str, is_over: bool = True) -> list[Command]:
        """Let the model write the reply that it was last asked for."""
        reply = self.asked[-1].reply
        commands = [c for text in texts for c in self.receive(on.SegmentGenerated(reply, text))]
        return [*commands, *(self.receive(on.ReplyGenerated(reply)) if is_over else [])]

    def play(self, segments: int = 100, *, share: float = 1.0) -> list[Command]:
        """Play what is queued; the last of so many segments up to its share."""
        commands: list[Command] = []
        while self._queue and segments:
            reply, segment = self._queue[0]
            segments -= 1
            part = 1.0 if segments else share
            commands += self.receive(on.SegmentStarted(reply, segment))
            self.now += part
            commands += self.receive(on.SegmentPlayed(reply, segment, part))
            if part >= 1 and (reply, segment) in self._queue:
                self._queue.remove((reply, segment))
        return commands

    @property
    def asked(self) -> list[do.GenerateReply]:
        """What the model was asked."""
        return [c for c in self.commands if isinstance(c, do.GenerateReply)]

    def _note(self, commands: list[Command]) -> list[Command]:
        self.commands += commands
        for command in commands:
            match command:
                case do.Speak(reply, segment) | do.Announce(reply, segment):
                    self._queue.append((reply, segment))
                case do.Interrupt(reply):
                    self._queue = [item for item in self._queue if item[0] != reply]
                case _:
                    pass
        return commands


def told(commands: Sequence[Command]) -> list[str]:
    """Return what is to be said, in its order."""
    return [
        TEXTS[c.announcement] if isinstance(c, do.Announce) else c.text
        for c in commands
        if isinstance(c, do.Announce | do.Speak)
    ]


def written(commands: Sequence[Command]) -> list[tuple[Side, str]]:
    """Return what is written down."""
    return [(c.side, c.text) for c in commands if isinstance(c, do.WriteEntry)]


def listening() -> Talk:
    talk = Talk()
    talk.play()
    return talk


def thinking() -> Talk:
    talk = listening()
    talk.say("tell me a story")
    return talk


def telling() -> Talk:
    """Return a talk in which Lisa is in the middle of the second sentence of three or more."""
    talk = thinking()
    talk.write("One.", "Two two.", "Three.", is_over=False)
    talk.play(2, share=0.5)
    return talk
