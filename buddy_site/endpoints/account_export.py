"""The download of everything an account has: an archive for its signed-in owner alone."""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from buddy_site import archive, paths, runtime, sessions, words
from buddy_site.endpoints.origin import comes_from_us
from buddy_site.flows import export
from shared.database import StoreUnavailable
from shared.ids import AccountId
from shared.settings import Settings

SEE_OTHER = 303

log = structlog.get_logger()


class ExportEndpoint:
    """Hands the archive out, one at a time to each account."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._under_way: set[AccountId] = set()

    def routes(self) -> list[Route]:
        return [Route(paths.EXPORT, self.download, methods=["POST"])]

    async def download(self, request: Request) -> Response:
        """Answer with the archive; only our own pages may ask for it."""
        if not comes_from_us(request, self._settings):
            return PlainTextResponse("Ask for your data on the site itself.", 403)
        token = sessions.token_in(request.headers.get("cookie", ""), self._settings)
        try:
            someone = await sessions.signed_in(token)
            if someone is None:
                return RedirectResponse(f"{paths.SIGN_IN}/?next={paths.PRIVACY}", SEE_OTHER)
            if someone.account_id in self._under_way:
                return PlainTextResponse("Your archive is being made already.", 429)
            self._under_way.add(someone.account_id)
            try:
                return await self._archive(request, someone.account_id)
            finally:
                self._under_way.discard(someone.account_id)
        except StoreUnavailable:
            return PlainTextResponse(words.TROUBLE, 503)

    async def _archive(self, request: Request, account_id: AccountId) -> Response:
        site = runtime.current()
        now = site.clock.now()
        where = words.zone(sessions.zone_in(request.headers.get("cookie", "")))
        collected = await export.collect(site.database, account_id, now)
        packed = await asyncio.to_thread(
            archive.archive, collected.account, collected.calls, now=now, where=where
        )
        log.info("account_exported", account_id=account_id, calls=len(collected.calls))
        return Response(
            packed,
            media_type="application/zip",
            headers={
                "content-disposition": f'attachment; filename="gotobuddy-{now:%Y-%m-%d}.zip"',
                "cache-control": "no-store",
            },
        )
