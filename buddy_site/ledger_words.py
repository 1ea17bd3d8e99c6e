"""The ledger of talk time in plain words."""

from __future__ import annotations

from buddy_site import words
from shared.services.talk_time_record import EntryKind, LedgerRow, Standing

MINUS = "\N{MINUS SIGN}"
GIVEN = {
    EntryKind.PRETRIAL: "First minutes of your number",
    EntryKind.TRIAL: "More minutes for a proved number",
}


def what(row: LedgerRow) -> str:
    """Say on which ground an entry was booked."""
    call = f"Call with {row.buddy}" if row.buddy else "A call"
    match row.kind:
        case EntryKind.CALL:
            return f"{call}, {words.length(row.used_seconds)}"
        case EntryKind.PART:
            return f"{call}, before your plan began"
        case EntryKind.SWEPT:
            return f"{call} that broke off"
        case EntryKind.REOPENED:
            return f"{call}: it went on, so this was taken back"
        case EntryKind.CLAIM if row.seconds < 0:
            return "Moved along with the number"
        case EntryKind.CLAIM:
            return "Came along with your number"
        case EntryKind.PRETRIAL | EntryKind.TRIAL:
            return GIVEN[row.kind]
        case EntryKind.OTHER:
            return "Talk time added" if row.seconds >= 0 else "Talk time taken back"


def change(row: LedgerRow) -> str:
    """Say what an entry added or took: "+15 min 00 s"; a call on a plan takes nothing."""
    if row.seconds == 0:
        return "Nothing: part of your plan"
    sign = "+" if row.seconds > 0 else MINUS
    return f"{sign}{words.length(abs(row.seconds))}"


def left(standing: Standing, *, has_line: bool) -> str:
    """Say what is left; who has not proved a number yet has nothing that could be used up."""
    if standing.seconds_left == 0 and not standing.is_unlimited and not has_line:
        return "None yet"
    return words.talk_time(standing.seconds_left, is_unlimited=standing.is_unlimited)


def running(standing: Standing) -> str:
    """Say how many calls are running; nothing where none is."""
    match standing.running_calls:
        case 0:
            return ""
        case 1:
            return "A call is running."
        case many:
            return f"{many} calls are running."


def held(standing: Standing) -> str:
    """Say what running calls have taken ahead."""
    if standing.running_calls == 0 or standing.held_seconds == 0:
        return ""
    return (
        f"{words.length(standing.held_seconds)} are set aside for it so far; what it doesn't use "
        "comes back."
    )


def fair_use(standing: Standing) -> str:
    """Say how much of fair use the month has seen."""
    limit = words.talk_time(standing.limits.fair_use_seconds, is_unlimited=False)
    return (
        f"Fair use is {limit} a month. This month you talked "
        f"{words.length(standing.talked_seconds)}; with the next month it starts anew."
    )
