"""What the page of numbers says: something plain for everything that can happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buddy_site import countries, verification_words, words
from buddy_site.gateways.twilio_verify import REFUSALS, Busy, Unanswered, Unreachable
from buddy_site.pages.phone import LINKED
from shared import wordings
from shared.database import StoreUnavailable
from shared.domain import verification_refusals
from shared.domain.verification import Scope
from shared.domain.verification_refusals import (
    CodeWrong,
    CountryNotServed,
    ResendTooEarly,
    TextsNotReceived,
    TooManyCodes,
)
from shared.errors import BuddyError, DomainError, ProviderError
from shared.phone import InvalidPhoneNumber
from shared.wordings import ConsentKind

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
LATER = NOW + timedelta(seconds=25)
NEW_YORK = ZoneInfo("America/New_York")


def said(error: BuddyError) -> str:
    return verification_words.refusal(error, now=NOW, served=("US", "CA"))


def test_every_refusal_of_a_rule_has_words_of_its_own() -> None:
    own = {"CodeWrong", "CountryNotServed", "ResendTooEarly", "TooManyCodes"}
    plain = [
        refusal()
        for name, refusal in vars(verification_refusals).items()
        if isinstance(refusal, type)
        and issubclass(refusal, DomainError)
        and refusal is not DomainError
        and not name.startswith("_")
        and name not in own
    ]

    sentences = {type(error).__name__: said(error) for error in plain if not _has_a_step(error)}

    assert len(sentences) == 8
    assert words.REFUSED not in sentences.values()
    assert len(set(sentences.values())) == len(sentences)


def _has_a_step(error: DomainError) -> bool:
    return isinstance(error, TextsNotReceived)


def test_whatever_twilio_refuses_is_said_plainly() -> None:
    for refusal in set(REFUSALS.values()) - {TextsNotReceived}:
        assert said(refusal()) != words.REFUSED


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StoreUnavailable("away"), words.TROUBLE),
        (Busy("x"), "takes no more for this number just now. Try again in a minute."),
        (Busy("x", minutes=10), "Try again in 10 minutes."),
        (Unanswered("x"), "We can't reach our phone partner right now."),
        (Unreachable("x"), "We can't reach our phone partner right now."),
        (ProviderError("twilio", "401", retryable=False), "It's our fault, not yours"),
        (InvalidPhoneNumber(), "doesn't look like a phone number"),
        (
            CountryNotServed("GB"),
            "of United Kingdom yet. For now we serve United States and Canada.",
        ),
        (CountryNotServed(None), "We can't verify this number. For now we serve"),
        (CountryNotServed("US"), "We can't verify this number. For now we serve"),
        (CodeWrong(1), "That's not the code. 1 try left."),
        (CodeWrong(4), "That's not the code. 4 tries left."),
        (ResendTooEarly(LATER), "You can ask for another in 25 seconds."),
        (TooManyCodes(Scope.NUMBER, LATER), "enough codes for this number for now"),
        (TooManyCodes(Scope.NUMBER_DAY, LATER), "enough codes for this number for now"),
        (TooManyCodes("sends", LATER), "sent as often as it can be"),
        (TooManyCodes(Scope.ACCOUNT, LATER), "You have asked for many codes."),
        (TooManyCodes(Scope.ADDRESS, LATER), "Very many codes are being asked for just now."),
        (TooManyCodes(Scope.ALL, LATER), "Very many codes are being asked for just now."),
    ],
)
def test_each_says_what_to_do(error: BuddyError, sentence: str) -> None:
    assert sentence in said(error)


@pytest.mark.parametrize(
    ("seconds", "words_of_it"),
    [
        (-5, "in a second"),
        (1, "in a second"),
        (59, "in 59 seconds"),
        (60, "in a minute"),
        (61, "in 2 minutes"),
        (3599, "in 60 minutes"),
        (3600, "in an hour"),
        (7201, "in 3 hours"),
    ],
)
def test_a_wait_is_never_said_to_be_shorter_than_it_is(seconds: int, words_of_it: str) -> None:
    assert verification_words.wait(NOW + timedelta(seconds=seconds), NOW) == words_of_it


@pytest.mark.parametrize(
    ("days", "words_of_it"),
    [
        (0, "today"),
        (1, "yesterday"),
        (2, "on Sunday"),
        (6, "on Wednesday"),
        (7, "on 17 November"),
        (400, "on 20 October 2025"),
    ],
)
def test_a_day_is_said_as_people_say_it(days: int, words_of_it: str) -> None:
    at = NOW - timedelta(days=days)

    assert verification_words.when(at, NOW, NEW_YORK) == words_of_it


def test_an_offer_counts() -> None:
    one, many = (
        verification_words.offer(count, NOW - timedelta(days=2), now=NOW, where=NEW_YORK)
        for count in (1, 2)
    )

    assert one == "We found a call from this number, on Sunday. Bring it along?"
    assert many == ("We found 2 calls from this number, the latest on Sunday. Bring them along?")


def test_who_had_the_trial_before_is_promised_none() -> None:
    assert verification_words.proved("+1 415", 0) == "+1 415 is yours."
    assert "15 min of talk time came with it" in verification_words.proved("+1 415", 900)


@pytest.mark.parametrize("kind", [ConsentKind.OTP_SMS, ConsentKind.SERVICE_SMS])
def test_what_is_agreed_to_is_what_the_page_shows(kind: ConsentKind) -> None:
    text = wordings.current(kind).text

    assert text.endswith(LINKED)
    for needed in ("GoToBuddy", "Message and data rates may apply", "STOP", "HELP"):
        assert needed in text


def test_a_country_is_shown_with_flag_and_dial_code() -> None:
    shown = [choice.words for choice in countries.choices(("US", "GB", "ZZ"))]

    assert shown == [
        "United States \U0001f1fa\U0001f1f8 +1",
        "United Kingdom \U0001f1ec\U0001f1e7 +44",
    ]


@pytest.mark.parametrize(
    ("languages", "country"),
    [
        ("en-CA,en;q=0.9", "CA"),
        ("fr,en-ca;q=0.8", "CA"),
        ("de-DE,de", "US"),
        ("", "US"),
    ],
)
def test_the_country_is_guessed_from_the_browsers_languages(languages: str, country: str) -> None:
    assert countries.preferred(languages, ("US", "CA")) == country


@given(st.text(max_size=40))
def test_any_languages_lead_to_a_served_country(languages: str) -> None:
    assert countries.preferred(languages, ("US", "CA")) in ("US", "CA")
    assert countries.preferred(languages, ()) == ""
