"""The list of failures names tests that are there, and every whole call that fails is on it."""

from __future__ import annotations

import re

from tests.support.listed_tests import ROOT, missing_tests, named_tests, rows, silent_rows

LIST = ROOT / "docs" / "failures.md"
CALLS = "tests/unit/voice/test_failures_in_calls.py"
PARTS = ("recogniser", "model", "voice", "search", "database", "line", "process")


def test_every_failure_on_the_list_is_injected() -> None:
    assert missing_tests(LIST) == []


def test_every_failure_that_is_injected_into_a_call_is_on_the_list() -> None:
    named = {name for path, name in named_tests(LIST) if path == CALLS}

    assert set(re.findall(r"^def (test_\w+)", (ROOT / CALLS).read_text(), re.MULTILINE)) == named


def test_every_row_says_which_test_injects_it() -> None:
    assert len(rows(LIST, columns=5)) > 25
    assert silent_rows(LIST, columns=5) == []


def test_nothing_that_a_call_needs_is_left_out() -> None:
    headings = re.findall(r"^## (.*)", LIST.read_text(), re.MULTILINE)

    assert [part for part in PARTS if not any(part in heading for heading in headings)] == []
