"""Fills the site's own address into the two files of a build that name it.

Reflex writes the server's address into the pages when it builds them. Filling it in when they
are served lets one build run on any port and under any name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.settings import Settings

# What the pages are built with. Never reached: it is only a text to replace.
BUILT_ADDRESS = "http://localhost:3000"
MEDIA_TYPES = {".js": "text/javascript", ".xml": "application/xml"}


def routes(settings: Settings, client: Path) -> list[Route]:
    """Return a route for each built file that names the address; none before the first build."""
    site_url = settings.site_public_url.rstrip("/")
    files = [*client.glob("assets/reflex-env-*.js"), *client.glob("sitemap.xml")]
    return [
        Route("/" + file.relative_to(client).as_posix(), _serve(file, site_url)) for file in files
    ]


def _serve(file: Path, site_url: str) -> Callable[[Request], Awaitable[Response]]:
    text = file.read_text()
    for built, real in (
        (BUILT_ADDRESS, site_url),
        (_websocket(BUILT_ADDRESS), _websocket(site_url)),
    ):
        text = text.replace(built, real)

    async def rewritten(_request: Request) -> Response:
        return Response(text, media_type=MEDIA_TYPES[file.suffix])

    return rewritten


def _websocket(url: str) -> str:
    return "ws" + url.removeprefix("http")
