"""One Stripe account's objects, as they go over the wire, and the clock they live by."""

from __future__ import annotations

import copy
import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.clock import Clock
from sandbox.stripe.errors import no_such

API_VERSION = "2026-10-28.endive"  # what stripe-python 16.1 asks for
ALPHABET = string.ascii_letters + string.digits
RETRY_DAYS = (3, 5, 7)  # after each failed payment; one of the schedules a dashboard offers
AFTER_RETRIES = ("cancel", "unpaid", "past_due")

Json = dict[str, Any]


def new_id(prefix: str, length: int = 24) -> str:
    """Return an identifier as Stripe's look."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


@dataclass(slots=True)
class Policy:
    """What the account's owner chose in the dashboard."""

    retry_days: tuple[int, ...] = RETRY_DAYS
    after_retries: str = "cancel"


@dataclass(slots=True)
class Books:
    """Everything one account has; functions in `objects` keep it."""

    clock: Clock
    deliver: Callable[[Json], None]  # hands an event to the webhooks
    public_url: str  # where hosted pages are
    objects: dict[str, Json] = field(default_factory=dict)
    # What Stripe knows of an object and shows nobody, by its id.
    hidden: dict[str, Json] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    request: Json | None = None  # the API request that is being answered, for its events

    @property
    def now(self) -> int:
        """The account's time, in seconds."""
        return self.clock.now

    def add(self, thing: Json) -> Json:
        """Keep a new object."""
        self.objects[thing["id"]] = thing
        return thing

    def all(self, kind: str) -> list[Json]:
        """Return every object of a kind, the newest first."""
        found = [thing for thing in self.objects.values() if thing["object"] == kind]
        return found[::-1]

    def find(self, kind: str, identifier: str | None) -> Json | None:
        """Return an object, if there is one."""
        thing = self.objects.get(identifier or "")
        return thing if thing is not None and thing["object"] == kind else None

    def get(self, kind: str, identifier: str, *, param: str | None = None) -> Json:
        """Return an object; refuse in Stripe's words, with 400 if a parameter named it."""
        thing = self.find(kind, identifier)
        if thing is None:
            if param is None:
                raise no_such(kind, identifier)
            raise no_such(kind, identifier, param=param, status=400)
        return thing

    def hide(self, identifier: str) -> Json:
        """Return what is known of an object beside what it shows."""
        return self.hidden.setdefault(identifier, {})

    def emit(self, kind: str, thing: Json, former: Json | None = None) -> Json:
        """Say that something happened to an object.

        `former` is the object as it was; an update that changed nothing is no event.
        https://docs.stripe.com/api/events/object
        """
        data: Json = {"object": copy.deepcopy(thing)}
        if former is not None:
            previous = {
                name: copy.deepcopy(former.get(name))
                for name in thing
                if former.get(name) != thing[name]
            }
            if not previous:
                return {}
            data["previous_attributes"] = previous
        event = self.add(
            {
                "id": new_id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now,
                "data": data,
                "livemode": False,
                "pending_webhooks": 1,
                "request": self.request or {"id": None, "idempotency_key": None},
                "type": kind,
            }
        )
        self.deliver(event)
        return event

    def clear(self) -> None:
        """Forget everything."""
        self.objects.clear()
        self.hidden.clear()
        self.policy = Policy()

    def __iter__(self) -> Iterator[Json]:
        return iter(self.objects.values())


def listed(rows: list[Json], url: str, *, has_more: bool = False) -> Json:
    """Return a list as it stands inside another object."""
    return {"object": "list", "data": rows, "has_more": has_more, "url": url}
