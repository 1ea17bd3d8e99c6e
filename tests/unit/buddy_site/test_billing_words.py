"""What the billing page says: amounts, dates, and what to do next, in whole sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from buddy_site import billing_words
from shared.domain.billing import Standing
from shared.domain.entitlements import NONE, Entitlement
from shared.money import Money
from shared.seed.prices import paid_plan
from shared.services.billing import BillingView, PaymentView, SubscriptionView

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
END = datetime(2026, 12, 22, 12, tzinfo=UTC)
SUBSCRIPTION = SubscriptionView(
    subscription_id="sub_1",
    lookup_key="unlimited_monthly",
    amount=Money(1499),
    interval="month",
    current_period_end=END,
    ended_at=None,
    grace_until=None,
    needs_action_url=None,
)
PAYMENT = PaymentView(
    invoice_id="in_1",
    subscription_id="sub_1",
    created_at=NOW,
    status="paid",
    due=Money(1499),
    paid=Money(1499),
    refunded=Money(0),
    url=None,
)
OPEN = replace(PAYMENT, status="open", paid=Money(0))


def view(standing: Standing, **changes: object) -> BillingView:
    plain = BillingView(
        standing=standing,
        entitlement=Entitlement(is_unlimited=True, until=END, is_in_grace=False),
        subscription=SUBSCRIPTION,
        payments=(PAYMENT,),
        pay_url=None,
        has_verified_number=True,
        has_customer=True,
        checkout_url=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (Money(1499), "$14.99"),
        (Money(14900), "$149.00"),
        (Money(5), "$0.05"),
        (Money(123456789), "$1,234,567.89"),
        (Money(1499, "eur"), "€14.99"),
        (Money(1499, "chf"), "14.99 CHF"),
    ],
)
def test_amounts_are_said_as_people_write_them(amount: Money, said: str) -> None:
    assert billing_words.money(amount) == said


def test_the_next_charge_is_a_sentence_with_day_and_amount() -> None:
    said = billing_words.standing(view(Standing.ACTIVE), UTC)

    assert said.lines[-1] == (
        "On 22 December 2026 we will charge $14.99 to your card, and again every month until "
        "you cancel."
    )


def test_who_cancels_reads_until_when_and_that_nothing_more_is_charged() -> None:
    said = " ".join(billing_words.standing(view(Standing.CANCELING), UTC).lines)

    assert "until 22 December 2026" in said
    assert "Nothing more will be charged." in said


def test_a_missing_payment_says_how_much_and_until_when_one_may_talk() -> None:
    behind = replace(SUBSCRIPTION, grace_until=NOW + timedelta(days=7))
    found = view(Standing.PAST_DUE, subscription=behind, payments=(OPEN, PAYMENT))

    said = " ".join(billing_words.standing(found, UTC).lines)

    assert "until 29 November 2026" in said
    assert "pay $14.99 now" in said
    assert billing_words.banner(found, UTC).endswith("until 29 November 2026.")


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_has_words_of_its_own_and_whole_sentences(standing: Standing) -> None:
    entitlement = NONE if standing is Standing.LAPSED else view(standing).entitlement

    full = billing_words.standing(view(standing, entitlement=entitlement), UTC)
    bare = billing_words.standing(
        view(standing, entitlement=NONE, subscription=None, payments=()), UTC
    )

    for said in (full, bare):
        assert said.title
        assert said.tone in {"info", "good", "warning", "bad"}
        assert all(line.endswith(".") and "None" not in line for line in said.lines)


def test_only_what_can_not_wait_is_on_every_page() -> None:
    loud = {standing for standing in Standing if billing_words.banner(view(standing), UTC)}

    assert loud == {Standing.PAST_DUE, Standing.NEEDS_ACTION, Standing.LAPSED, Standing.UNPAID}


@pytest.mark.parametrize(
    ("payment", "said"),
    [
        (PAYMENT, "Paid"),
        (OPEN, "Not paid yet"),
        (replace(PAYMENT, refunded=Money(1499)), "Refunded"),
        (replace(PAYMENT, refunded=Money(500)), "$5.00 refunded"),
        (replace(OPEN, status="void"), "Canceled"),
        (replace(OPEN, status="of next year"), "In progress"),
    ],
)
def test_bills_say_what_came_of_them(payment: PaymentView, said: str) -> None:
    assert billing_words.payment_status(payment) == said


def test_a_year_says_what_it_saves() -> None:
    plan = paid_plan()

    assert billing_words.price_line(plan.prices[0]) == "$14.99 a month"
    assert billing_words.price_note(plan.prices[1], plan) == "You save $30.88 a year."
    assert billing_words.other_interval("month") == "yearly"
    assert billing_words.other_interval("year") == "monthly"
