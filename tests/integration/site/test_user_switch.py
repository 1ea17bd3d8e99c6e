"""The next person in a tab is sent nothing of the last one, whatever page it was."""

from __future__ import annotations

import importlib
import pkgutil
import uuid
from typing import Any

import reflex as rx

import buddy_site.state
from buddy_site.state.private import PrivateState
from tests.e2e.running_site import RunningSite
from tests.integration.site.socket_client import state_socket

ENTRANCES = ("enter", "load")  # the handlers that a page's load calls


def private_states() -> list[Any]:
    """Return every State of ours that holds somebody's data, those of tomorrow as well."""
    for module in pkgutil.iter_modules(buddy_site.state.__path__):
        importlib.import_module(f"{buddy_site.state.__name__}.{module.name}")
    return [state for state in rx.State.get_substates() if issubclass(state, PrivateState)]


async def test_next_person_in_a_tab_is_sent_nothing_of_the_last_one(site: RunningSite) -> None:
    first, second, tab = site.token_for("demo"), site.token_for("alex"), str(uuid.uuid4())
    states = private_states()
    assert len(states) > 8
    async with state_socket(site.url, cookie=site.cookie(first), tab=tab) as socket:
        for state in states:
            for name in ENTRANCES:
                if name in state.event_handlers:
                    await socket.call(f"{state.get_full_name()}.{name}", "/home")
        await socket.until("demo@gotobuddy.example")
        said = await socket.settled()
    mine = [words for words in ("demo@gotobuddy.example", "555-0123", '"Sam"') if words in said]
    assert len(mine) == 3, said

    for cookie in (site.cookie(second), ""):
        async with state_socket(site.url, cookie=cookie, tab=tab) as socket:
            for state in states:
                for name in ENTRANCES:
                    if name in state.event_handlers:
                        await socket.call(f"{state.get_full_name()}.{name}", "/home")
            said = await socket.settled()

        assert [words for words in mine if words in said] == []
        assert str(site.account_of(first)) not in said
