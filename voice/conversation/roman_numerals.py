"""Roman numerals behind kings and in the names of things, where they can't be letters."""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.number_words import cardinal, ordinal
from voice.conversation.rewriting import BEGIN, END, Rule

_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50}
# 1 to 89, but for a lone "I", which is mostly somebody speaking of themselves.
_SAFE: Final = rf"(?=[IVXL])(?!I{END})(?:XL|L?X{{0,3}})(?:IX|IV|V?I{{0,3}}){END}"
_FIRST: Final = r"I(?=\s*$|[.,;:!?)]|'s\b| of\b| and [IV]+\b)"
_ANY: Final = rf"{_SAFE}|I{END}"

_TITLES: Final = r"(?:King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Prince|Sultan)"
_RULERS: Final = (
    r"(?:John Paul|Juan Carlos|Victor Emmanuel|Franz Joseph|Henry|Elizabeth|Charles|Louis|George"
    r"|Edward|William|Richard|James|Mary|Philip|Felipe|Ferdinand|Frederick|Friedrich|Wilhelm"
    r"|Napoleon|Nicholas|Alexander|Peter|Catherine|Ivan|Paul|Benedict|Pius|Leo|Gregory|Innocent"
    r"|Clement|Urban|Francis|Joseph|Leopold|Albert|Otto|Rames+es|Thutmose|Amenhotep|Cleopatra"
    r"|Ptolemy|Darius|Xerxes|Alfonso|Carlos|Isabella|Gustav|Christian|Margrethe|Haakon|Harald"
    r"|Olav|Mehmed|Selim|Murad|Constantine|Theodosius|Justinian|Kamehameha|Pedro|Umberto)"
)
_THINGS: Final = (
    r"(?:Chapter|Part|Volume|Book|Act|Scene|Episode|Section|Phase|Type|Title|Article|Level|Stage"
    r"|Class|Appendix|Rocky|Super Bowl|Final Fantasy|Apollo|Vatican|Star Wars|Mark|Saturn)"
)


def _value(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _ruler(match: re.Match[str]) -> str:
    return f"{match[1]} the {ordinal(_value(match[2]))}"


def _thing(match: re.Match[str]) -> str:
    return f"{match[1]} {cardinal(_value(match[2]))}"


NUMERAL_RULES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"{BEGIN}(World War) ({_ANY})"), _thing),
    (re.compile(rf"{BEGIN}({_TITLES} {_RULERS}) ({_ANY})"), _ruler),
    (re.compile(rf"{BEGIN}({_RULERS}) ({_SAFE}|{_FIRST})"), _ruler),
    (re.compile(rf"{BEGIN}({_THINGS}) ({_SAFE}|{_FIRST})"), _thing),
)
