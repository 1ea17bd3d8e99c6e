"""Words that somebody agreed to never change under their version."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest

from shared.wordings import (
    WORDINGS,
    ConsentKind,
    Document,
    DocumentVersion,
    announced,
    current,
)

# A changed wording is a new version with a new line here; these lines stay.
AGREED = {
    "site-1": "16cc05d7bc26",
    "notice-1": "8aa939b9195b",
    "adult-1": "f584fb7ecc83",
    "otp-1": "7a72e7378c21",
    "service-1": "028a96ae14af",
    "renewal-1": "8edb8c524b7f",
}


def test_changed_words_need_a_new_version() -> None:
    written = {
        wording.version: hashlib.sha256(wording.text.encode()).hexdigest()[:12]
        for wordings in WORDINGS.values()
        for wording in wordings
    }

    assert written == AGREED


@pytest.mark.parametrize("kind", ConsentKind)
def test_every_kind_has_words_and_the_newest_come_last(kind: ConsentKind) -> None:
    days = [wording.since for wording in WORDINGS[kind]]

    assert days == sorted(days)
    assert current(kind) is WORDINGS[kind][-1]
    assert date(2026, 11, 22) <= current(kind).since


@pytest.mark.parametrize(
    ("days", "is_told"), [(-61, False), (-60, True), (0, True), (30, True), (31, False)]
)
def test_a_new_version_is_announced_before_it_holds_and_for_a_while_after(
    days: int,
    is_told: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    since = date(2027, 3, 1)
    versions = {
        Document.TERMS: DocumentVersion("1", since),
        Document.PRIVACY_POLICY: DocumentVersion("2", since),
    }

    told = announced(since + timedelta(days=days), versions)

    assert told == ((Document.PRIVACY_POLICY,) if is_told else ())


@pytest.mark.parametrize("kind", [ConsentKind.OTP_SMS, ConsentKind.SERVICE_SMS])
def test_who_gets_messages_is_told_of_rates_and_how_to_stop(kind: ConsentKind) -> None:
    text = current(kind).text

    assert all(words in text for words in ("rates may apply", "STOP", "HELP", "privacy policy"))
