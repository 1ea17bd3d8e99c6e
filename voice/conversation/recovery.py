"""What a buddy says to a caller whose call broke, from the words the caller said last.

No model is asked: it must be said within seconds, and whatever failed may have been the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from voice.conversation.commands import Message, Side, WriteEntry

LOST_YOU: Final = "Sorry, I lost you for a second."  # the same for all, so that it lies ready
GO_ON: Final = "Please go on."
CUT_OFF: Final = "It seems we got cut off just now."
TALKED: Final = "We talked only a moment ago."
SHALL_WE: Final = "Shall we go on?"
MOST_WORDS: Final = 16  # of the caller's: who hears more of their own words grows impatient

_HESITATIONS = re.compile(r"^(?:(?:u+m+|u+h+|e+r+|well)[,\s]+)+", re.IGNORECASE)
# What may stand before a question without being part of it.
_LEAD_INS = re.compile(
    r"^(?:(?:u+m+|u+h+|e+r+|so|well|okay|ok|and|but|hey|hi|hello|please|yeah|yes|right)[,\s]+)+",
    re.IGNORECASE,
)
_SUBJECTS = (
    re.compile(
        r"^(?:(?:can|could|would|will) you (?:please )?)?(?:please )?"
        r"(?:tell|teach|talk to) (?:me|us) (?:[\w' ]{1,30} )?"
        r"about (?P<subject>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:(?:what|how) about|what do you (?:know|think) (?:about|of)) (?P<subject>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^i(?: want(?:ed)?|'d like| would like) to (?:know|hear|talk) (?:more )?about "
        r"(?P<subject>.+)$",
        re.IGNORECASE,
    ),
)
_QUESTION = re.compile(
    r"^(?:what|who|whose|where|when|why|which|how|is|are|was|were|do|does|did|can|could|will|"
    r"would|should|has|have)(?:'s|'re)?\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_OTHER_SIDE: Final = {
    "i": "you",
    "i'm": "you're",
    "i've": "you've",
    "i'd": "you'd",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "our": "your",
    "us": "you",
    "we": "you",
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """A conversation that goes on, and how."""

    history: tuple[Message, ...]
    words: tuple[str, ...]  # what the buddy says first
    owes_reply: bool  # the caller had asked and was not answered to the end
    rows: tuple[WriteEntry, ...] = ()  # what was said, and not yet written down
    menu_key: int | None = None  # the buddy that had the floor; None: reception
    has_consented: bool = False  # in this call
    is_off_record: bool = False

    def is_ungreeted(self, greeting: str) -> bool:
        """Tell whether nobody has said anything but a part of the greeting."""
        said = "".join(message.text for message in self.history)
        has_spoken = self.owes_reply or any(one.side is Side.CALLER for one in self.history)
        return not has_spoken and said != greeting


@dataclass(frozen=True, slots=True)
class Redial:
    """A call that broke off a moment ago, and what its caller is offered."""

    menu_key: int
    offer: str
    history: tuple[Message, ...]  # none where it may not be told


def recalled(words: str) -> str | None:
    """Return a sentence that reminds the caller of what they said; None where that was nothing."""
    text, is_question = _last_sentence(words)
    if not text:
        return None
    asked = _LEAD_INS.sub("", text)
    for pattern in _SUBJECTS:
        if (found := pattern.match(asked)) and (subject := _from_the_other_side(found["subject"])):
            return f"You were asking about {subject}."
    if _QUESTION.match(asked):
        return f"You were asking: {asked}?"
    if is_question:
        return f"You were asking: {text}?"
    return f"You were saying: {text}."


def first_words(last: str | None, *, owes_reply: bool) -> tuple[str, ...]:
    """Return what a buddy says once the line is back."""
    reminder = recalled(last) if last is not None else None
    said = (LOST_YOU,) if reminder is None else (LOST_YOU, reminder)
    return said if owes_reply else (*said[:-1], f"{said[-1]} {GO_ON}")


def offer(last: str | None, *, was_cut: bool) -> str:
    """Return what who dials again is offered; `last` is None where it may not be told."""
    before = CUT_OFF if was_cut else TALKED
    reminder = recalled(last) if last is not None else None
    return " ".join(part for part in (before, reminder, SHALL_WE) if part)


def _last_sentence(words: str) -> tuple[str, bool]:
    """Return the last thing said, short enough to be said again, and whether it is a question."""
    sentences = _SENTENCE_END.split(" ".join(words.split()))
    text = sentences[-1]
    is_question = text.endswith("?")
    text = _HESITATIONS.sub("", text.strip(" .?!,;:"))
    return " ".join(text.split()[-MOST_WORDS:]).strip(" .?!,;:"), is_question


def _from_the_other_side(subject: str) -> str | None:
    """Turn "my dog" into "your dog"; None where it speaks of both sides, and would be muddled."""
    words = subject.split()
    if any(word.lower() in ("you", "your", "yours", "yourself", "you're") for word in words):
        return None
    return " ".join(_OTHER_SIDE.get(word.lower(), word) for word in words)
