"""The hub: one read a flush for all who watch, and nothing for anyone else."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

import pytest

from buddy_site.live import Hub
from buddy_site.watching import PENDING_ENTRIES, CallNews, Delivery, Interim
from shared.database import StoreUnavailable
from shared.ids import AccountId, CallId
from shared.sealing import KeyRing
from shared.services.calls import CallCard, CallNotFound, EntryView, Side

SAM, KIM = AccountId("acc_sam"), AccountId("acc_kim")
CALL, OTHER_CALL = CallId("call_1"), CallId("call_2")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AT_ONCE, SOON = 0.01, 5.0


def card(call_id: CallId = CALL, *, is_live: bool = True) -> CallCard:
    return CallCard(
        call_id=call_id,
        persona_name="Ben",
        menu_key=2,
        started_at=NOW,
        seconds=0,
        status="in-progress",
        end_reason=None,
        is_live=is_live,
    )


def entry(sequence: int, text: str = "hello") -> EntryView:
    return EntryView(
        sequence, Side.CALLER, text, "", was_interrupted=False, offset_seconds=sequence, said_at=NOW
    )


class FakeReads:
    """A database of one call, which counts what it is asked and can be made to wait."""

    def __init__(self) -> None:
        self.owners = {CALL: SAM}
        self.entries: list[EntryView] = []
        self.asked: list[int] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_away = False

    def say(self, *said: EntryView) -> None:
        self.entries.extend(said)

    async def news(self, account_id: AccountId, call_id: CallId, after: int) -> CallNews:
        self.asked.append(after)
        await self.may_answer.wait()
        if self.is_away:
            message = "away"
            raise StoreUnavailable(message)
        if self.owners.get(call_id) != account_id:
            raise CallNotFound
        return CallNews(card(), tuple(e for e in self.entries if e.sequence > after))

    async def owner(self, call_id: CallId) -> AccountId | None:
        return self.owners.get(call_id)


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture
async def reads() -> FakeReads:
    return FakeReads()


@pytest.fixture
async def hub(reads: FakeReads, ring: KeyRing) -> AsyncIterator[Hub]:
    hub = Hub(reads, ring)
    async with hub.running():
        yield hub


def sequences(deliveries: Iterable[Delivery]) -> list[list[int]]:
    return [sorted(delivery.entries) for delivery in deliveries]


async def test_one_read_serves_every_watcher(hub: Hub, reads: FakeReads) -> None:
    with hub.watch(SAM, CALL) as one, hub.watch(SAM, CALL) as two:
        reads.say(entry(1))
        await hub.on_entries(CALL)

        assert sequences([await one.next(SOON), await two.next(SOON)]) == [[1], [1]]
        assert len(reads.asked) == 1


async def test_notifications_during_a_read_are_caught_up_in_one_more(
    hub: Hub, reads: FakeReads
) -> None:
    with hub.watch(SAM, CALL) as watcher:
        reads.may_answer.clear()
        for sequence in range(1, 11):
            reads.say(entry(sequence))
            await hub.on_entries(CALL)
            await asyncio.sleep(0)  # noqa: TID251 - lets the hub's task run
        reads.may_answer.set()

        seen: set[int] = set()
        while 10 not in seen:
            seen.update((await watcher.next(SOON)).entries)

        assert seen == set(range(1, 11))
        assert len(reads.asked) == 2


async def test_slow_watcher_gets_everything_at_once(hub: Hub, reads: FakeReads) -> None:
    with hub.watch(SAM, CALL) as slow, hub.watch(SAM, CALL) as quick:
        for sequence in (1, 2, 3):
            reads.say(entry(sequence))
            await hub.on_entries(CALL)
            await quick.next(SOON)

        assert sequences([await slow.next(SOON), await slow.next(AT_ONCE)]) == [[1, 2, 3], []]


async def test_entry_that_was_rewritten_is_read_again(hub: Hub, reads: FakeReads) -> None:
    with hub.watch(SAM, CALL) as watcher:
        reads.say(entry(1), entry(2, "a whole sentence"))
        await hub.on_entries(CALL)
        await watcher.next(SOON)

        reads.entries[1] = entry(2, "a whole")
        await hub.on_entries(CALL)

        assert (await watcher.next(SOON)).entries[2].text == "a whole"


async def test_watcher_far_behind_starts_over_instead_of_growing(
    hub: Hub, reads: FakeReads
) -> None:
    with hub.watch(SAM, CALL) as watcher:
        reads.say(*(entry(sequence) for sequence in range(1, PENDING_ENTRIES + 2)))
        await hub.on_entries(CALL)

        delivery = await watcher.next(SOON)

    assert (delivery.must_start_over, delivery.entries) == (True, {})


async def test_call_that_moved_to_another_account_is_gone(hub: Hub, reads: FakeReads) -> None:
    with hub.watch(SAM, CALL) as watcher:
        reads.owners[CALL] = KIM
        reads.say(entry(1))
        await hub.on_entries(CALL)

        delivery = await watcher.next(SOON)

    assert (delivery.is_gone, delivery.entries, delivery.card) == (True, {}, None)


async def test_database_away_makes_watchers_start_over(hub: Hub, reads: FakeReads) -> None:
    with hub.watch(SAM, CALL) as watcher:
        reads.is_away = True
        await hub.on_entries(CALL)

        assert (await watcher.next(SOON)).must_start_over


async def test_listener_that_was_away_makes_everyone_start_over(hub: Hub) -> None:
    with hub.watch(SAM, CALL) as watcher, hub.watch_account(KIM) as account_watcher:
        await hub.on_gap()

        assert (await watcher.next(SOON)).must_start_over
        assert await account_watcher.changed(SOON)


async def test_other_calls_are_not_read(hub: Hub, reads: FakeReads) -> None:
    with hub.watch(SAM, CALL) as watcher:
        await hub.on_entries(OTHER_CALL)

        assert not await watcher.next(AT_ONCE)
        assert reads.asked == []


def sealed(ring: KeyRing, said: object) -> str:
    return base64.b64encode(ring.seal(json.dumps(said), "interim")).decode()


async def test_interim_words_reach_the_watchers_of_their_call(hub: Hub, ring: KeyRing) -> None:
    said = {"call_id": CALL, "side": "caller", "text": "half a"}
    with hub.watch(SAM, CALL) as here, hub.watch(SAM, OTHER_CALL) as there:
        await hub.on_interim(sealed(ring, said))

        assert (await here.next(SOON)).interim == Interim("caller", "half a")
        assert not await there.next(AT_ONCE)


@pytest.mark.parametrize("payload", ["", "not base64!", base64.b64encode(b"\x01short").decode()])
async def test_interim_that_does_not_open_is_dropped(hub: Hub, payload: str) -> None:
    with hub.watch(SAM, CALL) as watcher:
        await hub.on_interim(payload)

        assert not await watcher.next(AT_ONCE)


async def test_interim_under_another_key_or_shape_is_dropped(hub: Hub, ring: KeyRing) -> None:
    with hub.watch(SAM, CALL) as watcher:
        await hub.on_interim(sealed(KeyRing.generate(), {"call_id": CALL}))
        await hub.on_interim(sealed(ring, {"call_id": CALL}))
        await hub.on_interim(sealed(ring, ["call_id"]))

        assert not await watcher.next(AT_ONCE)


async def test_account_hears_of_its_own_calls_only(hub: Hub) -> None:
    with hub.watch_account(SAM) as sam, hub.watch_account(KIM) as kim:
        await hub.on_entries(CALL)

        assert await sam.changed(SOON)
        assert not await kim.changed(AT_ONCE)


async def test_account_is_told_once_an_interval(hub: Hub) -> None:
    with hub.watch_account(SAM) as watcher:
        for _ in range(5):
            await hub.on_entries(CALL)
            await watcher.changed(AT_ONCE)

        # What came meanwhile is not forgotten: it is told when the interval is over.
        assert not await watcher.changed(AT_ONCE)
        assert await watcher.changed(SOON)


async def test_pages_that_went_away_leave_nothing_behind(hub: Hub) -> None:
    with hub.watch(SAM, CALL), hub.watch_account(SAM):
        assert hub.watcher_count == 2

    assert hub.watcher_count == 0
    assert (hub._groups, hub._accounts) == ({}, {})
