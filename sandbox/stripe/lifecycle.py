"""What happens by itself when its time has come.

Renewals, retries, sessions and subscriptions that run out:
https://docs.stripe.com/billing/subscriptions/overview and /billing/testing/test-clocks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial

from sandbox.stripe import collection
from sandbox.stripe.clock import DAY, HOUR, period_after
from sandbox.stripe.forms import Form
from sandbox.stripe.objects import checkout_session, invoice, subscription
from sandbox.stripe.store import Books, Json

FIRST_PAYMENT_SECONDS = 23 * HOUR  # then an incomplete subscription expires
TRIAL_NOTICE_SECONDS = 3 * DAY  # before a trial's end

Work = Callable[[], object]


def catch_up(books: Books, until: int | None = None) -> int:
    """Do all that is due by then, each at its own moment; return how much that was.

    The clock stands at `until` afterwards.
    """
    target = books.now if until is None else until
    done = 0
    while (due := min(_due(books), key=lambda found: found[0], default=None)) is not None:
        moment, work = due
        if moment > target:
            break
        books.clock.move_to(moment)
        work()
        done += 1
    books.clock.move_to(target)
    return done


def _due(books: Books) -> Iterator[tuple[int, Work]]:
    """Give what will happen, and when, if nothing else does."""
    for thing in list(books):
        match thing["object"]:
            case "checkout.session" if thing["status"] == "open":
                work = partial(checkout_session.expire, books, Form({}), thing["id"])
                yield thing["expires_at"], work
            case "invoice":
                yield from _due_of_invoice(books, thing)
            case "subscription" if thing["status"] not in subscription.OVER:
                yield from _due_of_subscription(books, thing)


def _due_of_invoice(books: Books, bill: Json) -> Iterator[tuple[int, Work]]:
    if bill["status"] == "draft" and bill["automatically_finalizes_at"] is not None:
        yield bill["automatically_finalizes_at"], partial(_finalize, books, bill)
    elif bill["status"] == "open" and bill["next_payment_attempt"] is not None:
        retry = partial(collection.settle, books, bill, is_scheduled=True)
        yield bill["next_payment_attempt"], retry


def _due_of_subscription(books: Books, owner: Json) -> Iterator[tuple[int, Work]]:
    if owner["status"] == "incomplete":
        yield owner["created"] + FIRST_PAYMENT_SECONDS, partial(_expire, books, owner)
        return
    if owner["status"] == "paused":
        return
    if owner["cancel_at"] is not None:
        leave = partial(subscription.end, books, owner, reason="cancellation_requested")
        yield owner["cancel_at"], leave
    if owner["status"] == "trialing" and not books.hide(owner["id"]).get("trial_noted"):
        yield owner["trial_end"] - TRIAL_NOTICE_SECONDS, partial(_note_trial, books, owner)
    end = subscription.item_of(owner)["current_period_end"]
    if owner["cancel_at"] is None or end < owner["cancel_at"]:
        yield end, partial(_renew, books, owner)


def _renew(books: Books, owner: Json) -> None:
    """Start the next period and bill it; the bill is final, and paid, an hour later."""
    former = copy.deepcopy(owner)
    item = subscription.item_of(owner)
    recurring = item["price"]["recurring"]
    over = (item["current_period_start"], item["current_period_end"])
    end = period_after(
        owner["billing_cycle_anchor"],
        recurring["interval"],
        recurring["interval_count"],
        over[1],
    )
    if owner["status"] == "trialing":
        owner["status"] = "active"
    item.update(current_period_start=over[1], current_period_end=end)
    pending = books.hide(owner["id"]).pop("pending", [])
    lines = [*pending, subscription.cycle_line(owner, (over[1], end))]
    bill = invoice.draft(books, owner, lines, "subscription_cycle", over)
    if owner["status"] == "unpaid":  # what comes is noted and not asked for
        bill.update(auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None)
    books.emit("customer.subscription.updated", owner, former)


def _finalize(books: Books, bill: Json) -> None:
    invoice.finalize(books, bill)
    collection.settle(books, bill, is_scheduled=True)


def _expire(books: Books, owner: Json) -> None:
    bill = books.get("invoice", owner["latest_invoice"])
    subscription.end(books, owner, reason="payment_failed", status="incomplete_expired")
    if bill["status"] == "open":
        invoice.void(books, bill)


def _note_trial(books: Books, owner: Json) -> None:
    books.hide(owner["id"])["trial_noted"] = True
    books.emit("customer.subscription.trial_will_end", owner)
