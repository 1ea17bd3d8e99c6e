"""A sandbox OpenAI in script mode."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sandbox.config import SandboxConfig
from sandbox.openai.app import create_app
from tests.contract.steered_sandbox import SteeredSandbox, steered


def openai_sandbox() -> AbstractAsyncContextManager[SteeredSandbox]:
    return steered(create_app(SandboxConfig(script=True)))
