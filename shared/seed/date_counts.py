"""What can be counted from a date, and how long its day is: the same every year.

Each pattern takes month and day and returns what follows "Today is ", or None where it has nothing
to say. A leap year shifts the number of a day and the days until another, so that everything is
counted in four following years, of which one is a leap year, and said only where they agree.
"""

from __future__ import annotations

import math
from datetime import date

from shared.seed.daily_facts import LEAP_YEAR

FOUR_YEARS = range(LEAP_YEAR - 1, LEAP_YEAR + 3)
LEAP_DAY = (2, 29)

NEW_YEARS_DAY = (1, 1)
VALENTINES_DAY = (2, 14)
APRIL_FOOLS = (4, 1)
FOURTH_OF_JULY = (7, 4)
HALLOWEEN = (10, 31)
CHRISTMAS = (12, 25)
NEW_YEARS_EVE = (12, 31)
HOLIDAYS = {
    NEW_YEARS_DAY: "New Year's Day",
    VALENTINES_DAY: "Valentine's Day",
    APRIL_FOOLS: "April Fools' Day",
    FOURTH_OF_JULY: "the Fourth of July",
    HALLOWEEN: "Halloween",
    CHRISTMAS: "Christmas",
    NEW_YEARS_EVE: "New Year's Eve",
}

WEEK = 7
WEEKS = range(2, 27)
FEW_DAYS = 2
ROUND_COUNTS = frozenset({3, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 90, 100, 120, 150, 200})
QUARTERS = {
    (3, 31): "the first quarter of the year ends",
    (6, 30): "half of the year's months are done",
    (9, 30): "the third quarter of the year ends",
}

PHILADELPHIA = 40.0  # degrees north, to the nearest
HORIZON = 0.8333  # degrees that the sun's center is below it while its rim appears
PARTS = ("", " and a quarter", " and a half", " and three quarter")


def halfway(month: int, day: int) -> str | None:
    """Say between which two holidays the date is in the middle."""
    away = {other: _days_until(month, day, other) for other in sorted(HOLIDAYS)}
    for first, since in away.items():
        for second, until in away.items():
            if since is not None and until == -since > WEEK:
                return f"exactly halfway from {HOLIDAYS[first]} to {HOLIDAYS[second]}"
    return None


def end_of_a_quarter(month: int, day: int) -> str | None:
    """Say that three months of the year end with the date."""
    what = QUARTERS.get((month, day))
    return None if what is None else f"the day when {what}"


def days_before_a_holiday(month: int, day: int) -> str | None:
    """Say how many days the next holiday is away, where that is a round number."""
    holiday, days = _next_holiday(month, day)
    if days not in ROUND_COUNTS:
        return None
    return f"the day when {holiday} is exactly {days} days away"


def weeks_before_a_holiday(month: int, day: int) -> str | None:
    """Say how many weeks the next holiday is away, where they are whole."""
    holiday, days = _next_holiday(month, day)
    if days is None or days % WEEK or days // WEEK not in WEEKS:
        return None
    return f"the day when {holiday} is exactly {days // WEEK} weeks away"


def days_since_new_year(month: int, day: int) -> str | None:
    """Say how many days have passed since New Year's Day, where that is a round number."""
    until = _days_until(month, day, NEW_YEARS_DAY)
    if until is None or -until not in ROUND_COUNTS:
        return None
    return f"exactly {-until} days after New Year's Day"


def same_weekday(month: int, day: int) -> str | None:
    """Say which holiday of the same year whole weeks are between."""
    for holiday in (CHRISTMAS, HALLOWEEN, FOURTH_OF_JULY, APRIL_FOOLS, VALENTINES_DAY):
        days = _days_until(month, day, holiday)
        if days and days % WEEK == 0:
            return f"a date that shares its weekday with {HOLIDAYS[holiday]}, every year"
    return None


def daylight(month: int, day: int) -> str | None:
    """Say how long it is from sunrise to sunset at forty degrees north, to a quarter of an hour."""
    quarters = {
        round(4 * hours_of_daylight(on.timetuple().tm_yday, PHILADELPHIA))
        for on in _every_year(month, day)
    }
    if len(quarters) != 1:
        return None
    hours, rest = divmod(quarters.pop(), 4)
    return f"a day of about {hours}{PARTS[rest]} hours of daylight in Philadelphia"


def hours_of_daylight(number: int, latitude: float) -> float:
    """Return the hours from sunrise to sunset on day `number` of the year, at `latitude` degrees.

    W. C. Forsythe, E. J. Rykiel, R. S. Stahl, H. Wu and R. M. Schoolfield, "A model comparison for
    daylength as a function of latitude and day of year", Ecological Modelling 80 (1995), 87-95: the
    CBM model, with day n of the year, latitude L and horizon p:

        revolution angle   t = 0.2163108 + 2 atan(0.9671396 tan(0.00860 (n - 186)))
        sun's declination  f = asin(0.39795 cos t)
        hours of daylight  24 - 24 / pi * acos((sin p + sin L sin f) / (cos L cos f))
    """
    revolution = 0.2163108 + 2 * math.atan(0.9671396 * math.tan(0.00860 * (number - 186)))
    declination = math.asin(0.39795 * math.cos(revolution))
    north = math.radians(latitude)
    height = math.sin(math.radians(HORIZON)) + math.sin(north) * math.sin(declination)
    return 24 - 24 / math.pi * math.acos(height / (math.cos(north) * math.cos(declination)))


def number_in_the_year(month: int, day: int) -> str | None:
    """Say which day of the year it is: until the end of February the same in every year."""
    until = _days_until(month, day, NEW_YEARS_DAY)
    return None if not until else f"day number {1 - until} of this year"


def days_left(month: int, day: int) -> str | None:
    """Say how many days of the year follow: from March on as many in every year."""
    left = _days_until(month, day, NEW_YEARS_EVE)
    if left is None or left < FEW_DAYS:
        return None
    return f"a day with {left} more to follow this year"


def _next_holiday(month: int, day: int) -> tuple[str, int | None]:
    """Return the next holiday of the year and how many days it is away, in every year."""
    following = min(holiday for holiday in (*HOLIDAYS, (13, 1)) if holiday > (month, day))
    if following not in HOLIDAYS:
        return "", None
    return HOLIDAYS[following], _days_until(month, day, following)


def _days_until(month: int, day: int, other: tuple[int, int]) -> int | None:
    """Return the days until the `other` date of the same year, where every year has as many."""
    counts = {(date(on.year, *other) - on).days for on in _every_year(month, day)}
    return counts.pop() if len(counts) == 1 else None


def _every_year(month: int, day: int) -> list[date]:
    years = (LEAP_YEAR,) if (month, day) == LEAP_DAY else FOUR_YEARS
    return [date(year, month, day) for year in years]
