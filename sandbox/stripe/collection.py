"""Getting bills paid, and what follows for the subscription when they are or are not.

https://docs.stripe.com/billing/subscriptions/overview#payment-window and
https://docs.stripe.com/billing/revenue-recovery/smart-retries.
"""

from __future__ import annotations

import copy

from sandbox.stripe.clock import DAY
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.forms import Form
from sandbox.stripe.objects import invoice, invoice_payment, payment_intent, subscription
from sandbox.stripe.objects.payment_intent import Outcome
from sandbox.stripe.routes import Route
from sandbox.stripe.store import Books, Json


def settle(
    books: Books,
    bill: Json,
    *,
    method: str | None = None,
    is_present: bool = False,
    is_authenticated: bool = False,
    is_scheduled: bool = False,
) -> Outcome:
    """Try to get an open bill paid, with its usual card unless another is named.

    `is_present`: the customer is there to answer a challenge. `is_scheduled`: a retry of the
    account's schedule, which goes on with the next date.
    """
    if bill["amount_remaining"] == 0:
        invoice.mark_paid(books, bill)
        _paid(books, bill)
        return Outcome.SUCCEEDED
    intent = invoice_payment.intent_of(books, bill)
    chosen = method or usual_method(books, bill)
    bill["attempted"] = True
    bill["attempt_count"] += 1
    if intent is None or chosen is None:
        outcome = Outcome.DECLINED  # nothing to charge
    else:
        outcome = payment_intent.attempt(
            books,
            intent,
            books.get("payment_method", chosen),
            is_present=is_present,
            is_authenticated=is_authenticated,
        )
    if outcome is Outcome.SUCCEEDED:
        invoice.mark_paid(books, bill)
        _paid(books, bill)
    else:
        _unpaid(books, bill, outcome, is_present=is_present, is_scheduled=is_scheduled)
    return outcome


def usual_method(books: Books, bill: Json) -> str | None:
    """Return the card that a bill is charged to: the subscription's, else the customer's."""
    owner = books.find("subscription", invoice.subscription_of(bill))
    customer = books.get("customer", bill["customer"])
    of_subscription = None if owner is None else owner["default_payment_method"]
    usual: str | None = of_subscription or customer["invoice_settings"]["default_payment_method"]
    return usual


def challenge_failed(books: Books, bill: Json) -> None:
    """Take note that the customer did not pass a challenge."""
    if (intent := invoice_payment.intent_of(books, bill)) is not None:
        payment_intent.challenge_failed(books, intent)
    books.emit("invoice.payment_failed", bill)


def give_up(books: Books, owner: Json) -> None:
    """Do what the account's owner chose for when no retry helped."""
    match books.policy.after_retries:
        case "cancel":
            subscription.end(books, owner, reason="payment_failed")
        case "unpaid":
            subscription.change_status(books, owner, "unpaid")
        case _:
            pass  # it stays past due


def pay(books: Books, form: Form, identifier: str) -> Json:
    """Try once more, at the API's word: https://docs.stripe.com/api/invoices/pay."""
    bill = books.get("invoice", identifier)
    method = form.text("payment_method")
    if method is not None:
        books.get("payment_method", method, param="payment_method")
    if bill["status"] == "paid":
        message = "Invoice is already paid"
        raise StripeRefusal(message, code="invoice_already_paid")
    if bill["status"] != "open":
        message = "This invoice can no longer be paid"
        raise StripeRefusal(message, code="invoice_not_open")
    outcome = settle(books, bill, method=method, is_present=form.flag("off_session") is False)
    if outcome is not Outcome.SUCCEEDED:
        raise refusal_of(books, bill, outcome)
    return bill


def refusal_of(books: Books, bill: Json, outcome: Outcome) -> StripeRefusal:
    """Return the card error that the API answers a failed payment with."""
    if outcome is Outcome.NEEDS_ACTION:
        return StripeRefusal(
            "Your card was declined. This transaction requires authentication.",
            status=402,
            kind="card_error",
            code="invoice_payment_intent_requires_action",
        )
    intent = invoice_payment.intent_of(books, bill)
    error = (intent or {}).get("last_payment_error")
    if error is None:
        message = "There is no default_payment_method set on this Customer or Invoice."
        return StripeRefusal(message)
    details = {name: error[name] for name in ("charge", "decline_code") if name in error}
    return StripeRefusal(
        error["message"], status=402, kind="card_error", code=error["code"], **details
    )


def _paid(books: Books, bill: Json) -> None:
    _mark_delinquent(books, bill, is_delinquent=False)
    owner = books.find("subscription", invoice.subscription_of(bill))
    if owner is None or owner["latest_invoice"] != bill["id"]:
        return
    if owner["status"] in ("incomplete", "past_due", "unpaid"):
        subscription.change_status(books, owner, "active")


def _unpaid(
    books: Books, bill: Json, outcome: Outcome, *, is_present: bool, is_scheduled: bool
) -> None:
    owner = books.find("subscription", invoice.subscription_of(bill))
    is_first = bill["billing_reason"] == "subscription_create"
    tries = books.hide(bill["id"])
    left = books.policy.retry_days[tries.get("retries", 0) :]
    if is_first:
        bill["next_payment_attempt"] = None  # the customer has 23 hours, and tries themselves
    elif is_scheduled:
        bill["next_payment_attempt"] = books.now + left[0] * DAY if left else None
        tries["retries"] = tries.get("retries", 0) + 1
    if outcome is Outcome.NEEDS_ACTION:
        books.emit("invoice.payment_action_required", bill)
    if outcome is Outcome.DECLINED or not is_present:
        books.emit("invoice.payment_failed", bill)
    if owner is None or is_first:
        return
    _mark_delinquent(books, bill, is_delinquent=True)
    if owner["status"] in ("active", "trialing"):
        subscription.change_status(books, owner, "past_due")
    if is_scheduled and not left and owner["status"] == "past_due":
        give_up(books, owner)


def _mark_delinquent(books: Books, bill: Json, *, is_delinquent: bool) -> None:
    customer = books.find("customer", bill["customer"])
    if customer is not None:
        former = copy.deepcopy(customer)
        customer["delinquent"] = is_delinquent
        books.emit("customer.updated", customer, former)


ROUTES = (
    Route(
        "POST",
        "/v1/invoices/<identifier>/pay",
        "invoices.pay",
        pay,
        ("payment_method", "off_session"),
    ),
)
