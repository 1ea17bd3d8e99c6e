"""Who may talk without limit, whatever a subscription has been through."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.entitlements import (
    LATE_NEWS,
    NONE,
    PAST_DUE_GRACE,
    Entitlement,
    SubscriptionFacts,
    entitlement,
)
from tests.support.builders import NOW

MOMENT = timedelta(seconds=1)
END = NOW + timedelta(days=30)


def facts(
    status: str = "active", *, is_canceled: bool = False, past_due_days: int | None = None
) -> SubscriptionFacts:
    return SubscriptionFacts(
        status=status,
        current_period_end=END,
        cancel_at_period_end=is_canceled,
        past_due_since=NOW + timedelta(days=past_due_days) if past_due_days is not None else None,
    )


def test_without_a_subscription_nothing_is_unlimited() -> None:
    assert entitlement(None, NOW) == NONE


@pytest.mark.parametrize("status", ["active", "trialing"])
def test_a_renewal_we_have_not_heard_of_cuts_nobody_off_at_once(status: str) -> None:
    until = END + LATE_NEWS

    assert entitlement(facts(status), until - MOMENT) == Entitlement(
        is_unlimited=True, until=until, is_in_grace=False
    )
    assert entitlement(facts(status), until) == NONE


def test_a_canceled_subscription_ends_with_its_period() -> None:
    assert entitlement(facts(is_canceled=True), END - MOMENT).is_unlimited
    assert entitlement(facts(is_canceled=True), END) == NONE


def test_who_is_past_due_has_a_grace() -> None:
    until = NOW + PAST_DUE_GRACE

    assert entitlement(facts("past_due", past_due_days=0), until - MOMENT) == Entitlement(
        is_unlimited=True, until=until, is_in_grace=True
    )
    assert entitlement(facts("past_due", past_due_days=0), until) == NONE


@pytest.mark.parametrize(
    "status", ["incomplete", "incomplete_expired", "canceled", "unpaid", "paused", "past_due"]
)
def test_other_statuses_entitle_to_nothing(status: str) -> None:
    assert entitlement(facts(status), NOW) == NONE
