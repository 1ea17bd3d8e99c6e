"""A buddy's face: an emblem on its tone."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx


def avatar(tone: Any) -> rx.Component:
    """Return the emblem; the name always stands beside it, so it says nothing itself."""
    return rx.el.span(
        rx.el.img(src="/buddies/" + tone + ".svg", alt="", width="96", height="96"),
        class_name="avatar tone-" + tone,
        aria_hidden=True,
    )
