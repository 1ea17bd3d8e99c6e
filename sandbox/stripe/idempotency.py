"""The same key and the same request get the same answer: https://docs.stripe.com/api/idempotent_requests.

An answer is kept for a day, a refusal of the endpoint's too. What failed before the endpoint
began (a parameter that makes no sense, another request under the same key) is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.stripe.clock import DAY
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.store import Json

KIND = "idempotency_error"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, to be answered again."""

    status: int
    body: Json
    request_id: str


@dataclass(slots=True)
class _Kept:
    path: str
    fields: Json
    at: int
    answer: Answer | None = None  # None while it is being worked on


@dataclass(slots=True)
class Idempotency:
    """The keys of one account."""

    kept: dict[str, _Kept] = field(default_factory=dict)

    def begin(self, key: str, path: str, fields: Json, now: int) -> Answer | None:
        """Return the answer that a key already has; refuse a key that means something else."""
        self._forget(now)
        known = self.kept.get(key)
        if known is None:
            self.kept[key] = _Kept(path, fields, now)
            return None
        if known.path != path:
            message = (
                "Keys for idempotent requests can only be used for the same endpoint they were "
                f"first used for ('{path}' vs '{known.path}'). Try using a key other than "
                f"'{key}' if you meant to execute a different request."
            )
            raise StripeRefusal(message, kind=KIND)
        if known.fields != fields:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they "
                f"were first used with. Try using a key other than '{key}' if you meant to "
                "execute a different request."
            )
            raise StripeRefusal(message, kind=KIND)
        if known.answer is None:
            message = (
                "There is currently another in-progress request using this Idempotent Key (that "
                "probably means you submitted twice, and the other request is still going "
                f"through): {key}. Please try again later."
            )
            raise StripeRefusal(message, status=409, kind=KIND, code="idempotency_key_in_use")
        return known.answer

    def finish(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        self.kept[key].answer = answer

    def drop(self, key: str) -> None:
        """Forget a request that did not get as far as its endpoint."""
        self.kept.pop(key, None)

    def _forget(self, now: int) -> None:
        for key in [key for key, kept in self.kept.items() if kept.at < now - DAY]:
            del self.kept[key]
