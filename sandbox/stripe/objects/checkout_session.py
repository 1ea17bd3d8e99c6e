"""Checkout: https://docs.stripe.com/api/checkout/sessions/object.

The session is paid for on a page of Stripe's; what happens there is in `paying`.
"""

from __future__ import annotations

import copy

from sandbox.stripe.clock import DAY
from sandbox.stripe.errors import StripeRefusal, missing, not_built
from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, listed, new_id

SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = DAY
CREATE = (
    *("mode", "line_items", "success_url", "cancel_url", "client_reference_id", "customer"),
    *("customer_email", "subscription_data", "metadata", "consent_collection", "expires_at"),
    *("allow_promotion_codes", "locale", "ui_mode", "payment_method_types"),
    *("billing_address_collection", "automatic_tax", "custom_text", "submit_type"),
    "payment_method_collection",
)


def create(books: Books, form: Form) -> Json:
    """Open a session for one recurring price."""
    if form.need("mode") != "subscription":
        message = "Checkout in any mode but subscription"
        raise not_built(message)
    if (form.text("ui_mode") or "hosted_page") != "hosted_page":
        message = "Checkout anywhere but on its hosted page"
        raise not_built(message)
    if form.nested("automatic_tax").flag("enabled"):
        message = "automatic tax"
        raise not_built(message)
    if form.flag("allow_promotion_codes"):
        message = "promotion codes"
        raise not_built(message)
    if (form.text("payment_method_collection") or "always") != "always":
        message = "Checkout that takes no card"
        raise not_built(message)
    if set(form.texts("payment_method_types")) - {"card"}:
        message = "any payment method but cards"
        raise not_built(message)
    price, quantity = _line(books, form)
    owner = _customer(books, form)
    data = form.nested("subscription_data").only("metadata", "trial_period_days", "description")
    expires_at = _expiry(books, form)
    identifier = new_id("cs_test", 58)
    amount = 0 if data.whole("trial_period_days") else price["unit_amount"] * quantity
    session = books.add(
        {
            "id": identifier,
            "object": "checkout.session",
            "adaptive_pricing": None,
            "after_expiration": None,
            "allow_promotion_codes": form.flag("allow_promotion_codes"),
            "amount_subtotal": amount,
            "amount_total": amount,
            "automatic_tax": {
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "billing_address_collection": form.text("billing_address_collection"),
            "cancel_url": form.text("cancel_url"),
            "client_reference_id": form.text("client_reference_id"),
            "client_secret": None,
            "collected_information": None,
            "consent": None,
            "consent_collection": _consents(form),
            "created": books.now,
            "currency": price["currency"],
            "currency_conversion": None,
            "custom_fields": [],
            "custom_text": _words(form),
            "customer": owner,
            "customer_account": None,
            "customer_creation": None if owner else "always",
            "customer_details": None,
            "customer_email": form.text("customer_email"),
            "discounts": [],
            "expires_at": expires_at,
            "invoice": None,
            "invoice_creation": None,
            "livemode": False,
            "locale": form.text("locale"),
            "metadata": form.metadata(),
            "mode": "subscription",
            "origin_context": None,
            "payment_intent": None,
            "payment_link": None,
            "payment_method_collection": "always",
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "payment_status": "unpaid",
            "permissions": None,
            "phone_number_collection": {"enabled": False},
            "recovered_from": None,
            "saved_payment_method_options": {
                "allow_redisplay_filters": ["always"],
                "payment_method_remove": "disabled",
                "payment_method_save": None,
            },
            "setup_intent": None,
            "shipping_address_collection": None,
            "shipping_cost": None,
            "shipping_options": [],
            "status": "open",
            "submit_type": form.text("submit_type"),
            "subscription": None,
            "success_url": form.need("success_url"),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{books.public_url}/c/pay/{identifier}",
            "wallet_options": None,
        }
    )
    books.hide(identifier).update(
        price=price["id"],
        quantity=quantity,
        trial_days=data.whole("trial_period_days"),
        subscription_metadata=data.metadata(),
        subscription_description=data.text("description"),
        line=new_id("li"),
    )
    return session


def expire(books: Books, _form: Form, identifier: str) -> Json:
    """Close an open session: https://docs.stripe.com/api/checkout/sessions/expire."""
    session = books.get("checkout.session", identifier)
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`."
        )
        raise StripeRefusal(message)
    session.update(status="expired", url=None)
    books.emit("checkout.session.expired", session)
    return session


def line_items_of(books: Books, session: Json) -> Json:
    """Return what `expand[]=line_items` shows."""
    known = books.hide(session["id"])
    item = {
        "id": known["line"],
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": session["amount_subtotal"],
        "amount_tax": 0,
        "amount_total": session["amount_total"],
        "currency": session["currency"],
        "description": "Unlimited",
        "metadata": {},
        "price": copy.deepcopy(books.get("price", known["price"])),
        "quantity": known["quantity"],
    }
    return listed([item], f"/v1/checkout/sessions/{session['id']}/line_items")


def list_sessions(books: Books, form: Form) -> Json:
    rows = created_within(books.all("checkout.session"), form)
    for name in ("customer", "subscription", "status"):
        if (wanted := form.text(name)) is not None:
            rows = [row for row in rows if row[name] == wanted]
    return page(rows, form, "/v1/checkout/sessions")


def list_line_items(books: Books, form: Form, identifier: str) -> Json:
    found = line_items_of(books, books.get("checkout.session", identifier))
    return page(found["data"], form, found["url"])


def _line(books: Books, form: Form) -> tuple[Json, int]:
    rows = form.rows("line_items")
    if not rows:
        message = "line_items"
        raise missing(message)
    if len(rows) > 1:
        message = "Checkout with several line items"
        raise not_built(message)
    row = rows[0].only("price", "quantity")
    price = books.get("price", row.need("price"), param=row.called("price"))
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise StripeRefusal(message, param=row.called("price"))
    quantity = row.whole("quantity")
    if quantity is None:
        raise missing(row.called("quantity"))
    return price, quantity


def _customer(books: Books, form: Form) -> str | None:
    identifier = form.text("customer")
    if identifier is None:
        return None
    if "customer_email" in form:
        message = "You may only specify one of these parameters: customer, customer_email."
        raise StripeRefusal(message, param="customer_email")
    return str(books.get("customer", identifier, param="customer")["id"])


def _expiry(books: Books, form: Form) -> int:
    expires_at = form.whole("expires_at")
    if expires_at is None:
        return books.now + LONGEST_SECONDS
    if not SHORTEST_SECONDS <= expires_at - books.now <= LONGEST_SECONDS:
        message = (
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session creation."
        )
        raise StripeRefusal(message, param="expires_at")
    return expires_at


def _consents(form: Form) -> Json | None:
    if "consent_collection" not in form:
        return None
    wanted = form.nested("consent_collection").only(
        "terms_of_service", "promotions", "payment_method_reuse_agreement"
    )
    reuse = wanted.nested("payment_method_reuse_agreement").text("position")
    return {
        "payment_method_reuse_agreement": {"position": reuse} if reuse else None,
        "promotions": wanted.choice("promotions", "auto", "none"),
        "terms_of_service": wanted.choice("terms_of_service", "none", "required"),
    }


def _words(form: Form) -> Json:
    """Return the texts that stand on the page beside Stripe's own."""
    places = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    given = form.nested("custom_text").only(*places)
    return {
        place: {"message": given.nested(place).need("message")} if place in given else None
        for place in places
    }


ROUTES = (
    Route("POST", "/v1/checkout/sessions", "checkout.sessions.create", create, CREATE),
    Route(
        "GET",
        "/v1/checkout/sessions",
        "checkout.sessions.list",
        list_sessions,
        (*PAGE, "customer", "subscription", "status", "created"),
    ),
    Route(
        "GET",
        "/v1/checkout/sessions/<identifier>",
        "checkout.sessions.retrieve",
        retrieve("checkout.session"),
    ),
    Route(
        "POST",
        "/v1/checkout/sessions/<identifier>/expire",
        "checkout.sessions.expire",
        expire,
    ),
    Route(
        "GET",
        "/v1/checkout/sessions/<identifier>/line_items",
        "checkout.sessions.line_items.list",
        list_line_items,
        PAGE,
    ),
)
