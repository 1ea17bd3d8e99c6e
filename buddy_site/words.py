"""How the site says things: times, lengths, reasons and refusals in a reader's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import phonenumbers

from shared.errors import DomainError
from shared.services.calls import EntryView

TROUBLE = "We can't reach our records right now. Nothing is lost; try again in a moment."

END_REASONS = {
    "caller_hung_up": "You hung up",
    "line_lost": "The line broke",
    "consent_declined": "You declined the transcript",
    "no_choice": "No buddy was chosen",
    "no_talk_time": "There was no talk time left",
    "talk_time_over": "Your talk time ran out",
    "line_in_use": "You were in another call with us",
    "all_lines_busy": "All lines were busy",
    "service_paused": "We were taking a break",
    "fair_use_over": "Fair use was reached",
    "longest_call": "It was as long as a call may be",
    "budget_over": "We had no time left to give that day",
    "account_deleted": "It was being deleted",
    "caller_silent": "Nobody spoke any more",
    "recogniser_lost": "We could no longer hear you",
    "service_ending": "We restarted our service",
    "failed": "Something failed on our side",
}
UNANSWERED = {
    "busy": "The line was busy",
    "no-answer": "Nobody answered",
    "canceled": "You hung up before we answered",
    "failed": "The call could not be connected",
}
LIVE_STATUSES = {"queued": "Ringing", "initiated": "Ringing", "ringing": "Ringing"}

# What the sign-in page says about a sign-in that did not work. The code is all that travels in
# the address; nothing from there is ever shown as text.
SIGN_IN_PROBLEMS = {
    "denied": (
        "Google told us that you said no.",
        "That's fine: you can call without signing in. If it was a slip, try again.",
    ),
    "expired": (
        "This sign-in was no longer open.",
        "It took too long, was used before, or its cookie got lost. Start again; it's quick.",
    ),
    "unreachable": (
        "We couldn't reach Google just now.",
        "Nothing is wrong with your account. Try again in a minute.",
    ),
    "failed": (
        "Google's answer didn't check out.",
        "To be safe we didn't sign you in. Try once more.",
    ),
    "unverified": (
        "Google hasn't verified this email address.",
        "Confirm the address with Google first, or choose another account.",
    ),
    "still_signed_in": (
        "We couldn't sign you out just now.",
        "Our records didn't answer, so you are still signed in. Try again in a moment.",
    ),
    "trouble": (
        "We couldn't sign you in just now.",
        "Google said yes, but our own records didn't answer. Try again in a moment.",
    ),
}


# What a rule of ours that said no is put into on a page, by its code.
REFUSALS = {
    "days_refused": "Choose one of these times.",
    "reason_missing": "Say why, in a sentence of at most 300 characters.",
    "not_an_operator": "Only an operator may do this.",
    "call_not_found": "There is no such call.",
    "account_not_found": "This account is gone already.",
    "unknown_wording": "This page is out of date. Load it again.",
    "name_empty": "Type the name that buddies should say.",
    "name_too_long": "That is a long name to say. Forty letters at most, please.",
    "name_not_letters": "Only letters, spaces, hyphens and apostrophes, please.",
    "name_not_a_name": "A buddy can't say that. Type a name.",
    "unknown_time_zone": "We don't know that time zone. Type a big city near you and choose.",
    "unknown_buddy": "Nobody answers on that key any more. Choose again.",
    "pin_refused": "A PIN is four digits.",
    "pin_too_easy": "That one is guessed first. Choose four digits that aren't a row or a year.",
    "pace_refused": "Buddies can't speak at that pace. Choose one of these.",
    "number_unverified": "First prove your phone number; then a plan is yours to use.",
    "adult_unconfirmed": "First confirm on your home page that you are 18 or over.",
    "price_unavailable": "This price isn't on sale right now. Nothing was charged.",
    "too_often": "That was often. Wait a minute, then try again.",
    "nothing_to_manage": "There is nothing to manage yet: you have no plan.",
    "pause_refused": "That pause is too short or too long. Choose one of these.",
}
REFUSED = "That didn't work. Load the page again and try once more."

# By the kind of consent, as `shared.wordings` has them.
CONSENTS = {
    "transcription": "Being transcribed",
    "adult": "Being an adult",
    "otp_sms": "A code by message or call",
    "service_sms": "Messages about talk time",
    "renewal": "A plan that renews itself",
}

LONGEST_TYPED = 500  # characters of any field that are looked at


def refusal(error: DomainError) -> str:
    """Say what a rule of ours objects to."""
    return REFUSALS.get(error.code, REFUSED)


def speaker(side: str, buddy: str) -> str:
    """Name who said something, to the caller."""
    return {"caller": "You", "buddy": buddy}.get(side, "The line")


def took_over(buddy: str, former: str) -> str:
    """Say that one buddy handed the call over to another."""
    return f"{former} handed over to {buddy}"


def off_the_record(begin: EntryView, end: EntryView | None, *, is_live: bool) -> str:
    """Say how long nothing was kept."""
    if end is not None:
        seconds = end.offset_seconds - begin.offset_seconds
        return f"Off the record for {length(max(1, round(seconds)))}"
    since = offset(begin.offset_seconds)
    return f"Off the record since {since}" if is_live else "Off the record from here to the end"


def typed(form: object, name: str) -> str:
    """Return what was typed into a form's field; a form may be anything that anybody sent."""
    return plain(form.get(name)) if isinstance(form, dict) else ""


def plain(text: object) -> str:
    """Return what somebody typed without what no keyboard types and no database stores."""
    if not isinstance(text, str):
        return ""
    return text[:LONGEST_TYPED].replace("\0", "").encode("utf-8", "ignore").decode()


def ticked(form: object, name: str) -> bool:
    """Return whether a form's box was ticked: browsers send "on" for it, or nothing at all."""
    return isinstance(form, dict) and form.get(name) in ("on", True)


def signed_out(browsers: int) -> str:
    """Say how many browsers were signed out."""
    if browsers == 0:
        return "That one was signed out before"
    return "Signed out" if browsers == 1 else f"{browsers} browsers signed out"


def zone_label(name: str) -> str:
    """Write a time zone as people read it: America/New York."""
    return name.replace("_", " ")


def zone(name: str) -> tzinfo:
    """Return the reader's time zone, or UTC where the name is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a made-up name, a path, or no data on this machine
        return UTC


def moment(at: datetime, now: datetime, where: tzinfo) -> str:
    """Say when something was: "Today, 14:05", "Yesterday, 9:30", "12 Nov, 18:00"."""
    local, today = at.astimezone(where), now.astimezone(where).date()
    if local.date() == today:
        return f"Today, {clock(at, where)}"
    if local.date() == today - timedelta(days=1):
        return f"Yesterday, {clock(at, where)}"
    if local.year == today.year:
        return f"{local.day} {local:%b}, {clock(at, where)}"
    return f"{local.day} {local:%b} {local.year}, {clock(at, where)}"


def clock(at: datetime, where: tzinfo) -> str:
    """Say the time of day: "14:05"."""
    local = at.astimezone(where)
    return f"{local.hour}:{local:%M}"


def full_moment(at: datetime, where: tzinfo) -> str:
    """Say an instant in full, for those who want to know exactly."""
    local = at.astimezone(where)
    return f"{local:%A}, {local.day} {local:%B} {local.year}, {local:%H:%M:%S %Z}"


def length(seconds: int) -> str:
    """Say how long a call was: "45 s", "3 min 05 s", "1 h 02 min"."""
    minutes, rest = divmod(max(0, seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def talk_time(seconds_left: int, *, is_unlimited: bool) -> str:
    """Say how much talk time is left; never more than there is."""
    if is_unlimited:
        return "Unlimited"
    if seconds_left < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{max(0, seconds_left)} s"
    hours, minutes = divmod(seconds_left // 60, 60)
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h" if minutes == 0 else f"{hours} h {minutes} min"


def offset(seconds: float) -> str:
    """Say how far into the call something was said: "0:07", "12:40"."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def ending(status: str, end_reason: str | None) -> str:
    """Say why a call ended; our own reason is better than the telephone network's."""
    if end_reason is not None:
        return END_REASONS.get(end_reason, "The call ended")
    return UNANSWERED.get(status, "The call ended")


def international(e164: str) -> str:
    """Write a number so that anyone anywhere can dial it: +1 415-555-0100."""
    return phonenumbers.format_number(
        phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
