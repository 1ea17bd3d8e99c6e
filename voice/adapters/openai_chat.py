"""Replies from OpenAI's chat completions, through LangChain.

LangChain says what is asked and holds the client; the answer is read by `openai_stream`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import httpx2
import langsmith
import openai
import structlog
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from shared.closing import Closing
from shared.errors import ProviderError, RemoteProtocolError
from voice.adapters.openai_http import (
    NO_MONEY,
    PROVIDER,
    TIMEOUT,
    Endpoint,
    http_client,
    provider_error,
)
from voice.adapters.openai_stream import Chunk, ChunkReader, Failure
from voice.conversation.prompts import ModelMessage

log = structlog.get_logger()

_MESSAGES: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}

# One word and its end, as the model streams them; what comes after has to be read as well.
_REHEARSAL = (
    *(
        'data: {"id":"none","object":"chat.completion.chunk","created":0,"model":"none","choices":'
        f'[{{"index":0,"delta":{{"role":"assistant","content":"Hello"}},"finish_reason":{finish}}}]}}'
        "\n\n"
        for finish in ("null", '"stop"')
    ),
    "data: [DONE]\n\n",
    "\n",
)


class _Model(ChatOpenAI):
    """LangChain's model, asked for what it would send."""

    def payload(self, messages: list[BaseMessage]) -> dict[str, Any]:
        """Return the body of a request that streams the answer and tells what it cost."""
        return self._get_request_payload(
            messages, stream=True, stream_options={"include_usage": True}
        )


class OpenAIChat(Closing):
    """Writes replies. One for the process: its connections are kept warm between turns."""

    def __init__(
        self, *, api_key: str, base_url: str | None = None, http: httpx2.AsyncClient | None = None
    ) -> None:
        # What callers say must not leave for a tracing service, whatever the environment says.
        langsmith.configure(enabled=False)
        self._api_key = api_key
        self._base_url = base_url
        self._http = http or http_client()
        self._models: dict[str, tuple[_Model, Endpoint]] = {}

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        asked, endpoint = self._model(model)
        body = asked.payload([_MESSAGES[message.role](message.text) for message in messages])
        usage = finish_reason = None
        async with aclosing(_chunks(endpoint.ask(body))) as chunks:
            async for chunk in chunks:
                usage = chunk.usage or usage
                finish_reason = chunk.finish_reason or finish_reason
                if text := chunk.text:
                    yield text
        if finish_reason is None:
            message = "the reply broke off"
            raise ProviderError(PROVIDER, message, retryable=True)
        log.info(
            "reply_written",
            model=model,
            finish_reason=finish_reason,
            input_tokens=usage.prompt_tokens if usage else None,
            output_tokens=usage.completion_tokens if usage else None,
        )

    async def warm_up(self, model: str) -> None:
        """Build what the first reply would wait for, and open a connection."""
        await _rehearse(model)
        try:
            await self._model(model)[0].root_async_client.models.list()
        except openai.OpenAIError as error:
            raise provider_error(error) from error

    def _model(self, name: str) -> tuple[_Model, Endpoint]:
        if name not in self._models:
            model = _Model(
                model=name,
                api_key=SecretStr(self._api_key),
                base_url=self._base_url,
                timeout=TIMEOUT,
                max_retries=0,  # a caller is waiting: the machine decides what happens next
                http_async_client=self._http,
            )
            endpoint = Endpoint(model.root_async_client, self._http, "chat/completions")
            self._models[name] = model, endpoint
        return self._models[name]

    async def close(self) -> None:
        await self._http.aclose()


async def _chunks(body: AsyncGenerator[bytes]) -> AsyncGenerator[Chunk]:
    """Yield what a body says until it says that it is done; raise `ProviderError` if it fails."""
    reader = ChunkReader()
    async with aclosing(body):
        async for piece in body:
            try:
                for chunk in reader.feed(piece):
                    if chunk.error is not None:
                        raise _failed(chunk.error)
                    yield chunk
            except RemoteProtocolError as error:
                raise ProviderError(PROVIDER, str(error), retryable=True) from error


def _failed(failure: Failure) -> ProviderError:
    """Say what an error in mid-stream means."""
    code = failure.code or failure.type or "without a code"
    return ProviderError(PROVIDER, f"error event {code}", retryable=code != NO_MONEY)


async def _rehearse(model: str) -> None:
    """Lead a reply that nobody asked for through every library: the first one takes 60 ms more."""

    async def body() -> AsyncGenerator[bytes]:
        for piece in _REHEARSAL:
            yield piece.encode()

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body())

    async with OpenAIChat(
        api_key="none",
        base_url="http://rehearsal.invalid/v1",
        http=httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    ) as chat:
        async for _ in chat.reply([ModelMessage("user", "hello")], model=model):
            pass
