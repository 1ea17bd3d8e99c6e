"""The buddies by their keys, and whom a caller names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from voice.conversation.utterance import words_of

SPOKEN_KEYS: Final = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
# What the menu calls them besides their names, and what people make of it.
ROLES: Final = {
    word: key
    for key, words in {
        1: "news anchor newsreader",
        2: "storyteller teller story stories",
        3: "chef cook cooking",
        4: "sports sport analyst",
        5: "sass sassy",
        6: "coach coaching",
    }.items()
    for word in words.split()
}


def named_buddy(text: str, names: Mapping[int, str]) -> int | None:
    """Return the key of the buddy named last, by name or by number; None if there is none."""
    keys = {name.lower(): key for key, name in names.items()}
    keys |= {str(key): key for key in names}
    keys |= {word: key for word, key in SPOKEN_KEYS.items() if key in names}
    named = [keys[word] for word in words_of(text) if word in keys]
    return named[-1] if named else None


def buddy_in_role(text: str, names: Mapping[int, str]) -> int | None:
    """Return the key of the only buddy whose role is named; None if there is none, or two."""
    named = {ROLES[word] for word in words_of(text) if ROLES.get(word) in names}
    return named.pop() if len(named) == 1 else None
