"""What the campaign's documents quote is what the product says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared import wordings
from shared.services.text_messages import WORDS, OptOut
from shared.settings import Settings
from shared.wordings import ConsentKind
from voice.text_desk import TextDesk

FOLDER = Path(__file__).parents[2] / "docs" / "compliance"
LARGEST_PICTURE = 200_000  # bytes


def text_of(name: str) -> str:
    """Return a document with what an installation fills in as it is for the sandbox."""
    text = (FOLDER / name).read_text()
    site = Settings().site_public_url
    return re.sub(r"\{?https://gotobuddy\.example\}?", site, text)


def test_the_box_is_quoted_word_for_word() -> None:
    assert wordings.current(ConsentKind.SERVICE_SMS).text in text_of("campaign.md")


@pytest.mark.parametrize("name", ["campaign.md", "messages.md"])
def test_the_sample_is_what_is_sent(name: str) -> None:
    desk = TextDesk.__new__(TextDesk)
    object.__setattr__(desk, "settings", Settings())

    assert desk.words in text_of(name)


@pytest.mark.parametrize("name", ["campaign.md", "messages.md"])
@pytest.mark.parametrize("keyword", OptOut)
def test_every_word_that_counts_is_listed(name: str, keyword: OptOut) -> None:
    words = [word for word, meaning in WORDS.items() if meaning is keyword]

    assert ", ".join(words) in text_of(name)


def test_every_document_and_picture_is_there_and_linked() -> None:
    index = (FOLDER / "README.md").read_text()

    for path in FOLDER.iterdir():
        assert path.name == "README.md" or f"({path.name})" in index
    assert 10_000 < (FOLDER / "opt-in.png").stat().st_size < LARGEST_PICTURE
