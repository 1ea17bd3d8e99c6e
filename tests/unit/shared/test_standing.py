"""How it stands with a subscription: every combination has one answer, and the right ones."""

from __future__ import annotations

import itertools

import pytest

from shared.domain.billing import Standing, SubscriptionStanding, standing

STATUSES = (
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
    "a status of next year",
)


def subscription(status: str, **changes: bool) -> SubscriptionStanding:
    plain = {
        "cancel_at_period_end": False,
        "has_ended": False,
        "needs_action": False,
        "is_entitled": status in {"active", "trialing", "past_due"},
        "was_refunded": False,
    }
    return SubscriptionStanding(status, **{**plain, **changes})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, Standing.NONE),
        (subscription("active"), Standing.ACTIVE),
        (subscription("trialing"), Standing.ACTIVE),
        (subscription("active", cancel_at_period_end=True), Standing.CANCELING),
        (subscription("active", was_refunded=True), Standing.ACTIVE),
        (subscription("active", is_entitled=False), Standing.CONFIRMING),
        (subscription("past_due"), Standing.PAST_DUE),
        (subscription("past_due", is_entitled=False), Standing.LAPSED),
        (subscription("past_due", needs_action=True), Standing.NEEDS_ACTION),
        (subscription("incomplete", needs_action=True), Standing.NEEDS_ACTION),
        (subscription("incomplete"), Standing.INCOMPLETE),
        (subscription("incomplete_expired", has_ended=True), Standing.NONE),
        (subscription("canceled", has_ended=True), Standing.CANCELED),
        (subscription("canceled", has_ended=True, was_refunded=True), Standing.REFUNDED),
        (subscription("unpaid"), Standing.UNPAID),
        (subscription("paused"), Standing.PAUSED),
    ],
)
def test_it_stands_as_it_should(found: SubscriptionStanding | None, expected: Standing) -> None:
    assert standing(found, is_confirming=False) is expected


def test_confirming_is_said_only_where_nothing_runs() -> None:
    running = {"trialing", "active", "past_due", "unpaid", "paused"}
    flags = list(itertools.product((False, True), repeat=4))
    for status, (ended, action, entitled, refunded) in itertools.product(STATUSES, flags):
        found = subscription(
            status,
            has_ended=ended,
            needs_action=action,
            is_entitled=entitled,
            was_refunded=refunded,
        )

        waiting = standing(found, is_confirming=True)
        plainly = standing(found, is_confirming=False)

        if status in running and not ended:
            assert waiting is plainly
        elif ended or status in {"incomplete", "incomplete_expired"}:
            assert waiting is Standing.CONFIRMING
    assert standing(None, is_confirming=True) is Standing.CONFIRMING
