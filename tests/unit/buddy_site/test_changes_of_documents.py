"""A document's new version, as the home page tells of it."""

from __future__ import annotations

import pytest

from buddy_site.state.calls import change_row
from shared.wordings import Document


@pytest.mark.parametrize("which", Document)
def test_every_document_has_words_and_an_address(which: Document) -> None:
    row = change_row(which)

    assert row.words.startswith("Our ")
    assert row.words.endswith(" on.")
    assert row.path.startswith("/")
