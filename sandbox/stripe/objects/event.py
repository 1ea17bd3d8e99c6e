"""Events, kept for thirty days: https://docs.stripe.com/api/events."""

from __future__ import annotations

from sandbox.stripe.clock import DAY
from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json

KEPT_DAYS = 30


def list_events(books: Books, form: Form) -> Json:
    """List what happened, the latest first."""
    oldest = books.now - KEPT_DAYS * DAY
    rows = [row for row in created_within(books.all("event"), form) if row["created"] >= oldest]
    wanted = [*form.texts("types"), *([form.need("type")] if "type" in form else [])]
    if wanted:
        rows = [row for row in rows if any(_fits(row["type"], kind) for kind in wanted)]
    if (is_delivered := form.flag("delivery_success")) is not None:
        rows = [row for row in rows if (row["pending_webhooks"] == 0) is is_delivered]
    return page(rows, form, "/v1/events")


def _fits(kind: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return kind.startswith(wanted[:-1])
    return kind == wanted


ROUTES = (
    Route(
        "GET",
        "/v1/events",
        "events.list",
        list_events,
        (*PAGE, "type", "types", "created", "delivery_success"),
    ),
    Route("GET", "/v1/events/<identifier>", "events.retrieve", retrieve("event")),
)
