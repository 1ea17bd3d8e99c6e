"""Starts the engines, keeps them running, stops them: `async with EngineRoom(config) as room`.

    async with EngineRoom(config) as room:
        deepgram = sandbox.deepgram.app.create_app(config, room.engines)
        openai = sandbox.openai.app.create_app(config, room.engines)
        await room.until_ready()

The block is entered at once; servers answer 503 until the engines are ready.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from sandbox.config import SandboxConfig
from sandbox.engines import models
from sandbox.engines.process import EngineProcess
from sandbox.engines.recogniser import WhisperRecogniser
from sandbox.engines.roles import Engines, Recogniser
from sandbox.engines.script_ear import ScriptRecogniser
from sandbox.engines.script_model import ScriptModel
from sandbox.engines.script_voices import ScriptVoices
from sandbox.engines.voice_activity import VoiceDetector

PARTS = ("recogniser", "model", "voices")


class EngineRoom:
    """All engines of one sandbox; parts that were not asked for are scripts."""

    def __init__(self, config: SandboxConfig, parts: tuple[str, ...] = PARTS) -> None:
        self._processes: list[EngineProcess] = []
        directory = config.models_dir or models.models_dir()
        self.engines = Engines(
            recogniser=self._recogniser() if "recogniser" in parts else ScriptRecogniser(),
            model=ScriptModel(),
            voices=ScriptVoices(),
            is_ready=lambda: all(process.is_ready for process in self._processes),
        )
        self._directory = directory

    def _recogniser(self) -> Recogniser:
        folder = models.ensure("recogniser")
        process = EngineProcess("sandbox.engines.whisper", str(folder))
        self._processes.append(process)
        detector = VoiceDetector(models.ensure("voice-activity") / "silero_vad.onnx")
        return WhisperRecogniser(process, detector)

    async def __aenter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(process.stop() for process in self._processes))

    async def until_ready(self) -> None:
        """Wait until all of them can work; raise `EngineUnavailable` where one never will."""
        await asyncio.gather(*(process.until_ready() for process in self._processes))
