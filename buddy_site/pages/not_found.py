"""The page for an address that leads nowhere."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths
from buddy_site.components.layout import page


def not_found() -> rx.Component:
    """Return the page."""
    return page(
        rx.el.div(
            rx.el.p("404", class_name="big-key", aria_hidden=True),
            rx.el.h1("Wrong number"),
            rx.el.p(
                "There is no page at this address. It may have moved, or the link has a typo.",
                class_name="lead",
            ),
            rx.el.a("Back to the first page", href=paths.LANDING, class_name="button"),
            class_name="narrow centre",
        ),
    )
