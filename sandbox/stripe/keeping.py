"""Keeps the account on disk, so that a subscription outlives a restart as it does at Stripe."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from sandbox.stripe.store import Books

log = logging.getLogger("sandbox.stripe")

LAYOUT = 1  # a file of another layout is not read


class Keeper:
    """One account's file; without a path nothing is kept."""

    def __init__(self, books: Books, path: Path | None) -> None:
        self.books = books
        self.is_stale = False  # something may have changed since the last save
        self._path = path

    def load(self) -> bool:
        """Take over what was kept; return whether there was anything."""
        if self._path is None or not self._path.exists():
            return False
        try:
            kept = json.loads(self._path.read_text())
        except ValueError:
            kept = None
        if not isinstance(kept, dict) or kept.get("layout") != LAYOUT:
            log.warning("%s can't be read: the account starts anew", self._path)
            return False
        self.books.objects.update(kept["objects"])
        self.books.hidden.update(kept["hidden"])
        self.books.clock.reset(kept["clock_ahead"])
        return True

    def save(self) -> None:
        """Write down what changed, for the file's owner only."""
        if self._path is None or not self.is_stale:
            return
        self.is_stale = False
        text = json.dumps(
            {
                "layout": LAYOUT,
                "clock_ahead": self.books.clock.ahead,
                "objects": self.books.objects,
                "hidden": self.books.hidden,
            }
        )
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - Path.open takes no mode
            file.write(text)
        fresh.replace(self._path)
