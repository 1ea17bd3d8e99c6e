"""The page on which a tester reads what went to telephones: `/messages`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from quart import Blueprint, redirect

from sandbox.files import page_files

FOLDER: Final = Path(__file__).parent / "pages"


def pages() -> Blueprint:
    """Return the routes."""
    site = page_files("pages", FOLDER, pages={"/messages": "messages.html"}, at="/pages")

    @site.get("/")
    async def first() -> Any:
        return redirect("/messages")

    return site
