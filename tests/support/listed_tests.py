"""Lists in the docs that name tests: a table whose rows end with the tests that prove them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named_tests(table: Path) -> list[tuple[str, str]]:
    """Return the tests that a list names, each by its path and name."""
    return NAMED.findall(table.read_text())


def missing_tests(table: Path) -> list[str]:
    """Return those of them that are not there."""
    return [
        f"{path}::{name}"
        for path, name in named_tests(table)
        if not re.search(rf"^(async )?def {name}\(", _text(ROOT / path), re.MULTILINE)
    ]


def rows(table: Path, *, columns: int) -> list[str]:
    """Return the rows of all tables of so many columns, but for their heads."""
    lines = table.read_text().splitlines()
    heads = {line for line, below in itertools.pairwise(lines) if below.startswith("|--")}
    return [line for line in lines if line.count(" | ") == columns - 1 and line not in heads]


def silent_rows(table: Path, *, columns: int) -> list[str]:
    """Return the rows that name no test."""
    return [row for row in rows(table, columns=columns) if not NAMED.search(row)]


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
