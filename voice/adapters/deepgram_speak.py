"""Speech from Deepgram's `/v1/speak`: Aura voices over a websocket, in μ-law already.

Per developers.deepgram.com/docs/streaming-text-to-speech, tts-ws-flush, tts-voice-controls and
tts-models.
"""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from shared.closing import Closing
from shared.errors import ProviderError, RemoteProtocolError
from voice.adapters.deepgram_client import (
    PROVIDER,
    close_quickly,
    complaint_of,
    connected,
    deepgram_client,
    lost,
)
from voice.adapters.deepgram_messages import kind_of
from voice.adapters.deepgram_wire import DeepgramWire
from voice.adapters.speech_sessions import SpeechSessions
from voice.audio.blocks import Blocks
from voice.ports import BYTES_A_SECOND, Voice

with warnings.catch_warnings():
    # The SDK imports the old half of websockets, which says that it is old.
    warnings.simplefilter("ignore", DeprecationWarning)
    from deepgram.speak.v1.socket_client import AsyncV1SocketClient
    from deepgram.speak.v1.types.speak_v1text import SpeakV1Text

FLUSH_WINDOW: Final = 60.0  # seconds, in which a connection may be flushed so many times
MOST_FLUSHES: Final = 20
SLOWEST, FASTEST = 0.7, 1.5  # what Aura-2 takes

# Whose Aura voice comes nearest to one of OpenAI's, which personas name.
AURA: Final = {
    "alloy": "aura-2-asteria-en",
    "ash": "aura-2-atlas-en",
    "ballad": "aura-2-draco-en",
    "cedar": "aura-2-orion-en",
    "coral": "aura-2-thalia-en",
    "echo": "aura-2-apollo-en",
    "fable": "aura-2-arcas-en",
    "marin": "aura-2-athena-en",
    "nova": "aura-2-cora-en",
    "onyx": "aura-2-zeus-en",
    "sage": "aura-2-vesta-en",
    "shimmer": "aura-2-luna-en",
    "verse": "aura-2-hermes-en",
}
ANY_AURA: Final = "aura-2-thalia-en"


@dataclass(frozen=True, slots=True)
class _Sound:
    """What a connection is opened with."""

    model: str
    speed: float


class DeepgramSpeech(Closing):
    """Speaks. One for the process: its connections are kept open between segments."""

    def __init__(self, *, api_key: str, base_url: str | None = None) -> None:
        self._client = deepgram_client(api_key=api_key, base_url=base_url)
        self._sessions: SpeechSessions[_Sound] = SpeechSessions(self._connect)

    def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        return self._sessions.say(_sound(voice), text, voice)

    async def warm_up(self, voice: Voice) -> None:
        """Have a connection ready for this voice."""
        await self._sessions.warm(_sound(voice))

    async def _connect(self, sound: _Sound) -> _Session:
        async with AsyncExitStack() as stack:
            socket, wire = await connected(
                stack,
                self._client.speak.v1.connect(
                    model=sound.model,
                    encoding="mulaw",
                    sample_rate=str(BYTES_A_SECOND),
                    speed=sound.speed if sound.speed != 1 else None,
                    mip_opt_out=True,  # what is said to callers is not for training
                ),
            )
            return _Session(socket, wire, stack.pop_all())

    async def close(self) -> None:
        await self._sessions.close()


class _Session:
    """One connection."""

    def __init__(
        self, socket: AsyncV1SocketClient, wire: DeepgramWire, stack: AsyncExitStack
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._stack = stack
        self._clock = asyncio.get_running_loop().time
        self._flushed_at: deque[float] = deque(maxlen=MOST_FLUSHES)

    @property
    def is_usable(self) -> bool:
        is_full = len(self._flushed_at) == MOST_FLUSHES
        return not is_full or self._clock() - self._flushed_at[0] > FLUSH_WINDOW

    async def say(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        blocks = Blocks()
        try:
            await self._socket.send_text(SpeakV1Text(type="Speak", text=text))
            await self._socket.send_flush()
            self._flushed_at.append(self._clock())
            async for piece in self._wire:
                if isinstance(piece, bytes):
                    for block in blocks.feed(piece):
                        yield block
                elif (kind := kind_of(piece)) == "Flushed":
                    break
                elif kind in ("Warning", "Error"):
                    raise complaint_of(piece)
            else:
                message = "the stream was closed"
                raise ProviderError(PROVIDER, message, retryable=True)
        except OSError as error:
            raise lost(error) from error
        except RemoteProtocolError as error:
            raise ProviderError(PROVIDER, str(error), retryable=True) from error
        for block in blocks.rest():
            yield block

    async def close(self) -> None:
        await close_quickly(self._stack)


def _sound(voice: Voice) -> _Sound:
    model = voice.name if voice.name.startswith("aura-") else AURA.get(voice.name, ANY_AURA)
    return _Sound(model, min(max(voice.speed, SLOWEST), FASTEST))
