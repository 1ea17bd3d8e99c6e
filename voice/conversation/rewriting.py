"""Rules that rewrite a line, one after the other: a pattern, and what stands there instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

# The edges of a word, beside which digits may stand: they become words of their own.
BEGIN: Final = r"(?<![^\W\d_])"
END: Final = r"(?![^\W\d_])"

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str] | str]


def rewrite(rules: Sequence[Rule], line: str) -> str:
    """Return `line` after every rule, in their order."""
    for pattern, said in rules:
        line = pattern.sub(said, line)
    return line
