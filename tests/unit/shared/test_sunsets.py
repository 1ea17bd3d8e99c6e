"""How soon the models that are used end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.domain.sunsets import AnnouncedEnd, ModelOutlook, Outlook, outlooks
from shared.seed.model_ends import announced_ends, read_announced_ends
from shared.services.sunsets import configured
from shared.settings import Settings

TODAY = date(2026, 11, 22)
PAGE = {"old": AnnouncedEnd(date(2027, 1, 6), "https://vendor.example/ends", "new")}


def outlook(
    model: str, *, told: date | None = None, today: date = TODAY, is_told: bool = True
) -> ModelOutlook:
    listed = {model: told} if is_told else {}
    (one,) = outlooks({model: ("replies",)}, told=listed, announced=PAGE, today=today)
    return one


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (61, Outlook.OPEN),
        (60, Outlook.ENDING),
        (1, Outlook.ENDING),
        (0, Outlook.ENDING),
        (-1, Outlook.ENDED),
    ],
)
def test_sixty_days_ahead_a_model_is_warned_of(days: int, expected: Outlook) -> None:
    one = outlook("any", told=TODAY + timedelta(days=days))

    assert (one.outlook, one.days_left) == (expected, days)


def test_what_a_vendors_pages_say_counts_while_its_list_is_silent() -> None:
    expected = ModelOutlook("old", ("replies",), Outlook.ENDING, date(2027, 1, 6), 45, "new")

    assert outlook("old") == outlook("old", is_told=False) == expected


def test_the_vendors_list_is_newer_than_its_pages() -> None:
    assert outlook("old", told=date(2027, 6, 1)).outlook is Outlook.OPEN


def test_a_snapshot_ends_with_its_model() -> None:
    assert outlook("old-2025-12-15").ends_on == date(2027, 1, 6)
    assert outlook("older").ends_on is None


def test_the_soonest_end_comes_first_and_those_without_one_last() -> None:
    told = {"b": None, "a": date(2030, 1, 1), "c": date(2026, 12, 1)}
    found = outlooks(dict.fromkeys(told, ("replies",)), told=told, announced={}, today=TODAY)

    assert [one.model for one in found] == ["c", "a", "b"]


def test_the_default_speech_model_is_known_to_end() -> None:
    (_, end) = ("gpt-4o-mini-tts", announced_ends()["gpt-4o-mini-tts"])

    assert (end.on, end.successor) == (date(2027, 1, 6), "gpt-realtime-2.1-mini")
    assert all(end.source.startswith("https://") for end in announced_ends().values())


def test_one_model_may_serve_two_ends() -> None:
    settings = Settings.model_construct(chat_model="one", speech_model="one")

    assert configured(settings)["one"] == ("replies", "speech")


@pytest.mark.parametrize(
    "row",
    [
        {"models": [], "on": TODAY, "source": "https://vendor.example"},
        {"models": ["a"], "on": "2026-11-22", "source": "https://vendor.example"},
        {"models": ["a"], "on": TODAY},
    ],
)
def test_an_end_without_day_or_source_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no end"):
        read_announced_ends({"end": [row]})


def test_a_model_has_one_end() -> None:
    row = {"models": ["a"], "on": TODAY, "source": "https://vendor.example"}

    with pytest.raises(ValueError, match="two ends"):
        read_announced_ends({"end": [row, {**row}]})
