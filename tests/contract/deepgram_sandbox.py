"""A sandbox Deepgram in script mode."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from tests.contract.steered_sandbox import SteeredSandbox, steered


def deepgram_sandbox() -> AbstractAsyncContextManager[SteeredSandbox]:
    return steered(create_app(SandboxConfig(script=True)))
