"""Your numbers: prove one by a code, claim its calls, remove one."""

# mypy: disable-error-code="no-any-return, operator"
# Reflex makes its elements and what handlers are called with at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths
from buddy_site.components import notices
from buddy_site.components.calls import skeleton
from buddy_site.components.code_entry import countdown
from buddy_site.components.forms import (
    buttons,
    checkbox_field,
    confirm,
    field,
    form,
    notice,
    panel,
    select_field,
    submit_button,
)
from buddy_site.components.layout import account_page, trouble
from buddy_site.components.onboarding import adult_question
from buddy_site.state.onboarding import OnboardingState
from buddy_site.state.phone import LONGEST_NUMBER, NO_TEXTS, LineRow, PhoneState
from buddy_site.state.sandbox import SandboxState
from buddy_site.verification_words import CODE, NUMBER, STEP
from shared import wordings
from shared.seed import plans
from shared.wordings import ConsentKind

LONGEST_PASTED_CODE = 12  # "123 - 456", and a space too many
LINKED = "See our terms and privacy policy."  # the last words of both consents


def phone() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("Your numbers"),
            rx.el.p(
                "Prove that a number is yours, and its calls show up here for you alone. ",
                rx.cond(PhoneState.lines, "", f"With your first one come {_trial_minutes()}."),
                class_name="soft",
            ),
            class_name="head",
        ),
        trouble(PhoneState.trouble),
        rx.cond(PhoneState.done != "", notice(PhoneState.done, kind="good")),
        notices.waiting(),
        rx.cond(
            PhoneState.is_loaded & OnboardingState.is_loaded,
            rx.fragment(
                rx.cond(PhoneState.lines, _lines()),
                rx.match(
                    PhoneState.step,
                    (CODE, _code_step()),
                    (NO_TEXTS, _call_step()),
                    rx.cond(OnboardingState.is_adult, _number_step(), adult_question()),
                ),
            ),
            skeleton("Loading your numbers", rows=3),
        ),
        at=paths.PHONE,
    )


def _lines() -> rx.Component:
    return panel(
        "Proved",
        rx.el.ul(
            rx.foreach(PhoneState.lines, _line), class_name="lines", aria_label="Proved numbers"
        ),
        intro="Calls from these belong to your account.",
    )


def _line(line: LineRow) -> rx.Component:
    return rx.el.li(
        rx.el.p(line.number, class_name="figure"),
        confirm(
            "Remove",
            "Calls you make from it from then on no longer show up here. Those that are here stay.",
            yes="Remove " + line.number,
            on_confirm=PhoneState.remove(line.line_id),
        ),
    )


def _number_step() -> rx.Component:
    otp, service = (
        wordings.current(kind) for kind in (ConsentKind.OTP_SMS, ConsentKind.SERVICE_SMS)
    )
    return panel(
        rx.cond(PhoneState.lines, "Add another number", "Which number is yours?"),
        _refusal(),
        form(
            select_field(
                "Country",
                "country",
                PhoneState.served,
                default=PhoneState.country,
                autocomplete="tel-country-code",
                on_change=PhoneState.choose_country,
            ),
            field(
                "Phone number",
                "number",
                default=PhoneState.number,
                hint="Mobile or landline. Paste it in any way it is written.",
                error=rx.cond(PhoneState.refused == NUMBER, PhoneState.refusal, ""),
                autocomplete="tel",
                type="tel",
                input_mode="tel",
                max_length=LONGEST_NUMBER,
                on_blur=PhoneState.tidy,
            ),
            rx.cond(
                ~PhoneState.agreed_to_service,
                rx.el.div(
                    checkbox_field(_consent(service.text), "service_sms", value="yes"),
                    _hidden("service_wording", service.version),
                ),
            ),
            _hidden("otp_wording", otp.version),
            buttons(submit_button("Text me a code", busy=PhoneState.is_busy)),
            rx.el.p(_consent(otp.text), class_name="soft small"),
            on_submit=PhoneState.send,
        ),
    )


def _call_step() -> rx.Component:
    return panel(
        "This line gets no text messages",
        rx.el.p(
            rx.el.strong(PhoneState.sent_to, class_name="numbers whole"),
            " looks like a landline. We can call it instead, and a voice says your code.",
        ),
        _refusal(),
        buttons(
            rx.el.button(
                rx.icon("phone-call", size=18, aria_hidden=True),
                "Call me with the code",
                type="button",
                on_click=PhoneState.call_instead,
                class_name=rx.cond(PhoneState.is_busy, "button is-busy", "button"),
            ),
            _change_button(),
        ),
    )


def _code_step() -> rx.Component:
    return panel(
        "Type the code",
        rx.el.p(
            rx.cond(
                PhoneState.unconfirmed != "",
                "The code is for ",
                rx.cond(PhoneState.was_called, "We are calling ", "We sent a text to "),
            ),
            rx.el.strong(PhoneState.sent_to, class_name="numbers whole"),
            ". ",
            _change_button(),
            role="status",
        ),
        _refusal(),
        rx.cond(PhoneState.unconfirmed != "", notice(PhoneState.unconfirmed, kind="warning")),
        rx.cond(
            PhoneState.is_expired,
            notice("That code has run out. Ask for a new one.", kind="warning"),
            form(
                field(
                    "Six-digit code",
                    "code",
                    error=rx.cond(PhoneState.refused == CODE, PhoneState.refusal, ""),
                    hint="Good for ten minutes. Never tell it to anybody: we don't ask for it.",
                    autocomplete="one-time-code",
                    class_name="code",
                    type="text",
                    input_mode="numeric",
                    max_length=LONGEST_PASTED_CODE,
                    auto_focus=True,
                    custom_attrs={"data-code": ""},
                ),
                buttons(submit_button("Check the code", busy=PhoneState.is_busy)),
                on_submit=PhoneState.check,
            ),
        ),
        rx.el.hr(),
        rx.cond(
            PhoneState.may_resend,
            countdown(
                rx.el.button(
                    "Send a new text",
                    type="button",
                    on_click=PhoneState.resend,
                    class_name="button quiet",
                ),
                rx.el.button(
                    "Call me instead",
                    type="button",
                    on_click=PhoneState.call_instead,
                    class_name="button quiet",
                ),
                now_ms=PhoneState.now_ms,
                until_ms=PhoneState.resend_ms,
            ),
            rx.el.p(
                "This code was sent as often as it can be. Change the number or wait a little.",
                class_name="soft",
            ),
        ),
        rx.cond(
            SandboxState.test_phone_url != "",
            rx.el.p(
                "Sandbox: nothing leaves this machine. ",
                rx.el.a(
                    "Read the code on the test phone",
                    href=SandboxState.test_phone_url,
                    target="_blank",
                    rel="noopener",
                    class_name="text-link",
                ),
                ".",
                class_name="soft small",
            ),
        ),
    )


def _refusal() -> rx.Component:
    """Return why it did not work, where that is about no field."""
    return rx.cond(PhoneState.refused == STEP, notice(PhoneState.refusal, kind="bad"))


def _change_button() -> rx.Component:
    return rx.el.button(
        "Change the number", type="button", on_click=PhoneState.change, class_name="text-button"
    )


def _consent(text: str) -> rx.Component:
    """Return the words of a consent with its links; they are the words that are kept."""
    return rx.fragment(
        text.removesuffix(LINKED),
        "See our ",
        rx.el.a("terms", href=paths.TERMS, target="_blank", class_name="text-link"),
        " and ",
        rx.el.a(
            "privacy policy", href=paths.PRIVACY_POLICY, target="_blank", class_name="text-link"
        ),
        ".",
    )


def _trial_minutes() -> str:
    return f"{plans.allowances().trial.seconds // 60} minutes of talk time"


def _hidden(name: str, value: str) -> rx.Component:
    return rx.el.input(type="hidden", name=name, value=value, read_only=True)
