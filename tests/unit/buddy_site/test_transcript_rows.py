"""A transcript in a page's words, with its dividers."""

from __future__ import annotations

from datetime import UTC, datetime

from buddy_site import theme
from buddy_site.transcript_rows import entry_rows, is_off_the_record
from shared.services.calls import EntryKind, EntryView, Side

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def said(sequence: int, side: Side, text: str, buddy: str | None = None) -> EntryView:
    return EntryView(sequence, side, text, "", False, float(sequence), AT, buddy=buddy)


def divider(sequence: int, kind: EntryKind, at: float) -> EntryView:
    return EntryView(sequence, Side.LINE, "", "", False, at, AT, kind=kind)


def shown(views: list[EntryView], *, is_live: bool = False) -> list[tuple[str, str, str]]:
    rows = entry_rows(views, buddy="Lisa", where=UTC, is_live=is_live)
    return [(row.divider, row.speaker, row.text) for row in rows]


def test_each_buddy_is_named_and_the_hand_over_divides_their_words() -> None:
    views = [
        said(1, Side.BUDDY, "Hi.", "Lisa"),
        said(2, Side.CALLER, "Let me talk to Ben.", "Lisa"),
        said(3, Side.BUDDY, "Gladly.", "Lisa"),
        said(4, Side.BUDDY, "Ben here.", "Ben"),
        said(5, Side.BUDDY, "Once upon a time.", "Ben"),
    ]

    assert shown(views) == [
        ("", "Lisa", "Hi."),
        ("", "You", "Let me talk to Ben."),
        ("", "Lisa", "Gladly."),
        ("Lisa handed over to Ben", "Ben", "Ben here."),
        ("", "Ben", "Once upon a time."),
    ]


def test_each_buddy_keeps_its_own_colour() -> None:
    views = [said(1, Side.BUDDY, "Hi.", "Lisa"), said(2, Side.BUDDY, "Ben here.", "Ben")]

    rows = entry_rows(views, buddy="Ben", where=UTC, is_live=True)

    assert [row.tone for row in rows] == [theme.tone("Lisa"), theme.tone("Ben")]
    assert rows[0].tone != rows[1].tone


def test_an_entry_of_nobody_known_is_the_calls_buddys() -> None:
    assert shown([said(1, Side.BUDDY, "Hi.")]) == [("", "Lisa", "Hi.")]


def test_a_while_off_the_record_is_one_divider_with_its_length() -> None:
    views = [
        said(1, Side.CALLER, "hello"),
        divider(2, EntryKind.OFF_RECORD, 10.2),
        divider(3, EntryKind.ON_RECORD, 95.0),
        said(4, Side.CALLER, "so then"),
        divider(5, EntryKind.OFF_RECORD, 120),
    ]

    assert shown(views) == [
        ("", "You", "hello"),
        ("Off the record for 1 min 25 s", "", ""),
        ("", "You", "so then"),
        ("Off the record from here to the end", "", ""),
    ]
    assert shown(views, is_live=True)[-1] == ("Off the record since 2:00", "", "")


def test_nothing_is_kept_until_the_record_goes_on() -> None:
    off, on = divider(2, EntryKind.OFF_RECORD, 10), divider(3, EntryKind.ON_RECORD, 20)
    hello = said(1, Side.CALLER, "hello")

    assert [is_off_the_record(views) for views in ([], [hello], [hello, off], [off, on])] == [
        False,
        False,
        True,
        False,
    ]
