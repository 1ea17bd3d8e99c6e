"""From what the database kept of a call to a conversation that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

from shared.ids import CallId
from shared.services.call_record import EntryKind, EntryView
from shared.services.redials import BrokenOff
from shared.services.resumptions import Resumption
from voice.conversation import recovery
from voice.conversation.commands import Message, Side, WriteEntry
from voice.conversation.recovery import Recovered, Redial
from voice.conversation.wishes import wish_of
from voice.transcript_rows import Unanswered


def recovered(before: Resumption, keys: Mapping[str, int]) -> Recovered:
    """Return how the call goes on; `keys` are the buddies' by their names."""
    unanswered = before.unanswered
    said = _uninterrupted(history(before.entries, keys))
    rows: tuple[WriteEntry, ...] = ()
    if unanswered is not None and not unanswered.is_written:
        rows = (WriteEntry(Side.CALLER, unanswered.text),)
        said = _with(said, Message(Side.CALLER, unanswered.text))
    # A turn that stands in the transcript without an answer is owed one, whatever else got lost.
    owes_reply = bool(said) and (
        unanswered.is_whole if unanswered is not None else said[-1].side is Side.CALLER
    )
    last = _last_said(said, keys)
    return Recovered(
        history=said,
        words=recovery.first_words(last, owes_reply=owes_reply),
        owes_reply=owes_reply,
        rows=rows,
        menu_key=before.menu_key,
        has_consented=before.has_consented,
        is_off_record=_is_off_record(before.entries),
    )


def redial(before: BrokenOff | None, keys: Mapping[str, int]) -> Redial | None:
    """Return what who dials again is offered, if the call before broke off."""
    if before is None:
        return None
    said = history(before.entries, keys)
    offer = recovery.offer(_last_said(said, keys), was_cut=before.was_cut)
    return Redial(before.menu_key, offer, said)


def left_unanswered(call_id: CallId, before: Resumption) -> Unanswered | None:
    """Return what is kept as unanswered, until it has been."""
    left = before.unanswered
    return Unanswered(call_id, left.text, left.said_at, is_whole=True) if left else None


def history(entries: tuple[EntryView, ...], keys: Mapping[str, int]) -> tuple[Message, ...]:
    """Return what caller and buddies said, turn by turn, as a model is told it."""
    spoken = [
        Message(side, entry.text, entry.was_interrupted, keys.get(entry.buddy or "", 0))
        if side is Side.BUDDY
        else Message(side, entry.text)
        for entry in entries
        if entry.kind is EntryKind.WORDS
        and entry.text
        and (side := Side(entry.side.value)) is not Side.LINE
    ]
    turns = groupby(spoken, key=lambda message: (message.side, message.buddy))
    return tuple(
        replace(said[-1], text=" ".join(message.text for message in said))
        for said in (list(messages) for _, messages in turns)
    )


def _uninterrupted(said: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return what was said; what broke off at the end was cut by the line, and by nobody else."""
    return (*said[:-1], replace(said[-1], was_interrupted=False)) if said else ()


def _last_said(said: tuple[Message, ...], keys: Mapping[str, int]) -> str | None:
    """Return what the caller last said to a buddy; what they asked of the call itself is none."""
    names = {key: name for name, key in keys.items()}
    return next(
        (
            one.text
            for one in reversed(said)
            if one.side is Side.CALLER and wish_of(one.text, names) is None
        ),
        None,
    )


def _with(said: tuple[Message, ...], message: Message) -> tuple[Message, ...]:
    """Add to what was said; a turn that goes on is one turn."""
    if said and said[-1].side is message.side:
        return (*said[:-1], Message(message.side, f"{said[-1].text} {message.text}"))
    return (*said, message)


def _is_off_record(entries: tuple[EntryView, ...]) -> bool:
    dividers = [entry.kind for entry in entries if entry.kind is not EntryKind.WORDS]
    return bool(dividers) and dividers[-1] is EntryKind.OFF_RECORD
