"""The websocket under Deepgram's SDK, against another implementation's server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from shared.errors import ProviderError
from voice.adapters.deepgram_client import close_quickly, connected, deepgram_client
from voice.adapters.deepgram_listen import DeepgramSpeechToText
from voice.adapters.deepgram_wire import MOST_UNREAD, DeepgramWire, Refused, WireLost
from voice.ports import ListenOptions

Handler = Callable[[ServerConnection], Awaitable[None]]
Answer = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def vendor(handler: Handler, answer: Answer | None = None) -> AsyncIterator[str]:
    """Serve on a free port; yield the address."""
    async with (
        asyncio.timeout(20),
        serve(handler, "127.0.0.1", 0, close_timeout=0.1, process_request=answer) as server,
    ):
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def wire_to(handler: Handler) -> AsyncIterator[DeepgramWire]:
    async with vendor(handler) as url:
        wire = DeepgramWire(url, {"Authorization": "Token secret"})
        await wire.open()
        try:
            yield wire
        finally:
            await wire.close()


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


async def test_text_and_bytes_go_both_ways_with_the_headers_of_the_sdk() -> None:
    headers: list[str | None] = []

    async def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        headers.append(socket.request.headers.get("Authorization"))
        await echo(socket)

    async with wire_to(handler) as wire:
        wire.write(b"\x00\xff" * 1000)
        await wire.send("words")

        assert [await wire.recv(), await wire.recv()] == [b"\x00\xff" * 1000, "words"]
    assert headers == ["Token secret"]


async def test_message_in_fragments_is_put_together() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(["a mes", "sage", ""])
        await socket.send([b"\x01", b"\x02"])
        await socket.wait_closed()

    async with wire_to(handler) as wire:
        assert [await wire.recv(), await wire.recv()] == ["a message", b"\x01\x02"]


async def test_stream_that_the_vendor_ends_well_just_ends() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send("last words")
        await socket.close(1000)

    async with wire_to(handler) as wire:
        assert [message async for message in wire] == ["last words"]


async def test_stream_that_the_vendor_ends_with_a_fault_is_lost_and_says_with_which() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send("last words")
        await socket.close(1011)

    async with wire_to(handler) as wire:
        assert await anext(wire) == "last words"
        with pytest.raises(WireLost, match="1011"):
            await anext(wire)
        with pytest.raises(WireLost):
            wire.write(b"audio")


async def test_stream_that_breaks_off_is_lost() -> None:
    async def handler(socket: ServerConnection) -> None:
        socket.transport.abort()

    async with wire_to(handler) as wire:
        with pytest.raises(WireLost, match="no goodbye"):
            await anext(wire)


async def test_vendor_that_takes_nothing_any_more_is_lost_within_seconds() -> None:
    is_over = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await is_over.wait()

    async with wire_to(handler) as wire:
        clock = asyncio.get_running_loop().time
        began = clock()
        for _ in range(400):  # more than all the buffers on the way hold
            wire.write(bytes(16_000))
        with pytest.raises(WireLost, match="no goodbye"):
            await anext(wire)
        assert 1.9 < clock() - began < 5
        is_over.set()


async def test_reader_who_is_slow_gets_everything_and_holds_up_the_vendor() -> None:
    count, sent = 5000, 0

    async def handler(socket: ServerConnection) -> None:
        nonlocal sent
        for number in range(count):
            await socket.send(f"{number}:" + "x" * 4000)
            sent += 1
        await socket.wait_closed()

    async with wire_to(handler) as wire:
        assert (await wire.recv())[:2] == "0:"
        for _ in range(MOST_UNREAD):
            await asyncio.wait([asyncio.ensure_future(anything())])
        assert sent < count

        rest = [str(await wire.recv()).partition(":")[0] for _ in range(count - 1)]

    assert rest == [str(number) for number in range(1, count)]


async def anything() -> None:
    """Take a turn of the loop."""


async def test_refusal_is_told_by_its_status_and_a_closed_port_is_no_refusal() -> None:
    async with vendor(echo, lambda socket, _: socket.respond(503, "no")) as url:
        with pytest.raises(Refused) as caught:
            await DeepgramWire(url, {}).open()
    assert caught.value.status == 503

    with pytest.raises(OSError, match=r"."):
        await DeepgramWire(url, {}).open()


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (429, True), (503, True)])
async def test_adapter_knows_which_refusals_may_pass(status: int, *, retryable: bool) -> None:
    async with vendor(echo, lambda socket, _: socket.respond(status, "no")) as url:
        port = DeepgramSpeechToText(api_key="k", base_url=url.replace("ws", "http"))
        with pytest.raises(ProviderError, match=f"refused with {status}") as caught:
            async with port.open(ListenOptions()):
                pass

    assert caught.value.retryable is retryable


async def test_vendor_who_does_not_answer_a_goodbye_is_left_within_a_second() -> None:
    is_over = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await is_over.wait()

    async with vendor(handler) as url:
        client = deepgram_client(api_key="k", base_url=url.replace("ws", "http"))
        stack = AsyncExitStack()
        _, wire = await connected(stack, client.listen.v1.connect(model="nova-3"))
        clock = asyncio.get_running_loop().time
        began = clock()

        await close_quickly(stack)

        assert clock() - began < 2
        with pytest.raises(WireLost):
            await wire.recv()
        is_over.set()


async def test_connection_that_is_over_waits_for_no_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        async with wire_to(echo) as wire:
            wire.write("words")
            await wire.recv()
        del wire
        await asyncio.wait([asyncio.ensure_future(anything())])
        alive = sum(isinstance(one, DeepgramWire) for one in gc.get_objects())
    finally:
        gc.enable()

    assert alive == 0
