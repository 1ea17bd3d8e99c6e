"""The door: one button, and a plain word when it did not open."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths
from buddy_site.components.layout import page
from buddy_site.components.links import server_link
from buddy_site.state.account import AccountState, SignInState


def sign_in() -> rx.Component:
    """Return the sign-in page."""
    return page(
        rx.el.div(
            rx.el.h1("Sign in"),
            rx.cond(
                SignInState.problem != "",
                rx.el.div(
                    rx.el.p(rx.el.strong(SignInState.problem)),
                    rx.el.p(SignInState.advice),
                    role="alert",
                    class_name="notice",
                ),
            ),
            rx.cond(
                AccountState.is_signed_in,
                rx.el.p("You are signed in. ", rx.el.a("Go to your calls", href=paths.CALLS)),
            ),
            rx.el.p(
                "See your calls word for word, also while they are going on. "
                "To call, you don't need this.",
                class_name="lead",
            ),
            server_link(
                _google_mark(),
                "Continue with Google",
                href=SignInState.start_path,
                class_name="button",
            ),
            rx.el.p(
                "Google tells us your name and email address, nothing else. "
                "We never see your password.",
                class_name="soft small",
            ),
            rx.el.p(
                "By going on you accept our ",
                rx.el.a("terms", href=paths.TERMS),
                " and our ",
                rx.el.a("privacy policy", href=paths.PRIVACY_POLICY),
                ".",
                class_name="soft small",
            ),
            class_name="narrow centre",
        ),
        at=paths.SIGN_IN,
    )


def _google_mark() -> rx.Component:
    return rx.el.span(rx.icon("log-in", size=20, aria_hidden=True), aria_hidden=True)
