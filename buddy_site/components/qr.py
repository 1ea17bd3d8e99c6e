"""A number as a picture that a phone's camera dials."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx
import segno


def dial_code(phone_number: str) -> rx.Component:
    """Return the QR code that calls the number (E.164): black on white in either theme."""
    code = segno.make(f"tel:{phone_number}", error="m", micro=False)
    return rx.el.img(
        src=code.svg_data_uri(scale=4, border=2, dark="#1e1333", light="#ffffff"),
        alt="QR code that calls the buddies' number",
        width="132",
        height="132",
        class_name="dial-code",
    )
