"""Words that are written short, as they are said."""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.rewriting import BEGIN, END, Rule

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
    "incl": "including",
    "misc": "miscellaneous",
    "inc": "Incorporated",
    "ltd": "Limited",
    "corp": "Corporation",
    "ave": "Avenue",
    "blvd": "Boulevard",
    "rd": "Road",
    "ln": "Lane",
    "pkwy": "Parkway",
    "hwy": "Highway",
    "vol": "volume",
    "est": "established",
}
_LAST_WORDS: Final = frozenset(
    (
        *("and so on", "Junior", "Senior", "Incorporated", "Limited", "Corporation"),
        *("Avenue", "Boulevard", "Road", "Lane", "Parkway", "Highway"),
    )
)
_NAMES: Final = "|".join(sorted(map(re.escape, ABBREVIATIONS), key=len, reverse=True))

# In front of a name only: "Rep." and "Col." are words of their own as well.
_TITLES: Final = {
    "Col": "Colonel",
    "Sgt": "Sergeant",
    "Lt": "Lieutenant",
    "Maj": "Major",
    "Rev": "Reverend",
    "Fr": "Father",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Pres": "President",
    "Hon": "Honorable",
    "Ft": "Fort",
}
_DAYS: Final = {
    "Mon": "Monday",
    "Tues": "Tuesday",
    "Tue": "Tuesday",
    "Wed": "Wednesday",
    "Thurs": "Thursday",
    "Thur": "Thursday",
    "Thu": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_MONTHS: Final = {
    "Jan": "January",
    "Feb": "February",
    "Aug": "August",
    "Sept": "September",
    "Sep": "September",
    "Oct": "October",
    "Nov": "November",
    "Dec": "December",
}
_NUMBERED: Final = {
    "p": "page",
    "pp": "pages",
    "fig": "figure",
    "ch": "chapter",
    "vol": "volume",
    "apt": "apartment",
}

# Words that begin a sentence, so that what stands before them ended one.
_STARTERS: Final = (
    r"(?:The|An?|I|I'\w+|It|It's|He|She|We|They|You|This|That|These|Those|There|Then|Now|But|And|So"
    r"|Or|If|When|Where|What|Who|How|Why|Is|Are|Was|Were|Do|Did|Can|Could|Would|My|Your|Our|His|Her"
    r"|Their|In|On|At|After|Before|From|For|Once|Next|Not|Yes|No|Just|Turn|Take|Go|Keep|Let|Let's"
    r"|Have|Here|Please|Maybe|Only|Also|Finally|Luckily|Suddenly|Usually|Actually|Eventually)\b"
)
_ENDS: Final = rf"(?P<end>(?=\s+{_STARTERS}))?"
_DIRECTIONS: Final = (
    r"(?:[NS][EW]?|[EW]|North|South|East|West|North(?:east|west)|South(?:east|west))\b"
)
_WORDS_OF_A_NAME: Final = r"(?:(?:[A-Z]\.|[A-Z][\w']*) ){1,4}"  # a point only behind an initial

# Behind these with their point a sentence goes on.
GOES_ON: Final = frozenset((*_TITLES, *_DAYS, *_MONTHS))
# Words that may end a sentence and are not said as they are written.
SHORT_WORDS: Final = frozenset((*ABBREVIATIONS, *map(str.lower, _DAYS | _MONTHS | _TITLES)))


def _abbreviation(match: re.Match[str]) -> str:
    words = ABBREVIATIONS[match[1].lower()]
    ends_sentence = match["end"] is not None
    return f"{words}." if ends_sentence and words in _LAST_WORDS else words


def _day_or_month(match: re.Match[str]) -> str:
    words = (_DAYS | _MONTHS)[match[1]]
    return words if match["end"] is None else f"{words}."


def _street(match: re.Match[str]) -> str:
    return "Street" if match["end"] is None else "Street."


def _drive(match: re.Match[str]) -> str:
    return f"{match[1]}Drive{'' if match['end'] is None else '.'}"


def _one_of(words: dict[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


# Before the numbers are said: what tells a street from a saint, and a page from a letter.
PLACE_RULES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"{BEGIN}((?i:{_NAMES})|{_one_of(_DAYS | _MONTHS)})\.(?=[^\W\d_]{{2}})"), r"\1. "),
    (re.compile(rf"\b(?<!\w\.)St\.(?=\s+{_STARTERS})(?P<end>)"), _street),
    (re.compile(rf"(?:(?<=\d(?:st|nd|rd|th) )|(?<=\bWall ))St\.{_ENDS}"), _street),
    (re.compile(rf"\b(?<!\w\.)St\.(?P<end>\b)?(?=\s*(?:$|[^A-Z\s])|\s+{_DIRECTIONS})"), _street),
    (
        re.compile(
            rf"\b((?:\d+|[Oo]n|[Aa]t|[Aa]long|[Oo]ff|[Dd]own|[Oo]nto) {_WORDS_OF_A_NAME})Dr\."
            rf"{_ENDS}(?=\s*(?:$|[^A-Z\s])|\s+{_STARTERS})"
        ),
        _drive,
    ),
    (
        re.compile(rf"{BEGIN}({_one_of(_NUMBERED)})\. ?(?=\d)", re.IGNORECASE),
        lambda m: f"{_NUMBERED[m[1].lower()]} ",
    ),
    (
        re.compile(
            rf"{BEGIN}({_one_of(_DAYS)})\.? ?[-–] ?({_one_of(_DAYS)}){END}(?:\.(?=,|\s+[a-z\d]))?"
        ),
        lambda m: f"{_DAYS[m[1]]} to {_DAYS[m[2]]}",
    ),
    (
        re.compile(
            rf"{BEGIN}({_one_of(_DAYS)})\."
            r"(?=,? (?:\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)))"
        ),
        lambda m: _DAYS[m[1]],
    ),
    (re.compile(r"(?<![\w#])([A-G])#(?!\w)"), r"\1 sharp"),
    (
        re.compile(
            r"(?<![\w.])\.(?=(?:com|org|net|edu|gov|io|pdf|txt|csv|docx?|jpe?g|png|gif|mp[34]|zip"
            r"|exe|html?|json|NET)\b)"
        ),
        "dot ",
    ),
)

WORD_RULES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"\b({_one_of(_TITLES)})\. ?(?=[A-Z])"), lambda m: f"{_TITLES[m[1]]} "),
    (
        re.compile(rf"\b({_one_of(_DAYS | _MONTHS)})\.(?P<end>(?=\s*$|\s+[A-Z\"“(]))?"),
        _day_or_month,
    ),
    (
        re.compile(rf"(?<!\w)((?i:{_NAMES}))\.(?P<end>(?=\s*$|\s+[A-Z\"“(]))?"),
        _abbreviation,
    ),
    (re.compile(r"\bw/o(?:ut)?\b"), "without"),
    (re.compile(r"\bw/(?=\s|\w)"), "with "),
    (re.compile(r"\bb/c\b"), "because"),
    (re.compile(r"\bc/o\b"), "care of"),
    (re.compile(r"\b[nN]/[aA]\b"), "not applicable"),
    (re.compile(r"\band/or\b"), "and or"),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), " or "),
    (re.compile(r"\bPh\.? ?D\b\.?"), "PhD"),
    (re.compile(r"(?<=[^\W\d_]{2})\.(?=[a-z])"), " dot "),
    (re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_])"), ". "),
)
