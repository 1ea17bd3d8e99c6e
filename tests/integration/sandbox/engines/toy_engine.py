"""An engine that does as it is told, for `test_engine_process`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from sandbox.engines.frames import EngineLoop
from sandbox.engines.process import MISSING_MODEL_STATUS

stopped = threading.Event()


def echo(header: dict[str, Any], payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    for place in range(header["times"]):
        yield {"place": place}, payload


def endless(_header: dict[str, Any], _payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    stopped.clear()
    try:
        while True:
            yield {}, b"more"
    finally:
        stopped.set()


def was_stopped(_header: dict[str, Any], _payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield {"stopped": stopped.wait(5)}, b""


def fail(_header: dict[str, Any], _payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    message = "no such thing"
    raise ValueError(message)


def die(_header: dict[str, Any], _payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    os._exit(9)


if __name__ == "__main__":
    if "missing" in sys.argv:
        sys.stderr.write("no model: fetch it\n")
        sys.exit(MISSING_MODEL_STATUS)
    loop = EngineLoop(1, threads=2)
    print("a library's chatter")  # noqa: T201 - must not get between the frames
    sys.stdout.flush()
    handlers = {
        "echo": echo,
        "endless": endless,
        "was_stopped": was_stopped,
        "fail": fail,
        "die": die,
    }
    loop.run(handlers, nice=os.nice(0))
