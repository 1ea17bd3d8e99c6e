"""What is shown instead of a page that broke in the browser, and told when a handler broke."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import traceback
from pathlib import Path

import reflex as rx
import structlog
from reflex.event import EventSpec
from reflex_components_core.base.error_boundary import (  # type: ignore[import-untyped]
    ErrorBoundary,
)

from buddy_site import paths
from buddy_site.components.links import server_link

log = structlog.get_logger()

MOST_CHARACTERS = 2000  # of what a browser says about itself


def broken() -> rx.Component:
    """Return the page; it uses nothing that may have broken with the other one."""
    return rx.el.main(
        rx.el.div(
            rx.el.h1("That went wrong"),
            rx.el.p(
                "This page broke while it was being shown. Your calls are not affected.",
                class_name="lead",
            ),
            server_link("Load the first page", href=paths.LANDING, class_name="button"),
            class_name="narrow centre",
        ),
        class_name="page",
    )


def error_boundary(is_stateful: bool) -> rx.Component:  # noqa: FBT001 - Reflex calls it
    """Return what catches a page that breaks and shows `broken` in its place."""
    props = {} if is_stateful else {"on_error": rx.noop()}
    boundary: rx.Component = ErrorBoundary.create(fallback_render=rx.Var.create(broken()), **props)
    return boundary


# Reflex evaluates the annotations of this one by name, so `EventSpec` must be called just that.
def on_handler_error(exception: Exception) -> EventSpec:
    """Log what broke, without what was said, and tell the reader in general words."""
    frame = traceback.extract_tb(exception.__traceback__)[-1]
    log.error(
        "handler_failed",
        error=type(exception).__name__,
        where=f"{Path(frame.filename).name}:{frame.lineno}",
        pii_text=str(exception),
    )
    return rx.toast.error(
        "Something went wrong on our side. Try again, or reload the page.", id="broken"
    )


def on_page_error(exception: Exception) -> None:
    """Note that a page broke in somebody's browser; anyone can claim so, in any words."""
    log.warning("page_broke", pii_text=str(exception)[:MOST_CHARACTERS])
