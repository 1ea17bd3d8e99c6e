"""What stands between the network and Reflex."""

from __future__ import annotations

from typing import Any

import pytest

from buddy_site.endpoints.protection import OneHost, SecurityHeaders
from buddy_site.endpoints.tabs import TabTokens
from shared.settings import Settings

HTTPS = Settings(site_public_url="https://gotobuddy.example")
LOCAL = Settings(site_public_url="http://localhost:3000")


class Inner:
    """The app behind: it answers 200 and remembers what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def request(
    path: str, *, host: str = "localhost:3000", kind: str = "http", query: bytes = b""
) -> Any:
    return {
        "type": kind,
        "path": path,
        "query_string": query,
        "headers": [(b"host", host.encode())],
        "method": "GET",
    }


async def ask(app: Any, scope: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{scope['type']}.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def headers(sent: list[dict[str, Any]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def test_over_tls_browsers_are_told_to_stay_there() -> None:
    found = headers(await ask(SecurityHeaders(Inner(), HTTPS), request("/")))

    assert found["strict-transport-security"].startswith("max-age=")
    assert "connect-src 'self' wss://gotobuddy.example;" in found["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/assets/index-1a2b.js", "public, max-age=31536000, immutable"),
        ("/calls", "no-cache"),
        ("/auth/google", "no-store"),
    ],
)
async def test_only_files_that_never_change_are_kept(path: str, kept: str) -> None:
    assert (
        headers(await ask(SecurityHeaders(Inner(), LOCAL), request(path)))["cache-control"] == kept
    )


async def test_supervisors_may_ask_by_address() -> None:
    inner = Inner()

    sent = await ask(OneHost(inner, LOCAL), request("/readyz", host="127.0.0.1:3000"))

    assert sent[0]["status"] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost@evil.example", ""]
)
async def test_another_name_than_the_sites_is_refused(host: str) -> None:
    inner = Inner()

    sent = await ask(OneHost(inner, LOCAL), request("/", host=host))

    assert (sent[0]["status"], inner.scopes) == (421, [])


@pytest.mark.parametrize("host", ["gotobuddy.example", "GoToBuddy.example:443"])
async def test_sites_own_name_is_answered_with_and_without_its_port(host: str) -> None:
    assert (await ask(OneHost(Inner(), HTTPS), request("/", host=host)))[0]["status"] == 200


async def test_public_host_is_left_alone() -> None:
    sent = await ask(OneHost(Inner(), HTTPS), request("/", host="127.0.0.1:3000"))

    assert sent[0]["status"] == 200


@pytest.mark.parametrize("query", [b"", b"token=", b"token=a_b", b"token=%2e%2e", b"other=1"])
@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_connection_without_a_proper_tab_is_refused(kind: str, query: bytes) -> None:
    inner = Inner()

    sent = await ask(TabTokens(inner, LOCAL), request("/_event", kind=kind, query=query))

    assert inner.scopes == []
    assert sent[0].get("status", sent[0].get("code")) in (400, 1008)


async def test_state_is_nobodys_while_it_cant_be_asked_whose_it_is() -> None:
    """Without a running site no session can be read, as when the database is away."""
    inner = Inner()
    scope = request("/_event", kind="websocket", query=b"token=tab-1&EIO=4")
    scope["headers"].append((b"cookie", b"buddy_session=0123456789abcdefghijABCDEFGHIJ"))

    for _ in range(2):
        await ask(TabTokens(inner, LOCAL), scope)

    first, second = (inner_scope["query_string"] for inner_scope in inner.scopes)
    assert first.startswith(b"token=tab-1-")
    assert first != second
