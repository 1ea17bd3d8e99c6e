"""What one sandbox Twilio holds: its numbers, lines, calls, verifications and messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import aiohttp

from sandbox.config import SandboxConfig
from sandbox.control import Control
from sandbox.sound import speak
from sandbox.twilio.answers import error_body
from sandbox.twilio.bases import Bases
from sandbox.twilio.call import ENDED, Call
from sandbox.twilio.clock import AdjustableClock
from sandbox.twilio.exchange import Exchange
from sandbox.twilio.fields import Parties
from sandbox.twilio.lines import Lines
from sandbox.twilio.mailbox import Mailbox
from sandbox.twilio.messaging import Messaging
from sandbox.twilio.numbers import Numbers
from sandbox.twilio.verify import Verify
from sandbox.twilio.webhooks import Webhooks

REMEMBERED_CALLS = 500
FAILING_ROUTES = (
    *("calls.fetch", "calls.update", "calls.delete"),
    *("phone.calls", "phone.messages"),
    *("stream.message", "stream_status", "status_callback"),
    *("verify.start", "verify.check", "verify.fetch", "verify.update", "lookup.fetch"),
    *("messages.create", "messages.fetch", "messages.list", "messages.update", "messages.delete"),
    *("message_status", "message_webhook"),
)
VOICE = "alloy"  # `<Say>`'s own voices are not the buddies'

log = logging.getLogger("sandbox.twilio")


class Switchboard:
    """One sandbox's state and what works on it."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.clock = AdjustableClock()
        self.numbers = Numbers(config)
        self.lines = Lines()
        self.mailbox = Mailbox()
        self.verify = Verify(config, now=self.clock.now, lines=self.lines, mailbox=self.mailbox)
        self.calls: dict[str, Call] = {}
        self.exchange: Exchange | None = None
        self.control = Control(
            *FAILING_ROUTES,
            on_reset=self.reset,
            on_seed=self.seed,
            is_ready=lambda: self.exchange is not None,
            error_body=error_body,
        )
        self.messaging = Messaging(
            config,
            control=self.control,
            lines=self.lines,
            mailbox=self.mailbox,
            now=self.clock.now,
            run_aside=self.run_aside,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._spoken: dict[str, bytes] = {}

    async def open(self) -> None:
        """Get ready for calls."""
        connector = aiohttp.TCPConnector(
            limit=0,
            resolver=Bases(self.config.voice_url, self.config.bases),
            use_dns_cache=False,
            force_close=True,  # a connection kept from before may lead to a server that is gone
        )
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), connector=connector)
        webhooks = self.messaging.webhooks = Webhooks(http, self.config.auth_token)
        self.exchange = Exchange(
            account_sid=self.config.account_sid,
            auth_token=self.config.auth_token,
            http=http,
            webhooks=webhooks,
            control=self.control,
            deepgram_url=self.config.deepgram_url,
            say=self._say,
            run_aside=self.run_aside,
        )

    async def close(self) -> None:
        """Drop everything, as a power cut at the exchange would."""
        exchange, self.exchange = self.exchange, None
        await self._cancel_all()
        if exchange is not None:
            await exchange.http.close()

    async def reset(self) -> None:
        """End all calls and forget everything that was seeded or happened."""
        await self._cancel_all()
        self.calls.clear()
        for part in (
            *(self.clock, self.numbers, self.lines),
            *(self.mailbox, self.verify, self.messaging),
        ):
            part.reset()

    def seed(self, body: dict[str, Any]) -> None:
        """Take numbers, lines, and the settings of the Verify and the Messaging Service."""
        seeds = {
            "numbers": self.numbers.seed,
            "lines": self.lines.seed,
            "verify": self.verify.seed,
            "messaging": self.messaging.seed,
        }
        unknown = body.keys() - seeds.keys()
        if unknown or not body:
            message = f"seed {', '.join(seeds)}, not {', '.join(sorted(unknown)) or 'nothing'}"
            raise ValueError(message)
        for name, value in body.items():
            seeds[name](value)

    def place(self, body: dict[str, Any]) -> Call | None:
        """Start a call; None where nobody has the number."""
        called = body.get("to") or self.config.phone_number
        number = self.numbers.find(called)
        if number is None or self.exchange is None:
            return None
        options = {
            name: body[name]
            for name in ("stir_verstat", "caller_name", "forwarded_from")
            if name in body
        }
        parties = Parties(caller=body["from"], called=called, **options)
        call = Call(self.exchange, parties, number, has_phone=body.get("line", True))
        self._forget_old_calls()
        self.calls[call.sid] = call
        self.run_aside(call.run())
        return call

    def run_aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that nobody waits for, and end it with the server."""
        if self.exchange is None:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call broke", exc_info=error)
            self.control.record("crash", error=repr(error))

    async def _say(self, text: str, _voice: str) -> bytes:
        if text not in self._spoken and self.exchange is not None:
            self._spoken[text] = await speak(
                self.exchange.http, self.config.openai_url, text, voice=VOICE
            )
        return self._spoken.get(text, b"")

    async def _cancel_all(self) -> None:
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    def _forget_old_calls(self) -> None:
        ended = [call for call in self.calls.values() if call.status in ENDED]
        for call in ended[: max(0, len(self.calls) - REMEMBERED_CALLS)]:
            del self.calls[call.sid]
