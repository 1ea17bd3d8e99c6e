"""Starts the engines, keeps them running, stops them.

    async with EngineRoom(config) as room:
        deepgram = sandbox.deepgram.app.create_app(config, room.engines)
        openai = sandbox.openai.app.create_app(config, room.engines)
        await room.until_ready()

The block is entered at once: servers answer 503 until the engines are ready.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.config import SandboxConfig
from sandbox.engines import models
from sandbox.engines.local_model import LocalModel
from sandbox.engines.models import ModelUnavailable
from sandbox.engines.process import EngineProcess
from sandbox.engines.recogniser import WhisperRecogniser
from sandbox.engines.roles import ChatModel, Engines, Recogniser, Voices
from sandbox.engines.script_ear import ScriptRecogniser
from sandbox.engines.script_model import ScriptModel
from sandbox.engines.script_voices import ScriptVoices
from sandbox.engines.upstream_model import UpstreamModel
from sandbox.engines.voice_activity import VoiceDetector
from sandbox.engines.voices import PicoVoices

PARTS = ("recogniser", "model", "voices")


class EngineRoom:
    """All engines of one sandbox; parts that are not asked for are scripts.

    Raise `ModelUnavailable` where a model has not been fetched yet: set-up does that.
    """

    def __init__(self, config: SandboxConfig, parts: Sequence[str] = PARTS) -> None:
        self._config = config
        self._processes: list[EngineProcess] = []
        self._local_model = self._local() if "model" in parts else None
        self.engines = Engines(
            recogniser=self._recogniser() if "recogniser" in parts else ScriptRecogniser(),
            model=self._model() if "model" in parts else ScriptModel(),
            voices=self._voices() if "voices" in parts else ScriptVoices(),
            is_ready=lambda: all(process.is_ready for process in self._processes),
            warm=self._local_model.warm if self._local_model else None,
        )

    @property
    def processes(self) -> tuple[EngineProcess, ...]:
        """The engines' processes."""
        return tuple(self._processes)

    async def __aenter__(self) -> Self:
        for process in self._processes:
            process.start()
        if self._local_model:
            self._local_model.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._local_model:
            await self._local_model.stop()
        await asyncio.gather(*(process.stop() for process in self._processes))

    async def until_ready(self) -> None:
        """Wait until all of them can work; raise `EngineUnavailable` where one never will."""
        await asyncio.gather(*(process.until_ready() for process in self._processes))

    def _process(self, module: str, *arguments: object) -> EngineProcess:
        process = EngineProcess(module, *(str(argument) for argument in arguments))
        self._processes.append(process)
        return process

    def _recogniser(self) -> Recogniser:
        detector = VoiceDetector(self._file("voice-activity"))
        folder = self._file("recogniser").parent
        return WhisperRecogniser(self._process("sandbox.engines.whisper", folder), detector)

    def _local(self) -> LocalModel | None:
        if self._config.chat_upstream_url:
            return None
        threads = self._config.chat_threads or os.cpu_count() or 1
        path = self._file("language-model")
        return LocalModel(self._process("sandbox.engines.llama", path, threads))

    def _model(self) -> ChatModel:
        config = self._config
        return self._local_model or UpstreamModel(
            config.chat_upstream_url or "", config.chat_upstream_key, config.chat_upstream_model
        )

    def _voices(self) -> Voices:
        return PicoVoices(self._process("sandbox.engines.pico"))

    def _file(self, name: str) -> Path:
        """Return a model's first file."""
        directory = self._config.models_dir or models.models_dir()
        if not models.is_there(name, directory):
            title = models.catalogue()[name].title
            message = f"the {title} is missing: run python -m sandbox.engines.models"
            raise ModelUnavailable(message)
        return directory / name / models.catalogue()[name].files[0].name
