"""A LiveKit Agents session on Media Streams: `python livekit_bot.py lean|recommended PORT HTTP EARS`.

LiveKit reaches telephones through its own server and one process a call; here the session alone
runs, many in one process, on a Media Streams socket of ours: less than a deployment costs.
`recommended` is a session with nothing set but the three vendors: bundled detectors of voice and
of turns, replies generated ahead. `lean` leaves turns to the recogniser and waits for nothing.
"""

from __future__ import annotations

import asyncio
import audioop
import base64
import json
import logging
import sys
import time
from typing import Any

import uvloop
from aiohttp import web
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.utils import http_context
from livekit.agents.voice import io
from livekit.plugins import deepgram, openai

RATE = 8000
PROMPT = "You are a helpful assistant on the phone. Answer in two short sentences."


class LineIn(io.AudioInput):
    """The caller's frames."""

    def __init__(self) -> None:
        super().__init__(label="media-streams")
        self._frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()

    def push(self, payload: str) -> None:
        pcm = audioop.ulaw2lin(base64.b64decode(payload), 2)
        self._frames.put_nowait(
            rtc.AudioFrame(
                data=pcm, sample_rate=RATE, num_channels=1, samples_per_channel=len(pcm) // 2
            )
        )

    def end(self) -> None:
        self._frames.put_nowait(None)

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self._frames.get()
        if frame is None:
            raise StopAsyncIteration
        return frame


class LineOut(io.AudioOutput):
    """The way to the caller's ear: sent as it comes, proved by marks."""

    def __init__(self, socket: web.WebSocketResponse, stream_sid: str) -> None:
        super().__init__(
            label="media-streams",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=RATE,
        )
        self._socket = socket
        self._stream_sid = stream_sid
        self._pushed = 0.0  # seconds of this segment
        self._began_at = 0.0
        self._segment = 0
        self._waiting: dict[str, float] = {}  # seconds of segments that are still playing

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._pushed:
            self._began_at = time.time()
            self.on_playback_started(created_at=self._began_at)
        self._pushed += frame.duration
        payload = base64.b64encode(audioop.lin2ulaw(bytes(frame.data), 2)).decode()
        await self._send("media", {"payload": payload})

    def flush(self) -> None:
        super().flush()
        if not self._pushed:
            return
        self._segment += 1
        name = str(self._segment)
        self._waiting[name], self._pushed = self._pushed, 0.0
        self._soon("mark", {"name": name})

    def clear_buffer(self) -> None:
        self._soon("clear", None)
        played = time.time() - self._began_at
        segments = [*self._waiting.values(), *([self._pushed] if self._pushed else [])]
        self._waiting.clear()
        self._pushed = 0.0
        for seconds in segments:
            self.on_playback_finished(playback_position=min(played, seconds), interrupted=True)

    def mark_returned(self, name: str) -> None:
        if (seconds := self._waiting.pop(name, None)) is not None:
            self.on_playback_finished(playback_position=seconds, interrupted=False)

    def _soon(self, event: str, body: dict[str, Any] | None) -> None:
        self._task = asyncio.ensure_future(self._send(event, body))

    async def _send(self, event: str, body: dict[str, Any] | None) -> None:
        message = {"event": event, "streamSid": self._stream_sid}
        if body is not None:
            message[event] = body
        if not self._socket.closed:
            await self._socket.send_str(json.dumps(message))


def lean_session(stt: deepgram.STT, llm: openai.LLM, tts: openai.TTS) -> AgentSession[None]:
    """Return a session whose turns begin and end with the recogniser's words."""
    return AgentSession(
        stt=stt,
        llm=llm,
        tts=tts,
        vad=None,
        turn_handling={
            "turn_detection": "stt",
            "endpointing": {"mode": "fixed", "min_delay": 0.0, "max_delay": 0.0},
            "preemptive_generation": {"enabled": False},
            "interruption": {"min_duration": 0.0, "min_words": 0},
        },
    )


async def converse(request: web.Request) -> web.WebSocketResponse:
    """Lead one call."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    vendors = request.app["vendors"]
    is_lean = vendors["is_lean"]
    asked = {"endpointing_ms": 300} if is_lean else {}
    stt = deepgram.STT(
        api_key="bench", base_url=f"{vendors['ears']}/v1/listen", sample_rate=RATE, **asked
    )
    tts = openai.TTS(api_key="bench", base_url=vendors["http"], response_format="pcm")
    llm = openai.LLM(api_key="bench", base_url=vendors["http"], model="gpt-4.1")
    session = lean_session(stt, llm, tts) if is_lean else AgentSession(stt=stt, llm=llm, tts=tts)
    line_in: LineIn | None = None
    line_out: LineOut | None = None
    async for message in socket:
        data = json.loads(message.data)
        match data["event"]:
            case "start":
                line_in, line_out = LineIn(), LineOut(socket, data["streamSid"])
                session.input.audio, session.output.audio = line_in, line_out
                await session.start(agent=Agent(instructions=PROMPT))
            case "media" if line_in is not None:
                line_in.push(data["media"]["payload"])
            case "mark" if line_out is not None:
                line_out.mark_returned(data["mark"]["name"])
            case "stop":
                break
            case _:
                pass
    if line_in is not None:
        line_in.end()
    await session.aclose()
    await asyncio.gather(llm.aclose(), tts.aclose(), stt.aclose())
    return socket


async def main(mode: str, port: str, http: str, ears: str) -> None:
    """Serve until killed."""
    logging.disable(logging.WARNING)
    app = web.Application()
    app["vendors"] = {
        "is_lean": mode == "lean",
        "http": f"http://127.0.0.1:{http}/v1",
        "ears": f"http://127.0.0.1:{ears}",
    }

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app.add_routes([web.get("/stream", converse), web.get("/healthz", healthz)])
    async with http_context.open():
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(port), backlog=512).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
