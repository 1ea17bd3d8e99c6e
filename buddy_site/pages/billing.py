"""The plan: how it stands, what it will cost and when, and every way to change it."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths
from buddy_site.components.calls import skeleton
from buddy_site.components.forms import buttons, form, panel, submit_button, table
from buddy_site.components.layout import account_page, trouble
from buddy_site.gateways.billing import PortalPage
from buddy_site.state.billing import BillingState

# Handlers that take an argument; Reflex gives them their type when it runs.
CHOOSE: Any = BillingState.choose
MANAGE: Any = BillingState.manage


def billing() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("Billing"),
            rx.el.p("Your plan, what it costs, and what you paid.", class_name="soft"),
            class_name="head",
        ),
        trouble(BillingState.trouble),
        rx.cond(
            BillingState.is_loaded,
            rx.fragment(
                _standing(),
                rx.cond(BillingState.may_buy, _offer()),
                rx.cond(BillingState.payments, _payments()),
                _words(),
            ),
            skeleton("Loading your plan", rows=3),
        ),
        at=paths.BILLING,
    )


def _standing() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.cond(
                BillingState.is_confirming,
                rx.el.span(class_name="plan-wait", aria_hidden=True),
            ),
            rx.el.h2(BillingState.title),
            class_name="plan-title",
        ),
        rx.el.div(
            rx.foreach(BillingState.lines, rx.el.p),
            rx.cond(
                BillingState.is_slow & BillingState.is_confirming,
                rx.el.p(
                    "This takes longer than usual. You may leave the page: your plan starts by "
                    "itself as soon as the payment is confirmed. If you have not paid, go back "
                    "to the payment page.",
                ),
            ),
            role="status",
            class_name="stack",
        ),
        _actions(),
        _refusal(BillingState.may_buy),
        class_name="panel settings plan tone-" + BillingState.tone,
        aria_label="Your plan",
        custom_attrs={"data-standing": BillingState.standing},
    )


def _actions() -> rx.Component:
    """Return what can be done now, the most likely thing first."""
    return buttons(
        rx.cond(
            BillingState.pay_url != "",
            rx.el.a(
                rx.cond(BillingState.is_action, "Confirm the payment", "Pay now"),
                href=BillingState.pay_url,
                class_name="button",
                rel="noopener",
            ),
        ),
        rx.cond(BillingState.resume != "", _manage(BillingState.resume, PortalPage.HOME, "button")),
        rx.cond(
            BillingState.is_confirming & BillingState.is_slow & (BillingState.checkout_url != ""),
            rx.el.a(
                "Back to the payment page",
                href=BillingState.checkout_url,
                class_name="button quiet",
                rel="noopener",
            ),
        ),
        rx.cond(
            BillingState.switch_to != "",
            _manage("Switch to " + BillingState.switch_to, PortalPage.SWITCH),
        ),
        rx.cond(BillingState.may_change_card, _manage("Change card", PortalPage.PAYMENT_METHOD)),
        rx.cond(BillingState.is_running, _manage("Cancel plan", PortalPage.CANCEL)),
    )


def _manage(text: Any, page: PortalPage, class_name: str = "button quiet") -> rx.Component:
    return rx.el.button(
        text,
        type="button",
        class_name=class_name,
        on_click=MANAGE(page.value),
    )


def _refusal(elsewhere: Any) -> rx.Component:
    """Return why a button did not lead anywhere, unless the offer below says it."""
    return rx.cond(
        (BillingState.refusal != "") & ~elsewhere,
        rx.el.p(BillingState.refusal, role="alert", class_name="refusal"),
    )


def _offer() -> rx.Component:
    return panel(
        "Unlimited",
        rx.cond(
            BillingState.has_number,
            form(
                rx.el.fieldset(
                    rx.el.legend("How you pay"),
                    rx.el.div(
                        rx.foreach(BillingState.prices, _price), class_name="choices price-choices"
                    ),
                    class_name="field",
                ),
                rx.el.div(
                    rx.el.label(
                        rx.el.input(
                            type="checkbox",
                            id="renewal",
                            name="renewal",
                            key=BillingState.chosen,  # other words, another yes
                            aria_invalid=rx.cond(BillingState.refusal != "", "true", "false"),
                        ),
                        rx.el.span(BillingState.consent),
                        html_for="renewal",
                        class_name="tick",
                    ),
                    rx.cond(
                        BillingState.refusal != "",
                        rx.el.p(BillingState.refusal, role="alert", class_name="refusal"),
                    ),
                    class_name="field",
                ),
                buttons(
                    submit_button("Continue to payment", busy=BillingState.is_busy),
                    rx.el.span(
                        "You pay on Stripe's page. Your card never touches ours.",
                        class_name="soft small",
                    ),
                ),
                on_submit=BillingState.subscribe,
            ),
            rx.fragment(
                rx.el.ul(
                    rx.foreach(
                        BillingState.prices,
                        lambda price: rx.el.li(
                            rx.el.strong(price.line), rx.el.span(price.note, class_name="soft")
                        ),
                    ),
                    class_name="price-lines",
                ),
                rx.el.p("First prove your phone number, so that your calls are known to be yours."),
                buttons(rx.el.a("Prove my number", href=paths.PHONE, class_name="button")),
            ),
        ),
        intro="Any buddy, any time, without counting minutes. " + BillingState.fair_use,
    )


def _price(price: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="price",
            value=price.lookup_key,
            checked=BillingState.chosen == price.lookup_key,
            on_change=CHOOSE(price.lookup_key),
        ),
        rx.el.span(
            rx.el.strong(price.line),
            rx.cond(price.note != "", rx.el.span(price.note, class_name="small")),
        ),
    )


def _payments() -> rx.Component:
    return panel(
        "Your bills",
        table(
            "Your bills, the newest first",
            ("Date", "Amount", "Status", "Bill"),
            BillingState.payments,
            lambda row: (
                row.when,
                row.amount,
                row.status,
                rx.cond(
                    row.url != "",
                    rx.el.a(
                        "View",
                        rx.el.span(" the bill of ", row.when, class_name="visually-hidden"),
                        href=row.url,
                        target="_blank",
                        rel="noopener",
                    ),
                    "",
                ),
            ),
        ),
    )


def _words() -> rx.Component:
    return rx.el.div(
        rx.cond(~BillingState.may_buy, rx.el.p(BillingState.fair_use)),
        rx.el.p(
            "How many minutes you have and where they went is on the page ",
            rx.el.a("Talk time", href=paths.TALK_TIME),
            ".",
        ),
        rx.el.p(
            "Cancel whenever you like, in two clicks: “Cancel plan” here, then “Cancel” on "
            "Stripe's page. You keep what you paid for to its end. The ",
            rx.el.a("terms", href=paths.TERMS),
            " say it in full.",
        ),
        class_name="stack soft small",
    )
