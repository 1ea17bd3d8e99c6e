"""Links that leave the single-page app, and the button that signs out.

Reflex's router keeps every address of its own origin to itself, so a plain link to an HTTP
endpoint would show the 404 page and send no request.
"""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths

# A form of the page's own, so that the browser makes a real POST with its Origin header.
POST_SCRIPT = """
const form = document.createElement("form");
form.method = "post";
form.action = "%s";
document.body.append(form);
form.submit();
form.remove();
"""


def server_link(*children: Any, href: Any, **props: Any) -> rx.Component:
    """Return a link that the browser follows by loading the page from the server."""
    return rx.el.a(*children, href=href, custom_attrs={"reloadDocument": True}, **props)


def post_button(text: str, path: str, *, class_name: str = "button quiet") -> rx.Component:
    """Return a button with which the browser itself sends a POST to an endpoint of ours."""
    return rx.el.button(
        text,
        type="button",
        class_name=class_name,
        on_click=rx.call_script(POST_SCRIPT % path),
    )


def sign_out_button(class_name: str = "button quiet") -> rx.Component:
    """Return the button that ends the session on the server and loads the landing page."""
    return post_button("Sign out", paths.SIGN_OUT, class_name=class_name)
