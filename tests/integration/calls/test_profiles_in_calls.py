"""Each thing that an account's owner can set, changed through its service and met in a call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import pytest_asyncio
from sqlmodel import Session, select

from sandbox.engines.tones import tones_from_text
from sandbox.phone.caller import dial
from sandbox.phone.report import PhoneReport
from sandbox.phone.steps import Step, press, say
from sandbox.sound import read_wave
from shared import wordings
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.services import consents, phone_lines, pins, profiles, talk_time
from shared.tables.call import Call
from shared.tables.guarding import TextMessage
from shared.wordings import ConsentKind
from tests.support.builders import registered_account
from tests.support.database import DatabaseServer
from tests.support.voice_service import RunningVoice, running_voice

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOT_ATTESTED = {"stir_verstat": "TN-Validation-Passed-C"}
LISA, BEN = 1, 2
PIN = "8305"
_numbers = count(14155550400)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice(
    database_server_of_run: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningVoice]:
    """Run one voice service for all of these calls."""
    with database_server_of_run.migrated_database() as urls:
        async with running_voice(urls, tmp_path_factory.mktemp("voice")) as running:
            await running.service.is_following()
            yield running


class Owner:
    """A registered account with a verified line and no settings yet."""

    def __init__(self, voice: RunningVoice) -> None:
        self.voice = voice
        self.number = f"+{next(_numbers)}"
        self.account_id = registered_account(voice.database, self.number)
        voice.database.transact_now(
            phone_lines.attach_verified,
            account_id=self.account_id,
            number=PhoneNumber(self.number),
            now=datetime.now(UTC),
        )
        self.set(profiles.set_favourite, menu_key=BEN)
        self.set(talk_time.grant, seconds=600, cause=f"test:{self.number}", now=datetime.now(UTC))
        self.set(
            consents.give,
            kind=ConsentKind.TRANSCRIPTION,
            wording_version=wordings.current(ConsentKind.TRANSCRIPTION).version,
            now=datetime.now(UTC),
        )

    def set(self, setting: Any, **value: Any) -> None:
        self.voice.database.transact_now(setting, account_id=self.account_id, **value)

    async def call(self, *steps: Step, **options: Any) -> PhoneReport:
        return await dial(self.voice.vendors["twilio"], *steps, caller=self.number, **options)

    async def told(self) -> str:
        """Return what the model was told with its latest reply's request."""
        chat = (await self.requests("openai", "/v1/chat/completions"))[-1]
        return str(chat["messages"][0]["content"])

    async def requests(self, vendor: str, path: str) -> list[dict[str, Any]]:
        url = f"{self.voice.vendors[vendor]}/_control/requests"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            found = (await answer.json())["requests"]
        return [json.loads(request["body"]) for request in found if request.get("path") == path]


@pytest.fixture
def owner(voice: RunningVoice) -> Owner:
    return Owner(voice)


async def test_name_favourite_and_time_zone_are_known_to_the_next_call(owner: Owner) -> None:
    owner.set(profiles.set_spoken_name, text="Samantha")
    owner.set(profiles.set_favourite, menu_key=LISA)
    owner.set(profiles.set_time_zone, text="Pacific/Kiritimati")  # fourteen hours ahead
    there = datetime.now(ZoneInfo("Pacific/Kiritimati"))

    report = await owner.call(say("what day is it"))

    assert report.heard.startswith(f"an ai again. hi samantha, lisa on {there:%A}.".lower())
    told = await owner.told()
    assert f"{there:%A}, {there.day} {there:%B} {there.year}" in told
    assert "The caller's name is Samantha." in told


async def test_buddies_speak_at_the_pace_that_was_set(owner: Owner, tmp_path: Path) -> None:
    owner.set(profiles.set_pace, pace=0.8)

    await owner.call(say("speak up"), record=tmp_path / "slow.wav")

    answer = "You said speak up."
    requests = await owner.requests("openai", "/v1/audio/speech")
    (sent,) = (request for request in requests if request["input"] == answer)
    assert sent["speed"] == 0.8
    assert "slowly" in sent["instructions"]
    # The notice, made ahead, takes as long as ever; greeting and answer a quarter more.
    usual = tones_from_text(f"an ai again. hi sam, ben here. {answer}")
    heard = read_wave((tmp_path / "slow.wav").read_bytes())
    assert sounding(heard) > 1.15 * sounding(usual)


async def test_own_pause_time_ends_their_turns_also_from_the_next_turn_on(owner: Owner) -> None:
    async with asyncio.TaskGroup() as tasks:

        def on_progress(line: str) -> None:
            if line == "buddy: you said one.":
                tasks.create_task(asyncio.to_thread(owner.set, profiles.set_pause, seconds=2.0))

        owner.set(profiles.set_pause, seconds=0.3)
        report = await owner.call(say("one"), say("two"), progress=on_progress)

    _, short, long = report.turns
    assert short.gap_ms is not None
    assert long.gap_ms is not None
    assert long.gap_ms - short.gap_ms == pytest.approx(1700, abs=500)


async def test_memory_and_proof_decide_what_a_buddy_knows(owner: Owner) -> None:
    attested = await owner.call(say("hello"))
    known = await owner.told()
    spoofed = await owner.call(say("hello"), options=NOT_ATTESTED)
    unproved = await owner.told()
    owner.set(profiles.set_memory, keeps_memory=False)
    await owner.call(say("hello"))
    forgotten = await owner.told()

    assert [is_proved(owner, report) for report in (attested, spoofed)] == [True, False]
    assert "10 minutes of talk time left" in known
    assert f"They last talked with Ben, on {datetime.now(UTC):%A}" in unproved
    assert "say nothing about their account" in unproved
    assert "10 minutes" not in unproved
    assert "9 minutes of talk time left" in forgotten
    assert "last" not in forgotten.partition("The call began")[2].lower()


async def test_pin_proves_a_call_that_the_network_does_not_vouch_for(owner: Owner) -> None:
    owner.set(pins.set_pin, pin=PIN)

    report = await owner.call(
        press("**8306"), press(f"**{PIN}"), say("how much time is left"), options=NOT_ATTESTED
    )

    assert "pin four left." in report.heard
    assert "pin right." in report.heard
    assert "of talk time left as the call began" in await owner.told()
    assert is_proved(owner, report)


async def test_who_runs_out_hears_how_to_go_on_and_gets_a_text_with_the_link(
    owner: Owner,
) -> None:
    owner.set(talk_time.grant, seconds=-597, cause=f"spent:{owner.number}", now=datetime.now(UTC))
    owner.set(
        consents.give,
        kind=ConsentKind.SERVICE_SMS,
        wording_version=wordings.current(ConsentKind.SERVICE_SMS).version,
        now=datetime.now(UTC),
    )

    report = await owner.call(say("tell me more"), say("and more"))

    assert "talk time low." in report.heard
    assert report.heard.endswith("talk time over texted.")
    (text,) = await delivered(owner)
    assert text.endswith("http://localhost:3000/billing Reply STOP to end, HELP for help.")


async def delivered(owner: Owner) -> list[str]:
    """Return the texts that reached the owner's telephone, once the row says that one did."""
    async with asyncio.timeout(5):
        while owner.voice.database.transact_now(text_statuses, account_id=owner.account_id) != [
            "delivered"
        ]:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)
    url = f"{owner.voice.vendors['twilio']}/_control/messages"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        letters = (await answer.json())["messages"]
    return [letter["body"] for letter in letters if letter["to"] == owner.number]


def text_statuses(session: Session, account_id: AccountId) -> list[str]:
    query = select(TextMessage.status).where(TextMessage.account_id == account_id)
    return list(session.exec(query))


def sounding(audio: bytes) -> int:
    """Return how many samples are no silence."""
    return sum(sample not in (0x7F, 0xFF) for sample in audio)


def is_proved(owner: Owner, report: PhoneReport) -> bool:
    def proved_at(session: Session) -> datetime | None:
        return session.exec(select(Call.proved_at).where(Call.call_sid == report.call_sid)).one()

    return owner.voice.database.transact_now(proved_at) is not None
