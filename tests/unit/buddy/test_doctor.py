"""What the doctor says of models that are about to end."""

from __future__ import annotations

from datetime import date

import pytest

from buddy.commands.doctor import say_models
from shared.settings import Settings

NOBODY = "http://127.0.0.1:9/v1"
SETTINGS = Settings.model_construct(
    chat_model="gpt-6-luna", speech_model="gpt-4o-mini-tts", openai_base_url=NOBODY
)


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 10, 1), "until 2027-01-06"),
        (
            date(2026, 11, 22),
            "WARNING: ends on 2027-01-06, in 45 days; its vendor names gpt-realtime-2.1-mini",
        ),
        (date(2027, 1, 7), "ENDED on 2027-01-06; its vendor names gpt-realtime-2.1-mini"),
    ],
)
def test_a_vendors_pages_are_told_from_where_its_list_does_not_answer(
    today: date, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say_models(SETTINGS, today=today)

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "models the vendor's list does not answer; this is what its pages say"
    assert f"model gpt-4o-mini-tts for speech: {words}" in lines
    assert "model gpt-6-luna for replies: no end announced" in lines
