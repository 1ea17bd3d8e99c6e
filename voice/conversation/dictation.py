"""Tells whether somebody is in the middle of dictating: digits, letters, an address.

People breathe between the groups of a number and think between the letters of a name, and a
recogniser writes what it hears as words or as digits. Only the tail of what was said counts.
"""

from __future__ import annotations

import re
from typing import Final

PHONE_DIGITS: Final = 10  # of a number without its country code; then it may be complete
SPELLED: Final = 2  # so many single letters in a row are no words any more
GROUPED: Final = 3  # so many digits in a row are dictated, and not counted

_ONES: Final = frozenset("zero oh one two three four five six seven eight nine".split())
_TENS: Final = frozenset(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
    "twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_REPEATS: Final = frozenset(("double", "triple"))
# After these somebody is about to dictate.
_ANNOUNCED: Final = re.compile(
    r"\b(?:number|code|zip|postcode|account|card|email|e-mail|mail|address|spelled|spelt|spell)\b"
)
_OPEN_TAIL: Final = re.compile(
    r"\b(?:(?:number|code|zip|postcode|email|e-mail|mail|address|name) (?:is|was)|it's|it is"
    r"|spelled|spelt|as in)(?: with)?$"
    r"|\b(?:email|e-mail|mail)(?: address)? is(?: [a-z0-9]+){1,2}$"  # "my email is sam"
)
_JOINTS: Final = frozenset("at dot underscore dash hyphen plus slash".split())
_ENDINGS: Final = frozenset("com org net edu gov io co uk de".split())
_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|@")


def sounds_dictated(text: str) -> bool:
    """Tell whether the end of `text` is a piece of something longer that is being dictated."""
    lowered = text.lower().replace("double u", "w").replace("double-u", "w")
    tokens = _TOKEN.findall(lowered)
    if not tokens:
        return False
    is_announced = _ANNOUNCED.search(lowered) is not None
    if is_announced and _OPEN_TAIL.search(lowered.rstrip(" .,:")):
        return True
    return (
        _ends_in_letters(tokens)
        or _ends_in_digits(tokens, is_announced=is_announced)
        or (is_announced and _ends_in_address(tokens))
    )


def _ends_in_letters(tokens: list[str]) -> bool:
    """Tell whether a name is being spelled; nobody knows when it is complete."""
    run = 0
    for token in reversed(tokens):
        if len(token) > 1 and token not in _REPEATS:
            break
        run += token.isalpha()
    # "Plan b" and "vitamin c" are words; "and i" is a sentence that goes on anyway.
    return run >= SPELLED


def _ends_in_digits(tokens: list[str], *, is_announced: bool) -> bool:
    """Tell whether a number is being said group by group, and is too short for a phone."""
    if tokens[-1] in _REPEATS:
        return True
    digits = groups = 0
    for token in reversed(tokens):
        if token not in _ONES | _TENS | _REPEATS and not token.isdigit():
            break
        digits += len(token) if token.isdigit() else 1 + (token in _TENS)
        groups += token not in _TENS  # "nineteen eighty four" is a year
    if digits >= PHONE_DIGITS:
        return False
    return groups >= GROUPED or (digits >= 1 and is_announced)


def _ends_in_address(tokens: list[str]) -> bool:
    """Tell whether an e-mail address lacks its end: "sam at", "sam at example", "sam dot"."""
    if tokens[-1] in _JOINTS:
        return True
    tail = tokens[-4:]
    return ("at" in tail or "@" in tail) and tokens[-1] not in _ENDINGS
