"""What must hold of the words of any call: what the model is told, and what is written down."""

from __future__ import annotations

import re
from itertools import takewhile

from tests.support.witnessed_call import Happening, WitnessedCall, words
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Side
from voice.conversation.events import ReplyId
from voice.conversation.machine import Phase

SECOND = 4  # words that are said in it at a usual pace
MARGIN = 3  # words of some 0.16 s: what was heard is told to the nearest second


def history_is_what_was_heard(call: WitnessedCall) -> None:
    """Require: the model is told what the caller heard of it, to the nearest second, and no more."""
    heard = call.heard()
    for at, command in call.commands:
        if not isinstance(command, do.GenerateReply | do.PrepareReply):
            continue
        by_now = {one.word for one in heard if one.at <= at + 0.001}
        told = [w for m in command.history if m.side is Side.BUDDY for w in words(m.text)]
        if isinstance(command, do.GenerateReply) and command.goes_on:
            told = told[: len(told) - len(_said_again(call, at, command.reply))]
        unheard = set(told) - by_now
        assert _is_reckoned(call, unheard), "the model is told nothing that was not heard"
        forgotten = by_now - set(told)
        assert len(forgotten) <= MARGIN * _cuts(call, at), "the model is told what was heard"


def _is_reckoned(call: WitnessedCall, unheard: set[str]) -> bool:
    """Tell whether words count as heard only because their voice stands still, or broke off.

    Nobody knows of that yet when the call is cut short just then: since the last mark, words
    count as heard at a usual pace, for a second at most.
    """
    broken = {word for made in call.voice.makings if made.is_broken for word in words(made.text)}
    return unheard <= broken and len(unheard) <= SECOND * _cuts(call, call.ended_at)


def _said_again(call: WitnessedCall, at: float, reply: ReplyId) -> list[str]:
    """Return what is on its way to the caller as the model is asked to go on."""
    return [
        word
        for moment, command in call.commands
        if isinstance(command, do.Speak) and command.reply == reply and moment <= at
        for word in words(command.text)
    ]


def _cuts(call: WitnessedCall, until: float) -> int:
    """Return how often a buddy was cut short, by the caller or by a voice that failed."""
    broken = sum(made.is_broken for made in call.voice.makings)
    return broken + sum(isinstance(c, do.Interrupt) for at, c in call.commands if at <= until)


def the_transcript_strikes_out_what_was_not_heard(call: WitnessedCall) -> None:
    """Require: what was heard is written as heard; all else that was to be said is struck out."""
    heard = [one.word for one in call.heard()]
    written, struck = [], []
    for _, command in call.commands:
        match command:
            case do.WriteEntry(Side.BUDDY, text, unheard):
                written += words(text)
                struck += words(unheard)
            case _:
                pass
    not_heard = set(written) - set(heard)
    assert _is_reckoned(call, not_heard), "nothing is written as heard that was not"
    missing = set(heard) - set(written)
    assert len(missing) <= MARGIN * _cuts(call, call.ended_at), "what was heard is written"
    said: dict[ReplyId, list[str]] = {}
    began: dict[ReplyId, float] = {}
    for at, command in call.commands:
        if isinstance(command, do.Speak):
            began.setdefault(command.reply, at)
            said.setdefault(command.reply, []).extend(words(command.text))
    for reply, spoken in said.items():
        # What is said again may have been heard before, and nothing of it this time.
        if any(one.word in spoken and one.at > began[reply] for one in call.heard()):
            left_out = set(spoken) - set(written) - set(struck)
            broken = {w for m in call.voice.makings if m.is_broken for w in words(m.text)}
            assert not left_out - broken, "what was not heard is struck out"


def who_was_interrupted_is_told_so(call: WitnessedCall) -> None:
    """Require: the model learns that it was cut short, unless it went on from there."""
    cut: str | None = None
    for one in call.happenings:
        if any(isinstance(c, do.Speak) and words(c.text) for c in one.commands):
            cut = None
        for command in one.commands:
            match command:
                case do.WriteEntry(Side.BUDDY, text, _, True) if words(text):
                    cut = words(text)[-1]
                case do.GenerateReply(_, history, False) | do.PrepareReply(_, history):
                    last = [m for m in history if m.side is Side.BUDDY and words(m.text)][-1:]
                    if last and cut is not None and words(last[0].text)[-1] == cut:
                        assert last[0].was_interrupted, "who is cut short is told so"
                case _:
                    pass


def a_buddy_goes_on_from_the_sentence_that_was_cut(call: WitnessedCall) -> None:
    """Require: where words are taken back, or were only sounds of listening, nothing is lost."""
    if any(made.is_broken for made in call.voice.makings):
        return  # what no voice could say is not said again
    said: dict[ReplyId, list[str]] = {}
    unwritten: set[ReplyId] = set()
    cut: ReplyId | None = None
    heard_by_cut: set[str] = set()
    current = ReplyId(-1)
    for one in call.happenings:
        if isinstance(one.event, on.ReplyGenerated):
            unwritten.discard(one.event.reply)
        goes_on = _goes_on(one)
        if goes_on and cut is not None and heard_by_cut:
            again = [w for c in one.commands if isinstance(c, do.Speak) for w in words(c.text)]
            _goes_on_right(said.get(cut, []), again, heard_by_cut, _starts(call, cut))
            if cut in unwritten and again:
                assert any(isinstance(c, do.GenerateReply) and c.goes_on for c in one.commands)
        cut = None if goes_on else cut  # it is being said again, and other words cut that
        for command in one.commands:
            match command:
                case do.Speak(reply, _, text) if words(text):
                    said.setdefault(reply, []).extend(words(text))
                    current = reply
                case do.Interrupt(reply):
                    is_whole = reply == current and one.before is Phase.SPEAKING
                    cut = reply if is_whole and _by_words(one) else None
                    heard_by_cut = {h.word for h in call.heard() if h.at <= one.at + 0.001}
                case do.GenerateReply(reply, _, goes_on_writing):
                    unwritten.add(reply)
                    cut = cut if goes_on_writing else None
                case do.CommitReply(reply):
                    unwritten.add(reply)
                    cut = None
                case do.Announce():
                    cut = None
                case _:
                    pass


def _goes_on_right(said: list[str], again: list[str], heard: set[str], starts: set[str]) -> None:
    """Require that what is said again is the rest, from the start of the sentence cut."""
    left = [word for word in said if word not in heard]
    if not left:
        return
    assert again, "a buddy who was cut short by nothing goes on"
    assert said[len(said) - len(again) :] == again, "and says the rest"
    assert again[0] in starts, "from the start of a sentence"
    before, skipped = said[: len(said) - len(again)], again[1 : len(again) - len(left)]
    assert set(before) <= heard, "and leaves out nothing"
    assert len(starts & set(skipped)) <= 1, "but not from its very beginning"


def _goes_on(one: Happening) -> bool:
    """Tell whether it turned out that the caller had said nothing."""
    is_back = (
        isinstance(one.event, on.TranscriptReceived)
        and not one.event.text
        and one.before is Phase.LISTENING
        and one.turn_before != ""
        and one.turn == ""
    )
    said = set(one.turn_before.split())
    is_listening = (
        one.event is None
        and bool(said)
        and said <= {"mm", "hm", "yes"}
        and one.before is Phase.LISTENING
        and one.after is not Phase.LISTENING
        and one.after is not Phase.CLOSING
    )
    return is_back or is_listening


def _by_words(one: Happening) -> bool:
    return isinstance(one.event, on.TranscriptReceived)


def _starts(call: WitnessedCall, reply: ReplyId) -> set[str]:
    """Return the words at which a sentence, or a segment, of a reply begins."""
    starts = set()
    for _, command in call.commands:
        if isinstance(command, do.Speak) and command.reply == reply and words(command.text):
            starts |= {words(part)[0] for part in re.split(r"[.] +", command.text) if words(part)}
    return starts


def a_turn_is_one_turn(call: WitnessedCall) -> None:
    """Require: who goes on before an answer is heard is still in the same turn; sides take turns."""
    for _, command in call.commands:
        if isinstance(command, do.GenerateReply | do.PrepareReply):
            sides = [message.side for message in command.history]
            callers = [
                number
                for number, side in enumerate(sides[1:], start=1)
                if side is Side.CALLER and sides[number - 1] is Side.CALLER
            ]
            assert not callers, "a turn that goes on is one turn"
            if not (isinstance(command, do.GenerateReply) and command.goes_on):
                assert sides[-1] is Side.CALLER, "a reply answers somebody"


def what_the_caller_said_is_written(call: WitnessedCall) -> None:
    """Require: every turn that is answered stands in the transcript, and as it was told to the model."""
    rows = " ".join(
        c.text for _, c in call.commands if isinstance(c, do.WriteEntry) and c.side is Side.CALLER
    ).split()
    asked = [c for _, c in call.commands if isinstance(c, do.GenerateReply | do.PrepareReply)]
    committed = {c.reply for _, c in call.commands if isinstance(c, do.CommitReply)}
    answered = [c for c in asked if isinstance(c, do.GenerateReply) or c.reply in committed]
    if answered:
        told = " ".join(m.text for m in answered[-1].history if m.side is Side.CALLER).split()
        assert _is_part(told, rows), "what was said is written"
    last = list(takewhile(lambda one: one.after is not Phase.ENDED, call.happenings))[-1:]
    if last and last[0].turn:
        assert rows[-len(last[0].turn.split()) :] == last[0].turn.split(), "to the last word"


def _is_part(words: list[str], of: list[str]) -> bool:
    rest = iter(of)
    return all(word in rest for word in words)


JUDGES = (
    history_is_what_was_heard,
    the_transcript_strikes_out_what_was_not_heard,
    who_was_interrupted_is_told_so,
    a_buddy_goes_on_from_the_sentence_that_was_cut,
    a_turn_is_one_turn,
    what_the_caller_said_is_written,
)
