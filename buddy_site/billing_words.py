"""How the site says what somebody pays, when, and what to do when it did not work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from shared.domain.billing import Standing
from shared.domain.prices import Interval, PaidPlan, Price
from shared.money import Money
from shared.services.billing import BillingView, PaymentView

SIGNS: Final = {"usd": "$", "eur": "€", "gbp": "£"}
ADVERBS: Final = {Interval.MONTH: "monthly", Interval.YEAR: "yearly"}
PAYMENTS: Final = {
    "paid": "Paid",
    "open": "Not paid yet",
    "void": "Canceled",
    "uncollectible": "Not paid",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says first: how it stands, in which tone, and what it means."""

    title: str
    tone: str  # as `forms.notice` has them
    lines: tuple[str, ...]


def money(amount: Money) -> str:
    """Say an amount: "$14.99", or "14.99 CHF" where the sign would not be understood."""
    figure = f"{Decimal(amount.minor).scaleb(-2):,.2f}"
    sign = SIGNS.get(amount.currency)
    return f"{sign}{figure}" if sign else f"{figure} {amount.currency.upper()}"


def day(at: datetime, where: tzinfo) -> str:
    """Say a date in full: "22 December 2026"."""
    local = at.astimezone(where)
    return f"{local.day} {local:%B} {local.year}"


def every(interval: str | None) -> str:
    """Say how often: "every month"."""
    return f"every {interval}" if interval else "each time"


def price_line(price: Price) -> str:
    """Say a price: "$14.99 a month"."""
    return f"{money(price.amount)} a {price.interval}"


def price_note(price: Price, plan: PaidPlan) -> str:
    """Say what a price has for itself, if anything."""
    saving = plan.saving()
    if price.interval is Interval.YEAR and saving is not None:
        return f"You save {money(saving)} a year."
    if price.interval is Interval.MONTH:
        return "Stop whenever you like."
    return ""


def other_interval(interval: str | None) -> str:
    """Say what one may switch to."""
    return ADVERBS[Interval.YEAR if interval != Interval.YEAR else Interval.MONTH]


def payment_status(payment: PaymentView) -> str:
    """Say what came of a bill."""
    if payment.refunded.minor >= payment.paid.minor > 0:
        return "Refunded"
    if payment.refunded.minor > 0:
        return f"{money(payment.refunded)} refunded"
    return PAYMENTS.get(payment.status, "In progress")


def standing(view: BillingView, where: tzinfo) -> Words:
    """Say how it stands."""
    return SAYINGS[view.standing](view, where)


def banner(view: BillingView, where: tzinfo) -> str:
    """Say on every page of the account what can't wait; empty where everything is well."""
    match view.standing:
        case Standing.PAST_DUE:
            return f"Your last payment didn't go through. Your plan goes on{_until(view, where)}."
        case Standing.NEEDS_ACTION:
            return "Your bank wants you to confirm your payment."
        case Standing.LAPSED | Standing.UNPAID:
            return "Your plan is on hold because a payment is missing."
        case _:
            return ""


def _none(_view: BillingView, _where: tzinfo) -> Words:
    return Words("No plan", "info", ("You talk on free minutes.",))


def _confirming(_view: BillingView, _where: tzinfo) -> Words:
    return Words(
        "Confirming your payment",
        "info",
        ("Stripe is telling us about it; this page follows by itself, usually in seconds.",),
    )


def _active(view: BillingView, where: tzinfo) -> Words:
    subscription = view.subscription
    if subscription is None or subscription.amount is None:
        return Words("Unlimited", "good", ("Talk without counting minutes.",))
    return Words(
        "Unlimited",
        "good",
        (
            "Talk without counting minutes.",
            (
                f"On {day(subscription.current_period_end, where)} we will charge "
                f"{money(subscription.amount)} to your card, and again "
                f"{every(subscription.interval)} until you cancel."
            ),
        ),
    )


def _canceling(view: BillingView, where: tzinfo) -> Words:
    return Words(
        "Your plan is canceled",
        "warning",
        (
            f"You talk without limit{_end(view, where)}. Nothing more will be charged.",
            "If you change your mind before then, keep it. You pay nothing twice.",
        ),
    )


def _past_due(view: BillingView, where: tzinfo) -> Words:
    return Words(
        "Your last payment didn't go through",
        "warning",
        (
            f"Your plan goes on{_until(view, where)}, and you talk without limit till then.",
            (
                f"We try your card again by ourselves. To be on the safe side, pay{_owed(view)} "
                "now or give us another card."
            ),
        ),
    )


def _lapsed(view: BillingView, _where: tzinfo) -> Words:
    return Words(
        "Your plan is on hold",
        "bad",
        (
            f"A payment{_of(view)} is missing, so calls use free minutes for now.",
            "Pay it and you talk without limit again, at once.",
        ),
    )


def _needs_action(view: BillingView, where: tzinfo) -> Words:
    till = f" You talk without limit{_until(view, where)}." if _may(view) else ""
    return Words(
        "Your bank wants you to confirm",
        "warning",
        (f"The payment{_of(view)} waits for your yes at your bank.{till}",),
    )


def _incomplete(_view: BillingView, _where: tzinfo) -> Words:
    return Words(
        "Your payment didn't go through",
        "warning",
        ("Nothing was charged, and no plan has begun. Try again, perhaps with another card.",),
    )


def _paused(_view: BillingView, _where: tzinfo) -> Words:
    return Words(
        "Your plan is paused",
        "info",
        ("Nothing is charged meanwhile, and calls use free minutes. Go on whenever you like.",),
    )


def _canceled(view: BillingView, where: tzinfo) -> Words:
    ended_at = view.subscription.ended_at if view.subscription is not None else None
    when = f" on {day(ended_at, where)}" if ended_at is not None else ""
    return Words(
        "No plan any more",
        "info",
        (f"Your plan ended{when}. Nothing more will be charged; calls use free minutes.",),
    )


def _refunded(view: BillingView, where: tzinfo) -> Words:
    back = next((one.refunded for one in view.payments if one.refunded.minor > 0), None)
    amount = money(back) if back is not None else "The money"
    return Words(
        "No plan any more",
        "info",
        (
            *_canceled(view, where).lines,
            f"{amount} went back to your card; banks take up to ten days to show it.",
        ),
    )


SAYINGS: Final[dict[Standing, Callable[[BillingView, tzinfo], Words]]] = {
    Standing.NONE: _none,
    Standing.CONFIRMING: _confirming,
    Standing.ACTIVE: _active,
    Standing.CANCELING: _canceling,
    Standing.PAST_DUE: _past_due,
    Standing.LAPSED: _lapsed,
    Standing.UNPAID: _lapsed,
    Standing.NEEDS_ACTION: _needs_action,
    Standing.INCOMPLETE: _incomplete,
    Standing.PAUSED: _paused,
    Standing.CANCELED: _canceled,
    Standing.REFUNDED: _refunded,
}


def _may(view: BillingView) -> bool:
    return view.entitlement.is_unlimited


def _until(view: BillingView, where: tzinfo) -> str:
    """Say when patience ends, where it does."""
    subscription = view.subscription
    until = subscription.grace_until if subscription is not None else None
    return f" until {day(until, where)}" if until is not None else ""


def _end(view: BillingView, where: tzinfo) -> str:
    if view.subscription is None:
        return ""
    return f" until {day(view.subscription.current_period_end, where)}"


def _owed(view: BillingView) -> str:
    owed = next((one.due for one in view.payments if one.status == "open"), None)
    return f" {money(owed)}" if owed is not None else ""


def _of(view: BillingView) -> str:
    return f" of{owed}" if (owed := _owed(view)) else ""
