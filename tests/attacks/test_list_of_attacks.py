"""The list of attacks names tests that are there, and every test here is on the list."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "attacks.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_attack_on_the_list_is_tried() -> None:
    missing = [
        f"{path}::{name}"
        for path, name in NAMED.findall(LIST.read_text())
        if not re.search(rf"^(async )?def {name}\(", _text(ROOT / path), re.MULTILINE)
    ]

    assert missing == []


def test_everything_that_is_tried_here_is_on_the_list() -> None:
    named = {path for path, _ in NAMED.findall(LIST.read_text())}
    here = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests" / "attacks").rglob("test_*.py")
        if path != Path(__file__).resolve()
    }

    assert here - named == set()


def test_every_row_says_which_test_tries_it() -> None:
    rows = [line for line in LIST.read_text().splitlines() if line.count(" | ") == 2]

    silent = [row for row in rows if not NAMED.search(row) and not row.startswith("| attack")]

    assert len(rows) > 30
    assert silent == []


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
