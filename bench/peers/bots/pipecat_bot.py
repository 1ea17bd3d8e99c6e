"""A Pipecat bot on Twilio Media Streams: `python pipecat_bot.py lean|recommended PORT HTTP EARS`.

`recommended` is the pipeline that Pipecat's own command line generates for a phone: Silero finds
voice, smart-turn decides when a turn is over, metrics are on. `lean` leaves turns to the
recogniser: no model, no time-out of its own, metrics off.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

PROMPT = "You are a helpful assistant on the phone. Answer in two short sentences."


def app(*, is_lean: bool, http: str, ears: str) -> FastAPI:
    """Return the bot's server."""
    server = FastAPI()

    @server.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await converse(websocket, is_lean=is_lean, http=http, ears=ears)

    @server.get("/healthz")
    async def healthz() -> str:
        return "ok"

    return server


async def converse(websocket: WebSocket, *, is_lean: bool, http: str, ears: str) -> None:
    """Lead one call."""
    _, call = await parse_telephony_websocket(websocket)
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=False,
            serializer=TwilioFrameSerializer(
                stream_sid=call["stream_id"],
                params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
            ),
        ),
    )
    asked = {"endpointing": 300} if is_lean else {}
    stt = DeepgramSTTService(
        api_key="bench",
        base_url=ears,
        settings=DeepgramSTTService.Settings(**asked),
    )
    llm = OpenAILLMService(
        api_key="bench",
        base_url=http,
        settings=OpenAILLMService.Settings(model="gpt-4.1", system_instruction=PROMPT),
    )
    tts = OpenAITTSService(
        api_key="bench",
        base_url=http,
        sample_rate=24_000,  # what OpenAI sends; otherwise it is taken for the telephone's
        settings=OpenAITTSService.Settings(voice="alloy"),
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(), user_params=lean_turns() if is_lean else recommended_turns()
    )
    steps = [transport.input(), stt, user, llm, tts, transport.output(), assistant]
    worker = PipelineWorker(
        Pipeline(steps),
        params=PipelineParams(
            enable_metrics=not is_lean,
            enable_usage_metrics=not is_lean,
            audio_in_sample_rate=8000,
            audio_out_sample_rate=8000,
        ),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: object, _client: object) -> None:
        await runner.cancel()

    await runner.run()


def recommended_turns() -> LLMUserAggregatorParams:
    """Return what the generated bots have."""
    return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())


def lean_turns() -> LLMUserAggregatorParams:
    """Return turns that begin and end with the recogniser's words."""
    strategies = UserTurnStrategies(
        start=[TranscriptionUserTurnStartStrategy()],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0)],
    )
    return LLMUserAggregatorParams(user_turn_strategies=strategies)


def main(mode: str, port: str, http: str, ears: str) -> None:
    """Serve until killed."""
    logger.remove()
    uvicorn.run(
        app(
            is_lean=mode == "lean",
            http=f"http://127.0.0.1:{http}/v1",
            ears=f"http://127.0.0.1:{ears}",
        ),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        log_level="warning",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
