"""What forms and settings are made of: fields, buttons, panels, notices, lists and tables.

Inputs keep their own value (`default=`, never `value=`) and hand it over when they are submitted:
what somebody is typing is in no State, so no answer of the server can overwrite it. What a
reconnect might take, `keep_typed` puts back into the fields of every `form`.
"""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx


def form(*children: Any, on_submit: Any, is_inline: bool = False, **props: Any) -> rx.Component:
    """Return a form; the handler gets a dictionary of its fields' names and values.

    Where there is room, an inline one has its button beside its field.
    """
    return rx.el.form(
        *children,
        on_submit=on_submit,
        class_name="form inline" if is_inline else "form",
        no_validate=True,  # refusals are worded by the server, in one place and one look
        custom_attrs={"data-keeps": ""},
        **props,
    )


def field(
    label: Any,
    name: str,
    *,
    default: Any = "",
    hint: Any = "",
    error: Any = "",
    autocomplete: str = "off",
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """Return a labelled input with its hint and its refusal; `props` go to the input.

    `default` is what the server knows: it shows up as long as nobody has typed.
    """
    return rx.el.div(
        rx.el.label(label, html_for=name),
        _hint(name, hint),
        _refusal(name, error),
        rx.el.input(
            id=name,
            name=name,
            default_value=default,
            auto_complete=autocomplete,
            class_name="input",
            **_described(name, hint, error),
            **props,
        ),
        class_name=f"field {class_name}".strip(),
    )


def select_field(
    label: Any,
    name: str,
    options: Sequence[tuple[str, str]] | Any,
    *,
    default: Any = "",
    hint: Any = "",
    error: Any = "",
    autocomplete: str = "off",
    **props: Any,
) -> rx.Component:
    """Return a labelled choice; `options` are values and words, or a var of such with names.

    A var's items have `value` and `words`. A default that comes from the server is chosen once
    it is there.
    """
    if isinstance(options, rx.Var):
        listed: list[Any] = [
            rx.foreach(options, lambda one: rx.el.option(one.words, value=one.value))
        ]
    else:
        listed = [rx.el.option(words, value=value) for value, words in options]
    return rx.el.div(
        rx.el.label(label, html_for=name),
        _hint(name, hint),
        _refusal(name, error),
        rx.el.div(
            rx.el.select(
                *listed,
                id=name,
                name=name,
                key=default,  # browsers look at a select's default once only
                default_value=default,
                auto_complete=autocomplete,
                class_name="input",
                **_described(name, hint, error),
                **props,
            ),
            class_name="select",
        ),
        class_name="field",
    )


def checkbox_field(
    label: Any, name: str, *, hint: Any = "", error: Any = "", saved: Any = "", **props: Any
) -> rx.Component:
    """Return a tick box: unticked and part of a form, or `checked=` with an `on_change=`."""
    return rx.el.div(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                id=name,
                name=name,
                **_described(name, hint, error),
                **props,
            ),
            rx.el.span(label),
            html_for=name,
            class_name="tick",
        ),
        _hint(name, hint),
        _refusal(name, error),
        *_saved_status(saved),
        class_name="field",
    )


def choice_field(
    legend: Any,
    name: str,
    *choices: Any,
    hint: Any = "",
    error: Any = "",
    saved: Any = "",
) -> rx.Component:
    """Return a few choices side by side, each a `choice`, saved as soon as one is made.

    `saved` is a var with the quiet word that it was.
    """
    return rx.el.fieldset(
        rx.el.legend(legend),
        _hint(name, hint),
        _refusal(name, error),
        rx.el.div(*choices, class_name="choices"),
        *_saved_status(saved),
        class_name="field",
        **({"aria_describedby": f"{name}-hint"} if _may_show(hint) else {}),
    )


def choice(name: str, value: Any, *words: Any, chosen: Any, on_choose: Any) -> rx.Component:
    """Return one choice; `chosen` is the value that is saved, `on_choose` gets the new one."""
    return rx.el.label(
        rx.el.input(
            type="radio",
            name=name,
            value=value,
            checked=chosen == value,
            on_change=on_choose(value),
        ),
        rx.el.span(*words),
    )


def submit_button(text: Any, *, busy: Any = False, busy_text: str = "One moment…") -> rx.Component:
    """Return the button that submits its form; `busy` is a var that is true meanwhile.

    A busy button keeps the focus, so it is not disabled: the handler ignores a second submit.
    """
    return rx.el.button(
        rx.cond(busy, busy_text, text),
        type="submit",
        class_name=rx.cond(busy, "button is-busy", "button"),
        aria_disabled=rx.cond(busy, "true", "false"),
    )


def buttons(*children: Any) -> rx.Component:
    """Return buttons, and what is said beside them, in a row that wraps."""
    return rx.el.div(*children, class_name="buttons")


def panel(title: Any, *children: Any, intro: Any = "", **props: Any) -> rx.Component:
    """Return a part of an account page under its own heading."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title),
            rx.el.p(intro, class_name="soft") if _may_show(intro) else rx.fragment(),
            class_name="panel-head",
        ),
        *children,
        class_name="panel settings",
        **props,
    )


def notice(*children: Any, kind: str = "info") -> rx.Component:
    """Return words that stand out: `info`, `good`, `warning` or `bad`; bad ones interrupt."""
    return rx.el.div(
        *(rx.el.p(child) if isinstance(child, str | rx.Var) else child for child in children),
        role="alert" if kind == "bad" else "status",
        class_name=f"notice {kind}",
    )


def status(text: Any) -> rx.Component:
    """Return a quiet "Saved": always there, so that a screen reader says what appears in it."""
    return rx.el.p(text, role="status", class_name="quiet-status")


def confirm(
    action: Any,
    question: Any,
    *,
    yes: Any,
    on_confirm: Any,
    is_grave: bool = False,
    **props: Any,
) -> rx.Component:
    """Return a button that asks back in place; a second press of it takes the question away."""
    return rx.el.details(
        rx.el.summary(
            rx.el.span(action, class_name="when-closed"),
            rx.el.span("Never mind", class_name="when-open"),
            class_name="button quiet",
        ),
        rx.el.div(
            rx.el.p(question) if isinstance(question, str | rx.Var) else question,
            rx.el.button(
                yes,
                type="button",
                on_click=on_confirm,
                class_name="button grave" if is_grave else "button",
            ),
            class_name="confirm-question",
        ),
        class_name="confirm",
        **props,
    )


def definition_list(*rows: tuple[Any, Any]) -> rx.Component:
    """Return what is called how, and what it is."""
    return rx.el.dl(
        *(rx.el.div(rx.el.dt(term), rx.el.dd(value)) for term, value in rows),
        class_name="definitions",
    )


def table(caption: Any, headings: Sequence[str], rows: Any, cells: Any) -> rx.Component:
    """Return a table: one row for each item of the var `rows`, its cells from `cells(item)`.

    On a narrow screen each row becomes a card whose cells say their heading.
    """
    return rx.el.table(
        rx.el.caption(caption, class_name="visually-hidden"),
        rx.el.thead(rx.el.tr(*(rx.el.th(heading, scope="col") for heading in headings))),
        rx.el.tbody(rx.foreach(rows, lambda item: _row(headings, cells(item)))),
        class_name="table",
    )


def _saved_status(saved: Any) -> list[rx.Component]:
    return [status(saved)] if _may_show(saved) else []


def _row(headings: Sequence[str], cells: Sequence[Any]) -> rx.Component:
    return rx.el.tr(
        *(
            rx.el.td(cell, custom_attrs={"data-heading": heading})
            for heading, cell in zip(headings, cells, strict=True)
        )
    )


def _hint(name: str, hint: Any) -> rx.Component:
    if not _may_show(hint):
        return rx.fragment()
    return rx.el.p(hint, id=f"{name}-hint", class_name="hint")


def _refusal(name: str, error: Any) -> rx.Component:
    if not _may_show(error):
        return rx.fragment()
    return rx.cond(
        error != "", rx.el.p(error, id=f"{name}-error", role="alert", class_name="refusal")
    )


def _described(name: str, hint: Any, error: Any) -> dict[str, Any]:
    """Return what tells a screen reader that a hint and a refusal belong to the input."""
    parts = [f"{name}-hint"] if _may_show(hint) else []
    if not _may_show(error):
        return {"aria_describedby": " ".join(parts)} if parts else {}
    return {
        "aria_invalid": rx.cond(error != "", "true", "false"),
        "aria_describedby": rx.cond(
            error != "", " ".join([*parts, f"{name}-error"]), " ".join(parts)
        ),
    }


def _may_show(text: Any) -> bool:
    """Return whether there is or may come a text: a var can't be asked before it is shown."""
    return isinstance(text, rx.Var) or text != ""
