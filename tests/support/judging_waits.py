"""What must hold of waits, failures and ends, in any call: what the caller hears of them."""

from __future__ import annotations

import itertools

from tests.support.judging_turns import FRAME, SLACK, turns_taken
from tests.support.scripted_call import FILLERS, TEXTS
from tests.support.witnessed_call import Happening, WitnessedCall
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason, Side
from voice.conversation.events import ReplyId
from voice.conversation.machine import Phase

QUESTION_AFTER = 10.0
FILLER_AFTER = 0.7
FAILURES = {Announcement.REPLY_FAILED, Announcement.SYNTHESIS_FAILED}
COVERS = {*FILLERS, TEXTS[Announcement.STILL_WORKING]}
QUESTIONS = (Announcement.ARE_YOU_THERE, Announcement.STILL_HERE, Announcement.SILENT_GOODBYE)


def a_wait_is_filled_once(call: WitnessedCall) -> None:
    """Require: with a filler where one is ready: in time, once a turn, and not the same one twice."""
    said: list[str] = []
    is_spent = was_heard = False  # anything but covers, of the reply at hand
    for number, one in enumerate(call.happenings):
        for command in one.commands:
            if isinstance(command, do.WriteEntry) and command.text:
                said_whole = f"{command.text} {command.unheard}".strip()
                if command.side is not Side.CALLER and said_whole not in COVERS:
                    is_spent, was_heard = False, True
            if isinstance(command, do.Speak) and command.is_cover:
                assert command.text in FILLERS
                assert not said or said[-1] != command.text, "not the same words twice in a row"
                assert not is_spent, "one filler a turn"
                is_spent = not was_heard
                said.append(command.text)
                began = [t.at for t, reply in turns_taken(call) if reply == command.reply]
                assert began
                assert abs(one.at - began[0] - FILLER_AFTER) < FRAME, "a filler comes in time"
        is_new = any(
            isinstance(c, do.CommitReply) or (isinstance(c, do.GenerateReply) and not c.goes_on)
            for c in one.commands
        )
        was_heard = was_heard and not is_new
        if not (is_new and call.phone.made_ahead.words and not is_spent):
            continue
        if any(isinstance(c, do.Announce | do.Speak) for c in one.commands):
            continue
        due = one.at + FILLER_AFTER
        until = [later for later in call.happenings[number + 1 :] if later.at <= due + FRAME]
        reached = call.ended_at > due + FRAME
        if reached and not any(_moves(later) for later in until):
            fillers = [c for later in until for c in later.commands if isinstance(c, do.Speak)]
            assert fillers, "a wait is filled"


def _moves(one: Happening) -> bool:
    """Tell whether something happened that leaves no wait to fill, or another one."""
    is_reply = isinstance(one.event, on.SegmentGenerated | on.ReplyFailed)
    is_cut = any(isinstance(c, do.Interrupt | do.Announce | do.HangUp) for c in one.commands)
    return is_reply or is_cut


def _segment(call: WitnessedCall, reply: ReplyId, number: int) -> str:
    for _, command in call.commands:
        match command:
            case do.Speak() if (command.reply, command.segment) == (reply, number):
                return command.text
            case do.Announce() if (command.reply, command.segment) == (reply, number):
                return TEXTS[command.announcement]
            case _:
                pass
    return ""


def who_is_silent_is_asked(call: WitnessedCall) -> None:
    """Require: twice, then comes a goodbye; never before a silence that is long, nor long after it."""
    asked = 0
    for one in call.happenings:
        if isinstance(one.event, on.TranscriptReceived) and one.event.text:
            asked = 0
        for command in one.commands:
            if isinstance(command, do.Announce) and command.announcement in QUESTIONS:
                assert command.announcement is QUESTIONS[asked], "each time in other words"
                asked += 1
                assert one.at - _quiet_since(call, one.at) >= QUESTION_AFTER - FRAME
    for _, after in itertools.pairwise([*call.happenings, None]):
        at = call.ended_at if after is None else after.at
        since = max(_quiet_since(call, at), _written_last(call, at))
        assert at - since <= QUESTION_AFTER + SLACK, "nobody is left in silence"


def _quiet_since(call: WitnessedCall, at: float) -> float:
    """Return when the caller last heard or said something."""
    heard = [min(p.ended_at, at) for p in call.phone.leg.playbacks if p.started_at < at]
    said = [
        one.at
        for one in call.happenings
        if one.at < at and isinstance(one.event, on.TranscriptReceived) and one.event.text
    ]
    return max([*heard, *said], default=at)


def _written_last(call: WitnessedCall, at: float) -> float:
    """Return when the floor came to the caller because the model had no more to say."""
    return max(
        (
            one.at
            for one in call.happenings
            if one.at < at
            and isinstance(one.event, on.ReplyGenerated)
            and one.after is Phase.LISTENING
            and one.before is not Phase.LISTENING
        ),
        default=0.0,
    )


def what_fails_is_told(call: WitnessedCall) -> None:
    """Require: the caller hears that a reply failed, at once; what fails too often ends the call."""
    retired = {
        command.reply: at
        for at, command in reversed(list(call.commands))
        if isinstance(command, do.Interrupt | do.DiscardReply)
    }
    said = {reply: one.at for one, reply in turns_taken(call)}
    end = next((at for at, c in call.commands if isinstance(c, do.HangUp)), call.ended_at)
    for written in call.model.writings:
        began = said.get(written.reply)
        if not written.is_broken or began is None or written.ended_at is None:
            continue
        failed_at = max(written.ended_at, began)
        if failed_at >= min(retired.get(written.reply, end), end) - FRAME:
            continue
        told = [
            at
            for at, c in call.commands
            if isinstance(c, do.Announce)
            and c.announcement in {*FAILURES, Announcement.FAILED_GOODBYE}
            and at <= failed_at + FRAME
        ]
        assert told, "a failed reply is told"
        assert max(told) >= began, "a failed reply is told"
    in_a_row = 0
    for one in call.happenings:
        if isinstance(one.event, on.SegmentStarted):
            spoken = _segment(call, one.event.reply, one.event.segment)
            if spoken not in FILLERS and spoken not in TEXTS.values():
                in_a_row = 0
        for command in one.commands:
            if isinstance(command, do.Announce) and command.announcement in FAILURES:
                in_a_row += 1
                assert in_a_row < 3, "what fails again and again ends the call"
            elif isinstance(command, do.Announce) and (
                command.announcement is Announcement.FAILED_GOODBYE
            ):
                assert in_a_row >= 2, "a call does not end before it failed often"


def what_the_caller_must_know_is_told_in_a_gap(call: WitnessedCall) -> None:
    """Require: low talk time is told as soon as nobody speaks, to its end, and cuts nobody short."""
    is_due, is_lost = False, False
    for one in call.happenings:
        is_due = is_due or isinstance(one.event, on.TalkTimeLow)
        is_lost = (is_lost or isinstance(one.event, on.RecogniserLost)) and not isinstance(
            one.event, on.RecogniserRestored
        )
        for command in one.commands:
            match command:
                case do.Announce(_, _, Announcement.TALK_TIME_LOW | Announcement.RECOGNISER_LOST):
                    is_cut = one.before is Phase.LISTENING and one.turn_before != ""
                    assert not is_cut or _ends_turn(one), "nobody is cut short"
                    assert one.before is not Phase.SPEAKING or _settles(one)
                    is_low = command.announcement is Announcement.TALK_TIME_LOW
                    is_due, is_lost = is_due and not is_low, is_lost and is_low
                case do.WriteEntry(Side.LINE, _, unheard) if "talk time low" in unheard:
                    is_due = True
                case _:
                    pass
        if one.after is Phase.LISTENING and not one.turn:
            assert not is_due, "what the caller must know is told"
            assert not is_lost or _was_told(call, one.at), "the caller is told that we are deaf"


def _ends_turn(one: Happening) -> bool:
    """Tell whether the pause was over, or the words were taken back."""
    return one.event is None or (isinstance(one.event, on.TranscriptReceived) and one.turn == "")


def _settles(one: Happening) -> bool:
    return isinstance(one.event, on.SegmentPlayed | on.ReplyGenerated)


def _was_told(call: WitnessedCall, at: float) -> bool:
    return any(
        isinstance(c, do.Announce) and c.announcement is Announcement.RECOGNISER_LOST
        for moment, c in call.commands
        if moment <= at
    )


def last_words_are_said_to_their_end(call: WitnessedCall) -> None:
    """Require: nothing interrupts them, and the call ends with them, for the reason that began them."""
    closing = next((one for one in call.happenings if one.after is Phase.CLOSING), None)
    if closing is None:
        return
    until = call.ended_at if call.hung_up_at is None else call.hung_up_at  # nobody hears the rest
    cuts = (o for o in call.orders if isinstance(o.command, do.Interrupt) and o.at > closing.at)
    assert not [cut for cut in cuts if cut.at < until], "last words are not cut short"
    farewell = [c for c in closing.commands if isinstance(c, do.Announce)][-1:]
    assert farewell
    if isinstance(closing.event, on.TalkTimeOver):
        assert call.phone.reason is EndReason.TALK_TIME_OVER
        assert farewell[0].announcement is call.phone.caller.visitor.farewell
    if call.hung_up_at is None:
        assert call.phone.heard.endswith(TEXTS[farewell[0].announcement])


def the_end_of_talk_time_ends_the_call(call: WitnessedCall) -> None:
    """Require: at once, and with a goodbye."""
    for one in call.happenings:
        if isinstance(one.event, on.TalkTimeOver) and one.before is not Phase.CLOSING:
            assert one.after in (Phase.CLOSING, None, Phase.ENDED)


def talk_time_counts_from_the_buddys_first_sound(call: WitnessedCall) -> None:
    """Require: once a call."""
    began = [one.at for one in call.happenings if isinstance(one.event, on.SegmentStarted)]
    through = next(at for at, c in call.commands if isinstance(c, do.PutThrough))
    first = next(at for at in began if at >= through)
    assert call.phone.meter.starts == [first]


JUDGES = (
    a_wait_is_filled_once,
    who_is_silent_is_asked,
    what_fails_is_told,
    what_the_caller_must_know_is_told_in_a_gap,
    last_words_are_said_to_their_end,
    the_end_of_talk_time_ends_the_call,
    talk_time_counts_from_the_buddys_first_sound,
)
