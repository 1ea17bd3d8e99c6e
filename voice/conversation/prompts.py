"""Persona, caller and the conversation so far, as the messages a chat model takes.

The stable part comes first, so that vendors' prompt caches keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
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
- You are an AI and say so whenever asked. Never claim to have done what you cannot do."""

INTERRUPTED = "[The caller interrupted here and heard nothing after this.]"
GO_ON = "[Nobody meant to interrupt. Go on right after your last words; repeat none of them.]"
HISTORY_CHARACTERS = 12_000  # some 3,000 tokens: older turns are left out first


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One message as chat models take them."""

    role: Literal["system", "user", "assistant"]
    text: str


def model_messages(
    *, persona_prompt: str, about_caller: str, history: Sequence[Message], goes_on: bool = False
) -> tuple[ModelMessage, ...]:
    """Return what the model is sent for the next reply; `history` holds only what was heard.

    A reply that goes on continues the last message, and answers nobody.
    """
    parts = (SPEAKING_RULES, persona_prompt, about_caller)
    system = "\n\n".join(part for part in parts if part)
    cue = (ModelMessage("user", GO_ON),) if goes_on else ()
    return (ModelMessage("system", system), *_turns(history), *cue)


def _turns(history: Sequence[Message]) -> list[ModelMessage]:
    turns: list[ModelMessage] = []
    room = HISTORY_CHARACTERS
    for message in reversed(history):
        text = f"{message.text} {INTERRUPTED}" if message.was_interrupted else message.text
        room -= len(text)
        if turns and room < 0:
            break
        turns.append(ModelMessage("user" if message.side is Side.CALLER else "assistant", text))
    turns.reverse()
    return turns
