"""What kind of device a browser runs on, in words, as far as it says so itself."""

from __future__ import annotations

import re

UNKNOWN = "A browser"

# In this order: most browsers name others that they are like.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "a Chromebook"),
    ("Windows", "Windows"),
    ("Macintosh", "a Mac"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """Return what to call it: "Firefox on Windows"."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser is None:
        return UNKNOWN if system is None else f"{UNKNOWN} on {system}"
    return browser if system is None else f"{browser} on {system}"


def is_handheld(user_agent: str) -> bool:
    """Return whether it is something one holds in a hand."""
    return re.search(r"iPhone|iPad|Android|Mobile", user_agent) is not None


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((words for mark, words in known if mark in user_agent), None)
