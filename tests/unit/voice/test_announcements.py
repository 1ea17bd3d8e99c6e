from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from shared.errors import ProviderError
from tests.support.fake_sound import words_in
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from voice.announcements import NOTICE_VERSION, TEXTS, AnnouncementShelf
from voice.conversation.commands import Announcement
from voice.ports import Voice
from voice.replay.virtual_time import run_in_virtual_time

WORDS_A_SECOND = 2.5  # an unhurried voice
FAREWELLS = (
    Announcement.CONSENT_DECLINED,
    Announcement.NO_CHOICE,
    Announcement.NO_TALK_TIME,
    Announcement.NO_TALK_TIME_REGISTERED,
    Announcement.WITHHELD_OVER,
    Announcement.TALK_TIME_OVER,
    Announcement.TALK_TIME_OVER_REGISTERED,
    Announcement.TALK_TIME_OVER_TEXTED,
    Announcement.NO_TALK_TIME_TEXTED,
    Announcement.LINE_IN_USE,
    Announcement.ALL_LINES_BUSY,
    Announcement.SERVICE_PAUSED,
    Announcement.FAIR_USE_OVER,
    Announcement.LONGEST_CALL,
    Announcement.BUDGET_OVER,
    Announcement.ACCOUNT_DELETED,
    Announcement.SILENT_GOODBYE,
    Announcement.RECOGNISER_GONE,
    Announcement.SERVICE_ENDING,
    Announcement.SERVICE_STOPPING,
    Announcement.FAILED_GOODBYE,
)


def test_every_announcement_has_words() -> None:
    assert set(TEXTS) == set(Announcement)


def test_the_notice_says_what_the_law_wants_in_under_twelve_seconds() -> None:
    notice = TEXTS[Announcement.NOTICE]

    assert len(notice.split()) / WORDS_A_SECOND < 12
    assert all(words in notice for words in ("an AI", "transcribed", "agree", "press nine"))


def test_changed_wording_needs_a_new_version() -> None:
    wording = TEXTS[Announcement.NOTICE] + TEXTS[Announcement.NOTICE_SHORT]
    digest = hashlib.sha256(wording.encode()).hexdigest()[:12]

    assert (NOTICE_VERSION, digest) == ("notice-1", "bc52c071526f")


def test_the_menu_names_every_buddy_with_its_key() -> None:
    menu = TEXTS[Announcement.MENU]
    places = [
        menu.index(words)
        for words in (
            "One is Lisa",
            "Two is Ben",
            "Three is Ethan",
            "Four is Jack",
            "Five is Chloe",
            "six is Maya",
        )
    ]

    assert places == sorted(places)


@pytest.mark.parametrize("announcement", FAREWELLS)
def test_whoever_is_sent_away_is_told_how_to_go_on(announcement: Announcement) -> None:
    text = TEXTS[announcement].lower()

    assert "goodbye" in text
    assert any(way in text for way in ("call again", "web site", "text message"))


async def prepared(
    voice: FakeTextToSpeech, folder: Path, *, model: str = "m", name: str = "alloy"
) -> AnnouncementShelf:
    return await AnnouncementShelf.prepare(voice, model=model, folder=folder, voice=Voice(name))


def test_all_are_made_once_and_then_loaded(tmp_path: Path) -> None:
    first, second = FakeTextToSpeech(), FakeTextToSpeech()

    made = run_in_virtual_time(prepared(first, tmp_path / "new"))
    loaded = run_in_virtual_time(prepared(second, tmp_path / "new"))

    assert {key: words_in(audio) for key, audio in made.audio.items()} == dict(TEXTS)
    assert loaded == made
    assert (len(first.requests), len(second.requests)) == (len(TEXTS), 0)


@pytest.mark.parametrize("change", [{"model": "other"}, {"name": "sage"}])
def test_another_model_or_voice_makes_them_anew(tmp_path: Path, change: dict[str, str]) -> None:
    voice = FakeTextToSpeech()
    run_in_virtual_time(prepared(FakeTextToSpeech(), tmp_path))

    run_in_virtual_time(prepared(voice, tmp_path, **change))

    assert len(voice.requests) == len(TEXTS)


def test_a_voice_that_fails_is_tried_again_and_nothing_half_made_is_kept(tmp_path: Path) -> None:
    voice = FakeTextToSpeech()
    voice.fail(ScriptedSpeech(after_seconds=0.5), ScriptedSpeech())

    shelf = run_in_virtual_time(prepared(voice, tmp_path))

    assert {key: words_in(audio) for key, audio in shelf.audio.items()} == dict(TEXTS)


def test_a_voice_that_keeps_failing_is_a_failure(tmp_path: Path) -> None:
    voice = FakeTextToSpeech()
    voice.fail(*[ScriptedSpeech()] * 500)

    async def play() -> None:
        with pytest.raises(ProviderError):
            await prepared(voice, tmp_path)
        assert asyncio.get_running_loop().time() < 20

    run_in_virtual_time(play())
    assert list(tmp_path.iterdir()) == []
