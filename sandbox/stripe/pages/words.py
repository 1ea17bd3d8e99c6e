"""What all hosted pages share: days, a page with one message, the bank's challenge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quart import redirect, render_template
from werkzeug.wrappers import Response

SEE_OTHER = 303
CHALLENGE_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method "
    "and try again."
)


def day(moment: int) -> str:
    """Return a moment's day in UTC."""
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at:%b} {at.day}, {at.year}"


async def message(title: str, text: str, url: str | None = None, status: int = 200) -> Any:
    """Return a page that says one thing."""
    return await render_template("message.html", title=title, text=text, url=url), status


async def challenge(purpose: str, last4: str) -> str:
    """Return the bank's page: https://docs.stripe.com/payments/3d-secure."""
    return await render_template("challenge.html", purpose=purpose, last4=last4)


def go(address: str) -> Response:
    """Send the browser on."""
    return redirect(address, SEE_OTHER)
