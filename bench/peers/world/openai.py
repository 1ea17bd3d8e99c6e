"""A model and a voice with fixed delays, on plain HTTP/1.1.

The model's first token comes after 300 ms, then 100 a second. The voice's first byte comes after
200 ms, then 100 ms of 24 kHz sound every 25 ms: four times as fast as it is spoken. Twilio's REST
answers here as well, for bots that hang up.
https://platform.openai.com/docs/api-reference/chat/create
https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from bench.peers.world.book import Asking, Book, Speech, Turn, answer, clock
from bench.peers.world.sound import tone

FIRST_TOKEN: Final = 0.3  # seconds
TOKEN: Final = 0.01
FIRST_SENTENCE: Final = 8  # tokens
FIRST_BYTE: Final = 0.2
CHUNK_SECONDS: Final = 0.1
CHUNK_EVERY: Final = 0.025
VOICE_RATE: Final = 24_000
CHARACTERS_A_SECOND: Final = 15

CHUNK_BYTES: Final = round(CHUNK_SECONDS * VOICE_RATE) * 2
TONE: Final = tone(CHUNK_SECONDS, VOICE_RATE)

STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n"
    b"x-request-id: bench\r\n\r\n"
)
UNKNOWN = ["I", " am", " here", "."]


class Server(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._data = b""
        self._timers: list[asyncio.TimerHandle] = []
        self._open: Asking | Speech | None = None
        self._loop = asyncio.get_running_loop()
        self._transport: Any  # uvloop's are no asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        if isinstance(self._open, Asking):
            self._open.is_cancelled = True
        elif self._open is not None:
            self._open.is_over = True

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, separator, rest = self._data.partition(b"\r\n\r\n")
        if not separator:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._data = rest[length:]
        self._answer(lines[0].split()[1], rest[:length])

    def _answer(self, path: str, body: bytes) -> None:
        self._timers.clear()
        if path.endswith("/chat/completions"):
            self._chat(msgspec.json.decode(body))
        elif path.endswith("/audio/speech"):
            self._speak(msgspec.json.decode(body)["input"])
        elif path.endswith("/models"):
            self._whole({"object": "list", "data": []})
        else:
            self._whole({"sid": "CA", "status": "completed"})

    def _whole(self, answer: dict[str, Any]) -> None:
        body = msgspec.json.encode(answer)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self._transport.write(f"{head}\r\n\r\n".encode() + body)

    # The model.

    def _chat(self, request: dict[str, Any]) -> None:
        turn = self._book.named(_last_words(request["messages"]))
        tokens = answer(turn) if turn is not None else UNKNOWN
        asking = self._open = Asking(clock())
        if turn is not None:
            turn.asked.append(asking)
        self._transport.write(STREAM % b"text/event-stream; charset=utf-8")
        began = self._loop.time()
        for number, token in enumerate(tokens):
            delay = FIRST_TOKEN + number * TOKEN
            self._at(began + delay, self._token, token, request["model"], number, asking)
        usage = bool((request.get("stream_options") or {}).get("include_usage"))
        self._at(began + FIRST_TOKEN + len(tokens) * TOKEN, self._end_chat, request["model"], usage)

    def _token(self, token: str, model: str, number: int, asking: Asking) -> None:
        self._event(_chunk(model, {"role": "assistant", "content": token}))
        if number + 1 == FIRST_SENTENCE:
            asking.sentence_at = clock()

    def _end_chat(self, model: str, usage: bool) -> None:  # noqa: FBT001
        self._event(_chunk(model, {}, "stop"))
        if usage:
            counts = {"prompt_tokens": 100, "completion_tokens": 16, "total_tokens": 116}
            self._event({**_chunk(model, {}), "choices": [], "usage": counts})
        self._open = None
        self._chunked(b"data: [DONE]\n\n", is_last=True)

    def _event(self, message: dict[str, Any]) -> None:
        self._chunked(b"data: %s\n\n" % msgspec.json.encode(message))

    # The voice.

    def _speak(self, text: str) -> None:
        turn = self._book.named(text)
        speech = self._open = Speech(clock(), is_first=_is_first(text))
        if turn is not None:
            turn.speech.append(speech)
        chunks = max(1, round(len(text) / CHARACTERS_A_SECOND / CHUNK_SECONDS))
        began = self._loop.time()
        for number in range(chunks):
            at = began + FIRST_BYTE + number * CHUNK_EVERY
            self._at(at, self._sound, speech, turn, number + 1 == chunks)

    def _sound(self, speech: Speech, _turn: Turn | None, is_last: bool) -> None:  # noqa: FBT001
        if speech.byte_at is None:
            speech.byte_at = clock()
            self._transport.write(STREAM % b"audio/pcm")
        speech.is_over = is_last
        if is_last:
            self._open = None
        self._chunked(TONE, is_last=is_last)

    # Inside.

    def _at(self, when: float, act: Any, *arguments: Any) -> None:
        self._timers.append(self._loop.call_at(when, act, *arguments))

    def _chunked(self, data: bytes, *, is_last: bool = False) -> None:
        end = b"0\r\n\r\n" if is_last else b""
        self._transport.write(b"%x\r\n%s\r\n%s" % (len(data), data, end))


def _last_words(messages: list[dict[str, Any]]) -> str:
    said = [message["content"] for message in messages if message["role"] == "user"]
    content = said[-1] if said else ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _is_first(text: str) -> bool:
    return text.lstrip().startswith("The ")


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        "choices": [choice],
    }
