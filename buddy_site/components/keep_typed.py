"""Puts back what was typed, and the focus, when a reconnect builds a page anew.

A tab whose State the server has lost, by a restart for example, is built from an empty one before
its data are there again, and React then makes new fields. What is kept here is kept by the page
alone, until its form is submitted or the page is left.
"""

from __future__ import annotations

KEEP_TYPED_SCRIPT = """
(() => {
  const typed = new Map(), known = new WeakSet();
  let path = location.pathname, focused = "";
  const kept = (field) => field.id && field.form && field.form.hasAttribute("data-keeps");
  addEventListener("input", ({ target }) => {
    known.add(target);
    if (kept(target)) typed.set(target.id, target.type === "checkbox" || target.type === "radio"
      ? target.checked : target.value);
  }, true);
  addEventListener("focusin", ({ target }) => { focused = kept(target) ? target.id : ""; });
  for (const done of ["submit", "reset"]) addEventListener(done, ({ target }) => {
    for (const field of target.elements || []) typed.delete(field.id);
  }, true);
  new MutationObserver(() => {
    if (path !== location.pathname) { path = location.pathname; typed.clear(); focused = ""; }
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (!field || known.has(field)) continue;
      known.add(field);
      if (typeof value === "boolean") field.checked = value; else field.value = value;
      if (id === focused && document.activeElement === document.body) field.focus();
    }
  }).observe(document, { childList: true, subtree: true });
})();
"""
