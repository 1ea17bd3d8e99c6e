"""Replies from OpenAI's chat completions, through LangChain."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Self

import httpx2
import langsmith
import openai
import structlog
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from voice.adapters.openai_http import TIMEOUT, http_client, provider_error
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


class OpenAIChat:
    """Writes replies. One for the process: its connections are kept warm between turns."""

    def __init__(
        self, *, api_key: str, base_url: str | None = None, http: httpx2.AsyncClient | None = None
    ) -> None:
        # What callers say must not leave for a tracing service, whatever the environment says.
        langsmith.configure(enabled=False)
        self._api_key = api_key
        self._base_url = base_url
        self._http = http or http_client()
        self._models: dict[str, ChatOpenAI] = {}

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        asked = [_MESSAGES[message.role](message.text) for message in messages]
        usage = None
        try:
            async for chunk in self._model(model).astream(asked):
                usage = chunk.usage_metadata or usage
                if text := str(chunk.text):
                    yield text
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            raise provider_error(error) from error
        if usage is not None:
            log.info(
                "reply_written",
                model=model,
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
            )

    async def warm_up(self, model: str) -> None:
        """Build what the first reply would wait for, and open a connection."""
        await _rehearse(model)
        try:
            await self._model(model).root_async_client.models.list()
        except openai.OpenAIError as error:
            raise provider_error(error) from error

    def _model(self, name: str) -> ChatOpenAI:
        if name not in self._models:
            self._models[name] = ChatOpenAI(
                model=name,
                api_key=SecretStr(self._api_key),
                base_url=self._base_url,
                timeout=TIMEOUT,
                max_retries=0,  # a caller is waiting: the machine decides what happens next
                stream_usage=True,  # off by default where the base URL is not OpenAI's
                stream_chunk_timeout=0,  # its watch costs a timer a chunk; ours is outside
                http_async_client=self._http,
            )
        return self._models[name]

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


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
