"""An engine in a process of its own: started, spoken to, restarted when it dies, stopped.

The process is niced and talks over pipes (`frames`), so that neither its work nor its death can
hold up the servers' event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import sys
from collections import deque
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from sandbox.engines.frames import HEAD, pack
from sandbox.engines.roles import EngineUnavailable

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds before a dead engine is started again
GOODBYE_SECONDS = 0.5
ROOT = Path(__file__).parents[2]  # where `python -m sandbox…` works
MISSING_MODEL_STATUS = 3  # the engine's own word for: starting me again is of no use

_log = logging.getLogger(__name__)


class EngineProcess:
    """One engine, run as `python -m module arguments…`."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self.name = module.rpartition(".")[2]
        self.ready: dict[str, Any] | None = None  # what the engine said when it was ready
        self.failure: str | None = None  # why it will not be started again
        self._keeping: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[tuple[dict[str, Any], bytes] | None]] = {}
        self._changed = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        return self.ready is not None

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and keep it running."""
        self._keeping = asyncio.create_task(self._keep())

    async def until_ready(self, patience: float | None = None) -> None:
        """Wait until it can work; raise `EngineUnavailable` where it can't in so many seconds."""
        try:
            async with asyncio.timeout(patience):
                while not self.is_ready:
                    if self.failure:
                        raise EngineUnavailable(self.failure)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            message = f"the {self.name} is still starting"
            raise EngineUnavailable(message) from None

    async def stop(self) -> None:
        """End it."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping

    async def ask(
        self, op: str, payload: bytes = b"", **fields: Any
    ) -> AsyncGenerator[tuple[dict[str, Any], bytes]]:
        """Yield the answers; raise `EngineUnavailable` where the engine fails or dies.

        Closing the generator takes the request back.
        """
        process = self._process
        if not self.is_ready or process is None or process.stdin is None:
            raise EngineUnavailable(self.failure or f"the {self.name} is starting")
        number = next(self._numbers)
        answers = self._answers[number] = asyncio.Queue()
        is_done = False
        try:
            process.stdin.write(pack({"id": number, "op": op, **fields}, payload))
            while not is_done:
                answer = await answers.get()
                is_done = answer is None or "done" in answer[0] or "error" in answer[0]
                if answer is None or "error" in answer[0]:
                    reason = answer[0]["error"] if answer else f"the {self.name} has died"
                    raise EngineUnavailable(reason)
                if not is_done:
                    yield answer
        finally:
            del self._answers[number]
            if not is_done and self._process is process:
                process.stdin.write(pack({"id": number, "op": "cancel"}))

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            status = await self._run_once()
            if status == MISSING_MODEL_STATUS or self.failure:
                self.failure = self.failure or f"the {self.name} can't be started"
                self._changed.set()
                return
            _log.warning("engine_restarts %s after status %s", self.name, status)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _run_once(self) -> int:
        """Run the process to its end and return its status."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,  # a Ctrl-C is its owner's to handle
        )
        self._process = process
        last_lines: deque[str] = deque(maxlen=20)
        telling = asyncio.create_task(_drain(process, last_lines))
        try:
            await self._read_answers(process)
        finally:
            self.ready = self._process = None
            for answers in self._answers.values():
                answers.put_nowait(None)
            await _end(process)
            telling.cancel()
        status = process.returncode or 0
        if status:
            _log.warning("engine_ended %s %s: %s", self.name, status, " | ".join(last_lines))
        if status == MISSING_MODEL_STATUS and last_lines:
            self.failure = last_lines[-1]
        return status

    async def _read_answers(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        stream = process.stdout
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                header_length, payload_length = HEAD.unpack(await stream.readexactly(HEAD.size))
                header = json.loads(await stream.readexactly(header_length))
                payload = await stream.readexactly(payload_length)
                if "ready" in header:
                    self.ready = header
                    self._changed.set()
                elif (answers := self._answers.get(header["id"])) is not None:
                    answers.put_nowait((header, payload))


async def _drain(process: asyncio.subprocess.Process, last_lines: deque[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    while line := await process.stderr.readline():
        last_lines.append(line.decode("utf-8", "replace").rstrip())


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it end by itself, as it does when its pipe is closed, or make it."""
    if process.stdin is not None:
        process.stdin.close()
    waiting = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait([waiting], timeout=GOODBYE_SECONDS)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await waiting
