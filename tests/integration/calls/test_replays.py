"""A call over real sockets is recorded, and run again from the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buddy.__main__ import main
from buddy.programs import ROOT
from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.services import accounts, personas
from tests.integration.calls.conftest import recorded_call
from tests.integration.calls.test_calls import settled
from tests.support.builders import NOW, claims
from tests.support.voice_service import RunningVoice

OPERATOR = "op@example.com"


async def test_a_recorded_call_is_run_again_as_it_was_and_with_another_prompt(
    voice: RunningVoice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice.database.transact_now(personas.set_constant, name="record_calls", value=1, now=NOW)
    voice.database.transact_now(accounts.add_operator, email=OPERATOR, now=NOW)
    voice.database.transact_now(
        accounts.sign_in, identity=claims("op", email=OPERATOR), user_agent="", now=NOW
    )
    report = await dial(
        voice.vendors["twilio"],
        press("1"),
        say("tell me the news"),
        say("and the weather"),
        caller="+14155550199",
    )
    await settled(voice, report)
    call = recorded_call(voice.database, report.call_sid)
    settings = voice.settings
    assert settings.database_url is not None
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("BUDDY_KEY_FILE", str(settings.keys_path))
    monkeypatch.setenv("BUDDY_OPENAI_BASE_URL", f"{voice.vendors['openai']}/v1")
    monkeypatch.chdir(ROOT)
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("You are curt.")
    asked = ["replay", call.card.call_id, "--operator", OPERATOR, "--reason", "It was too slow."]

    again = await asyncio.to_thread(main, asked)
    as_it_was = capsys.readouterr().out
    await voice.control("openai", "script", replies=[{"match": ".*", "text": "no."}])
    changed = await asyncio.to_thread(main, [*asked, "--prompt", str(prompt)])
    with_prompt = capsys.readouterr().out

    assert "  caller: tell me the news" in as_it_was
    assert "  buddy : You said and the weather." in as_it_was
    assert again == 0
    assert changed == 1
    assert "- buddy : You said tell me the news." in with_prompt
    assert "+ buddy : No." in with_prompt or "+ buddy : no." in with_prompt
    assert "2 replies were written anew" in with_prompt
