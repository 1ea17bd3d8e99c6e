"""What the model is told of the caller, and how buddies speak to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.domain.spending import Refusal
from shared.ids import AccountId, CallId
from shared.services.caller_profiles import AccountFacts, CallerProfile, LastTalk
from shared.services.calls import OpenedCall
from shared.services.new_accounts import AccountKind
from tests.support.scripted_call import BEGAN_AT, persona, stranger
from voice.caller import FASTER, SLOWER, Caller, visitor_of
from voice.conversation.commands import Announcement
from voice.conversation.endings import refusal_of
from voice.conversation.reception import Visitor

BEN_ON_FRIDAY = LastTalk("Ben", datetime(2026, 11, 20, 18, 0, tzinfo=UTC), 312)
TOLD = "20 November"


def caller(profile: CallerProfile) -> Caller:
    return Caller(profile, Visitor(), BEGAN_AT)


def proved(profile: CallerProfile, **facts: object) -> CallerProfile:
    known = AccountFacts(725, is_unlimited=False, unlimited_until=None, last_talks=(BEN_ON_FRIDAY,))
    return replace(profile, facts=replace(known, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("America/New_York", "Sunday, 22 November 2026, 12:05 where the caller is"),
        ("Pacific/Kiritimati", "Monday, 23 November 2026, 07:05 where the caller is"),
        (None, "Sunday, 22 November 2026, 17:05 UTC; the caller's own time is unknown"),
    ],
)
def test_day_and_time_are_the_callers(zone: str | None, told: str) -> None:
    assert told in caller(stranger(time_zone=zone)).facts()


def test_greeting_knows_the_name_and_the_callers_day() -> None:
    lisa = replace(
        persona(1, "Lisa"),
        greeting="Hi {name}, Lisa on a {weekday}.",
        greeting_unnamed="Hi, Lisa on a {weekday}.",
    )

    named = caller(stranger("Sam", time_zone="Pacific/Kiritimati")).greeting(lisa)

    assert named == "Hi Sam, Lisa on a Monday."
    assert caller(stranger()).greeting(lisa) == "Hi, Lisa on a Sunday."


def test_greeting_that_an_operator_wrote_is_said_as_people_say_it() -> None:
    lisa = replace(persona(1, "Lisa"), greeting_unnamed="Hi *there*, Lisa at 5:30 pm 😀!")

    assert caller(stranger()).greeting(lisa) == "Hi there, Lisa at five thirty p.m.!"


@pytest.mark.parametrize(
    ("pace", "instructions"),
    [(0.8, f"Warm. {SLOWER}"), (1.0, "Warm."), (1.2, f"Warm. {FASTER}")],
)
def test_pace_is_the_speed_and_a_word_to_the_voice(pace: float, instructions: str) -> None:
    voice = caller(stranger(pace=pace)).voice(
        replace(persona(1, "Lisa"), voice_instructions="Warm.")
    )

    assert (voice.speed, voice.instructions) == (pace, instructions)


def test_without_proof_one_neutral_sentence_about_last_time_and_nothing_of_the_account() -> None:
    facts = caller(replace(stranger("Sam"), last_talk=BEN_ON_FRIDAY)).facts()

    assert "last talked with Ben, on Friday, 20 November: say so once at most" in facts
    assert "say nothing about their account" in facts
    assert "minutes" not in facts


@pytest.mark.parametrize(
    ("kind", "has_pin", "told"),
    [
        (AccountKind.REGISTERED, True, "press star twice and then their four-digit PIN"),
        (AccountKind.REGISTERED, False, "choose a PIN on the web site"),
        (AccountKind.TEMPORARY, False, "once they sign in"),
        (AccountKind.WITHHELD, False, "once they sign in"),
    ],
)
def test_who_asks_is_told_how_to_prove_it(kind: AccountKind, has_pin: bool, told: str) -> None:  # noqa: FBT001 - a parameter
    assert told in caller(replace(stranger(has_pin=has_pin), kind=kind)).facts()


def test_proof_opens_talk_time_plan_and_the_last_calls() -> None:
    facts = caller(proved(replace(stranger("Sam"), last_talk=BEN_ON_FRIDAY))).facts()

    assert "12 minutes of talk time left as the call began, no paid plan." in facts
    assert "with Ben on Friday, 20 November, 5 minutes" in facts
    assert "say nothing" not in facts
    assert facts.count(TOLD) == 1


def test_a_paid_plan_is_named_with_its_end() -> None:
    until = datetime(2026, 12, 3, 4, 0, tzinfo=UTC)
    profile = proved(
        stranger(time_zone="America/New_York"), is_unlimited=True, unlimited_until=until
    )

    assert "The plan is Unlimited, paid until Wednesday, 2 December." in caller(profile).facts()


def test_all_of_it_is_short_for_it_is_read_before_the_first_answer() -> None:
    profile = replace(stranger("Samantha", time_zone="America/New_York"), last_talk=BEN_ON_FRIDAY)

    assert len(caller(profile).facts().split()) < 80
    assert len(caller(proved(profile)).facts().split()) < 80


def test_without_memory_nothing_of_earlier_calls_is_told_even_to_the_owner() -> None:
    for profile in (stranger("Sam"), proved(stranger("Sam"), last_talks=())):
        assert "last" not in caller(profile).facts().lower()


def opened(**more: object) -> OpenedCall:
    call = OpenedCall(
        call_id=CallId("call_1"),
        account_id=AccountId("acc_1"),
        caller=AccountKind.TEMPORARY,
        profile=stranger(favourite_menu_key=3),
        has_consented=True,
        seconds_left=300,
        fair_use_left=None,
        refusal=None,
        may_text=False,
    )
    return replace(call, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("refusal", list(Refusal))
def test_each_limit_of_the_operator_has_words_and_a_reason_of_its_own(refusal: Refusal) -> None:
    words = visitor_of(opened(refusal=refusal)).refusal

    assert words is not None
    assert refusal_of(words).reason.value == refusal.value


@pytest.mark.parametrize(
    ("kind", "may_text", "at_once", "later"),
    [
        (AccountKind.TEMPORARY, False, Announcement.NO_TALK_TIME, Announcement.TALK_TIME_OVER),
        (
            AccountKind.REGISTERED,
            False,
            Announcement.NO_TALK_TIME_REGISTERED,
            Announcement.TALK_TIME_OVER_REGISTERED,
        ),
        (
            AccountKind.REGISTERED,
            True,
            Announcement.NO_TALK_TIME_TEXTED,
            Announcement.TALK_TIME_OVER_TEXTED,
        ),
        (AccountKind.WITHHELD, False, Announcement.WITHHELD_OVER, Announcement.WITHHELD_OVER),
    ],
)
def test_how_to_go_on_without_talk_time_depends_on_the_caller(
    kind: AccountKind,
    may_text: bool,  # noqa: FBT001 - a parameter
    at_once: Announcement,
    later: Announcement,
) -> None:
    nothing_left = visitor_of(opened(caller=kind, may_text=may_text, seconds_left=0))
    a_little = visitor_of(opened(caller=kind, may_text=may_text, seconds_left=1))

    assert (nothing_left.refusal, nothing_left.farewell) == (at_once, later)
    assert a_little == Visitor(has_consented=True, favourite_key=3, farewell=later)
