"""`python -m sandbox` as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from tests.support.ports import free_ports

SERVERS = 5
START_SECONDS = 60.0
STOP_SECONDS = 2.5  # two, and the interpreter's own way out


@asynccontextmanager
async def sandbox(port_base: int, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--port-base", str(port_base), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "BUDDY_SANDBOX_SCRIPT": "1"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_ready(process: asyncio.subprocess.Process) -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        while "sandbox: ready" not in lines:
            line = await process.stdout.readline()
            assert line, lines
            lines.append(line.decode().rstrip())
    return lines


async def test_all_servers_start_say_where_they_are_and_stop_when_told() -> None:
    base = free_ports(SERVERS)
    async with sandbox(base) as process, aiohttp.ClientSession() as http:
        lines = await until_ready(process)
        statuses = []
        for port in range(base, base + SERVERS):
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                statuses.append(answer.status)
        process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(process.wait(), STOP_SECONDS)

    assert (statuses, status) == ([200] * SERVERS, 0)
    assert all(any(f":{port}" in line for line in lines) for port in range(base, base + SERVERS))


async def test_a_taken_port_is_said_plainly() -> None:
    base = free_ports(SERVERS)
    async with AsyncExitStack() as stack:
        stack.enter_context(socket.create_server(("127.0.0.1", base + 1)))
        process = await stack.enter_async_context(sandbox(base))
        _, errors = await asyncio.wait_for(process.communicate(), START_SECONDS)

    assert process.returncode == 1
    assert f"port {base + 1} is in use" in errors.decode()
