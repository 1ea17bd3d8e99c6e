"""The look in Python: what Radix is told, which fonts are shipped, each buddy's tone.

Colours, type scale and spacing are custom properties in `assets/site.css`, where light and dark
are two sets of the same names.
"""

from __future__ import annotations

import reflex as rx

# Served by the site itself: no visitor's address goes to a font host.
FONT_PACKAGES = (
    "@fontsource-variable/bricolage-grotesque@5.3.0",
    "@fontsource-variable/atkinson-hyperlegible-next@5.3.0",
)

STYLESHEETS = (
    "fonts.css",
    "site.css",
    "forms.css",
    "phone.css",
    "your-data.css",
    "billing.css",
    "talk-time.css",
    "operator.css",
)

# Who has an emblem in assets/buddies and a tone in site.css; anyone else gets the neutral one.
TONES = frozenset({"lisa", "ben", "ethan", "jack", "chloe", "maya"})
NEUTRAL_TONE = "buddy"


def tone(name: str) -> str:
    """Return the tone of a buddy, by name or slug."""
    slug = name.strip().lower()
    return slug if slug in TONES else NEUTRAL_TONE


def radix_theme() -> rx.Component:
    """Return Radix's theme; `site.css` puts our own colours and letters into its tokens."""
    theme: rx.Component = rx.theme(
        accent_color="amber", gray_color="mauve", radius="large", has_background=False
    )
    return theme
