"""Ports of this machine for programs that must be told one before they start.

They lie below those that the system gives to connections of its own accord, so a port that was
found free stays so. Test processes side by side begin to look in different places, and none
hands the same port out twice.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

FIRST, LAST = 12_000, 32_000
BLOCK = 16  # ports at most that one program takes in a row
TRIES = (LAST - FIRST) // BLOCK

_blocks = itertools.count(os.getpid() * 37)  # neighbours in pid are no neighbours in port


def free_ports(count: int = 1) -> int:
    """Return the first of `count` ports in a row that nobody listens on right now."""
    for block in itertools.islice(_blocks, TRIES):
        first = FIRST + block % TRIES * BLOCK
        if _are_free(range(first, first + count)):
            return first
    message = "no free ports"
    raise AssertionError(message)


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    return free_ports(1)


def _are_free(ports: range) -> bool:
    with contextlib.ExitStack() as taken:
        try:
            for port in ports:
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
    return True
