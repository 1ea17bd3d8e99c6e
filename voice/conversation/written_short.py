"""Words that are written short, as they are said."""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.rewriting import Rule

# Written short, said long; only with their point, where they have one.
ABBREVIATIONS: Final = {
    "dr": "Doctor",
    "mr": "Mister",
    "mrs": "Missus",
    "ms": "Ms",
    "prof": "Professor",
    "st": "Saint",
    "mt": "Mount",
    "jr": "Junior",
    "sr": "Senior",
    "gen": "General",
    "capt": "Captain",
    "vs": "versus",
    "etc": "and so on",
    "e.g": "for example",
    "i.e": "that is",
    "a.k.a": "also known as",
    "approx": "approximately",
    "dept": "department",
    "inc": "Incorporated",
    "ltd": "Limited",
    "ave": "Avenue",
    "blvd": "Boulevard",
    "vol": "volume",
    "est": "established",
}
_LAST_WORDS: Final = frozenset(
    ("and so on", "Junior", "Senior", "Incorporated", "Limited", "Avenue", "Boulevard")
)
_NAMES: Final = "|".join(sorted(map(re.escape, ABBREVIATIONS), key=len, reverse=True))


def _abbreviation(match: re.Match[str]) -> str:
    words = ABBREVIATIONS[match[1].lower()]
    ends_sentence = match["end"] is not None
    return f"{words}." if ends_sentence and words in _LAST_WORDS else words


WORD_RULES: Final[tuple[Rule, ...]] = (
    (re.compile(r"\b(?<!\w\.)St\.(?=\s*(?:$|[^A-Z\s]|[A-Z]\w*ly\b))"), "Street"),
    (
        re.compile(rf"(?<!\w)({_NAMES})\.(?P<end>(?=\s*$|\s+[A-Z\"“(]))?", re.IGNORECASE),
        _abbreviation,
    ),
    (re.compile(r"\bw/(?=\s|\w)"), "with "),
    (re.compile(r"\band/or\b"), "and or"),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), " or "),
    (re.compile(r"\bPh\.? ?D\b\.?"), "PhD"),
    (re.compile(r"(?<=[^\W\d_]{2})\.(?=[a-z])"), " dot "),
    (re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_])"), ". "),
)
