"""Starts the whole outside world: `python -m sandbox [--script] [--port-base 9000]`.

Every option can also be a variable, `BUDDY_SANDBOX_…` with a field of `SandboxConfig` in capitals.
Each server answers `/readyz`, 503 until what is behind it can work. SIGTERM and Ctrl-C stop all of
it within two seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import uvloop

from sandbox.config import BadConfiguration, SandboxConfig
from sandbox.deepgram.app import create_app as create_deepgram
from sandbox.google.app import create_app as create_google
from sandbox.openai.app import create_app as create_openai
from sandbox.serving import PortTaken, serving
from sandbox.stripe.app import create_app as create_stripe
from sandbox.twilio.app import create_app as create_twilio

if TYPE_CHECKING:
    from sandbox.engines.supervision import EngineRoom

CLOSING_SECONDS = 1.2  # the rest of the two seconds is the interpreter's


class EnginesMissing(Exception):
    """The engines can't work; the text says what is missing."""


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop; return the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        config = _configuration(arguments)
    except BadConfiguration as error:
        return _complain(str(error))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(config))


def _configuration(arguments: list[str] | None) -> SandboxConfig:
    parser = argparse.ArgumentParser("python -m sandbox", description="The vendors, on loopback.")
    parser.add_argument(
        "--script", action="store_true", default=None, help="canned answers instead of engines"
    )
    parser.add_argument(
        "--port-base", type=int, metavar="N", help="Twilio's port; the others follow (9000)"
    )
    parser.add_argument("--voice-url", help="what a call to the number asks for TwiML")
    parser.add_argument("--status-callback-url", help="what is told that a call has ended")
    return SandboxConfig.from_environment(os.environ, **vars(parser.parse_args(arguments)))


async def _run(config: SandboxConfig) -> int:
    stopping = _stop_signals()
    stack = AsyncExitStack()
    try:
        room = await _start(stack, config)
        getting_ready = asyncio.create_task(_announce(room))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({getting_ready, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if getting_ready.done():
            getting_ready.result()
        await waiting
        getting_ready.cancel()
    except PortTaken as error:
        hint = "stop it, or choose other ports with --port-base"
        return _complain(f"the sandbox can't start: {error}; {hint}")
    except EnginesMissing as error:
        return _complain(f"the sandbox has no engines: {error}; run make setup, or use --script")
    finally:
        await _close(stack)
    return 0


async def _start(stack: AsyncExitStack, config: SandboxConfig) -> EngineRoom | None:
    """Serve everything; the engines get ready behind it."""
    room = None if config.script else await _engines(stack, config)
    engines = room.engines if room else None
    apps: list[tuple[str, Any]] = [
        ("Twilio", create_twilio(config)),
        ("Deepgram", create_deepgram(config, engines)),
        ("OpenAI", create_openai(config, engines)),
        ("Google", create_google(config)),
        ("Stripe", create_stripe(config)),
    ]
    addresses = []
    for offset, (_, app) in enumerate(apps):
        addresses.append(await stack.enter_async_context(serving(app, config.port_base + offset)))
    gc.freeze()  # what is loaded now stays: a collection need not look at it between two frames
    mode = "scripts and tones" if config.script else "engines"
    _say(f"sandbox: {mode}, calls to {config.phone_number} go to {config.voice_url}")
    for (name, _), address in zip(apps, addresses, strict=True):
        _say(f"  {name:<9}{address}")
    return room


async def _engines(stack: AsyncExitStack, config: SandboxConfig) -> EngineRoom:
    # Imported here: a scripted sandbox starts without the engines' libraries.
    from sandbox.engines.model_sources import ModelUnavailable  # noqa: PLC0415
    from sandbox.engines.supervision import EngineRoom  # noqa: PLC0415

    try:
        return await stack.enter_async_context(EngineRoom(config))
    except ModelUnavailable as error:
        raise EnginesMissing(str(error)) from error


async def _announce(room: EngineRoom | None) -> None:
    if room is not None:
        from sandbox.engines.roles import EngineUnavailable  # noqa: PLC0415 - as in `_engines`

        try:
            await room.until_ready()
        except EngineUnavailable as error:
            raise EnginesMissing(str(error)) from error
    _say("sandbox: ready")


def _stop_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def _close(stack: AsyncExitStack) -> None:
    """Close everything; what is not closed in time ends with the process."""
    alarm = asyncio.get_running_loop().call_later(CLOSING_SECONDS, _give_up)
    await stack.aclose()
    alarm.cancel()


def _give_up() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the engines end when their pipes close


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line prints


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - a command line prints
    return 1


if __name__ == "__main__":
    sys.exit(main())
