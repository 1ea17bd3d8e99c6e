"""The pages a tester opens in a browser: `/messages` and what they are made of.

Plain files of `sandbox/twilio/pages/`: no build, nothing from elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from quart import Blueprint, Response, abort, redirect

FOLDER: Final = Path(__file__).parent / "pages"
TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
ASSETS: Final = ("pages.css", "messages.js")


def pages() -> Blueprint:
    """Return the routes."""
    site = Blueprint("pages", __name__)

    @site.get("/")
    async def first() -> Any:
        return redirect("/messages")

    @site.get("/messages")
    async def messages() -> Response:
        return _file("messages.html")

    @site.get("/pages/<name>")
    async def asset(name: str) -> Response:
        if name not in ASSETS:
            abort(404)
        return _file(name)

    return site


def _file(name: str) -> Response:
    path = FOLDER / name
    answer = Response(path.read_bytes(), mimetype=TYPES[path.suffix])
    answer.headers["Cache-Control"] = "no-cache"
    return answer
