"""What the page says while a number is proved: each refusal in plain words and what to do now."""

from __future__ import annotations

from datetime import datetime, tzinfo

from buddy_site import countries, words
from buddy_site.gateways.twilio_verify import Busy, Unanswered, Unreachable
from shared.database import StoreUnavailable
from shared.domain.verification import Scope
from shared.domain.verification_refusals import (
    CodeWrong,
    CountryNotServed,
    ResendTooEarly,
    TooManyCodes,
)
from shared.errors import BuddyError, DomainError

MINUTE, HOUR = 60, 3600

PLAIN = {
    "invalid_phone_number": "That doesn't look like a phone number. Check the digits.",
    "line_not_served": "Service numbers and some internet phones can't be used here. "
    "Use the number of your own mobile or home phone.",
    "number_blocked": "Our phone partner won't send codes to this number. Use another number.",
    "too_many_numbers": "This account has as many numbers as it can. Remove one first.",
    "number_already_yours": "This number is yours already. There is nothing left to do.",
    "no_verification": "There is no code to check any more. Ask for a new one.",
    "code_malformed": "A code has six digits. Check what you typed.",
    "code_expired": "That code has run out. Ask for a new one.",
    "too_many_checks": "That was wrong too often, so the code no longer counts. Ask for a new one.",
    "adult_unconfirmed": "First confirm that you are 18 or over. Load this page again.",
    "unknown_wording": "This page has changed since you opened it. Load it again.",
}
# The fields of the page, and what is said beside them; the rest is about the step.
NUMBER, CODE, STEP = "number", "code", "step"
FIELDS = {
    **dict.fromkeys(
        (
            "invalid_phone_number",
            "country_not_served",
            "line_not_served",
            "number_blocked",
            "number_already_yours",
        ),
        NUMBER,
    ),
    **dict.fromkeys(("code_malformed", "code_wrong"), CODE),
}
OWN_SCOPES = frozenset({Scope.NUMBER.value, Scope.NUMBER_DAY.value})


def refusal(error: BuddyError, *, now: datetime, served: tuple[str, ...]) -> str:
    """Say why no code was sent, or why a code was not taken."""
    match error:
        case StoreUnavailable():
            return words.TROUBLE
        case Unreachable() | Unanswered():
            return "We can't reach our phone partner right now. Try again in a moment."
        case Busy(minutes=minutes):
            later = "in a minute" if minutes == 1 else f"in {minutes} minutes"
            return f"Our phone partner takes no more for this number just now. Try again {later}."
        case CountryNotServed(country=country):
            return _not_served(country, served)
        case TooManyCodes(scope=scope, until=until):
            return _too_many(scope, wait(until, now))
        case ResendTooEarly(until=until):
            return f"A code is on its way. You can ask for another {wait(until, now)}."
        case CodeWrong(tries_left=left):
            return f"That's not the code. {left} {'try' if left == 1 else 'tries'} left."
        case DomainError():
            return PLAIN.get(error.code, words.REFUSED)
        case _:
            return "We can't send codes right now. It's our fault, not yours; try again later."


UNCONFIRMED = (
    "We couldn't confirm that the code went out. If nothing arrives in half a minute, "
    "send it again."
)


def field_of(error: BuddyError) -> str:
    """Return the field that a refusal is about, or that it is about none."""
    return FIELDS.get(error.code, STEP) if isinstance(error, DomainError) else STEP


def wait(until: datetime, now: datetime) -> str:
    """Say how long it takes until an instant: "in 25 seconds", "in 9 minutes"."""
    seconds = max(1, round((until - now).total_seconds()))
    if seconds < MINUTE:
        return "in a second" if seconds == 1 else f"in {seconds} seconds"
    if seconds < HOUR:
        minutes = -(-seconds // MINUTE)
        return "in a minute" if minutes == 1 else f"in {minutes} minutes"
    hours = -(-seconds // HOUR)
    return "in an hour" if hours == 1 else f"in {hours} hours"


def offer(calls: int, latest_at: datetime, *, now: datetime, where: tzinfo) -> str:
    """Ask whether calls from before the proof shall come along."""
    if calls == 1:
        return f"We found a call from this number, {when(latest_at, now, where)}. Bring it along?"
    return (
        f"We found {calls} calls from this number, the latest "
        f"{when(latest_at, now, where)}. Bring them along?"
    )


def when(at: datetime, now: datetime, where: tzinfo) -> str:
    """Say on which day something was: "today", "on Tuesday", "on 3 March"."""
    local, today = at.astimezone(where).date(), now.astimezone(where).date()
    days = (today - local).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    if days < 7:  # noqa: PLR2004 - days of a week
        return f"on {local:%A}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"on {local.day} {local:%B}{year}"


def proved(number: str, granted_seconds: int) -> str:
    """Say that a number is proved, and what came with it."""
    if not granted_seconds:
        return f"{number} is yours."
    minutes = words.talk_time(granted_seconds, is_unlimited=False)
    return f"{number} is yours, and {minutes} of talk time came with it."


def _not_served(country: str | None, served: tuple[str, ...]) -> str:
    names = [countries.name(code) for code in served]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    if country is None or country in served:
        return f"We can't verify this number. For now we serve {listed}."
    return f"We can't verify numbers of {countries.name(country)} yet. For now we serve {listed}."


def _too_many(scope: str, later: str) -> str:
    if scope in OWN_SCOPES:
        return f"That's enough codes for this number for now. Try again {later}."
    if scope == "sends":
        return f"This code was sent as often as it can be. Ask for a new one {later}."
    if scope == Scope.ACCOUNT:
        return f"You have asked for many codes. Try again {later}."
    return f"Very many codes are being asked for just now. Try again {later}."
