"""Handlers called over a bare websocket: nothing that a page would have checked is checked."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from socketio.exceptions import (  # type: ignore[import-untyped]
    ConnectionError as SocketRefused,
)

from buddy_site.state.account import AccountState
from buddy_site.state.calls import CallsState, HomeState
from buddy_site.state.live_call import CallState
from buddy_site.state.operations import OperationsState
from buddy_site.state.oversight import OversightState
from shared.services import accounts
from tests.e2e.running_site import Caller, RunningSite
from tests.integration.site.socket_client import state_socket

SECRET = "the words of somebody else"
TO_SIGN_IN = "/sign-in"
PRIVATE_HANDLERS = [
    (HomeState, "load"),
    (HomeState, "follow"),
    (CallsState, "load"),
    (CallsState, "show_more"),
    (CallsState, "follow"),
    (CallState, "load"),
    (CallState, "show_earlier"),
    (CallState, "follow"),
    (OperationsState, "load"),
    (OversightState, "load"),
]
PRIVATE_HELPERS = ["_read", "_admitted", "_snapshot", "_show_card", "_forget", "reset", "get_state"]


def handler(state: Any, name: str) -> str:
    return f"{state.get_full_name()}.{name}"


@pytest.fixture(scope="module")
def caller(site: RunningSite) -> Caller:
    caller = Caller(site, f"CA{uuid.uuid4().hex}")
    caller.choose()
    caller.say("caller", SECRET)
    return caller


def owner_cookie(site: RunningSite) -> str:
    return site.cookie(site.token_for("demo"))


def stranger_cookie(site: RunningSite) -> str:
    return site.cookie(site.token_for("alex"))


@pytest.mark.parametrize(("state", "name"), PRIVATE_HANDLERS)
async def test_without_a_session_no_handler_says_anything(
    site: RunningSite, caller: Caller, state: Any, name: str
) -> None:
    async with state_socket(site.url) as socket:
        await socket.call(handler(state, name), f"/calls/{caller.call_id}")
        caller.say("caller", SECRET)
        said = await socket.settled()

    assert SECRET not in said
    assert "demo@" not in said
    assert str(caller.call_id) not in said.replace(f"/calls/{caller.call_id}", "").replace(
        f'"{caller.call_id}"', ""
    )


@pytest.mark.parametrize("name", ["load", "show_earlier", "follow"])
async def test_somebody_elses_call_looks_like_none(
    site: RunningSite, caller: Caller, name: str
) -> None:
    async with state_socket(site.url, cookie=stranger_cookie(site)) as socket:
        await socket.call(handler(CallState, name), f"/calls/{caller.call_id}")
        await socket.until('"is_missing_rx_state_": true')
        caller.say("caller", SECRET)
        caller.show_interim("caller", SECRET)
        said = await socket.settled()

    assert SECRET not in said
    assert '"buddy_rx_state_": "Ethan"' not in said


async def test_its_owner_is_sent_the_same_call(site: RunningSite, caller: Caller) -> None:
    """The counterpart of the refusals: they would pass if nobody were sent anything."""
    async with state_socket(site.url, cookie=owner_cookie(site)) as socket:
        await socket.call(handler(CallState, "follow"), f"/calls/{caller.call_id}")
        await socket.until(SECRET)
        caller.say("caller", "and now live")
        await socket.until("and now live")
        caller.show_interim("caller", "perhaps")
        await socket.until("perhaps")


async def test_stream_stops_when_its_session_is_revoked(site: RunningSite, caller: Caller) -> None:
    token = site.token_for("demo")
    async with state_socket(site.url, cookie=site.cookie(token)) as socket:
        await socket.call(handler(CallState, "follow"), f"/calls/{caller.call_id}")
        await socket.until(SECRET)

        site.database.transact_now(accounts.sign_out, token=token, now=datetime.now(UTC))
        caller.say("caller", "said after the end of the session")
        await socket.until(TO_SIGN_IN)
        caller.show_interim("caller", "whispered after the end of the session")
        await socket.call(handler(CallState, "load"), f"/calls/{caller.call_id}")
        said = await socket.settled()

    assert "after the end of the session" not in said


async def test_tab_that_signed_out_finds_an_empty_state(site: RunningSite, caller: Caller) -> None:
    token, tab = site.token_for("demo"), str(uuid.uuid4())
    async with state_socket(site.url, cookie=site.cookie(token), tab=tab) as socket:
        await socket.call(handler(CallState, "load"), f"/calls/{caller.call_id}")
        await socket.until(SECRET)

    for cookie in ("", stranger_cookie(site)):
        async with state_socket(site.url, cookie=cookie, tab=tab) as socket:
            assert SECRET not in await socket.settled()
    site.database.transact_now(accounts.sign_out, token=token, now=datetime.now(UTC))
    async with state_socket(site.url, cookie=site.cookie(token), tab=tab) as socket:
        assert SECRET not in await socket.settled()


@pytest.mark.parametrize("state", [HomeState, CallsState, CallState, AccountState])
async def test_helpers_are_no_handlers(site: RunningSite, caller: Caller, state: Any) -> None:
    async with state_socket(site.url, cookie=stranger_cookie(site)) as socket:
        for name in PRIVATE_HELPERS:
            await socket.call(
                handler(state, name), payload={"account_id": "x", "call_id": str(caller.call_id)}
            )
        assert SECRET not in await socket.settled()


async def test_vars_are_not_the_browsers_to_set(site: RunningSite) -> None:
    async with state_socket(site.url, cookie=stranger_cookie(site)) as socket:
        for name in ("is_operator", "is_signed_in", "_owner", "_call_id"):
            for state in (AccountState, CallState):
                await socket.call(
                    handler(state, "setvar"), payload={"var_name": name, "value": True}
                )
        await socket.call(
            "reflex___state____state.reflex___state____update_vars_internal_state"
            ".update_vars_internal",
            payload={"vars": {f"{AccountState.get_full_name()}.is_operator_rx_state_": True}},
        )
        await socket.call(handler(AccountState, "enter"))
        await socket.until("alex@gotobuddy.example")
        said = await socket.settled()

    assert '"is_operator_rx_state_": true' not in said


@pytest.mark.parametrize(
    "path",
    ["/calls/", "/calls/call_", "/calls/%00", "/calls/../../etc/passwd", "/calls/call_a'--", ""],
)
async def test_odd_addresses_name_no_call(site: RunningSite, path: str) -> None:
    async with state_socket(site.url, cookie=stranger_cookie(site)) as socket:
        await socket.call(handler(CallState, "load"), path)
        await socket.until('"is_missing_rx_state_": true')


@pytest.mark.parametrize("payload", [{"page": -999}, {"self": 1}, {"x": [1, {"y": None}]}])
async def test_unasked_payloads_harm_nobody(site: RunningSite, payload: dict[str, Any]) -> None:
    cookie = owner_cookie(site)
    async with state_socket(site.url, cookie=cookie) as socket:
        for state, name in PRIVATE_HANDLERS:
            await socket.call(handler(state, name), "/calls", payload)
        await socket.call(handler(AccountState, "enter"))
        await socket.until("demo@gotobuddy.example")


async def test_other_origins_get_no_socket(site: RunningSite) -> None:
    with pytest.raises(SocketRefused):
        async with state_socket(
            site.url, cookie=owner_cookie(site), origin="https://elsewhere.example"
        ):
            pass


@pytest.mark.parametrize("tab", ["a_b", "x" * 65, "../x", "a b"])
async def test_tab_token_of_another_shape_gets_no_socket(site: RunningSite, tab: str) -> None:
    with pytest.raises(SocketRefused):
        async with state_socket(site.url, tab=tab):
            pass


async def test_session_cookie_is_never_sent_to_the_page(site: RunningSite) -> None:
    token = site.token_for("demo")
    async with state_socket(site.url, cookie=site.cookie(token)) as socket:
        await socket.call(handler(HomeState, "load"), "/home")
        await socket.until('"talk_time_rx_state_": ')
        said = await socket.settled()

    assert token not in said
    assert "buddy_session" not in said
