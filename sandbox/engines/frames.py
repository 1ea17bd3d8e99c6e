"""How an engine's process and its owner talk: frames of a JSON header and bytes, over pipes.

A request is `{"id": n, "op": name, …}`; answers carry its id, the last one `"done": true`, a failed
one `"error": text`. `{"id": n, "op": "cancel"}` takes a request back. When the pipe ends, so does the
engine: it can't outlive its owner, however that one died.
"""

from __future__ import annotations

import json
import os
import queue
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

HEAD = struct.Struct(">II")  # lengths of header and payload

Answers = Iterator[tuple[dict[str, Any], bytes]]
Handler = Callable[[dict[str, Any], bytes], Answers]


def pack(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Return one frame."""
    text = json.dumps(header).encode()
    return HEAD.pack(len(text), len(payload)) + text + payload


class EngineLoop:
    """The engine's side: answers requests in threads until its owner is gone."""

    def __init__(self, nice: int, threads: int = 1) -> None:
        os.nice(nice)
        # Libraries print; what they print must not get between the frames.
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self._pool = ThreadPoolExecutor(threads)
        self._cancelled: set[int] = set()
        self._requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def run(self, handlers: Mapping[str, Handler], **ready: Any) -> None:
        """Say that the engine is ready, then serve; does not return."""
        self._write(pack({"ready": True, **ready}))
        while True:
            header, payload = self._requests.get()
            self._pool.submit(self._answer, handlers[header["op"]], header, payload)

    def _read(self) -> None:
        while (frame := _read_frame(sys.stdin.buffer)) is not None:
            if frame[0]["op"] == "cancel":
                self._cancelled.add(frame[0]["id"])
            else:
                self._requests.put(frame)
        os._exit(0)  # the owner is gone, whatever this process is doing

    def _answer(self, handler: Handler, header: dict[str, Any], payload: bytes) -> None:
        number = header["id"]
        try:
            if number not in self._cancelled:
                for fields, data in handler(header, payload):
                    self._write(pack({"id": number, **fields}, data))
                    if number in self._cancelled:
                        break
            self._write(pack({"id": number, "done": True}))
        except Exception as error:  # noqa: BLE001 - it belongs to the request, not to the engine
            self._write(pack({"id": number, "error": repr(error)}))
        self._cancelled.discard(number)

    def _write(self, frame: bytes) -> None:
        with self._writing:
            view = memoryview(frame)
            while view:
                view = view[self._out.write(view) :]


def _read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    header_length, payload_length = HEAD.unpack(head)
    return json.loads(stream.read(header_length)), stream.read(payload_length)
