"""Every handler of every State, called over the socket with whatever one can think of.

A handler that is added later is called too: they are found, not listed. Each is called by a
stranger and by somebody signed in, with nothing, with odd values for all that it takes, and with
ids of another account. Nobody may learn or change anything of others, and nothing may break.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import reflex as rx
from psycopg import sql

import buddy_site.state
from tests.e2e.running_site import Caller, RunningSite
from tests.integration.site.socket_client import state_socket

SECRET = "the words that the victim said"
VICTIM, ATTACKER = "demo", "mallory"
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    10**400,  # no float
    1.5,
    "",
    "\0",
    "x" * 20_000,
    "'; DROP TABLE account; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "https://evil.example/",
    "line\r\nSet-Cookie: buddy_session=x",
    "\ud83d",
    [],
    {},
    {"id": {"$ne": None}},
    [[["deep"]]] * 50,
)
# What forms of the site are asked for, as their handlers read it.
FIELDS = sorted(
    {
        field
        for path in Path(next(iter(buddy_site.state.__path__))).glob("*.py")
        for field in re.findall(r"""form(?:\.get\(|\[|, )["'](\w+)["']""", path.read_text())
    }
)
# What names no account: counters, work to do, and what has been deleted.
RESTLESS = {"erasure", "job", "guard_window", "spending"}


@dataclass(frozen=True, slots=True)
class Handler:
    """One thing that anyone can call."""

    name: str
    parameters: tuple[str, ...]

    def __str__(self) -> str:
        state, name = self.name.rsplit(".", 2)[-2:]
        return f"{state.rpartition('____')[2]}.{name}"


def handlers() -> Iterator[Handler]:
    """Yield every handler of every State of ours."""
    for module in pkgutil.iter_modules(buddy_site.state.__path__):
        importlib.import_module(f"{buddy_site.state.__name__}.{module.name}")
    states = [*rx.State.get_substates()]
    for state in states:
        states.extend(state.get_substates())
    for state in sorted(states, key=lambda state: state.get_full_name()):
        if not state.__module__.startswith("buddy_site."):
            continue
        for name, handler in sorted(state.event_handlers.items()):
            if name != "setvar":  # of the framework: refused for every var, as another test shows
                _, *parameters = inspect.signature(handler.fn).parameters
                yield Handler(f"{state.get_full_name()}.{name}", tuple(parameters))


def payloads(handler: Handler, ids: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what to call it with."""
    yield {}
    yield {"no_such_parameter": 1, "self": None}
    if handler.parameters:
        for value in (*HOSTILE, *ids):
            yield dict.fromkeys(handler.parameters, value)
        for value in (*HOSTILE, *ids):
            yield dict.fromkeys(handler.parameters, dict.fromkeys(FIELDS, value))


@pytest.fixture(scope="module")
def victims_call(site: RunningSite) -> Caller:
    """Have somebody say something, on a line of their own, that nobody else may learn."""
    caller = Caller(site, f"CA{uuid.uuid4().hex}")
    caller.choose()
    caller.say("caller", SECRET)
    return caller


def rows(site: RunningSite) -> dict[str, set[str]]:
    """Return every row of every table, as text."""
    with psycopg.connect(site.database_urls.direct) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        return {
            table: {
                row
                for (row,) in connection.execute(
                    sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
                )
            }
            for table in tables
            if table not in RESTLESS
        }


def ids_of(site: RunningSite, account_id: str) -> list[str]:
    """Return the ids of an account's rows, each of which somebody else might try."""
    with psycopg.connect(site.database_urls.direct) as connection:
        found = [account_id]
        for table in ("call", "sign_in_session", "phone_line", "consent", "notice", "checkout"):
            query = sql.SQL("SELECT id FROM {} WHERE account_id = %s LIMIT 1")
            found += [
                name
                for (name,) in connection.execute(
                    query.format(sql.Identifier(table)), (account_id,)
                )
            ]
        return found


def broken_in(logged: str) -> list[str]:
    """Return what broke in code of ours: the framework itself turns parameters away by failing."""
    return [
        line
        for line in logged.splitlines()
        if "Traceback" in line or ("handler_failed" in line and "base_state_processor" not in line)
    ]


def log_of(site: RunningSite) -> str:
    return site.log.read_text(errors="replace")


@pytest.mark.parametrize("who", ["stranger", "attacker"])
@pytest.mark.parametrize("handler", list(handlers()), ids=str)
async def test_no_handler_gives_away_changes_or_breaks_what_is_not_ones_own(
    site: RunningSite, victims_call: Caller, handler: Handler, who: str
) -> None:
    victim = site.account_of(site.token_for(VICTIM))
    ids, cookie, attacker = ids_of(site, victim), "", "nobody"
    if who == "attacker":
        token = site.token_for(f"{ATTACKER}-{uuid.uuid4().hex[:8]}")
        cookie, attacker = site.cookie(token), site.account_of(token)
    before, log_before = rows(site), log_of(site)

    async with state_socket(site.url, cookie=cookie) as socket:
        for path in (f"/calls/{victims_call.call_id}", f"/operator/calls/{victims_call.call_id}"):
            for payload in payloads(handler, ids):
                await socket.call(handler.name, path, payload)
        said = await socket.settled()

    after, logged = rows(site), log_of(site).removeprefix(log_before)
    assert SECRET not in said
    assert f"{VICTIM}@" not in said
    assert "555-0123" not in said  # the victim's number, as pages show numbers
    touched = {table: after[table] ^ before[table] for table in before}
    foreign = [
        f"{table}: {row}"
        for table, changed in touched.items()
        for row in changed
        if attacker not in row
    ]
    assert foreign == []
    assert broken_in(logged) == []
