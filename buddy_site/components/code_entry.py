"""The parts of proving a number that run in the browser: no server is asked while time passes.

A code is submitted with its last digit, once; a resend's countdown shows every second what is
left and tells a screen reader every ten. Both only save a press: the server decides.
"""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

CODE_ENTRY_SCRIPT = """
(() => {
  const DIGITS = 6;
  let submitted = "";
  document.addEventListener("input", ({ target }) => {
    if (!target.matches || !target.matches("[data-code]")) return;
    const digits = target.value.replace(/\\D/g, "");
    if (digits.length < DIGITS) submitted = "";
    if (digits.length !== DIGITS || digits === submitted) return;
    submitted = digits;
    target.form.requestSubmit();
  });
  window.buddyNumber = (text) => {
    const field = document.getElementById("number");
    if (field) field.value = text;
  };
  const ends = new WeakMap();
  const show = (place, text) => { if (place && place.textContent !== text) place.textContent = text; };
  const tick = () => {
    for (const timer of document.querySelectorAll("[data-until]")) {
      const key = timer.dataset.until + " " + timer.dataset.now;
      if ((ends.get(timer) || {}).key !== key) {
        const left = Number(timer.dataset.until) - Number(timer.dataset.now);
        ends.set(timer, { key, at: performance.now() + left });
      }
      const left = Math.max(0, Math.ceil((ends.get(timer).at - performance.now()) / 1000));
      const clock = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      show(timer.querySelector("[data-left]"), left ? "in " + clock : "");
      const round = Math.ceil(left / 10) * 10;
      show(timer.querySelector("[data-announced]"),
        left ? "You can ask again in about " + round + " seconds." : "You can ask again now.");
      for (const button of timer.querySelectorAll("button")) {
        if (button.disabled !== left > 0) button.disabled = left > 0;
      }
    }
  };
  setInterval(tick, 250);
  new MutationObserver(tick).observe(document, { childList: true, subtree: true });
})();
"""


def countdown(*children: Any, now_ms: Any, until_ms: Any) -> rx.Component:
    """Return a group whose buttons can be pressed once the time is there; both by one clock."""
    return rx.el.div(
        *children,
        rx.el.span(aria_hidden=True, class_name="soft numbers", custom_attrs={"data-left": ""}),
        rx.el.span(
            class_name="visually-hidden",
            aria_live="polite",
            custom_attrs={"data-announced": ""},
        ),
        class_name="buttons",
        custom_attrs={"data-until": until_ms, "data-now": now_ms},
    )
