"""What an endpoint of the API is; `objects` list theirs, `api` serves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.stripe.forms import Form
from sandbox.stripe.store import Books, Json

Handler = Callable[..., Json]  # (books, form, *ids) -> the answer


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint, and the parameters that it understands."""

    method: str
    path: str
    name: str  # as in the SDK, and as `fail_next` calls it
    handler: Handler
    accepts: tuple[str, ...] = ()


def retrieve(kind: str) -> Handler:
    """Return a handler that answers with an object."""

    def handler(books: Books, _form: Form, identifier: str) -> Json:
        return books.get(kind, identifier)

    return handler
