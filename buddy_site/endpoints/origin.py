"""Whether a request was sent by a page of ours: every browser names the origin of a POST."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from shared.settings import Settings


def comes_from_us(request: Request, settings: Settings) -> bool:
    """Return whether the site itself sent this, and no page of somebody else's."""
    origin = request.headers.get("origin")
    if origin is not None and origin != "null":
        return origin == _origin(settings.site_public_url)
    return request.headers.get("sec-fetch-site") == "same-origin"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
