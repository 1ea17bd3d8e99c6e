"""`python -m voice`: settings, logging, the server, and the drain on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket

import structlog
import uvloop

from shared import logs
from shared.errors import BuddyError
from shared.settings import Settings
from voice.app import create_app
from voice.server import Server, server_config
from voice.service import VoiceService

log = structlog.get_logger()

# A full collection with every SDK imported takes 0.1 s: none should happen in mid-sentence.
GC_THRESHOLD = (50_000, 20, 50)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM and the end of the last call."""
    app = create_app(settings)
    service: VoiceService = app.extensions["service"]
    config = server_config(app, host=settings.listen_host, port=settings.voice_port)
    server = Server(config)
    loop = asyncio.get_running_loop()
    draining: list[asyncio.Task[None]] = []

    async def drain(seconds: float) -> None:
        await service.drain(seconds)
        server.stop()

    def on_signal() -> None:
        if draining:  # a second signal: somebody is in a hurry
            server.stop()
        else:
            draining.append(asyncio.ensure_future(drain(settings.drain_seconds)))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    await server.serve()
    if not server.started and not draining:
        message = "the voice service could not start; its log says why"
        raise BuddyError(message)


def main() -> None:
    settings = Settings()
    logs.configure(settings)
    _refuse_busy_port(settings)
    try:
        uvloop.run(run(settings))
    except BuddyError as error:
        raise SystemExit(str(error)) from None


def _refuse_busy_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.listen_host, settings.voice_port))
        except OSError:
            message = (
                f"port {settings.voice_port} is in use: stop what listens there, "
                "or set BUDDY_VOICE_PORT"
            )
            raise SystemExit(message) from None


if __name__ == "__main__":
    main()
