"""The first page: what this is, the number, who answers, and what happens to what is said."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import billing_words, paths, words
from buddy_site.components.buddies import avatar
from buddy_site.components.layout import page
from buddy_site.pages.landing_words import EXAMPLE, FREE, PROMISES, QUESTIONS, STEPS
from buddy_site.state.landing import LandingState
from shared.seed.prices import paid_plan

PHONE = "phone"


def landing(phone_number: str) -> rx.Component:
    """Return the page for the installation whose number this is."""
    return page(
        _hero(phone_number),
        _cast(),
        _read_along(),
        _how(),
        _prices(),
        _words(),
        _questions(),
    )


def _hero(phone_number: str) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h1("Six AI buddies, one phone call away."),
                rx.el.p(
                    "Dial, press a key, talk. News, a story, dinner, the match, a laugh or a "
                    "push: somebody picks up who is good at it.",
                    class_name="lead",
                ),
                _number(phone_number),
                rx.el.ul(
                    rx.el.li("First 5 minutes free"),
                    rx.el.li("No sign-up"),
                    rx.el.li("Any phone"),
                    class_name="facts",
                ),
                class_name="hero-words",
            ),
            rx.el.nav(
                rx.foreach(LandingState.cast, _key), class_name="keypad", aria_label="The buddies"
            ),
            class_name="wrap",
        ),
        class_name="hero",
    )


def _number(phone_number: str) -> rx.Component:
    return rx.el.a(
        rx.icon(PHONE, aria_hidden=True),
        rx.el.span("Call ", class_name="visually-hidden"),
        words.international(phone_number),
        href=f"tel:{phone_number}",
        class_name="number",
    )


def _key(buddy: Any) -> rx.Component:
    return rx.el.a(
        avatar(buddy.tone),
        rx.el.span(buddy.key, class_name="digit"),
        rx.el.span(buddy.name, class_name="name"),
        href=buddy.anchor,
        class_name="key tone-" + buddy.tone,
    )


def _cast() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2("Who picks up"),
                rx.el.p(
                    "Each has a voice, a subject and a temper of their own.",
                    class_name="lead soft",
                ),
                class_name="section-head",
            ),
            rx.el.ul(rx.foreach(LandingState.cast, _buddy), class_name="cast"),
            class_name="wrap",
        ),
        class_name="section",
        id="buddies",
    )


def _buddy(buddy: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            avatar(buddy.tone),
            rx.el.div(rx.el.h3(buddy.name), rx.el.p(buddy.tagline, class_name="small soft")),
            class_name="buddy-head",
        ),
        rx.el.p("“", buddy.sample, "”", class_name="bubble"),
        rx.el.p("Press ", rx.el.span(buddy.key, class_name="keycap"), class_name="press"),
        class_name="buddy-card",
        id=buddy.anchor.split("#")[1],
    )


def _read_along() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2("Read it while you say it"),
                rx.el.p(
                    "Sign in, and every word of your call appears here as it is spoken: yours, "
                    "your buddy's, and the half sentence you interrupted. Afterwards it stays, "
                    "for you to find again.",
                    class_name="lead soft",
                ),
                class_name="section-head",
            ),
            rx.el.figure(
                rx.el.figcaption(
                    rx.el.span("An example, written by us", class_name="soft"),
                    rx.el.span("Live now", class_name="live"),
                ),
                rx.el.div(*(_example_entry(*entry) for entry in EXAMPLE), class_name="transcript"),
                class_name="example tone-ethan",
            ),
            class_name="wrap read-along",
        ),
        class_name="section band",
        id="read-along",
    )


def _example_entry(at: str, side: str, speaker: str, text: str, unheard: str) -> rx.Component:
    return rx.el.div(
        rx.el.span(at, class_name="at"),
        rx.el.div(
            rx.el.p(speaker, class_name="speaker"),
            rx.el.p(text, " ", rx.el.s(unheard) if unheard else "", class_name="words"),
            class_name="body",
        ),
        class_name=f"entry side-{side}",
    )


def _how() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(rx.el.h2("How to call"), class_name="section-head"),
            rx.el.ol(
                *(rx.el.li(rx.el.h3(title), rx.el.p(text)) for title, text in STEPS),
                class_name="steps",
            ),
            class_name="wrap",
        ),
        class_name="section",
        id="how",
    )


def _prices() -> rx.Component:
    plan = paid_plan()
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2("What it costs"),
                rx.el.p(
                    "Nothing to begin with, and no card. Pay only if you want to go on.",
                    class_name="lead soft",
                ),
                class_name="section-head",
            ),
            rx.el.div(
                _plan_card(
                    "Free",
                    rx.el.p("$0", class_name="amount"),
                    *FREE,
                    "No card, so nothing turns into a payment by itself",
                ),
                _plan_card(
                    plan.name,
                    rx.el.p(
                        billing_words.money(plan.prices[0].amount),
                        rx.el.small(f" a {plan.prices[0].interval}"),
                        class_name="amount",
                    ),
                    *(
                        f"Or {billing_words.price_line(price)}. "
                        f"{billing_words.price_note(price, plan)}"
                        for price in plan.prices[1:]
                    ),
                    "Any buddy, any time",
                    "Cancel in two clicks, keep what you paid for",
                    class_name="is-paid",
                ),
                class_name="plans",
            ),
            rx.el.p(
                plan.fair_use,
                " A plan renews by itself until you cancel it. The ",
                rx.el.a("terms", href=paths.TERMS),
                " say it in full.",
                class_name="soft small",
            ),
            class_name="wrap stack",
        ),
        class_name="section",
        id="prices",
    )


def _plan_card(name: str, amount: rx.Component, *lines: str, class_name: str = "") -> rx.Component:
    return rx.el.div(
        rx.el.h3(name),
        amount,
        rx.el.ul(*(rx.el.li(rx.el.span(line)) for line in lines)),
        class_name=f"plan-card {class_name}".strip(),
    )


def _words() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2("What happens to your words"),
                rx.el.p("In plain ones.", class_name="lead soft"),
                class_name="section-head",
            ),
            rx.el.div(
                *(
                    rx.el.div(rx.icon(icon, aria_hidden=True), rx.el.h3(title), rx.el.p(text))
                    for icon, title, text in PROMISES
                ),
                class_name="promise",
            ),
            rx.el.div(
                rx.el.h3("If it is serious"),
                rx.el.p(
                    "A buddy is no help in an emergency. In danger, call ",
                    rx.el.a("911", href="tel:911"),
                    ". If you think about harming yourself, call or text ",
                    rx.el.a("988", href="tel:988"),
                    ", the Suicide and Crisis Lifeline: people, day and night, free in the US. "
                    "Elsewhere, call your local emergency number.",
                ),
                class_name="crisis",
                id="crisis",
            ),
            class_name="wrap words",
        ),
        class_name="section band",
        id="words",
    )


def _questions() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(rx.el.h2("Questions"), class_name="section-head"),
            *(
                rx.el.details(rx.el.summary(question), rx.el.p(answer))
                for question, answer in QUESTIONS
            ),
            class_name="wrap questions",
        ),
        class_name="section",
        id="questions",
    )
