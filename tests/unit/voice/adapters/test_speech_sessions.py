"""Which connection speaks, and which is let go, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from shared.errors import ProviderError
from tests.support.loop_time import now, until
from voice.adapters.speech_sessions import SpeechSessions
from voice.ports import Voice
from voice.replay.virtual_time import run_in_virtual_time

VOICE = Voice("ballad")
GONE = ProviderError("voice", "gone", retryable=True)


class FakeSession:
    """Says a text in two pieces."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.said: list[str] = []
        self.is_usable = True
        self.closed_at: float | None = None
        self.fails_after: int | None = None  # pieces

    async def say(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        self.said.append(text)
        for piece in (0, 1):
            if self.fails_after == piece:
                raise GONE
            await until(now() + 0.1)
            yield f"{self.number}:{text}".encode()

    async def close(self) -> None:
        self.closed_at = now()


class World:
    def __init__(self) -> None:
        self.opened: list[FakeSession] = []
        self.sessions: SpeechSessions[str] = SpeechSessions(self._connect, most_idle=2)

    async def _connect(self, key: str) -> FakeSession:
        await until(now() + 0.2)
        self.opened.append(FakeSession(len(self.opened)))
        return self.opened[-1]

    async def say(self, text: str, key: str = "ballad") -> list[bytes]:
        return [chunk async for chunk in self.sessions.say(key, text, VOICE)]


def test_the_next_segment_needs_no_handshake() -> None:
    async def play() -> None:
        world = World()
        await world.say("one")
        began = now()

        assert await world.say("two") == [b"0:two", b"0:two"]
        assert now() - began == pytest.approx(0.2)

    run_in_virtual_time(play())


def test_another_voice_and_a_voice_that_is_speaking_get_their_own() -> None:
    async def play() -> None:
        world = World()
        await asyncio.gather(world.say("one"), world.say("two"), world.say("three", "marin"))

        assert sorted(session.said for session in world.opened) == [["one"], ["three"], ["two"]]

    run_in_virtual_time(play())


def test_what_was_cut_off_is_never_spoken_with_again() -> None:
    async def play() -> None:
        world = World()
        audio = world.sessions.say("ballad", "a long story", VOICE)
        await anext(audio)
        await audio.aclose()
        await world.say("something else")

        assert [session.said for session in world.opened] == [["a long story"], ["something else"]]
        assert world.opened[0].closed_at == pytest.approx(0.3)

    run_in_virtual_time(play())


def test_a_connection_that_died_on_the_shelf_is_no_failure() -> None:
    async def play() -> None:
        world = World()
        await world.say("one")
        world.opened[0].fails_after = 0

        assert await world.say("two") == [b"1:two", b"1:two"]

    run_in_virtual_time(play())


@pytest.mark.parametrize("is_new", [True, False])
def test_a_failure_after_the_first_byte_is_told(*, is_new: bool) -> None:
    async def play() -> None:
        world = World()
        if not is_new:
            await world.say("one")
            world.opened[0].fails_after = 1
        audio = world.sessions.say("ballad", "two", VOICE)
        await anext(audio)
        world.opened[-1].fails_after = 1

        with pytest.raises(ProviderError):
            await anext(audio)
        assert len(world.opened) == 1

    run_in_virtual_time(play())


def test_idle_and_spent_connections_are_closed() -> None:
    async def play() -> None:
        world = World()
        await world.sessions.warm("ballad")
        await world.sessions.warm("ballad")
        left_at = now()
        await until(now() + 61)
        await world.say("one", "marin")
        world.opened[1].is_usable = False
        await world.say("two", "marin")
        spent_at = now()
        await until(spent_at + 1)

        assert [session.closed_at for session in world.opened] == [left_at + 60, spent_at]

    run_in_virtual_time(play())


def test_closing_leaves_nothing_open_and_keeps_nothing() -> None:
    async def play() -> None:
        world = World()
        await asyncio.gather(*(world.say(text) for text in "abc"))
        await world.sessions.close()
        await world.say("late")
        await until(now() + 1)

        assert all(session.closed_at is not None for session in world.opened)
        assert len(world.opened) == 4

    run_in_virtual_time(play())
