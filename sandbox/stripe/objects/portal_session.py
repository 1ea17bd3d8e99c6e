"""The customer portal: https://docs.stripe.com/api/customer_portal/sessions/object.

Deep links into one task of it: https://docs.stripe.com/customer-management/portal-deep-links.
"""

from __future__ import annotations

from sandbox.stripe.errors import StripeRefusal, not_built
from sandbox.stripe.forms import Form
from sandbox.stripe.objects import subscription
from sandbox.stripe.routes import Route
from sandbox.stripe.store import Books, Json, new_id

CONFIGURATION = "bpc_sandbox"
FLOWS = (
    "payment_method_update",
    "subscription_cancel",
    "subscription_update",
    "subscription_update_confirm",
)
ENDINGS = ("hosted_confirmation", "portal_homepage", "redirect")


def create(books: Books, form: Form) -> Json:
    """Open the portal for a customer; who has the address has the portal."""
    customer = books.get("customer", form.need("customer"), param="customer")
    configuration = form.text("configuration") or CONFIGURATION
    if configuration != CONFIGURATION:
        message = f"any portal configuration but {CONFIGURATION}"
        raise not_built(message)
    flow = _flow(books, form.nested("flow_data"), customer) if "flow_data" in form else None
    token = new_id("test", 40)
    session = books.add(
        {
            "id": new_id("bps"),
            "object": "billing_portal.session",
            "configuration": configuration,
            "created": books.now,
            "customer": customer["id"],
            "customer_account": None,
            "flow": flow,
            "livemode": False,
            "locale": form.text("locale"),
            "on_behalf_of": None,
            "return_url": form.text("return_url"),
            "url": f"{books.public_url}/p/session/{token}",
        }
    )
    books.hide(session["id"])["token"] = token
    books.emit("billing_portal.session.created", session)
    return session


def by_token(books: Books, token: str) -> Json | None:
    """Return the session whose address this is."""
    for session in books.all("billing_portal.session"):
        if books.hide(session["id"])["token"] == token:
            return session
    return None


def _flow(books: Books, form: Form, customer: Json) -> Json:
    kind = form.choice("type", *FLOWS) or form.need("type")
    form.only("type", "after_completion", *FLOWS)
    flow: Json = {
        "after_completion": _ending(form.nested("after_completion")),
        **dict.fromkeys(FLOWS[1:]),
        "customer_update": None,
        "subscription_pause": None,
        "type": kind,
    }
    if kind == "payment_method_update":
        return flow
    details = form.nested(kind)
    identifier = details.need("subscription")
    owner = books.get("subscription", identifier, param=details.called("subscription"))
    if owner["customer"] != customer["id"]:
        message = f"No such subscription: '{identifier}'"
        raise StripeRefusal(message, code="resource_missing", param=details.called("subscription"))
    if owner["status"] in subscription.OVER:
        message = "The subscription has been canceled and can't be updated."
        raise StripeRefusal(message, param=details.called("subscription"))
    match kind:
        case "subscription_cancel":
            if owner["cancel_at"] is not None:
                message = "The subscription is already set to be canceled at the end of its period."
                raise StripeRefusal(message, param=details.called("subscription"))
            details.only("subscription")
            flow[kind] = {"retention": None, "subscription": identifier}
        case "subscription_update":
            details.only("subscription")
            flow[kind] = {"subscription": identifier}
        case _:
            details.only("subscription", "items")
            flow[kind] = {
                "discounts": None,
                "items": [_item(books, row, owner) for row in details.rows("items")],
                "subscription": identifier,
            }
    return flow


def _item(books: Books, row: Form, owner: Json) -> Json:
    row.only("id", "price", "quantity")
    item = subscription.item_of(owner)
    if row.need("id") != item["id"]:
        message = f"No such subscription item: '{row.need('id')}'"
        raise StripeRefusal(message, code="resource_missing", param=row.called("id"))
    price = books.get("price", row.need("price"), param=row.called("price"))
    quantity = row.whole("quantity") or item["quantity"]
    return {"id": item["id"], "price": price["id"], "quantity": quantity}


def _ending(form: Form) -> Json:
    form.only("type", *ENDINGS)
    kind = form.choice("type", *ENDINGS) or "portal_homepage"
    ending: Json = {"hosted_confirmation": None, "redirect": None, "type": kind}
    if kind == "redirect":
        ending["redirect"] = {"return_url": form.nested("redirect").need("return_url")}
    elif kind == "hosted_confirmation":
        message = form.nested("hosted_confirmation").text("custom_message")
        ending["hosted_confirmation"] = {"custom_message": message}
    return ending


ROUTES = (
    Route(
        "POST",
        "/v1/billing_portal/sessions",
        "billing_portal.sessions.create",
        create,
        ("customer", "return_url", "flow_data", "configuration", "locale"),
    ),
)
