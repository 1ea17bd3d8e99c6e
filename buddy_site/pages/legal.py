"""Terms, privacy policy and crisis protocol: long texts that want to be read."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import re

import reflex as rx

from buddy_site import paths
from buddy_site.components.forms import definition_list
from buddy_site.components.layout import page
from buddy_site.documents.document import DocumentText, Section
from shared import wordings
from shared.wordings import Document

HEADING = re.compile(r"[^a-z0-9]+")


def legal(text: DocumentText, contact: str, at: str) -> rx.Component:
    """Return the page of a document; `contact` is the address to write to."""
    version = wordings.document(text.document)
    return page(
        rx.el.article(
            rx.el.header(
                rx.el.h1(text.title),
                rx.el.p(
                    f"Version {version.version}, since {version.since.day} {version.since:%B %Y}",
                    class_name="soft small",
                ),
                class_name="head",
            ),
            rx.el.section(
                rx.el.h2("In short"),
                rx.el.ul(*(rx.el.li(point) for point in text.summary)),
                _lines() if text.document is Document.CRISIS_PROTOCOL else rx.fragment(),
                class_name="in-short",
            ),
            rx.el.nav(
                rx.el.ul(
                    *(
                        rx.el.li(rx.el.a(section.title, href=f"{at}#{_anchor(section)}"))
                        for section in text.sections
                    )
                ),
                aria_label="On this page",
                class_name="contents",
            ),
            *(_section(section, contact) for section in text.sections),
            rx.el.p(
                "See also: ",
                *_others(at),
                class_name="soft",
            ),
            class_name="narrow legal",
        ),
        at=at,
    )


def _lines() -> rx.Component:
    """Return the buttons that reach people."""
    return rx.el.div(
        rx.el.a("Call 911", href="tel:911", class_name="button grave"),
        rx.el.a("Call 988", href="tel:988", class_name="button"),
        rx.el.a("Text 988", href="sms:988", class_name="button quiet"),
        class_name="buttons",
    )


def _section(section: Section, contact: str) -> rx.Component:
    return rx.el.section(
        rx.el.h2(section.title),
        *(rx.el.p(*_linked(paragraph, contact)) for paragraph in section.paragraphs),
        rx.el.ul(*(rx.el.li(*_linked(point, contact)) for point in section.points))
        if section.points
        else rx.fragment(),
        definition_list(*section.rows) if section.rows else rx.fragment(),
        id=_anchor(section),
    )


def _linked(text: str, contact: str) -> list[str | rx.Component]:
    """Put the address to write to where the text says so."""
    before, mark, after = text.partition("{contact}")
    if not mark:
        return [text]
    return [before, rx.el.a(contact, href=f"mailto:{contact}"), after]


def _anchor(section: Section) -> str:
    return HEADING.sub("-", section.title.lower()).strip("-")


def _others(at: str) -> list[str | rx.Component]:
    links = [
        rx.el.a(title, href=path)
        for title, path in (
            ("Terms", paths.TERMS),
            ("Privacy policy", paths.PRIVACY_POLICY),
            ("If somebody is in a crisis", paths.CRISIS),
        )
        if path != at
    ]
    return [links[0], " · ", links[1]]
