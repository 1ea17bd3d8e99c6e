"""Persona, caller and the conversation so far, as the messages a chat model takes.

The stable part comes first, so that vendors' prompt caches keep it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from voice.conversation.commands import Message, Side

SPEAKING_RULES = """\
You are on the phone. What you write is spoken aloud, word for word.
- One or two short sentences, at most thirty-five words, unless you tell a story or a recipe step.
- Plain spoken words only: no lists, no markup, no emoji, no web addresses, no stage directions.
- Write numbers, dates and amounts as words.
- At most one question, and not in every turn.
- If words reached you garbled, ask again briefly; never guess.
- If somebody may harm themselves or others, or is in danger, nothing else matters: no joke, no \
other subject. Say kindly that this matters most, and ask them to call or text nine eight eight, \
or to call nine one one, right now. Never describe a way to do harm, give no diagnosis, and never \
promise that help is on its way.
- Whoever wants another buddy can say "let me talk to" and a name, or press star and zero; you \
can't put them through yourself.
- You are an AI and say so whenever asked. Never claim to have done what you cannot do."""

INTERRUPTED = "[The caller interrupted here and heard nothing after this.]"
GO_ON = "[Go on right after your last words; repeat none of them, and greet nobody.]"
BEFORE_YOU = "On this same call, before you came on:"
HISTORY_CHARACTERS = 12_000  # some 3,000 tokens: older turns are left out first


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One message as chat models take them."""

    role: Literal["system", "user", "assistant"]
    text: str


def model_messages(
    *,
    persona_prompt: str,
    about_caller: str,
    history: Sequence[Message],
    buddy: int = 0,
    names: Mapping[int, str] | None = None,
    goes_on: bool = False,
) -> tuple[ModelMessage, ...]:
    """Return what the model is sent for the next reply; `history` holds only what was heard.

    What other buddies were told and said comes as notes, each line with who said it. A reply that
    goes on continues the last message, and answers nobody.
    """
    parts = (SPEAKING_RULES, persona_prompt, about_caller)
    system = "\n\n".join(part for part in parts if part)
    cue = (ModelMessage("user", GO_ON),) if goes_on else ()
    kept = _within_room(history)
    others = [n for n, m in enumerate(kept) if m.side is Side.BUDDY and m.buddy != buddy]
    first = others[-1] + 1 if others else 0
    turns = [_turn(message) for message in kept[first:]]
    if first:
        turns = _with_notes(_notes(kept[:first], names or {}), turns)
    return (ModelMessage("system", system), *turns, *cue)


def _within_room(history: Sequence[Message]) -> list[Message]:
    kept: list[Message] = []
    room = HISTORY_CHARACTERS
    for message in reversed(history):
        room -= len(_text(message))
        if kept and room < 0:
            break
        kept.append(message)
    kept.reverse()
    return kept


def _text(message: Message) -> str:
    return f"{message.text} {INTERRUPTED}" if message.was_interrupted else message.text


def _turn(message: Message) -> ModelMessage:
    return ModelMessage("user" if message.side is Side.CALLER else "assistant", _text(message))


def _notes(history: Sequence[Message], names: Mapping[int, str]) -> str:
    lines = [
        f"{'Caller' if m.side is Side.CALLER else names.get(m.buddy, 'Another buddy')}: {_text(m)}"
        for m in history
    ]
    return "\n".join((f"[{BEFORE_YOU}", *lines)) + "]"


def _with_notes(notes: str, turns: list[ModelMessage]) -> list[ModelMessage]:
    """Put the notes before the turns; they are one message with the caller's next words."""
    if turns and turns[0].role == "user":
        return [ModelMessage("user", f"{notes}\n\n{turns[0].text}"), *turns[1:]]
    return [ModelMessage("user", notes), *turns]
