"""What must hold of the turns of any call: when they begin and end, and who has the floor."""

from __future__ import annotations

import itertools

from tests.support.witnessed_call import Happening, WitnessedCall
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.events import ReplyId
from voice.conversation.machine import Phase

FRAME = 0.02  # seconds
RECOGNISED_AFTER = 0.12  # seconds, and a frame
SLACK = 0.15  # seconds: the recogniser's delay, and a frame
DICTATED = "five"  # the word that a caller of ours dictates
DICTATION_PAUSE = 2.0
NUMBER_DIGITS = 10  # of a phone number; then it may be complete
FINAL_WAIT = 3.0
VOICE_HOLD_MOST = 3.0


def takes_floor(text: str) -> bool:
    """Tell whether these words of our caller interrupt a buddy."""
    said = text.split()
    if {"stop", "no", "wait"} & set(said):
        return True
    return len(said) > 1 and not set(said) <= {"mm", "hm", "yes"}


def turns_taken(call: WitnessedCall) -> list[tuple[Happening, ReplyId]]:
    """Return where a turn of the caller's was taken and goes to a buddy, by which reply."""
    return [
        (one, command.reply)
        for one in call.happenings
        for command in one.commands
        if isinstance(command, do.CommitReply)
        or (isinstance(command, do.GenerateReply) and not command.goes_on)
    ]


def words_that_take_the_floor_have_it_at_once(call: WitnessedCall) -> None:
    """Require: nothing else interrupts; nor does what the caller said before the buddy could be heard."""
    is_settled, speaking_since = True, 0.0
    for one in call.happenings:
        event = one.event
        if isinstance(event, on.TranscriptReceived):
            interrupts = any(isinstance(command, do.Interrupt) for command in one.commands)
            said_at = one.at if event.ended_at is None else event.ended_at
            if one.before is Phase.SPEAKING:
                is_new = said_at > speaking_since and event.text != ""
                if not takes_floor(event.text):
                    assert not interrupts, "a sound of listening interrupts nobody"
                elif is_new and is_settled:
                    assert interrupts, "words that take the floor have it at once"
                    assert one.after is Phase.LISTENING
            elif one.before is Phase.THINKING and event.text and is_settled:
                is_new = said_at > _turn_ended(call, one.at)
                if is_new and takes_floor(event.text) and not _is_closing(call, one.at):
                    assert interrupts, "a turn goes on while the buddy thinks"
            is_settled = event.is_final or (is_settled and not event.text)
        if one.after is Phase.SPEAKING and one.before is not Phase.SPEAKING:
            speaking_since = one.at


def _turn_ended(call: WitnessedCall, until: float) -> float:
    return max((one.at for one, _ in turns_taken(call) if one.at <= until), default=0.0)


def _is_closing(call: WitnessedCall, at: float) -> bool:
    return any(one.after is Phase.CLOSING for one in call.happenings if one.at <= at)


def the_pause_ends_a_turn(call: WitnessedCall) -> None:
    """Require: not the recogniser's opinion: words, then that long a silence, counted from their end."""
    for one, _ in turns_taken(call):
        if isinstance(one.event, on.TranscriptReceived) and not one.event.text:
            continue  # words were taken back, and the turn before them is answered
        assert one.event is None, "no event ends a turn"
        last = max((ended for began, ended in call.speech if began < one.at), default=None)
        if last is None or last + RECOGNISED_AFTER > one.at:
            continue  # the caller goes on, and nobody has been told yet
        if _told_last(call, one) < last:
            continue  # nor ever will be: the recogniser was lost just then
        if _is_out_of_order(call, one, last):
            continue
        said = _said_until(call, one)
        pause = max(one.pause, DICTATION_PAUSE) if _is_dictated(said) else one.pause
        assert one.at >= last + pause - FRAME, "a turn ends after its pause"
        if _is_held_open(call, one, last):
            most = max(pause, VOICE_HOLD_MOST, FINAL_WAIT) + SLACK
        else:
            most = pause + SLACK
        since = max(last, _floor_given(call, one))
        told = _told_last(call, one) + FRAME  # replayed to a recogniser that was deaf, it is late
        changed = _pause_changed(call, one) + SLACK
        assert one.at <= max(since + most, told, changed), "a turn ends with its pause"


def _is_out_of_order(call: WitnessedCall, taken: Happening, last: float) -> bool:
    """Tell whether the words that ended last were not the last to be told."""
    ends = [
        one.event.ended_at
        for one in itertools.takewhile(lambda one: one is not taken, call.happenings)
        if isinstance(one.event, on.TranscriptReceived) and one.event.text
    ]
    return bool(ends) and ends[-1] is not None and ends[-1] < last - FRAME


def _is_dictated(said: str) -> bool:
    """Tell whether a number was being said that may go on."""
    digits = len(list(itertools.takewhile(lambda word: word == DICTATED, reversed(said.split()))))
    return 0 < digits < NUMBER_DIGITS


def _said_until(call: WitnessedCall, taken: Happening) -> str:
    """Return the turn as a buddy is told it."""
    for command in taken.commands:
        if isinstance(command, do.GenerateReply):
            return command.history[-1].text
        if isinstance(command, do.CommitReply):
            return next(
                order.history[-1].text
                for _, order in call.commands
                if isinstance(order, do.PrepareReply) and order.reply == command.reply
            )
    return ""


def _is_held_open(call: WitnessedCall, taken: Happening, since: float) -> bool:
    """Tell whether noise, or words without their final, hold the turn open."""
    noise = any(since - 1 <= at <= taken.at for at in call.noises)
    news = [
        one.event
        for one in call.happenings
        if isinstance(one.event, on.TranscriptReceived) and one.at <= taken.at and one.event.text
    ]
    voice = any(
        isinstance(one.event, on.VoiceDetected) and since - FRAME <= one.at <= taken.at
        for one in call.happenings
    )
    return noise or voice or (bool(news) and not news[-1].is_final)


def _told_last(call: WitnessedCall, taken: Happening) -> float:
    """Return when the last words of the turn came: without them it has no end yet."""
    return max(
        (
            one.at
            for one in call.happenings
            if one.at <= taken.at and isinstance(one.event, on.TranscriptReceived) and one.turn
        ),
        default=0.0,
    )


def _floor_given(call: WitnessedCall, taken: Happening) -> float:
    """Return when the floor came to the caller for this turn: a kept word counts from there."""
    given = 0.0
    for one in call.happenings:
        if one.at > taken.at or one is taken:
            break
        if one.after is Phase.LISTENING and one.before is not Phase.LISTENING:
            given = one.at if not isinstance(one.event, on.TranscriptReceived) else 0.0
    return given


def _pause_changed(call: WitnessedCall, taken: Happening) -> float:
    """Return when the rules last changed: they count from the next event on."""
    changed = 0.0
    for before, after in itertools.pairwise(call.happenings):
        if after.at <= taken.at and before.pause != after.pause:
            changed = after.at
    return changed


JUDGES = (words_that_take_the_floor_have_it_at_once, the_pause_ends_a_turn)
