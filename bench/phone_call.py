"""How long a caller waits: for the first sound, and from turn to turn, stage by stage."""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import psycopg
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bench.figures import percentile, table
from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.settings import Settings
from tests.support.database import database_server, open_test_database
from tests.support.ports import free_port
from tests.support.voice_service import (
    scripted_vendors,
    voice_process,
    voice_settings,
)

FIRST_TOKEN_MS, TOKEN_MS, FIRST_BYTE_MS = 300, 10, 200
AT_ONCE = (1, 10)
CALLS = 10
WEBHOOKS = 50
TURNS = ("tell me one", "tell me two", "tell me three", "tell me four", "tell me five")
STAGES = (
    "final_words_ms",
    "request_ms",
    "first_token_ms",
    "first_segment_ms",
    "first_byte_ms",
    "first_frame_ms",
    "gap_ms",
)


def measure() -> str:
    return asyncio.run(_measure())


async def _measure() -> str:
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        database_server() as server,
        server.migrated_database() as urls,
    ):
        data = Path(folder)
        ring = KeyRing.create(data / "keys.json")
        async with scripted_vendors(port) as vendors:
            settings = voice_settings(urls, data, port=port, vendors=vendors)
            with open_test_database(urls, ring) as database:
                seed_installation(database, settings, datetime.now(UTC))
            await _slow_down(vendors["openai"])
            async with voice_process(settings):
                webhooks = await _webhooks(settings)
                answer = [await _answer_time(vendors["twilio"], n) for n in range(CALLS)]
                rows = []
                for calls in AT_ONCE:
                    await _talk(vendors["twilio"], calls)
                    rows += _stages(urls.direct, calls)
    return table(
        "A phone call",
        f"The voice service in a process of its own; model {FIRST_TOKEN_MS} ms to the first token "
        f"and {TOKEN_MS} ms a token, voice {FIRST_BYTE_MS} ms to the first byte, pause time "
        f"800 ms. The webhook is Twilio's, of {WEBHOOKS} callers never seen before. Answer time is measured by the phone, from the answer to the first audible "
        f"frame of the notice ({CALLS} calls). The stages are the service's own, in ms after the "
        f"caller's last word; {len(TURNS)} turns a call.",
        ["what", "calls at once", "p50 ms", "p95 ms"],
        [
            [
                "voice webhook",
                1,
                f"{percentile(webhooks, 0.5):.0f}",
                f"{percentile(webhooks, 0.95):.0f}",
            ],
            [
                "answer time",
                1,
                f"{percentile(answer, 0.5):.0f}",
                f"{percentile(answer, 0.95):.0f}",
            ],
            *rows,
        ],
    )


async def _slow_down(openai_url: str) -> None:
    reply = {
        "match": ".*",
        "text": "Here is a short answer to that.",
        "first_token_ms": FIRST_TOKEN_MS,
        "token_ms": TOKEN_MS,
    }
    body = {"replies": [reply], "speech_first_byte_ms": FIRST_BYTE_MS}
    async with aiohttp.ClientSession() as http:
        await http.post(f"{openai_url}/_control/script", json=body)


async def _webhooks(settings: Settings) -> list[float]:
    """Return how long signed webhooks of new callers took, in ms."""
    secret = settings.twilio_auth_token.get_secret_value()
    url = f"{settings.voice_public_url}/calls/incoming"
    taken = []
    async with aiohttp.ClientSession() as http:
        for number in range(WEBHOOKS):
            form = {
                "CallSid": f"CAbench{number}",
                "From": f"+1415555{1000 + number}",
                "To": settings.phone_number,
                "CallStatus": "ringing",
            }
            signature = RequestValidator(secret).compute_signature(url, form)
            began = time.perf_counter()
            async with http.post(
                url, data=form, headers={"X-Twilio-Signature": signature}
            ) as answer:
                await answer.read()
            taken.append((time.perf_counter() - began) * 1000)
    return taken


async def _answer_time(twilio_url: str, number: int) -> float:
    report = await dial(twilio_url, hang_up_after=1, caller=f"+1415555{2000 + number}")
    return report.turns[0].gap_ms or float("inf")


async def _talk(twilio_url: str, calls: int) -> None:
    await asyncio.gather(
        *(
            dial(
                twilio_url,
                press("1"),
                *map(say, TURNS),
                caller=f"+1415555{3000 + 100 * calls + number}",
            )
            for number in range(calls)
        )
    )


def _stages(dsn: str, calls: int) -> list[list[object]]:
    with psycopg.connect(dsn) as connection:
        timings = connection.execute(
            f"SELECT {', '.join(STAGES)} FROM turn_timing"  # noqa: S608 - columns of ours
        ).fetchall()
        connection.execute("TRUNCATE turn_timing")
    columns = zip(*timings, strict=True)
    return [
        [
            name.removesuffix("_ms").replace("_", " "),
            calls,
            f"{percentile([value for value in column if value is not None], 0.5):.0f}",
            f"{percentile([value for value in column if value is not None], 0.95):.0f}",
        ]
        for name, column in zip(STAGES, columns, strict=True)
    ]
