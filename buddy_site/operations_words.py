"""How an operator is told of speed, cost and ends: milliseconds, dollars, stages, days."""

from __future__ import annotations

from datetime import date

from shared.domain.sunsets import ModelOutlook, Outlook
from shared.domain.timings import Spread, Stage

MICROS = 1_000_000
NOTHING = "–"
NOBODY = "At the menu"

STAGES = {
    Stage.FINAL_WORDS: "Final words",
    Stage.REQUEST: "Model asked",
    Stage.TURN_ENDED: "Turn ended",
    Stage.FIRST_TOKEN: "First token",
    Stage.FIRST_SEGMENT: "First segment",
    Stage.FIRST_BYTE: "First byte of speech",
    Stage.FIRST_FRAME: "First frame out",
    Stage.FIRST_MARK: "First mark back",
}


def milliseconds(value: float | None) -> str:
    """Say a time: "1,240 ms"; a dash for none."""
    return NOTHING if value is None else f"{round(value):,} ms"


def median(spread: Spread | None) -> str:
    """Say what half of them stayed below."""
    return milliseconds(spread.p50 if spread is not None else None)


def nearly_all(spread: Spread | None) -> str:
    """Say what 19 of 20 stayed below."""
    return milliseconds(spread.p95 if spread is not None else None)


def dollars(micros: int) -> str:
    """Say an amount of millionths of a dollar: "$1.25"."""
    return f"${micros / MICROS:,.2f}"


def share(part: int, whole: int) -> str:
    """Say how many of how many: "12 of 40"."""
    return f"{part} of {whole}" if whole else "none"


def day(at: date) -> str:
    """Write a date: "6 January 2027"."""
    return f"{at.day} {at:%B} {at.year}"


def until(one: ModelOutlook) -> str:
    """Say until when a model can be used."""
    if one.ends_on is None:
        return "No end announced"
    match one.outlook:
        case Outlook.OPEN:
            return f"Until {day(one.ends_on)}"
        case Outlook.ENDING:
            return f"Ends on {day(one.ends_on)}, {_in_days(one.days_left or 0)}"
        case Outlook.ENDED:
            return f"Ended on {day(one.ends_on)}"


def alarm(one: ModelOutlook) -> str:
    """Say what has to be done about a model that ends, or has ended."""
    follow = f" Its vendor names {one.successor} instead." if one.successor is not None else ""
    return f"{one.model}, used for {' and '.join(one.uses)}: {_lower(until(one))}.{follow}"


def turn_notes(*, was_speculated: bool, had_filler: bool) -> str:
    """Say what was special about a turn."""
    notes = ("made ahead" if was_speculated else "", "covered with a filler" if had_filler else "")
    return ", ".join(filter(None, notes))


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
