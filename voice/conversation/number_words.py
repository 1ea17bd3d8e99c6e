"""Numbers as English words: how many, which one, which year, and digit by digit."""

from __future__ import annotations

from typing import Final

_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS: Final = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES: Final = (
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (1000, "thousand"),
    (100, "hundred"),
)
_IRREGULAR: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_PARTS: Final = {2: "half", 4: "quarter"}

LONG: Final = 6  # digits without commas: more are a code, unless they end in zeros
LONGEST: Final = 15  # digits: beyond trillions nobody can follow words


def cardinal(number: int) -> str:
    """Say how many, below 10 ** 15: `cardinal(1305)` is "one thousand three hundred five"."""
    if number < len(_SMALL):
        return _SMALL[number]
    for scale, name in _SCALES:
        if number >= scale:
            many, rest = divmod(number, scale)
            return " ".join(part for part in (cardinal(many), name, _rest(rest)) if part)
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_SMALL[ones]}" if ones else _TENS[tens]


def ordinal(number: int) -> str:
    """Say which one: `ordinal(21)` is "twenty-first"."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _IRREGULAR:
        return words[:cut] + _IRREGULAR[last]
    return words[:cut] + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def year(number: int) -> str:
    """Say a year as people do: nineteen oh four, two thousand nine, twenty twenty-six."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:  # noqa: PLR2004 - two thousand nine, one thousand six
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {two_digits(rest)}"


def two_digits(number: int) -> str:
    """Say what follows an hour or a century: "oh five", "thirty"."""
    return f"oh {_SMALL[number]}" if number < 10 else cardinal(number)  # noqa: PLR2004


def digit_by_digit(text: str) -> str:
    """Say each digit of `text`, and nothing else of it."""
    return " ".join(_SMALL[int(character)] for character in text if character.isdigit())


def quantity(text: str) -> str:
    """Say a number as it is written: with commas, with a point, without an end."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if point:
        before = f"{quantity(whole)} " if whole else ""
        return f"{before}point {digit_by_digit(decimals)}"
    is_code = whole.startswith("0") or (len(whole) > LONG and not whole.endswith("000"))
    if (is_code and "," not in text) or len(whole) > LONGEST:
        return digit_by_digit(whole)
    return cardinal(int(whole))


def fraction(part: int, of: int) -> str:
    """Say a fraction: "three quarters", "one tenth", and "ten out of ten" where it is none."""
    if not 0 < part < of <= 100:  # noqa: PLR2004 - "nine over one hundred and eleven" is no part
        return f"{cardinal(part)} out of {cardinal(of)}"
    name = _PARTS.get(of) or ordinal(of)
    if part == 1:
        return f"one {name}"
    return f"{cardinal(part)} {'halves' if name == 'half' else f'{name}s'}"


def mixed(whole: int, part: int, of: int) -> str:
    """Say a whole number and a fraction: "two and a half"."""
    return f"{cardinal(whole)} and {fraction(part, of).replace('one ', 'a ', 1)}"


def _rest(number: int) -> str:
    return cardinal(number) if number else ""
