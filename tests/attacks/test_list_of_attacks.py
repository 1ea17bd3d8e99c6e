"""The list of attacks names tests that are there, and every test here is on the list."""

from __future__ import annotations

from pathlib import Path

from tests.support.listed_tests import ROOT, missing_tests, named_tests, rows, silent_rows

LIST = ROOT / "docs" / "attacks.md"


def test_every_attack_on_the_list_is_tried() -> None:
    assert missing_tests(LIST) == []


def test_everything_that_is_tried_here_is_on_the_list() -> None:
    named = {path for path, _ in named_tests(LIST)}
    here = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests" / "attacks").rglob("test_*.py")
        if path != Path(__file__).resolve()
    }

    assert here - named == set()


def test_every_row_says_which_test_tries_it() -> None:
    assert len(rows(LIST, columns=3)) > 30
    assert silent_rows(LIST, columns=3) == []
