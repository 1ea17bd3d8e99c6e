"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from buddy_site import paths, runtime
from shared.errors import BuddyError


def routes() -> list[Route]:
    """Return the two addresses that supervisors ask."""
    return [Route(paths.HEALTH, _health), Route(paths.READY, _ready)]


async def _health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def _ready(_request: Request) -> JSONResponse:
    """Answer 200 when the database answers and the live listener listens."""
    try:
        site = runtime.current()
        await site.database.transact(_ask)
    except BuddyError:
        return JSONResponse({"status": "starting"}, 503)
    if not site.is_listening:
        return JSONResponse({"status": "not listening"}, 503)
    return JSONResponse({"status": "ready"})


def _ask(session: Session) -> None:
    session.execute(text("SELECT 1"))
