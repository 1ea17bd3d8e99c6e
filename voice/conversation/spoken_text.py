"""What a model wrote, as it is said: no markup, addresses, pictures, stage directions or digits.

Whatever comes in, only letters and the punctuation of speech go out, so that a voice has nothing
to read wrong and the transcript shows what was spoken. Said twice it stays the same.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from voice.conversation.rewriting import END, Rule, rewrite
from voice.conversation.roman_numerals import NUMERAL_RULES
from voice.conversation.spoken_numbers import say_numbers
from voice.conversation.written_short import PLACE_RULES, SHORT_WORDS, WORD_RULES

# Most of what a buddy says: words with nothing to do about them.
_PLAIN: Final = re.compile(r"(?:[A-Za-z][A-Za-z']*[,;]? )*([A-Za-z']*[A-Za-z])[.!?]?")

_NUMERAL: Final = re.compile(rf" [IVXL]+{END}(?!'[^s])")

# Alone between stars or in parentheses, these are acted and not said.
_ACTS: Final = (
    r"laugh|chuckl|giggl|snicker|sigh|smil|grin|wink|paus|whisper|nod|shrug|gasp|cough|sniff|groan"
    r"|hum|sing|clap|cheer|yawn|snort|exhal|inhal|gulp|squeal|purr|growl|scoff|blush|beam|cackl"
)
_MOVES: Final = (
    r"(?:clears|leans|tilts|raises|rolls|looks|adjusts|takes|taps|snaps|waves|pours|strikes"
    r"|shakes|scratches|rubs|flips|strums|sips|turns|points|in an?|with an?|beat|applause|music)"
)
_MANNERS: Final = (
    "softly|quietly|gently|warmly|dramatically|excitedly|sarcastically|playfully|nervously"
    "|thoughtfully|cheerfully|sadly|sheepishly|loudly|slowly"
)
_DIRECTION: Final = (
    rf"\s*(?:(?:[a-z]+ly,? )?(?:{_ACTS})(?:s|es|ing|ed|e|ter|ming|ging)?\b[^*()\n]{{0,60}}"
    rf"|{_MOVES} [^*()\n]{{1,60}}|(?:{_MANNERS}|beat|applause|music|silence|thinks|thinking)\s*)"
)

_AREA: Final = re.compile(r"(\d ?)(k?m|mi|ft)²")
_VULGAR_FRACTION: Final = re.compile("[¼-¾⅐-⅞]")
_INVISIBLE: Final = (
    *(0xAD, 0xFEFF, 0x20E3),  # a soft hyphen, a byte order mark, a key's cap
    *range(0x200B, 0x2010),  # joiners and directions
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),  # how to draw a picture
    *range(0xE0000, 0xE0200),
)
_MARKS: Final = {
    **dict.fromkeys(_INVISIBLE),
    **dict.fromkeys(map(ord, "™®©")),
    ord("²"): " squared",
    ord("³"): " cubed",
    ord("№"): "#",
    ord("’"): "'",
    ord("‘"): "'",
    ord("…"): "...",
}

_PICTURE: Final = "\N{WHITE SMILING FACE}"
_PICTURES: Final = "[\u2600-\u27bf\U0001f000-\U0001faff]"
MOST_READINGS: Final = 3  # of what came out, until it stays the same
_HOST: Final = r"[\w-]+(?:\.[\w-]+)+"


def _host(match: re.Match[str]) -> str:
    host = match[1].removeprefix("www.")
    return f" {host.replace('.', ' dot ')} "


# What marks text up, in the order it has to go.
_MARKUP_RULES: Final[tuple[Rule, ...]] = (
    (re.compile(r"^\s*(?:```.*|[-*_=|:\s]{3,})$"), " "),  # fences, rules, a table's second line
    (re.compile(r"^\s*\|(.*)\|\s*$"), r"\1"),  # a table's row
    (re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+•·]\s+)+"), " "),  # headings, quotes, bullets
    (re.compile(r"!?\[([^\]\[]*)\]\((?:[^()\s]*)(?:\s[^()]*)?\)"), r"\1"),  # links, pictures
    (
        re.compile(
            rf"<?https?://(?:[^\s/@]*@)?({_HOST}|[\w-]+)(?::\d+)?(?:[/?#][^\s>)\]]*(?<![.,;:!?]))?>?"
        ),
        _host,
    ),
    (re.compile(r"</?[A-Za-z][^<>\n]{0,80}>"), " "),  # tags
    (re.compile(r"\[[^\]\[\n]{0,80}\]"), " "),  # [laughs], [1]
    (re.compile(rf"(?<![*\w])\*{_DIRECTION}\*(?![*\w])"), _PICTURE),
    (re.compile(rf"(?<!_)_{_DIRECTION.replace('*', '_')}_(?!_)"), _PICTURE),
    (re.compile(rf"\({_DIRECTION}\)"), _PICTURE),
    (re.compile(r"(?<![\w*])(\*{1,2})(?=[^\s*])([^*]*[^\s*])\1(?![\w*])"), r"\2"),  # a stress
    (
        re.compile(r"(?<!\w)[:;=][-'^]?[()DPpO3/|](?!\w)|(?<![^\W\d_])[xX]D(?!\w)|<3|:'\(|\^_\^"),
        _PICTURE,
    ),  # emoticons
    (
        re.compile(rf"(?<=[a-z]{{2}})\s*(?:{_PICTURES}\s*)+(?=[A-Z][a-z])"),
        ". ",
    ),  # instead of a stop
)

_IN_ADDRESSES: Final = str.maketrans({".": " dot ", "-": " dash ", "_": " underscore "})
_ADDRESS_RULES: Final[tuple[Rule, ...]] = (
    (
        re.compile(rf"\b([\w.+-]+)@({_HOST})"),
        lambda m: f"{m[1]} at {m[2]}".translate(_IN_ADDRESSES),
    ),
    (re.compile(rf"\b(www\.{_HOST})(?:/\S*)?"), _host),
    (
        re.compile(
            r"(?<![\w.])((?:[\w-]+\.)+(?:com|org|net|edu|gov|io|ai|dev|app|info|uk))\b"
            r"(?:/[^\s,;!?]*)?"
        ),
        _host,
    ),
)

_SYMBOLS: Final = str.maketrans(
    {
        "&": " and ",
        "%": " percent ",
        "+": " plus ",
        "=": " equals ",
        "@": " at ",
        "°": " degrees ",
        "$": " dollar ",
        "€": " euro ",
        "£": " pound ",
        "¥": " yen ",
        "¢": " cent ",
        "§": " section ",
        "×": " times ",
        "÷": " divided by ",
        "≈": " about ",
        "≤": " at most ",
        "≥": " at least ",
        "≠": " is not equal to ",
        "√": " the square root of ",
        "∞": " infinity ",
        "₹": " rupees ",
        "±": " plus or minus ",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "‘": "'",
        "’": "'",
        "`": " ",
        "→": ", ",
        "•": ", ",
        "·": " ",
        "|": ", ",
        "(": ", ",
        ")": ", ",
        "–": " — ",
    }
)
_PUNCTUATION: Final = frozenset(".,!?;:'\"-— ")

_TIDY_RULES: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<!\w)-|-(?!\w)"), " — "),  # a hyphen joins words
    (re.compile(r"(?<!\w)'(?!\w)"), " "),
    (re.compile(r'"\s*"'), " "),
    (re.compile(r"\s+"), " "),
    (re.compile(r" (?=[.,!?;:])"), ""),
    (re.compile(r"([!?])[.!?,;:]+"), r"\1"),
    (re.compile(r"(?: ?[,;:—])+ ?(?=[.!?])"), ""),
    (re.compile(r"([,;:—])(?: ?[,;:—])+"), r"\1"),
    (re.compile(r"(?<=\w\w)\.[,;:]+"), "."),  # but "p.m.," stays
    (re.compile(r"\.{2,}"), "..."),
    (re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_])"), ". "),
)


def spoken_text(text: str) -> str:
    """Return `text` as it is to be said; empty where there is nothing to say."""
    spoken = _said(text.strip())
    for _ in range(MOST_READINGS):
        if (again := _said(spoken)) == spoken:
            break
        spoken = again  # what was dropped stood between two words that belong together
    return spoken


def _said(text: str) -> str:
    if (plain := _PLAIN.fullmatch(text)) and plain[1].lower() not in SHORT_WORDS:
        return _say_numerals(text)
    lines = [line for line in map(_spoken_line, text.splitlines()) if line]
    spoken = lines[0] if lines else ""
    for line in lines[1:]:
        spoken = f"{spoken}{_pause_between(spoken, line)} {line}"
    return spoken


def _pause_between(line: str, following: str) -> str:
    if line[-1] in ".!?,;:":
        return ""
    # With a point, "Jr" would be an abbreviation.
    return (
        "," if following[0].islower() or line.rsplit(maxsplit=1)[-1].lower() in SHORT_WORDS else "."
    )


def _spoken_line(line: str) -> str:
    line = rewrite(_MARKUP_RULES, _plain_characters(line))
    line = _say_numerals(rewrite(PLACE_RULES, rewrite(_ADDRESS_RULES, line)))
    line = rewrite(WORD_RULES, say_numbers(line)).translate(_SYMBOLS)
    line = "".join(character if _is_said(character) else " " for character in line)
    line = rewrite(_TIDY_RULES, line).lstrip(" ,;:—.!?").rstrip(" —")
    return line if any(character.isalpha() for character in line) else ""


def _say_numerals(line: str) -> str:
    return rewrite(NUMERAL_RULES, line) if _NUMERAL.search(line) else line


def _plain_characters(line: str) -> str:
    """Return `line` with one way to write each letter and each digit."""
    if line.isascii():
        return line
    line = _AREA.sub(r"\1sq \2", line).replace("m³", " cu m").translate(_MARKS)
    line = _VULGAR_FRACTION.sub(r" \g<0>", line)
    line = unicodedata.normalize("NFKC", line).replace("\N{FRACTION SLASH}", "/")
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in line)


def _is_said(character: str) -> bool:
    is_letter = character.isalpha() or unicodedata.category(character).startswith("M")
    return is_letter or character in _PUNCTUATION
