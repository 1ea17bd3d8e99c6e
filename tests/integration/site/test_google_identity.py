"""The gateway to Google against the sandbox's, without the rest of the site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from buddy_site.gateways.google_identity import GoogleIdentity, SignInRefused
from sandbox.config import SandboxConfig
from sandbox.google.app import create_app
from sandbox.serving import serving
from shared.settings import Settings

SITE = "http://localhost:3000"


@asynccontextmanager
async def google(port: int) -> AsyncIterator[None]:
    async with serving(create_app(SandboxConfig(site_url=SITE)), port):
        yield


@pytest.fixture
async def site(unused_tcp_port: int) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the two halves of a sign-in, and nothing else."""
    address = f"http://127.0.0.1:{unused_tcp_port}/.well-known/openid-configuration"
    gateway = GoogleIdentity(Settings(google_metadata_url=address))

    async def start(request: Request) -> Response:
        return await gateway.start(request, f"{SITE}/back")

    async def back(request: Request) -> Response:
        try:
            return JSONResponse({"email": (await gateway.finish(request)).email})
        except SignInRefused:
            return JSONResponse({"email": None})

    app = Starlette(
        routes=[Route("/start", start), Route("/back", back)],
        middleware=[Middleware(SessionMiddleware, secret_key="x")],
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=SITE) as client:
        yield client


async def sign_in(site: httpx2.AsyncClient) -> str | None:
    question = (await site.get("/start")).headers["location"]
    async with httpx2.AsyncClient() as browser:
        chosen = await browser.post(question, data={"sub": "demo"})
    answer: str | None = (await site.get(chosen.headers["location"])).json()["email"]
    return answer


async def test_keys_that_were_replaced_cost_one_attempt(
    site: httpx2.AsyncClient, unused_tcp_port: int
) -> None:
    async with google(unused_tcp_port):
        assert await sign_in(site) == "demo@gotobuddy.example"

    async with google(unused_tcp_port):
        assert await sign_in(site) is None
        assert await sign_in(site) == "demo@gotobuddy.example"
