"""Sends events to the product: signed, in order, again if it was not answered with 2xx.

https://docs.stripe.com/webhooks: the header's `t` is when it was sent, `v1` the HMAC-SHA256 of
`t.payload` under the endpoint's secret. Stripe tries for days and keeps no order; here it is a
minute and a half, in order unless something else is asked for at `/_control/webhooks`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from sandbox.control import BadControlRequest, Control, InjectedDisconnect, InjectedStatus
from sandbox.stripe.store import Json

SIGNATURE = "Stripe-Signature"
ROUTE = "webhook"  # as `fail_next` calls it
ANSWER_SECONDS = 10.0
RETRY_SECONDS = (0.2, 1.0, 5.0, 20.0, 60.0)  # before the second try, the third and so on
QUICK_RETRIES = 2  # who waits for all to be sent waits for these; a program may start meanwhile
SETTLE_SECONDS = 15.0
REMEMBERED_DELIVERIES = 2000


def signature(secret: str, payload: bytes, moment: int) -> str:
    """Return the header's value for a payload that is sent at a moment."""
    signed = str(moment).encode() + b"." + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


@dataclass(slots=True)
class Delivery:
    """One event on its way, or there."""

    event: Json
    attempts: int = 0
    status: int | None = None  # of the last answer; None: there was none
    state: str = "waiting"  # delivered, refused (it is tried again), failed, dropped

    @property
    def view(self) -> Json:
        """What `GET /_control/deliveries` shows."""
        return {
            "event": self.event["id"],
            "type": self.event["type"],
            "attempts": self.attempts,
            "status": self.status,
            "state": self.state,
        }


@dataclass(slots=True)
class Mischief:
    """What is to go wrong with deliveries."""

    duplicate: int = 0
    drop: int = 0
    types: frozenset[str] = frozenset()  # only these are doubled or dropped; none: all
    reorder: bool = False
    hold: bool = False


@dataclass
class Webhooks:
    """One endpoint and the events that wait for it."""

    url: str
    secret: str
    control: Control
    mischief: Mischief = field(default_factory=Mischief)

    def __post_init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self.deliveries: deque[Delivery] = deque(maxlen=REMEMBERED_DELIVERIES)
        self._work = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._busy = 0  # deliveries that are being tried or wait for another try
        self._http: aiohttp.ClientSession | None = None
        self._sending: asyncio.Task[None] | None = None
        self._retries: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to send."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))
        self._sending = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop in the middle, as a power cut would."""
        tasks = {*self._retries, *({self._sending} if self._sending else ())}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        if self._http is not None:
            await self._http.close()

    def send(self, event: Json) -> None:
        """Take an event to deliver, unless it is to be lost."""
        delivery = Delivery(event)
        self.deliveries.append(delivery)
        if not self.url or self._due("drop", event):
            delivery.state = "dropped"
            return
        self._queue(delivery)
        if self._due("duplicate", event):
            again = Delivery(event)
            self.deliveries.append(again)
            self._queue(again)

    def steer(self, body: dict[str, Any]) -> None:
        """Do as `POST /_control/webhooks` says."""
        wishes = self.mischief
        known = {"duplicate", "drop", "types", "reorder", "hold", "release", "redeliver", "settle"}
        if unknown := body.keys() - known:
            message = f"webhooks does not understand {', '.join(sorted(unknown))}"
            raise BadControlRequest(message)
        wishes.types = frozenset(body.get("types", wishes.types))
        wishes.duplicate = int(body.get("duplicate", wishes.duplicate))
        wishes.drop = int(body.get("drop", wishes.drop))
        wishes.reorder = bool(body.get("reorder", wishes.reorder))
        wishes.hold = bool(body.get("hold", wishes.hold))
        if body.get("release"):
            wishes.hold = False
        self._work.set()

    def redeliver(self, event: Json) -> None:
        """Send an event once more, as the dashboard's button does."""
        delivery = Delivery(event)
        self.deliveries.append(delivery)
        self._queue(delivery)

    async def settled(self) -> bool:
        """Wait until nothing is on its way; return whether that came about in time."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            return False
        return True

    def reset(self) -> None:
        """Forget what waits and what was asked for."""
        self._waiting.clear()
        self.deliveries.clear()
        for retry in self._retries:
            retry.cancel()
        self.mischief = Mischief()
        self._note()

    def _due(self, what: str, event: Json) -> bool:
        left = getattr(self.mischief, what)
        types = self.mischief.types
        if left <= 0 or (types and event["type"] not in types):
            return False
        setattr(self.mischief, what, left - 1)
        return True

    def _queue(self, delivery: Delivery) -> None:
        delivery.state = "waiting"
        self._waiting.append(delivery)
        self._note()
        self._work.set()

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            # What one request causes is queued by now, so that the last of it can go first.
            while self._waiting and not self.mischief.hold:
                take = self._waiting.pop if self.mischief.reorder else self._waiting.popleft
                await self._deliver(take())

    async def _deliver(self, delivery: Delivery) -> None:
        self._busy += 1
        try:
            await self._try(delivery)
        finally:
            self._busy -= 1
            self._note()

    async def _try(self, delivery: Delivery) -> None:
        delivery.attempts += 1
        delivery.status = await self._post(delivery.event)
        event = delivery.event
        self.control.record(
            "webhook",
            event=event["id"],
            type=event["type"],
            attempt=delivery.attempts,
            status=delivery.status,
        )
        if delivery.status is not None and 200 <= delivery.status < 300:  # noqa: PLR2004 - success
            delivery.state = "delivered"
            event["pending_webhooks"] = 0
        elif delivery.attempts <= len(RETRY_SECONDS):
            delivery.state = "refused"
            self._try_later(delivery)
        else:
            delivery.state = "failed"

    def _try_later(self, delivery: Delivery) -> None:
        is_quick = delivery.attempts <= QUICK_RETRIES
        self._busy += is_quick
        retry = asyncio.create_task(self._again(delivery))
        self._retries.add(retry)
        retry.add_done_callback(partial(self._tried, is_quick=is_quick))

    async def _again(self, delivery: Delivery) -> None:
        await asyncio.sleep(RETRY_SECONDS[delivery.attempts - 1])
        await self._try(delivery)

    def _tried(self, retry: asyncio.Task[None], *, is_quick: bool) -> None:
        self._retries.discard(retry)
        self._busy -= is_quick
        self._note()

    async def _post(self, event: Json) -> int | None:
        """Return the answer's status; None if there was no answer."""
        payload = json.dumps(event, indent=2).encode()
        headers = {
            SIGNATURE: signature(self.secret, payload, int(time.time())),
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Accept": "*/*; q=0.5, application/xml",
        }
        if self._http is None:
            return None
        with suppress(aiohttp.ClientError, TimeoutError, InjectedDisconnect):
            try:
                await self.control.before(ROUTE)
            except InjectedStatus as injected:
                return injected.status
            async with self._http.post(
                self.url, data=payload, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        return None

    def _note(self) -> None:
        if self._busy or self._waiting:
            self._settled.clear()
        else:
            self._settled.set()
