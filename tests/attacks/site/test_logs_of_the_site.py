"""What a browser sends does not get into the site's log, neither as words nor as lines."""

from __future__ import annotations

import uuid
from typing import Any

import httpx2
import pytest

from tests.e2e.running_site import RunningSite
from tests.integration.site.socket_client import state_socket

STATE = "reflex___state____state"
FRAMEWORKS_OWN: list[tuple[str, dict[str, Any]]] = [
    ("frontend_event_exception_state.handle_frontend_exception", {"component_stack": "x"}),
    ("update_vars_internal_state.update_vars_internal", {}),
    ("on_load_internal_state.set_is_hydrated", {}),
]


@pytest.mark.parametrize(("name", "payload"), FRAMEWORKS_OWN)
@pytest.mark.parametrize("parameter", ["info", "vars", "value", "self", "unasked"])
async def test_what_a_browser_sends_is_not_logged(
    site: RunningSite, name: str, payload: dict[str, Any], parameter: str
) -> None:
    secret = uuid.uuid4().hex
    forged = f"{secret}\n2026-11-22T00:00:00Z [info] signed_in account_id={secret}"
    async with state_socket(site.url) as socket:
        for value in (forged, {forged: forged}, [forged]):
            full_name = f"{STATE}.reflex___state____{name}"
            await socket.call(full_name, payload={**payload, parameter: value})
        await socket.call(f"{STATE}.{secret}", payload={parameter: forged})
        await socket.settled()

    assert secret not in site.log.read_text(errors="replace")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/no-such-page?email=somebody@quixotic.example", {}),
        ("/auth/google?next=somebody@quixotic.example", {}),
        ("/auth/google/callback?error=somebody@quixotic.example&state=x", {}),
        ("/auth/google/callback?code=somebody@quixotic.example&state=x", {}),
        ("/", {"User-Agent": "somebody@quixotic.example"}),
        ("/", {"Referer": "https://x.example/?somebody@quixotic.example"}),
        ("/", {"Cookie": "buddy_session=somebody@quixotic.example"}),
        ("/", {"X-Forwarded-For": "somebody@quixotic.example"}),
    ],
)
async def test_requests_leave_nothing_of_theirs_in_the_log(
    site: RunningSite, path: str, headers: dict[str, str]
) -> None:
    async with httpx2.AsyncClient(base_url=site.url) as http:
        answer = await http.get(path, headers=headers)

    assert answer.status_code < 500
    assert "quixotic" not in site.log.read_text(errors="replace")
