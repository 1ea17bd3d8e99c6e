"""The API's front door: keys, forms, idempotency, failures, answers.

https://docs.stripe.com/api/authentication, /errors, /idempotent_requests and /request_ids.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from quart import Quart, Response, jsonify, request

from sandbox.control import Control
from sandbox.stripe import collection, switching
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.forms import Form, decode
from sandbox.stripe.idempotency import Answer, Idempotency
from sandbox.stripe.lists import Included, expanded
from sandbox.stripe.objects import (
    charge,
    checkout_session,
    customer,
    event,
    invoice,
    invoice_payment,
    payment_intent,
    payment_method,
    portal_session,
    price,
    product,
    refund,
    subscription,
)
from sandbox.stripe.routes import Route
from sandbox.stripe.store import API_VERSION, Books, Json, new_id

ROUTES: tuple[Route, ...] = (
    *product.ROUTES,
    *price.ROUTES,
    *customer.ROUTES,
    *payment_method.ROUTES,
    *payment_intent.ROUTES,
    *charge.ROUTES,
    *refund.ROUTES,
    *invoice.ROUTES,
    *invoice_payment.ROUTES,
    *collection.ROUTES,
    *subscription.ROUTES,
    *switching.ROUTES,
    *checkout_session.ROUTES,
    *portal_session.ROUTES,
    *event.ROUTES,
)
INCLUDED: dict[tuple[str, str], Included] = {
    ("invoice", "payments"): invoice_payment.payments_of,
    ("invoice", "confirmation_secret"): invoice_payment.secret_of,
    ("checkout.session", "line_items"): checkout_session.line_items_of,
    ("customer", "subscriptions"): customer.subscriptions_of,
    ("charge", "refunds"): charge.refunds_of,
}
AFTERWARDS = ":answer"  # `fail_next` on a route's name with this: done, and the answer is lost


def failing_routes() -> tuple[str, ...]:
    """Return the names that `fail_next` knows."""
    names = [route.name for route in ROUTES]
    return (*names, *(name + AFTERWARDS for name in names))


class Api:
    """Answers one account's requests."""

    def __init__(
        self, books: Books, control: Control, secret_key: str, catch_up: Callable[[], None]
    ) -> None:
        self.books = books
        self.control = control
        self.idempotency = Idempotency()
        self._secret_key = secret_key
        self._catch_up = catch_up  # does what fell due before a request sees the books

    def install(self, app: Quart) -> None:
        """Add every endpoint to the server."""
        for route in ROUTES:
            app.add_url_rule(
                route.path,
                f"{route.method} {route.path}",
                self._view(route),
                methods=[route.method],
            )

    def _view(self, route: Route) -> Callable[..., Awaitable[Response]]:
        async def view(**ids: str) -> Response:
            request_id = new_id("req", 14)
            try:
                answer = await self._answer(route, request_id, ids)
            except StripeRefusal as refusal:
                answer = Answer(refusal.status, refusal.body, request_id)
            await self.control.before(route.name + AFTERWARDS)
            return _response(answer, request_id)

        return view

    async def _answer(self, route: Route, request_id: str, ids: dict[str, str]) -> Answer:
        self._authenticate()
        fields = decode(parse_qsl(await _sent(), keep_blank_values=True))
        Form(fields).only(*route.accepts, "expand")
        key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
        if key is None:
            await self.control.before(route.name)
            return self._run(route, request_id, fields, ids, key)
        known = self.idempotency.begin(key, request.path, fields, self.books.now)
        if known is not None:
            return known
        try:
            await self.control.before(route.name)
            answer = self._run(route, request_id, fields, ids, key)
        except BaseException:
            self.idempotency.drop(key)
            raise
        if _was_executed(answer):
            self.idempotency.finish(key, answer)
        else:
            self.idempotency.drop(key)
        return answer

    def _run(
        self, route: Route, request_id: str, fields: Json, ids: dict[str, str], key: str | None
    ) -> Answer:
        self.books.public_url = request.host_url.rstrip("/")
        self._catch_up()
        self.books.request = {"id": request_id, "idempotency_key": key}
        form = Form(fields)
        try:
            result = route.handler(self.books, form, *ids.values())
            shown = expanded(self.books, result, form.texts("expand"), INCLUDED)
        except StripeRefusal as refusal:
            return Answer(refusal.status, refusal.body, request_id)
        finally:
            self.books.request = None
        return Answer(200, shown, request_id)

    def _authenticate(self) -> None:
        given = _given_key()
        if given is None:
            message = (
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY')."
            )
            raise StripeRefusal(message, status=401)
        if given != self._secret_key:
            shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 12 else "*" * 8  # noqa: PLR2004
            message = f"Invalid API Key provided: {shown}"
            raise StripeRefusal(message, status=401)


async def _sent() -> str:
    if request.method != "POST":
        return request.query_string.decode()
    data = await request.get_data()
    return data if isinstance(data, str) else data.decode()


def _given_key() -> str | None:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials or None
        case "basic":
            try:
                return b64decode(credentials, validate=True).decode().partition(":")[0] or None
            except (binascii.Error, UnicodeDecodeError):
                return None
        case _:
            return None


def _was_executed(answer: Answer) -> bool:
    """Return whether the endpoint began: a parameter's fault is found before it does."""
    error: Any = answer.body.get("error")
    return error is None or answer.status == 402 or error.get("param") is None  # noqa: PLR2004


def _response(answer: Answer, request_id: str) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    key = request.headers.get("Idempotency-Key")
    if key is not None and request.method == "POST":
        response.headers["Idempotency-Key"] = key
        response.headers["Original-Request"] = answer.request_id
        if answer.request_id != request_id:
            response.headers["Idempotent-Replayed"] = "true"
    if answer.status == 501:  # noqa: PLR2004 - not built: asking again does not help
        response.headers["Stripe-Should-Retry"] = "false"
    return response
