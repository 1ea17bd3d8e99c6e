"""What the two numbers of a date have to themselves: primes, squares, times on a clock.

Each pattern takes month and day and returns what follows "Today is ", or None where it has nothing
to say. The date is written as in the United States, the month first.
"""

from __future__ import annotations

import itertools
import math

MULTIPLES = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}
ROUND_SUMS = frozenset({10, 20, 25, 30, 40})
ROUND_PRODUCTS = frozenset({24, 36, 48, 50, 60, 100, 120, 144, 150, 180, 200, 240, 250, 300})
FIBONACCI = (1, 2, 3, 5, 8, 13, 21)
PERFECT_NUMBERS = (6, 28)
PI = (3, 14)
MINUTES = {
    5: "five past",
    10: "ten past",
    15: "a quarter past",
    20: "twenty past",
    30: "half past",
}


def perfect_numbers(month: int, day: int) -> str | None:
    """Say that each number is the sum of the smaller ones that divide it."""
    if (month, day) != PERFECT_NUMBERS:
        return None
    return f"a date of the two smallest perfect numbers, {month} and {day}"


def like_pi(month: int, day: int) -> str | None:
    """Say that the date's digits are those that pi begins with."""
    return "a date that begins like the number pi, 3.14" if (month, day) == PI else None


def fibonacci_neighbors(month: int, day: int) -> str | None:
    """Say that the numbers follow each other in the sequence of Fibonacci."""
    if month == 1 or (month, day) not in itertools.pairwise(FIBONACCI):
        return None
    return f"a date of two neighbors in the Fibonacci sequence, {month} and {day}"


def right_triangle(month: int, day: int) -> str | None:
    """Say of which right triangle with three whole sides the numbers are the short ones."""
    square = month * month + day * day
    if not _is_square(square):
        return None
    return f"a date that makes a right triangle, with sides {month}, {day} and {math.isqrt(square)}"


def square_of_the_month(month: int, day: int) -> str | None:
    """Say that the day is the month times itself."""
    if month == 1 or month * month != day:
        return None
    return f"a date whose day is its month times itself, {day}"


def two_squares(month: int, day: int) -> str | None:
    """Say that both numbers are squares, and not the same."""
    if month == 1 or day in {1, month} or not (_is_square(month) and _is_square(day)):
        return None
    return f"a date of two square numbers, {month} and {day}"


def palindrome(month: int, day: int) -> str | None:
    """Say that two digits of the month and two of the day are the same from both ends."""
    digits = f"{month:02}{day:02}"
    if digits != digits[::-1] or month == day:
        return None
    return "a date whose four digits read the same from both ends"


def same_number(month: int, day: int) -> str | None:
    """Say that the date is one number, twice."""
    return f"a date with the same number twice, {month} and {day}" if month == day > 1 else None


def counting_up(month: int, day: int) -> str | None:
    """Say that the day is the next number after the month."""
    return f"a date that counts up by one, {month} and {day}" if day == month + 1 else None


def counting_down(month: int, day: int) -> str | None:
    """Say that the day is the number before the month."""
    return f"a date that counts down by one, {month} and {day}" if day == month - 1 else None


def like_a_time(month: int, day: int) -> str | None:
    """Say which time month and day make as hour and minutes, where it has a name."""
    if day not in MINUTES:
        return None
    return f"a date that looks like {MINUTES[day]} {month} on a clock"


def round_product(month: int, day: int) -> str | None:
    """Say which round number month times day makes."""
    if month == 1 or month * day not in ROUND_PRODUCTS:
        return None
    return f"a date whose month times its day makes {month * day}"


def round_sum(month: int, day: int) -> str | None:
    """Say which round number month and day make together."""
    if month + day not in ROUND_SUMS:
        return None
    return f"a date whose month and day add up to {month + day}"


def two_primes(month: int, day: int) -> str | None:
    """Say that both numbers are prime, and not the same."""
    if month == day or not (_is_prime(month) and _is_prime(day)):
        return None
    return f"a date of two prime numbers, {month} and {day}"


def day_is_a_multiple(month: int, day: int) -> str | None:
    """Say that the day is a few times the month."""
    multiple = day // month
    if month in {1, multiple} or day % month or multiple not in MULTIPLES:
        return None
    return f"a date whose day is {MULTIPLES[multiple]} its month"


def _is_square(number: int) -> bool:
    return math.isqrt(number) ** 2 == number


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, number))
