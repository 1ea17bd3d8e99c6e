"""One host name, several machines: what a name server answers for the product's address.

A client that is given several addresses takes the next one where the first refuses the connection
(https://datatracker.ietf.org/doc/html/rfc8305#section-4), and name servers rotate what they
answer. So it is with the addresses of a voice service that runs more than once.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

Place = tuple[str, int]


class Bases(AbstractResolver):
    """Resolves the product's host to its bases in turn, and any other as the system does."""

    def __init__(self, product_url: str, bases: Sequence[str]) -> None:
        self._product = _place(product_url)
        self._places = deque(map(_place, bases))
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return where to connect to, the next one first."""
        if not self._places or (host, port) != self._product:
            return await self._system.resolve(host, port, family)
        self._places.rotate(-1)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=at,
                family=socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address, at in self._places
        ]

    async def close(self) -> None:
        """Let go of the system's resolver."""
        await self._system.close()


def _place(url: str) -> Place:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    return parts.hostname or "", port
