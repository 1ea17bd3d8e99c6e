"""What holds for every conversation, whatever happens on the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Side
from voice.conversation.events import Event, PinResult, ReplyId, StopReason
from voice.conversation.machine import Conversation, Phase
from voice.conversation.turn_rules import TurnRules

RULES = TurnRules()
TEXTS = {announcement: f"<{announcement}>" for announcement in Announcement}

BUDDIES = {1: "Lisa", 2: "Ben"}

words = st.sampled_from(
    [
        *["", "yes", "stop", "mm hm", "tell me more", "no wait", "what a day it was", "and then"],
        *["let me talk to Ben", "menu", "slower please", "off the record", "back on the record"],
    ]
)
ages = st.floats(min_value=0, max_value=2)
offsets = st.sampled_from([0, 0, 0, 0, -1, -2])  # mostly the reply at hand, at times a stale one


@dataclass(frozen=True)
class Script:
    """One thing that happens, made concrete when its time comes."""

    kind: str
    delay: float
    text: str
    age: float
    offset: int

    def event(self, latest: ReplyId, segment: int, now: float) -> Event | None:
        """Return what happens, given the reply and the segment that came last."""
        make = EVENTS[self.kind]
        return make(self, ReplyId(latest + self.offset), segment, now)


EVENTS: dict[str, Callable[[Script, ReplyId, int, float], Event | None]] = {
    "tick": lambda _s, _r, _n, _now: None,
    "voice": lambda _s, _r, _n, _now: on.VoiceDetected(),
    "interim": lambda s, _r, _n, now: on.TranscriptReceived(s.text, False, now - s.age),
    "final": lambda s, _r, _n, now: on.TranscriptReceived(s.text, True, now - s.age),
    "final_untimed": lambda s, _r, _n, _now: on.TranscriptReceived(s.text, True),
    "generated": lambda s, r, _n, _now: on.SegmentGenerated(r, s.text or "Well."),
    "reply_done": lambda _s, r, _n, _now: on.ReplyGenerated(r),
    "started": lambda _s, r, n, _now: on.SegmentStarted(r, n),
    "played": lambda _s, r, n, _now: on.SegmentPlayed(r, n),
    "half": lambda _s, r, n, _now: on.SegmentPlayed(r, n, share=0.5),
    "failed": lambda _s, r, _n, _now: on.ReplyFailed(r),
    "mute": lambda _s, r, n, _now: on.SynthesisFailed(r, n),
    "lost": lambda _s, _r, _n, _now: on.RecogniserLost(),
    "restored": lambda _s, _r, _n, _now: on.RecogniserRestored(),
    "low": lambda _s, _r, _n, _now: on.TalkTimeLow(60),
    "over": lambda _s, _r, _n, _now: on.TalkTimeOver(),
    "hang_up": lambda _s, _r, _n, _now: on.CallerHungUp(),
    "line_lost": lambda _s, _r, _n, _now: on.CallerHungUp(is_lost=True),
    "ending": lambda _s, _r, _n, _now: on.ServiceEnding(),
    "deleted": lambda _s, _r, _n, _now: on.CallDeleted(),
    "stopped": lambda s, _r, _n, _now: on.SpendStopped(list(StopReason)[len(s.text) % 4]),
    "store": lambda _s, _r, _n, _now: on.StoreLost(),
    "key": lambda s, _r, _n, _now: on.DigitPressed("512#09"[len(s.text) % 6]),
    "star": lambda _s, _r, _n, _now: on.DigitPressed("*"),
    "pin": lambda s, _r, _n, _now: on.PinChecked(list(PinResult)[len(s.text) % 5], len(s.text) % 6),
    "hint": lambda _s, _r, _n, _now: on.UtteranceLikelyEnded(),
    "hint taken back": lambda _s, _r, _n, _now: on.UtteranceResumed(),
    "stronger hint": lambda _s, _r, _n, _now: on.UtteranceEnded(),
}
scripts = st.lists(
    st.builds(Script, st.sampled_from(sorted(EVENTS)), st.floats(0, 6), words, ages, offsets),
    max_size=60,
)


class Witness:
    """Follows the commands and remembers what may never happen."""

    def __init__(self) -> None:
        self.retired: set[ReplyId] = set()
        self.reply = ReplyId(0)
        self.segments = 0
        self.spoken: list[str] = []
        self.hang_ups = 0
        self.prepared: ReplyId | None = None
        self.is_off = False

    def see(self, commands: list[do.Command], conversation: Conversation) -> None:
        for command in commands:
            assert self.hang_ups == 0, "nothing comes after the call's end"
            match command:
                case do.Speak(reply, segment) | do.Announce(reply, segment):
                    assert reply not in self.retired, "nothing is said of a retired reply"
                    is_buddys = isinstance(command, do.Speak)
                    assert not (is_buddys and reply == self.prepared), "nothing before its commit"
                    if reply != self.reply:
                        self.reply, self.segments = reply, 0
                    assert segment == self.segments, "segments are numbered in their order"
                    self.segments += 1
                    if isinstance(command, do.Speak):
                        self.spoken.append(command.text)
                    else:
                        self.spoken.append(TEXTS[command.announcement])
                case do.Interrupt(reply):
                    self.retired.add(reply)
                case do.PrepareReply() | do.CommitReply() | do.DiscardReply():
                    self.speculate(command, conversation)
                case do.GenerateReply(reply, history, goes_on):
                    assert self.prepared is None, "what is prepared is said or discarded first"
                    assert reply not in self.retired
                    if reply != self.reply:
                        self.reply, self.segments = reply, 0
                    last = Side.BUDDY if goes_on else Side.CALLER
                    assert history[-1].side is last, "a reply answers somebody, or goes on"
                case do.GoOffRecord() | do.GoOnRecord() | do.WriteEntry() | do.ShowInterim():
                    self.keep(command)
                case do.HangUp():
                    self.hang_ups += 1
                    assert self.prepared is None, "nothing goes on behind an ended call"
                    assert conversation.phase is Phase.ENDED
                case _:
                    pass

    def keep(
        self, command: do.GoOffRecord | do.GoOnRecord | do.WriteEntry | do.ShowInterim
    ) -> None:
        if isinstance(command, do.WriteEntry | do.ShowInterim):
            assert not self.is_off, "nothing is kept off the record"
        else:
            assert self.is_off is isinstance(command, do.GoOnRecord)
            self.is_off = not self.is_off

    def speculate(
        self,
        command: do.PrepareReply | do.CommitReply | do.DiscardReply,
        conversation: Conversation,
    ) -> None:
        reply = command.reply
        match command:
            case do.PrepareReply(_, history):
                assert self.prepared is None, "one at a time"
                assert conversation.phase is Phase.LISTENING
                assert reply not in self.retired
                assert reply != self.reply
                assert history[-1].side is Side.CALLER, "a reply answers somebody"
                self.prepared = reply
            case do.CommitReply():
                assert reply == self.prepared, "what was never prepared can't be committed"
                self.prepared = None
                if reply != self.reply:  # asides of it may have come first
                    self.reply, self.segments = reply, 0
            case do.DiscardReply():
                assert reply == self.prepared
                self.prepared = None
                self.retired.add(reply)


def play_out(script: list[Script]) -> tuple[Conversation, Witness, float]:
    conversation = Conversation(
        RULES, TEXTS, now=0, last_reply=ReplyId(0), buddies=BUDDIES, buddy=1
    )
    conversation.fillers.ready = ("Hm.", "Let me see.")
    witness = Witness()
    now = 0.0
    witness.see(conversation.start("Hi, I am an AI.", now), conversation)
    for step in script:
        now += step.delay
        was_ended = conversation.phase is Phase.ENDED
        commands = conversation.tick(now)
        witness.see(commands, conversation)
        latest = witness.prepared or witness.reply
        event = step.event(latest, max(witness.segments - 1, 0), now)
        if event is not None:
            more = conversation.receive(event, now)
            witness.see(more, conversation)
            commands += more
        assert not (was_ended and commands)
        assert (conversation.deadline is None) == (conversation.phase is Phase.ENDED)
    return conversation, witness, now


@given(scripts)
@settings(max_examples=400, deadline=None)
def test_rules_hold_whatever_happens(script: list[Script]) -> None:
    play_out(script)


@given(scripts)
@settings(max_examples=200, deadline=None)
def test_history_holds_nothing_that_was_not_said(script: list[Script]) -> None:
    conversation, witness, _ = play_out(script)

    generated = " ".join(" ".join(witness.spoken).split())
    for message in conversation.history:
        if message.side is Side.BUDDY:
            assert all(word in generated for word in message.text.split())


@given(scripts)
@settings(max_examples=200, deadline=None)
def test_a_line_on_which_nothing_happens_any_more_ends_by_itself(script: list[Script]) -> None:
    conversation, witness, now = play_out(script)

    ticks = 0
    began = now
    while conversation.deadline is not None:
        now = max(now, conversation.deadline)
        witness.see(conversation.tick(now), conversation)
        ticks += 1
        assert ticks < 60, "ticking leads to the end"

    assert witness.hang_ups == 1
    assert now - began < 240
