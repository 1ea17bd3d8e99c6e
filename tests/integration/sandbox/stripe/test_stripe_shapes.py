"""What the sandbox answers has the shape of what Stripe documents: `tests/wire/stripe`.

The samples are Stripe's own, of August 2026; the SDK knows what its version added and took away
since. So each object has every documented field that the SDK still knows, none that it does not
know, and values of the documented kinds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.integration.sandbox.stripe.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIRE = Path("tests/wire/stripe")
CLASSES: dict[str, type[Any]] = {
    "customer": stripe.Customer,
    "product": stripe.Product,
    "price": stripe.Price,
    "checkout.session": stripe.checkout.Session,
    "billing_portal.session": stripe.billing_portal.Session,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "invoice": stripe.Invoice,
    "line_item": stripe.InvoiceLineItem,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "event": stripe.Event,
    "plan": stripe.Plan,
}
# Shown only where it applies, or to those who ask for it.
OPTIONAL = {
    "charge": {"authorization_code", "level3", "radar_options", "presentment_details", "refunds"},
    "checkout.session": {
        *("line_items", "optional_items", "branding_settings", "name_collection"),
        *("integration_identifier", "presentment_details", "excluded_payment_method_types"),
        *("currency_conversion", "return_url", "redirect_on_completion", "tax_id_collection"),
        *("allowed_payment_method_types", "managed_payments"),
    },
    "customer": {
        *("business_name", "individual_name", "cash_balance", "invoice_credit_balance"),
        *("sources", "subscriptions", "tax", "tax_ids", "deleted"),
    },
    "invoice": {
        *("payments", "confirmation_secret", "threshold_reason", "status_details"),
        *("amount_paid_off_stripe", "deleted"),
    },
    "payment_intent": {"hooks", "managed_payments", "payment_details", "presentment_details"},
    "payment_method": set(stripe.PaymentMethod.__annotations__) - {"card"},
    "price": {"currency_options", "tiers", "deleted"},
    "product": {"deleted", "tax_details"},
    "refund": {
        *("description", "failure_balance_transaction", "failure_reason", "instructions_email"),
        *("next_action", "pending_reason", "presentment_details"),
    },
    "subscription": {"managed_payments", "presentment_details", "status_details"},
}


def sample(kind: str) -> dict[str, Any]:
    """Return Stripe's own sample of an object."""
    return dict(json.loads((WIRE / f"{kind.replace('.', '_')}.json").read_text())["object"])


def flaws(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return where an object of ours differs from the sample in more than its values."""
    kind = ours["object"]
    known = set(CLASSES[kind].__annotations__)
    wanted = (set(theirs) & known) - OPTIONAL.get(kind, set())
    found = [f"{kind} lacks {name}" for name in sorted(wanted - set(ours))]
    found += [f"{kind} has {name}, which the SDK does not know" for name in set(ours) - known]
    for name in sorted(set(ours) & set(theirs)):
        found += kind_flaws(f"{kind}.{name}", ours[name], theirs[name])
    return found


def kind_flaws(path: str, ours: Any, theirs: Any) -> list[str]:
    if ours is None or theirs is None:
        return []
    if type(ours) is not type(theirs):
        return [f"{path} is {ours!r}, documented is {theirs!r}"]
    if isinstance(ours, list):
        pairs = zip(ours[:1], theirs[:1], strict=False)
        return [flaw for one, other in pairs for flaw in kind_flaws(f"{path}[]", one, other)]
    if not isinstance(ours, dict):
        return []
    if str(ours.get("object")) in CLASSES and ours["object"] == theirs.get("object"):
        return flaws(ours, theirs)
    shared = sorted(set(ours) & set(theirs))
    return [flaw for at in shared for flaw in kind_flaws(f"{path}.{at}", ours[at], theirs[at])]


async def everything(shop: Shop) -> dict[str, dict[str, Any]]:
    """Return one of each object, after a life with all of them in it."""
    subscription = await shop.subscribe(consent_collection={"terms_of_service": "required"})
    await shop.client.v1.billing_portal.sessions.create_async(
        {
            "customer": str(subscription.customer),
            "flow_data": {
                "type": "subscription_cancel",
                "subscription_cancel": {"subscription": subscription.id},
            },
        }
    )
    charge = (await shop.client.v1.charges.list_async()).data[0]
    await shop.client.v1.refunds.create_async({"charge": charge.id, "amount": 100})
    books = shop.sandbox.books
    return {kind: books.all(kind)[0] for kind in CLASSES if books.all(kind)}


async def test_every_object_has_its_documented_shape(stripe_shop: Shop) -> None:
    made = await everything(stripe_shop)

    assert made.keys() == CLASSES.keys() - {"subscription_item", "line_item", "plan"}
    found = [flaw for kind, ours in made.items() for flaw in flaws(ours, sample(kind))]
    assert found == []


async def test_a_period_belongs_to_an_item_and_no_more_to_a_subscription(
    stripe_shop: Shop,
) -> None:
    made = await everything(stripe_shop)

    subscription, invoice = made["subscription"], made["invoice"]
    assert "current_period_end" not in subscription
    assert "current_period_end" in subscription["items"]["data"][0]
    assert not {"subscription", "payment_intent", "charge", "paid"} & invoice.keys()
    assert invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
    line = invoice["lines"]["data"][0]
    assert line["pricing"]["price_details"]["price"] == "price_sandboxMonthly"


async def test_a_deleted_customer_is_a_stub(stripe_shop: Shop) -> None:
    customer = await stripe_shop.customer(name="Sam")

    await stripe_shop.client.v1.customers.delete_async(customer.id)
    answer = await stripe_shop.http.get(
        f"/v1/customers/{customer.id}", headers={"Authorization": "Bearer sk_test_sandbox"}
    )

    assert answer.json() == {**sample("deleted_customer"), "id": customer.id}
