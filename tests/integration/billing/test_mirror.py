"""What Stripe says becomes rows: late, twice, in any order or never told, it comes out the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shared.domain.billing import CustomerSeen, EventSeen, Standing
from shared.errors import ProviderError
from shared.ids import AccountId
from shared.money import Money
from shared.services import billing, entitlements, erasure, stripe_mirror
from shared.tables.account import Account
from shared.tables.billing import BillingCustomer, Payment, ProcessedWebhook, Subscription
from tests.support.builders import KIM
from tests.support.fake_billing import START
from tests.support.paying import YEARLY, Till, paying_account


def rows(till: Till) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return what is kept of subscriptions and payments."""

    def read(session: Session) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        subscriptions = session.exec(select(Subscription).order_by(Subscription.id))
        payments = session.exec(select(Payment).order_by(Payment.invoice_id))
        return (
            [
                (row.id, row.status, row.current_period_end, row.cancel_at_period_end, row.ended_at)
                for row in subscriptions
            ],
            [(row.invoice_id, row.status, row.paid_minor, row.refunded_minor) for row in payments],
        )

    return till.database.transact_now(read)


def at_stripe(till: Till) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return the same of the vendor."""
    subscriptions = [one for some in till.vendor.subscriptions_of.values() for one in some.values()]
    invoices = [one for some in till.vendor.invoices_of.values() for one in some.values()]
    return (
        sorted(
            (
                one.subscription_id,
                one.status,
                one.current_period_end,
                one.cancel_at_period_end,
                one.ended_at,
            )
            for one in subscriptions
        ),
        sorted(
            (one.invoice_id, one.status, one.paid_minor, one.refunded_minor) for one in invoices
        ),
    )


def entitled(till: Till, account_id: AccountId) -> bool:
    return till.database.transact_now(entitlements.of, account_id, now=till.vendor.now).is_unlimited


async def test_the_entitlement_is_there_as_soon_as_the_webhook_is_answered(till: Till) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id)
    assert till.view(account_id, has_returned=True).standing is Standing.CONFIRMING
    till.vendor.pay(url.rpartition("/")[2])
    assert not entitled(till, account_id)

    await till.flow.news.take_webhook(till.vendor.happened[-1])

    view = till.view(account_id, has_returned=True)
    assert entitled(till, account_id)
    assert view.standing is Standing.ACTIVE
    assert [(one.paid, one.status) for one in view.payments] == [(Money(1499), "paid")]


async def test_any_order_of_a_life_ends_in_the_same_rows(till: Till) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id)
    subscription_id = till.vendor.pay(url.rpartition("/")[2])
    invoice_id = till.vendor.renew(subscription_id)
    till.vendor.renew(subscription_id, is_paid=False)
    till.vendor.recover(subscription_id)
    till.vendor.refund(invoice_id, 700)
    till.vendor.change(subscription_id, status="canceled", ended_at=till.vendor.now)
    events = [*till.vendor.happened, *till.vendor.happened]

    for event in reversed(events):
        await till.flow.news.take_webhook(event)

    assert rows(till) == at_stripe(till)
    assert till.view(account_id).standing is Standing.CANCELED
    assert till.vendor.asked["subscriptions"] == len(till.vendor.happened)


async def test_webhooks_at_once_ask_together(till: Till) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id)
    subscription_id = till.vendor.pay(url.rpartition("/")[2])
    till.vendor.renew(subscription_id)

    await asyncio.gather(*(till.flow.news.take_webhook(event) for event in till.vendor.happened))

    assert rows(till) == at_stripe(till)


async def test_an_older_answer_never_replaces_a_newer_one(till: Till) -> None:
    account_id = paying_account(till.database)
    subscription_id = await till.subscribe(account_id)
    (customer_id,) = till.vendor.customers
    old = CustomerSeen(
        customer_id=customer_id,
        asked_at=till.vendor.now,
        checkouts=(),
        subscriptions=await till.vendor.subscriptions(customer_id),
        invoices=await till.vendor.invoices(customer_id),
    )
    till.vendor.renew(subscription_id)
    await till.deliver()

    till.database.transact_now(stripe_mirror.apply, found=old, now=till.vendor.now)

    assert rows(till) == at_stripe(till)


async def test_a_failed_look_leaves_nothing_behind_and_is_made_up_for(till: Till) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id)
    till.vendor.pay(url.rpartition("/")[2])
    till.vendor.fail_next("invoices")
    with pytest.raises(ProviderError):
        await till.flow.news.take_webhook(till.vendor.happened[0])
    assert rows(till) == ([], [])

    await till.flow.news.take_webhook(till.vendor.happened[0])

    assert rows(till) == at_stripe(till)


async def test_lost_webhooks_are_found(till: Till) -> None:
    account_id = paying_account(till.database)
    subscription_id = await till.subscribe(account_id)
    till.vendor.renew(subscription_id)
    till.vendor.change(subscription_id, cancel_at_period_end=True)

    await till.flow.news.reconcile()
    asked = till.vendor.asked["subscriptions"]
    await till.flow.news.reconcile()

    assert rows(till) == at_stripe(till)
    assert till.view(account_id).standing is Standing.CANCELING
    assert till.vendor.asked["subscriptions"] == asked  # nothing was left to ask about


async def test_a_page_that_was_paid_without_a_word_is_looked_up(till: Till) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id)
    till.vendor.pay(url.rpartition("/")[2])
    till.vendor.happened.clear()
    await till.flow.news.reconcile()
    assert not entitled(till, account_id)

    till.vendor.now += timedelta(minutes=2)
    await till.flow.news.reconcile()

    assert entitled(till, account_id)


async def test_an_overdue_renewal_is_asked_about(till: Till) -> None:
    account_id = paying_account(till.database)
    subscription_id = await till.subscribe(account_id)
    till.vendor.renew(subscription_id)
    till.vendor.happened.clear()

    await till.flow.news.reconcile()

    assert rows(till) == at_stripe(till)


async def test_one_customer_that_fails_does_not_keep_the_others_waiting(till: Till) -> None:
    sam, kim = paying_account(till.database), paying_account(till.database, "kim", KIM)
    for account_id in (sam, kim):
        url = await till.begin(account_id)
        till.vendor.pay(url.rpartition("/")[2])
    till.vendor.fail_next("subscriptions")

    with pytest.raises(ProviderError):
        await till.flow.news.reconcile()
    assert [entitled(till, sam), entitled(till, kim)].count(True) == 1
    await till.flow.news.reconcile()

    assert rows(till) == at_stripe(till)


async def test_strangers_customers_are_left_alone(till: Till) -> None:
    customer_id = await till.vendor.create_customer(
        account_id="acc_of_another_shop", email=None, idempotency_key="x"
    )
    event = EventSeen("evt_x", "invoice.paid", START, customer_id)

    await till.flow.news.take_webhook(event)

    assert rows(till) == ([], [])


@pytest.mark.parametrize("is_ours", [True, False])
async def test_what_a_deleted_account_still_subscribes_to_is_ended(
    till: Till, *, is_ours: bool
) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id)

    def delete(session: Session) -> None:
        session.delete(session.get_one(Account, account_id))

    till.database.transact_now(delete)
    subscription_id = till.vendor.pay(url.rpartition("/")[2])
    if not is_ours:
        till.vendor.change(subscription_id, site="https://another.example")

    await till.deliver()

    ((_, found),) = [
        (customer, one)
        for customer, some in till.vendor.subscriptions_of.items()
        for one in some.values()
    ]
    assert found.status == ("canceled" if is_ours else "active")
    assert rows(till) == ([], [])


async def test_a_customer_deleted_at_stripe_ends_here_too(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.subscribe(account_id)
    (customer_id,) = till.vendor.customers

    await till.vendor.delete_customer(customer_id)
    await till.deliver()

    def has_customer(session: Session) -> bool:
        return session.get(BillingCustomer, account_id) is not None

    assert not entitled(till, account_id)
    assert not till.database.transact_now(has_customer)
    assert till.view(account_id).standing is Standing.CANCELED
    assert "/c/pay/" in await till.begin(account_id)


async def test_the_grace_begins_once_and_ends(till: Till) -> None:
    account_id = paying_account(till.database)
    subscription_id = await till.subscribe(account_id)
    till.vendor.renew(subscription_id, is_paid=False)
    await till.deliver()
    failed_at = till.vendor.now
    view = till.view(account_id)
    assert (view.standing, view.entitlement.is_in_grace) == (Standing.PAST_DUE, True)
    assert view.pay_url is not None

    standings = []
    for days in (6, 8):
        till.vendor.now = failed_at + timedelta(days=days)
        till.vendor.change(subscription_id, unpaid_since=till.vendor.now)  # billed again
        await till.deliver()
        standings.append(till.view(account_id).standing)
    till.vendor.recover(subscription_id)
    await till.deliver()

    assert standings == [Standing.PAST_DUE, Standing.LAPSED]
    assert till.view(account_id).standing is Standing.ACTIVE
    assert rows(till) == at_stripe(till)


STATES: list[tuple[dict[str, object], Standing]] = [
    ({"cancel_at_period_end": True}, Standing.CANCELING),
    ({"status": "past_due", "needs_action_url": "https://pay.example"}, Standing.NEEDS_ACTION),
    ({"status": "unpaid"}, Standing.UNPAID),
    ({"status": "paused"}, Standing.PAUSED),
    ({"status": "incomplete"}, Standing.INCOMPLETE),
    ({"status": "incomplete_expired", "ended_at": START}, Standing.NONE),
    ({"status": "canceled", "ended_at": START}, Standing.CANCELED),
]


async def test_every_state_of_a_subscription_is_known(till: Till) -> None:
    account_id = paying_account(till.database)
    assert till.view(account_id).standing is Standing.NONE
    subscription_id = await till.subscribe(account_id)
    _, begun = till.vendor.subscription(subscription_id)

    seen, pressing = [], []
    for change, _ in STATES:
        till.vendor.put(replace(begun, **change))  # type: ignore[arg-type]
        await till.deliver()
        seen.append(till.view(account_id).standing)
        if till.database.transact_now(billing.pressing, account_id=account_id, now=till.vendor.now):
            pressing.append(seen[-1])

    assert seen == [expected for _, expected in STATES]
    assert pressing == [Standing.NEEDS_ACTION, Standing.UNPAID, Standing.INCOMPLETE]


async def test_what_went_back_is_said(till: Till) -> None:
    account_id = paying_account(till.database)
    subscription_id = await till.subscribe(account_id, YEARLY)
    (invoice,) = till.view(account_id).payments
    till.vendor.refund(invoice.invoice_id)
    await till.vendor.cancel_subscription(subscription_id)

    await till.deliver()

    view = till.view(account_id)
    assert view.standing is Standing.REFUNDED
    assert [(one.paid, one.refunded) for one in view.payments] == [(Money(14900), Money(14900))]


async def test_an_event_is_remembered_once_with_its_effect(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.subscribe(account_id)
    await till.deliver()

    def remembered(session: Session) -> set[str]:
        return {row.event_id for row in session.exec(select(ProcessedWebhook))}

    assert till.database.transact_now(remembered) == {
        event.event_id for event in till.vendor.happened
    }


async def test_books_stay_when_an_account_goes(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.subscribe(account_id)

    till.database.transact_now(erasure.delete_account, account_id=account_id, now=till.vendor.now)

    def books(session: Session) -> list[tuple[str | None, int]]:
        return [(row.account_id, row.paid_minor) for row in session.exec(select(Payment))]

    assert till.database.transact_now(books) == [(None, 1499)]
    assert rows(till)[0] == []


async def test_pages_do_not_ask_stripe_all_the_time(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.flow.news.look(account_id)
    await till.begin(account_id)

    for seconds in (0, 1, 1, 1):
        till.vendor.now += timedelta(seconds=seconds)
        await till.flow.news.look(account_id)

    assert till.vendor.asked["subscriptions"] == 2
