"""The hub: one listener in the process, one read a flush, many watchers.

A notification only says which call has news. The hub reads them once for every account whose
pages watch that call, as that account: a call that has moved to another account is no longer
found, and its watchers are told so. Interim words arrive in the notification itself, sealed.

Nothing here is the truth: a watcher that joins, or whose listener was away, starts over from
the database.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from buddy_site.watching import AccountWatcher, CallNews, Interim, Watcher
from shared.errors import BuddyError, ProviderError
from shared.ids import AccountId, CallId
from shared.sealing import KeyRing
from shared.services.calls import CallNotFound

REREAD_ENTRIES = 4  # an interruption rewrites what was written last
ACCOUNT_INTERVAL_SECONDS = 1.0  # lists of calls are reloaded this often at most
KNOWN_OWNERS = 1024

log = structlog.get_logger()


class Reads(Protocol):
    """What the hub asks of the database."""

    async def news(self, account_id: AccountId, call_id: CallId, after: int) -> CallNews: ...

    async def owner(self, call_id: CallId) -> AccountId | None: ...


@dataclass(slots=True, eq=False)
class _Group:
    """The watchers of one call that belong to one account: they share every read."""

    account_id: AccountId
    call_id: CallId
    watchers: set[Watcher] = field(default_factory=set)
    last_sequence: int = 0
    is_behind: bool = False
    reading: asyncio.Task[None] | None = None


@dataclass(slots=True, eq=False)
class _AccountGroup:
    watchers: set[AccountWatcher] = field(default_factory=set)
    timer: asyncio.TimerHandle | None = None
    is_behind: bool = False


class Hub:
    """Hands what the listener hears to the pages that are open."""

    def __init__(self, reads: Reads, key_ring: KeyRing) -> None:
        self._reads = reads
        self._key_ring = key_ring
        self._groups: dict[tuple[CallId, AccountId], _Group] = {}
        self._accounts: dict[AccountId, _AccountGroup] = {}
        self._owners: OrderedDict[CallId, AccountId] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def watcher_count(self) -> int:
        """How many pages are followed."""
        return sum(len(group.watchers) for group in self._groups.values()) + sum(
            len(group.watchers) for group in self._accounts.values()
        )

    @contextmanager
    def watch(self, account_id: AccountId, call_id: CallId) -> Iterator[Watcher]:
        """Follow a call. Enter this first, then read the snapshot: so nothing is missed."""
        key = (call_id, account_id)
        group = self._groups.setdefault(key, _Group(account_id, call_id))
        watcher = Watcher()
        group.watchers.add(watcher)
        try:
            yield watcher
        finally:
            group.watchers.discard(watcher)
            if not group.watchers and self._groups.get(key) is group:
                del self._groups[key]

    @contextmanager
    def watch_account(self, account_id: AccountId) -> Iterator[AccountWatcher]:
        """Follow which calls an account has, and how it stands with it."""
        group = self._accounts.setdefault(account_id, _AccountGroup())
        watcher = AccountWatcher()
        group.watchers.add(watcher)
        try:
            yield watcher
        finally:
            group.watchers.discard(watcher)
            if not group.watchers and self._accounts.get(account_id) is group:
                del self._accounts[account_id]
                if group.timer is not None:
                    group.timer.cancel()

    async def on_entries(self, payload: str) -> None:
        """Take a notification of CALL_ENTRIES: the call has new entries, or changed itself."""
        call_id = CallId(payload)
        for group in self._groups_of(call_id):
            group.is_behind = True
            if group.reading is None:
                group.reading = self._spawn(self._catch_up(group))
        if self._accounts:
            self._spawn(self._tell_owner(call_id))

    async def on_interim(self, payload: str) -> None:
        """Take a notification of CALL_INTERIM: words that may be lost without harm."""
        if not self._groups:
            return
        try:
            sealed = base64.b64decode(payload, validate=True)
            said = json.loads(self._key_ring.open(sealed, "interim"))
            call_id, interim = CallId(said["call_id"]), Interim(said["side"], said["text"])
        except (BuddyError, binascii.Error, ValueError, KeyError, TypeError):
            log.warning("interim_refused")
            return
        for group in self._groups_of(call_id):
            for watcher in group.watchers:
                watcher.post_interim(interim)

    async def on_account(self, payload: str) -> None:
        """Take a notification of ACCOUNT: what the account may do or has to pay has changed."""
        if (group := self._accounts.get(AccountId(payload))) is not None:
            for watcher in group.watchers:
                watcher.post()

    async def on_gap(self) -> None:
        """Let everyone start over: what was sent while the listener was away is lost."""
        for group in self._groups.values():
            for watcher in group.watchers:
                watcher.start_over()
        for account_group in self._accounts.values():
            for account_watcher in account_group.watchers:
                account_watcher.post()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """End what is still being read when the block is left."""
        try:
            yield
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _groups_of(self, call_id: CallId) -> list[_Group]:
        return [group for (watched, _), group in self._groups.items() if watched == call_id]

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _catch_up(self, group: _Group) -> None:
        try:
            while group.is_behind and group.watchers:
                group.is_behind = False
                await self._read(group)
        finally:
            group.reading = None

    async def _read(self, group: _Group) -> None:
        after = max(0, group.last_sequence - REREAD_ENTRIES)
        try:
            news = await self._reads.news(group.account_id, group.call_id, after)
        except CallNotFound:
            for watcher in group.watchers:
                watcher.lose()
            return
        except ProviderError as error:
            log.warning("live_read_failed", error=type(error).__name__)
            for watcher in group.watchers:
                watcher.start_over()
            return
        if news.entries:
            group.last_sequence = max(group.last_sequence, news.entries[-1].sequence)
        for watcher in group.watchers:
            watcher.post(news)

    async def _tell_owner(self, call_id: CallId) -> None:
        try:
            owner = self._owners.get(call_id) or await self._reads.owner(call_id)
        except ProviderError as error:
            log.warning("owner_read_failed", error=type(error).__name__)
            return
        if owner is None:
            return
        self._owners[call_id] = owner
        self._owners.move_to_end(call_id)
        while len(self._owners) > KNOWN_OWNERS:
            self._owners.popitem(last=False)
        if group := self._accounts.get(owner):
            self._tell(group)

    def _tell(self, group: _AccountGroup) -> None:
        """Tell now, and then not again before the interval is over."""
        if group.timer is not None:
            group.is_behind = True
            return
        group.is_behind = False
        for watcher in group.watchers:
            watcher.post()
        loop = asyncio.get_running_loop()
        group.timer = loop.call_later(ACCOUNT_INTERVAL_SECONDS, self._interval_over, group)

    def _interval_over(self, group: _AccountGroup) -> None:
        group.timer = None
        if group.is_behind and group.watchers:
            self._tell(group)
