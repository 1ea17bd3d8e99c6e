"""The product's host name, which may stand for several places."""

from __future__ import annotations

import aiohttp
from quart import Quart

from sandbox.serving import serving
from sandbox.twilio.bases import Bases
from tests.support.ports import free_port

TWO = ("http://127.0.0.1:5000", "http://127.0.0.1:5010")


async def places(bases: Bases, host: str = "localhost", port: int = 5000) -> list[int]:
    return [found["port"] for found in await bases.resolve(host, port)]


async def test_each_answer_begins_with_the_next_base() -> None:
    bases = Bases("http://localhost:5000/calls/incoming", TWO)

    answers = [await places(bases) for _ in range(3)]

    assert answers == [[5010, 5000], [5000, 5010], [5010, 5000]]


async def test_other_hosts_and_ports_are_where_they_always_were() -> None:
    bases = Bases("http://localhost:5000/calls/incoming", TWO)

    assert set(await places(bases, port=3000)) == {3000}
    assert set(await places(Bases("http://localhost:5000/", ()))) == {5000}


async def test_base_that_refuses_is_passed_over() -> None:
    app = Quart("base")

    @app.get("/")
    async def answer() -> str:
        return "here"

    async with serving(app) as here:
        nowhere = f"http://127.0.0.1:{free_port()}"
        resolver = Bases("http://product.test/", (here, nowhere))
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:
            heard = []
            for _ in range(2):
                async with http.get("http://product.test/") as got:
                    heard.append(await got.text())

    assert heard == ["here", "here"]
