"""What a caller asks of the call itself, in words: another buddy, the menu, slower, off the record.

A wish is read only where it is meant: what somebody tells about others, or says no to, is not one.
All but going off the record are read at the end of a turn; that one counts from its first word on,
because what follows it must not be shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voice.conversation.utterance import words_of


class Wish(StrEnum):
    """What can be asked for by key as well."""

    MENU = "menu"
    REPEAT = "repeat"
    SLOWER = "slower"


@dataclass(frozen=True, slots=True)
class TalkTo:
    """Another buddy, by its key."""

    menu_key: int


_BEFORE: Final = (
    r"(?:(?:ok|okay|so|well|um|uh|hey|and|but|please|now|yes|no|sorry|actually|alright|all right|"
    r"hi|hello|excuse me|listen|wait) )*"
)
_AFTER: Final = (
    r"(?: (?:please|now|again|for me|thanks|thank you|then|once more|one more time|to me|"
    r"a (?:bit|little)|if you can|if you could))*"
)
_CAN_YOU: Final = r"(?:(?:can|could|would|will) you (?:please )?|please )?"
_MAY_I: Final = (
    r"(?:let me|let's|can i|could i|may i|can we|i(?:'d| would) (?:like|love) to|i(?:'d| would) "
    r"rather|i want to|i wanna)(?: please| now| go| get| just)*"
)
_TALK: Final = r"(?: back)? (?:talk|speak|chat|switch|change|talking|speaking)(?: back| over)?"
_NOT: Final = r"(?:\b(?:don't|do not|didn't|not|never|won't|can't|cannot) (?:\w+ ){0,2})$"
_STRICTLY: Final = r"(?: (?:strictly|just|now|please|all|completely|totally|entirely|here))*"
_NO_RECORD: Final = r"(?! (?:player|store|shop|label|company|deal|book|books|collection))"

_MENU: Final = (
    rf"(?:(?:{_MAY_I} )?(?:go |get |take me |bring me |put me |hear |have )?(?:back )?"
    r"(?:to )?(?:the )?(?:main |phone )?menu"
    rf"|{_MAY_I}{_TALK} (?:to|with) (?:someone|somebody|anyone|anybody) else"
    rf"|{_MAY_I}{_TALK} (?:to|with) (?:another|a different) (?:buddy|one|person)"
    rf"|(?:{_MAY_I} )?(?:switch|change) (?:buddy|buddies)"
    r"|who else (?:is there|is here|can i (?:talk|speak) (?:to|with)))"
)
_REPEAT: Final = (
    rf"(?:{_CAN_YOU}(?:repeat(?: that| it| yourself| what you said)?"
    r"|say (?:that|it|this)(?: one more time| once more| again))"
    r"|(?:sorry )?(?:what did you (?:just )?say|what was that|come again|pardon(?: me)?|say again)"
    r"|i (?:didn't|did not) (?:catch|hear|get) (?:that|you|what you said))"
)
_SLOWER: Final = (
    rf"(?:{_CAN_YOU}(?:(?:speak|talk|go|read|say (?:it|that))(?: it| that)?"
    r"(?: (?:a (?:bit|little|lot)|much))? (?:more slowly|slower|slowly)|slow(?: it)? down|slower)"
    r"|not so fast|(?:that's|that is|that was|you're|you are)"
    r"(?: (?:talking|speaking|going))?(?: way| much| a (?:bit|little))? too fast(?: for me)?"
    r"|you (?:talk|speak) too fast)"
)
_WISHES: Final = {
    wish: re.compile(rf"{_BEFORE}{words}{_AFTER}")
    for wish, words in ((Wish.MENU, _MENU), (Wish.REPEAT, _REPEAT), (Wish.SLOWER, _SLOWER))
}
_OFF_THE_RECORD: Final = re.compile(
    rf"^{_BEFORE}(?:completely |strictly |just )?off the record\b{_NO_RECORD}"
    r"|\b(?:(?:this|that|it|we|following)(?:'s|'re| is| are| be| stays?)?"
    r"|(?:that's|it's|we're)|keep (?:this|that|it)|what i (?:say|tell you)(?: now)? is"
    r"|(?:go|be|stay|switch|turn|talk|speak)|say (?:this|that|it|something)"
    rf"|tell you (?:this|that|something)){_STRICTLY} off the record\b{_NO_RECORD}"
)
_WORD: Final = re.compile(r"[a-z0-9']+", re.IGNORECASE)  # as `words_of` finds them
_TOLD: Final = re.compile(r"\b(?:he|she|they|who|somebody|someone) (?:\w+ ){0,4}$")
_ON_THE_RECORD: Final = re.compile(
    rf"^{_BEFORE}on the record\b|\bback on the record\b|\bon the record again\b"
    r"|\b(?:go|be|put (?:me|us|this)|we're|you can go) on the record\b"
)
_POLITE: Final = frozenset(
    "ok okay so well um uh hey and but please now yes no sorry actually alright right all let's "
    "can could we i may us go going talk speak be this is that it's just for a moment minute "
    "second while thanks thank you the record off on back again want to i'd like from here "
    "what say keep it am are strictly completely totally just".split()
)


def wish_of(text: str, names: Mapping[int, str]) -> Wish | TalkTo | None:
    """Return what a whole turn asks for; None for one that is part of the conversation."""
    said = " ".join(words_of(text.replace("’", "'")))
    for wish, pattern in _WISHES.items():
        if pattern.fullmatch(said):
            return wish
    return _somebody(said, names)


def goes_off_the_record(text: str) -> bool:
    """Tell whether these words, which may go on, ask that nothing of this be kept."""
    said = " ".join(words_of(text.replace("’", "'")))
    return any(
        not re.search(_NOT, said[: match.start()]) and not _TOLD.search(said[: match.start()])
        for match in _OFF_THE_RECORD.finditer(said)
    )


def after_going_on_the_record(text: str) -> str | None:
    """Return what was said after the words that end being off the record; None without them."""
    text = text.replace("’", "'")
    words = list(_WORD.finditer(text))
    said = " ".join(words_of(text))
    match = next(
        (m for m in _ON_THE_RECORD.finditer(said) if not re.search(_NOT, said[: m.start()])), None
    )
    if match is None:
        return None
    before = len(said[: match.end()].split())
    rest = text[words[before].start() :] if before < len(words) else ""
    return "" if is_about_the_record(rest) else rest


def is_about_the_record(text: str) -> bool:
    """Tell whether nothing is said but that the record begins or ends."""
    return all(word in _POLITE for word in words_of(text.replace("’", "'")))


def _somebody(said: str, names: Mapping[int, str]) -> TalkTo | None:
    if not names:
        return None
    who = "|".join(re.escape(name.lower()) for name in names.values())
    asked = re.compile(
        rf"(?:\b{_MAY_I}{_TALK} (?:to|with|over to)"
        r"|\b(?:put|get|give|hand|pass|bring|connect|transfer|switch|send|patch) me"
        r"(?: (?:through|over|on|back|out))*(?: (?:to|with))?"
        r"|\b(?:switch|change|go)(?: back| over)* to"
        rf"|^{_BEFORE}(?:is)?) ?\b(?P<name>{who})\b(?!')(?=(?P<rest>.*))"
    )
    for match in asked.finditer(said):
        begins_with_name = not match.group(0)[: match.start("name") - match.start()].strip()
        if begins_with_name and match["rest"].strip() not in (
            "please",
            "instead",
            "instead please",
        ):
            continue
        if re.search(_NOT, said[: match.start()]):
            continue
        return TalkTo(next(key for key, name in names.items() if name.lower() == match["name"]))
    return None
