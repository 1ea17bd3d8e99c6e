"""Several recognisers behind one port: where the wanted one can't be had, the next one listens.

A call that loses its recogniser asks again, in `voice.reconnecting`, and what was said meanwhile is
sent again: so a recogniser that fails in mid-call is replaced without a word lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from typing import Final

import structlog

from shared.errors import ProviderError
from shared.settings import Settings
from voice.metrics import Metrics
from voice.ports import ListenOptions, RecogniserStream, SpeechToText
from voice.resting import Rested, RestRules, in_order

PATIENCE: Final = 1.5  # seconds to connect, while somebody else waits to listen
SETTLED: Final = 10.0  # seconds; a stream that breaks off sooner was none to begin with

Failures = Callable[[str], AbstractContextManager[None]]
log = structlog.get_logger()


class _Recogniser(Rested):
    """One of them."""

    def __init__(
        self, name: str, port: SpeechToText, rules: RestRules | None, failures: Failures
    ) -> None:
        super().__init__(name, rules)
        self._port = port
        self._failures = failures

    @asynccontextmanager
    async def open(
        self, options: ListenOptions, patience: float | None
    ) -> AsyncIterator[RecogniserStream]:
        """Open a stream; how it goes tells whether others may try."""
        self.begin()
        with self._failures(self.name):
            async with AsyncExitStack() as stack:
                stream = await self._connect(stack, options, patience)
                settling = asyncio.get_running_loop().call_later(SETTLED, self.succeed)
                try:
                    yield stream
                except ProviderError:
                    if asyncio.get_running_loop().time() < settling.when():
                        self.fail()
                    raise
                else:
                    self.succeed()
                finally:
                    settling.cancel()

    async def _connect(
        self, stack: AsyncExitStack, options: ListenOptions, patience: float | None
    ) -> RecogniserStream:
        try:
            async with asyncio.timeout(patience):
                return await stack.enter_async_context(self._port.open(options))
        except TimeoutError:
            self.fail()
            message = f"no connection within {patience:g} s"
            raise ProviderError(self.name, message, retryable=True) from None
        except ProviderError:
            self.fail()
            raise


class FallbackSpeechToText:
    """Listens with the first recogniser that can be had."""

    def __init__(
        self,
        recognisers: Mapping[str, SpeechToText],
        rules: RestRules | None = None,
        failures: Failures = lambda _name: nullcontext(),
    ) -> None:
        """Take recognisers by name, first choice first; what leaves `failures` is counted there."""
        self._recognisers = [
            _Recogniser(name, port, rules, failures) for name, port in recognisers.items()
        ]

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[RecogniserStream]:
        """Open a stream; raise `ProviderError`, one worth a retry if there is one."""
        failures: list[ProviderError] = []
        order = in_order(self._recognisers)
        async with AsyncExitStack() as stack:
            for tried in order:
                patience = None if tried is order[-1] else PATIENCE
                try:
                    stream = await stack.enter_async_context(tried.open(options, patience))
                except ProviderError as failure:
                    log.warning("recogniser_failed", recogniser=tried.name, error=str(failure))
                    failures.append(failure)
                else:
                    log.info("recogniser_listens", recogniser=tried.name)
                    yield stream
                    return
        raise next((failure for failure in failures if failure.retryable), failures[0])


def recognisers(settings: Settings, metrics: Metrics) -> FallbackSpeechToText:
    """Return the recogniser that the settings name, and the other one behind it."""
    # Imported here: the SDK takes seconds.
    from voice.adapters.deepgram_flux import FluxSpeechToText  # noqa: PLC0415
    from voice.adapters.deepgram_listen import DeepgramSpeechToText  # noqa: PLC0415

    key, base_url = settings.deepgram_api_key.get_secret_value(), settings.deepgram_base_url
    both: dict[str, SpeechToText] = {
        "flux": FluxSpeechToText(api_key=key, base_url=base_url),
        "nova": DeepgramSpeechToText(api_key=key, base_url=base_url),
    }
    wanted = settings.recogniser
    return FallbackSpeechToText(
        {wanted: both.pop(wanted), **both},
        failures=lambda name: metrics.failures(f"deepgram_{name}"),
    )
