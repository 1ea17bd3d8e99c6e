"""What every page has around it: skip link, header, one main landmark, footer."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.core.banner import (  # type: ignore[import-untyped]
    has_connection_errors,
)

from buddy_site import paths
from buddy_site.components.links import server_link, sign_out_button
from buddy_site.state.account import AccountState
from buddy_site.state.sandbox import SandboxState
from shared.settings import Settings

SANDBOX_WORDS = "Sandbox: this number is not on the telephone network. Call it from "
SANDBOX_COMMAND = "make call ARGS='--say \"hello Ben\"'"

# The account's pages, in the order in which they are shown.
ACCOUNT_LINKS = (
    ("Home", paths.HOME, "house"),
    ("Calls", paths.CALLS, "phone-call"),
    ("Talk time", paths.TALK_TIME, "timer"),
    ("Billing", paths.BILLING, "credit-card"),
    ("Profile", paths.PROFILE, "user-round"),
    ("Numbers", paths.PHONE, "smartphone"),
    ("Your data", paths.PRIVACY, "file-lock-2"),
    ("Sessions", paths.SESSIONS, "monitor-smartphone"),
)

OPERATOR_LINK = ("Operator", paths.OPERATOR, "gauge")

# On a narrow screen the links go on beyond the edge.
SHOW_WHERE_WE_ARE = """
document.querySelector(".account-nav [aria-current]")
  ?.scrollIntoView({ inline: "center", block: "nearest", behavior: "instant" });
"""


def page(*children: Any, at: str = "") -> rx.Component:
    """Return the page at an address; `children` go into its main landmark."""
    return rx.el.div(
        # Followed by the browser, not by the router, so that the focus moves as well.
        server_link("Skip to the content", href="#main", class_name="skip"),
        _sandbox_note(),
        _header(at),
        rx.el.main(*children, id="main", tab_index=-1),
        _footer(),
        rx.cond(
            has_connection_errors,
            rx.el.div(
                "The connection is gone. Trying again…", role="status", class_name="connection"
            ),
        ),
        rx.cond(
            rx.State.is_hydrated,
            rx.el.span(hidden=True, custom_attrs={"data-testid": "ready"}),
        ),
        class_name="page",
    )


def account_page(*children: Any, at: str) -> rx.Component:
    """Return a page of the account at an address, with the way to the others beside it."""
    return page(
        rx.el.div(
            rx.el.nav(
                rx.el.ul(
                    *(_account_link(*link, at) for link in ACCOUNT_LINKS),
                    rx.cond(AccountState.is_operator, _account_link(*OPERATOR_LINK, at)),
                ),
                class_name="account-nav",
                aria_label="Your account",
                on_mount=rx.call_script(SHOW_WHERE_WE_ARE),
            ),
            rx.el.div(
                *([] if at == paths.BILLING else [_payment_missing()]),
                *children,
                class_name="account",
            ),
            class_name="wrap account-frame",
        ),
        at=at,
    )


def _payment_missing() -> rx.Component:
    """Return what can't wait about the account's payments, where there is something."""
    return rx.cond(
        AccountState.billing_notice != "",
        rx.el.div(
            rx.el.p(rx.el.strong(AccountState.billing_notice)),
            rx.el.p(rx.el.a("See what to do", href=paths.BILLING)),
            role="status",
            class_name="notice warning account-banner",
        ),
    )


def trouble(text: Any) -> rx.Component:
    """Return a notice that something did not work, where there is one."""
    return rx.cond(
        text != "",
        rx.el.div(rx.el.p(rx.el.strong(text)), role="alert", class_name="notice"),
    )


def _sandbox_note() -> rx.Component:
    if Settings().environment != "sandbox":
        return rx.fragment()
    return rx.el.aside(
        SANDBOX_WORDS,
        rx.cond(
            SandboxState.test_phone_url != "",
            rx.fragment(rx.el.a("the test phone", href=SandboxState.test_phone_url), " or "),
        ),
        "a terminal with ",
        rx.el.code(SANDBOX_COMMAND),
        class_name="sandbox-note",
        aria_label="About this installation",
    )


def _header(at: str) -> rx.Component:
    return rx.el.header(
        rx.el.div(
            rx.el.a(
                rx.el.img(src="/favicon.svg", alt="", width="32", height="32"),
                rx.el.span("GoToBuddy"),
                href=paths.LANDING,
                class_name="brand",
                aria_label="GoToBuddy, first page",
            ),
            rx.el.nav(
                rx.cond(AccountState.minutes != "", _minutes()),
                rx.cond(
                    AccountState.is_signed_in,
                    _nav_link("Your account", paths.HOME, at),
                    _nav_link("Sign in", paths.SIGN_IN, at),
                ),
                _colour_switch(),
                class_name="site-nav",
                aria_label="Site",
            ),
            class_name="wrap",
        ),
        class_name="site-header",
    )


def _minutes() -> rx.Component:
    return rx.el.a(
        rx.icon("timer", size=18, aria_hidden=True),
        rx.el.span("Talk time left: ", class_name="visually-hidden"),
        AccountState.minutes,
        href=paths.TALK_TIME,
        class_name="minutes",
        custom_attrs={"data-testid": "minutes"},
    )


def _nav_link(text: str, path: str, at: str) -> rx.Component:
    return rx.el.a(
        text,
        href=path,
        class_name="nav-link",
        custom_attrs={"aria-current": "page"} if path == at else {},
    )


def _account_link(text: str, path: str, icon: str, at: str) -> rx.Component:
    return rx.el.li(
        rx.el.a(
            rx.icon(icon, aria_hidden=True),
            text,
            href=path,
            class_name="account-link",
            custom_attrs={"aria-current": "page"} if path == at else {},
        )
    )


def _colour_switch() -> rx.Component:
    """Return the switch; which of its two faces shows is CSS, so that the first paint is right."""
    return rx.el.button(
        rx.el.span(rx.icon("moon", size=20, aria_hidden=True), class_name="when-light"),
        rx.el.span(rx.icon("sun", size=20, aria_hidden=True), class_name="when-dark"),
        rx.el.span("Switch between light and dark", class_name="visually-hidden"),
        type="button",
        class_name="round-button",
        on_click=rx.toggle_color_mode,
    )


def _footer() -> rx.Component:
    return rx.el.footer(
        rx.el.div(
            rx.el.div(
                rx.el.p(
                    rx.el.strong("Buddies are AI, and no help in an emergency. "),
                    "In danger, call ",
                    rx.el.a("911", href="tel:911", class_name="text-link"),
                    ". If you think about harming yourself, call or text ",
                    rx.el.a("988", href="tel:988", class_name="text-link"),
                    ", day and night, free in the US.",
                ),
                rx.el.p("GoToBuddy is for adults, 18 and over.", class_name="soft"),
                class_name="stack",
            ),
            rx.el.nav(
                rx.el.a("How to call", href="/#how"),
                rx.el.a("Your words", href="/#words"),
                rx.el.a("Questions", href="/#questions"),
                rx.el.a("Terms", href=paths.TERMS),
                rx.el.a("Privacy", href=paths.PRIVACY_POLICY),
                rx.el.a("In a crisis", href=paths.CRISIS),
                rx.cond(AccountState.is_signed_in, sign_out_button("plain")),
                class_name="footer-links",
                aria_label="Help",
            ),
            class_name="wrap",
        ),
        class_name="site-footer",
    )
