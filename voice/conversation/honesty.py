"""What a buddy says when it is asked whether it is human.

The law wants a true answer every time, and a small model gives a pleasant one. So this answer is
not the model's to write.
"""

from __future__ import annotations

import re

ANSWER = "I'm an AI, a computer program with a voice, and not a person. So, where were we?"

_BEING = r"(?:(?:real|actual|live|living) )?(?:human(?: being)?|person|robot|bot|machine|computer|ai|recording)"
_ASKED = re.compile(
    rf"\bare you (?:\w+ ){{0,2}}?(?:an? )?(?:{_BEING}|real|alive)\b(?! (?:sure|good|nice|\w+ing))"
    rf"|\b(?:am i|i am|i'm) (?:\w+ )?(?:talking|speaking) (?:to|with) (?:an? )?{_BEING}\b"
    rf"|\bis (?:this|that|it) (?:\w+ )?an? {_BEING}\b",
    re.IGNORECASE,
)


def asks_whether_human(text: str) -> bool:
    """Tell whether these words ask a buddy what it is."""
    return _ASKED.search(text.replace("’", "'").replace("A.I.", "AI")) is not None
