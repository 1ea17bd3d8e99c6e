"""How times, lengths, reasons and numbers are put."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from buddy_site import paths, words
from voice.conversation.commands import EndReason

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(minutes=5), "Today, 23:25"),
        (timedelta(hours=24), "Yesterday, 23:30"),
        (timedelta(days=9), "12 Nov, 23:30"),
        (timedelta(days=400), "18 Oct 2025, 0:30"),
    ],
)
def test_moments_are_said_in_the_readers_zone(ago: timedelta, said: str) -> None:
    assert words.moment(NOW - ago, NOW, NEW_YORK) == said


def test_exact_moment_names_its_zone() -> None:
    assert words.full_moment(NOW, NEW_YORK) == "Saturday, 21 November 2026, 23:30:00 EST"


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../../etc/passwd", "/etc/localtime", "\0"])
def test_zone_that_is_none_is_utc(name: str) -> None:
    assert words.zone(name) is UTC


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (185, "3 min 05 s"), (3720, "1 h 02 min")],
)
def test_length_of_a_call(seconds: int, said: str) -> None:
    assert words.length(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 s"),
        (59, "59 s"),
        (119, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
    ],
)
def test_talk_time_is_never_overstated(seconds: int, said: str) -> None:
    assert words.talk_time(seconds, is_unlimited=False) == said
    assert words.talk_time(seconds, is_unlimited=True) == "Unlimited"


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_reason_a_call_ends_for_has_words(reason: EndReason) -> None:
    assert words.ending("completed", reason) != "The call ended"


def test_call_that_never_was_says_what_the_network_said() -> None:
    assert words.ending("busy", None) == "The line was busy"
    assert words.ending("completed", None) == "The call ended"
    assert words.ending("completed", "a_reason_of_tomorrow") == "The call ended"


def test_number_can_be_dialled_from_anywhere() -> None:
    assert words.international("+14155550100") == "+1 415-555-0100"


@pytest.mark.parametrize("path", ["/home", "/calls", "/calls/call_0a1b"])
def test_private_pages_may_be_come_back_to(path: str) -> None:
    assert paths.is_private(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/sign-in",
        "//evil.example",
        "https://evil.example",
        "/calls/",
        "/calls/../x",
        "/calls//evil.example",
        "/calls/a?b",
        "/calls/a#b",
        "/calls/\\evil",
        "/homepage",
        "/calls/é b",
    ],
)
def test_nothing_else_may(path: str) -> None:
    assert not paths.is_private(path)
