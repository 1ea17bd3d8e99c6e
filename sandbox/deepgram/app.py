"""Deepgram on loopback: live transcription, and speech."""

from __future__ import annotations

from typing import Any

from quart import Quart

from sandbox.config import SandboxConfig
from sandbox.control import Control, install_control
from sandbox.deepgram import listen_v1, listen_v2, speaking
from sandbox.deepgram.sockets import KeepsEmptyMessages, error_body
from sandbox.engines.roles import Engines, Recogniser, Voices
from sandbox.engines.script_ear import ScriptRecogniser
from sandbox.engines.script_voices import ScriptVoices

IDLE_SECONDS = 10.0


def create_app(
    config: SandboxConfig,  # noqa: ARG001 - every server of the sandbox is built the same way
    engines: Engines | None = None,
    *,
    idle_seconds: float = IDLE_SECONDS,
) -> Quart:
    """Build the server; without engines it hears tones, and speaks in them."""
    app = Quart(__name__)
    recogniser: Recogniser = engines.recogniser if engines else ScriptRecogniser()
    voices: Voices = engines.voices if engines else ScriptVoices()
    is_ready = engines.is_ready if engines else lambda: True
    latency = 0.0

    def take_script(body: dict[str, Any]) -> None:
        nonlocal latency
        latency = float(body["latency_ms"]) / 1000

    def forget_script() -> None:
        nonlocal latency
        latency = 0.0

    control = Control(
        "listen",
        "listen:v1",
        "listen:v1:audio",
        "listen:v2",
        "listen:v2:audio",
        "listen:audio",
        "listen:results",
        "speak",
        "speak:flush",
        "speak:audio",
        on_reset=forget_script,
        on_script=take_script,
        is_ready=is_ready,
        error_body=error_body,
    )
    install_control(app, control)
    app.asgi_app = KeepsEmptyMessages(app.asgi_app)  # type: ignore[method-assign]

    @app.websocket("/v1/listen")
    async def listen() -> Any:
        await control.before("listen")
        await control.before("listen:v1")
        return await listen_v1.listen(
            control, recogniser, idle_seconds=idle_seconds, latency=latency
        )

    @app.websocket("/v1/speak")
    async def speak() -> Any:
        await control.before("speak")
        return await speaking.speak(control, voices)

    @app.websocket("/v2/listen")
    async def listen_to_turns() -> Any:
        await control.before("listen")
        await control.before("listen:v2")
        return await listen_v2.listen(
            control, recogniser, idle_seconds=idle_seconds, latency=latency
        )

    return app
