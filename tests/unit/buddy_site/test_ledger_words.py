"""The ledger in plain words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buddy_site import ledger_words
from shared.domain.spending import SpendLimits
from shared.services.talk_time_record import EntryKind, LedgerRow, Standing
from tests.support.builders import NOW

CALL = LedgerRow(EntryKind.CALL, -185, 185, 715, NOW, None, "Lisa")
STANDING = Standing(
    seconds_left=715,
    held_seconds=0,
    running_calls=0,
    is_unlimited=False,
    is_in_grace=False,
    talked_seconds=3800,
    limits=SpendLimits(),
)


@pytest.mark.parametrize(
    ("row", "what", "change"),
    [
        (CALL, "Call with Lisa, 3 min 05 s", "\N{MINUS SIGN}3 min 05 s"),
        (replace(CALL, buddy=None), "A call, 3 min 05 s", "\N{MINUS SIGN}3 min 05 s"),
        (replace(CALL, seconds=0), "Call with Lisa, 3 min 05 s", "Nothing: part of your plan"),
        (
            replace(CALL, kind=EntryKind.PART, seconds=-57, used_seconds=0),
            "Call with Lisa, before your plan began",
            "\N{MINUS SIGN}57 s",
        ),
        (
            replace(CALL, kind=EntryKind.SWEPT, seconds=-17),
            "Call with Lisa that broke off",
            "\N{MINUS SIGN}17 s",
        ),
        (
            replace(CALL, kind=EntryKind.REOPENED, seconds=17),
            "Call with Lisa: it went on, so this was taken back",
            "+17 s",
        ),
        (
            replace(CALL, kind=EntryKind.PRETRIAL, seconds=300),
            "First minutes of your number",
            "+5 min 00 s",
        ),
        (
            replace(CALL, kind=EntryKind.TRIAL, seconds=900),
            "More minutes for a proved number",
            "+15 min 00 s",
        ),
        (
            replace(CALL, kind=EntryKind.CLAIM, seconds=40),
            "Came along with your number",
            "+40 s",
        ),
        (
            replace(CALL, kind=EntryKind.CLAIM, seconds=-40),
            "Moved along with the number",
            "\N{MINUS SIGN}40 s",
        ),
        (replace(CALL, kind=EntryKind.OTHER, seconds=60), "Talk time added", "+1 min 00 s"),
        (
            replace(CALL, kind=EntryKind.OTHER, seconds=-60),
            "Talk time taken back",
            "\N{MINUS SIGN}1 min 00 s",
        ),
    ],
)
def test_every_entry_has_words_and_an_amount(row: LedgerRow, what: str, change: str) -> None:
    assert (ledger_words.what(row), ledger_words.change(row)) == (what, change)


def test_what_is_left_is_told_as_it_stands() -> None:
    nothing = replace(STANDING, seconds_left=0)

    assert ledger_words.left(STANDING, has_line=True) == "11 min"
    assert ledger_words.left(nothing, has_line=True) == "0 s"
    assert ledger_words.left(nothing, has_line=False) == "None yet"
    assert ledger_words.left(replace(nothing, is_unlimited=True), has_line=False) == "Unlimited"


def test_running_calls_are_told_with_what_they_have_taken_ahead() -> None:
    one = replace(STANDING, running_calls=1, held_seconds=10)
    two = replace(STANDING, running_calls=2)

    assert (ledger_words.running(STANDING), ledger_words.held(STANDING)) == ("", "")
    assert ledger_words.running(one) == "A call is running."
    assert ledger_words.held(one).startswith("10 s are set aside")
    assert (ledger_words.running(two), ledger_words.held(two)) == ("2 calls are running.", "")


def test_fair_use_says_the_limit_and_what_was_talked() -> None:
    said = ledger_words.fair_use(STANDING)

    assert "40 h a month" in said
    assert "1 h 03 min" in said
