"""A recogniser with fixed delays: words 100 ms after their audio, the end as the client asks.

It speaks `/v1/listen` and `/v2/listen` as Deepgram documents them. On v1, `endpointing` is the
silence after which `speech_final` comes; the callers' peers ask for 300 ms. v2 has thresholds
and no times: here its turn ends after the same 300 ms of silence, and with eager ends switched
on it says so after 100 ms.
https://developers.deepgram.com/reference/speech-to-text/listen-streaming
https://developers.deepgram.com/docs/flux/state
"""

from __future__ import annotations

import asyncio
import math
from array import array
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

from bench.peers.world import sound
from bench.peers.world.book import Book, Turn, clock, question

DELAY: Final = 0.1  # seconds from audio to words
PIECE: Final = 0.02  # seconds
INTERIM_EVERY: Final = {"v1": 15, "v2": 12}  # pieces: 300 ms, and the 250 of Flux, nearly
EAGER_PIECES: Final = 5  # of silence
END_PIECES: Final = 15  # of silence, on v2
LEAST_PIECES: Final = 5  # of silence that end a turn: inside a sentence there are up to four
SPEECH_SECONDS: Final = 1.3  # in which all words have been said


class Ear(WSListener):
    """One connection."""

    def __init__(self, book: Book, path: str) -> None:
        options = {key: values[-1] for key, values in parse_qs(urlsplit(path).query).items()}
        self._book = book
        self._version = "v2" if "/v2/" in path else "v1"
        self._is_pcm = options.get("encoding") == "linear16"
        rate = int(options.get("sample_rate", sound.RATE))
        self._piece_bytes = round(rate * PIECE) * (2 if self._is_pcm else 1)
        asked = options.get("endpointing", "10")
        self._end_pieces = (
            END_PIECES
            if self._version == "v2"
            else max(LEAST_PIECES, round(int(asked) / 20))
            if asked.isdigit()
            else 0
        )
        self._is_eager = "eager_eot_threshold" in options
        self._tells_voice = options.get("vad_events") == "true"
        gap = options.get("utterance_end_ms", "0")
        self._gap_pieces = round(int(gap) / 20) if gap.isdigit() else 0
        self._hum = sound.HumReader()
        self._rest = b""
        self._position = 0  # pieces heard
        self._turn: Turn | None = None  # whose words have not been final yet
        self._began = 0
        self._last_loud = 0
        self._quiet = 0
        self._turns = 0
        self._has_words = False
        self._is_hinted = False
        self._transport: WSTransport
        self._loop = asyncio.get_running_loop()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if self._version == "v2":
            self._send({"type": "Connected", "request_id": "bench", "sequence_id": 0})

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        match frame.msg_type:
            case WSMsgType.BINARY:
                self._hear(self._rest + frame.get_payload_as_bytes())
            case WSMsgType.TEXT:
                self._obey(msgspec.json.decode(frame.get_payload_as_bytes())["type"])
            case WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
            case _:
                pass

    def _obey(self, order: str) -> None:
        if order == "Finalize":
            self._loop.call_later(DELAY, self._finalise, True)  # noqa: FBT003
        elif order == "CloseStream":
            self._send({"type": "Metadata", "request_id": "bench", "duration": 0, "channels": 1})
            self._transport.send_close(1000)
            self._transport.disconnect()

    def _hear(self, audio: bytes) -> None:
        size = self._piece_bytes
        whole = len(audio) - len(audio) % size
        for start in range(0, whole, size):
            self._hear_piece(audio[start : start + size])
        self._rest = audio[whole:]

    def _hear_piece(self, piece: bytes) -> None:
        self._position += 1
        if self._is_pcm:
            samples = array("h", piece)
            is_loud = sound.is_loud_pcm(samples)
            if not is_loud:
                self._hum.hear(sound.level_of_pcm(samples))
        else:
            is_loud = sound.is_loud(piece)
            if not is_loud:
                self._hum.hear(sound.level_of(piece))
        if is_loud:
            self._quiet, self._last_loud = 0, self._position
            if self._turn is None:
                self._begin()
        else:
            self._quiet += 1
        self._follow()

    def _begin(self) -> None:
        turn = self._book.latest(self._hum.caller)
        if turn is None or turn.final_at is not None:
            return
        self._turn, self._began, self._has_words, self._is_hinted = (
            turn,
            self._position,
            False,
            False,
        )
        if self._tells_voice:
            self._later({"type": "SpeechStarted", "channel": [0, 1], "timestamp": self._now()})

    def _follow(self) -> None:
        if self._turn is None:
            return
        heard = self._position - self._began
        if heard and heard % INTERIM_EVERY[self._version] == 0:
            self._loop.call_later(DELAY, self._interim, self._turn, self._position)
        if self._quiet == EAGER_PIECES and self._is_eager:
            self._loop.call_later(DELAY, self._hint, self._turn)
        if self._end_pieces and self._quiet == self._end_pieces:
            self._loop.call_later(DELAY, self._finalise)
        if self._quiet == self._gap_pieces:
            end = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": self._now()}
            self._later(end)

    # What is said to the client.

    def _interim(self, turn: Turn, position: int) -> None:
        if turn is not self._turn:
            return
        elapsed = (position - self._began) * PIECE
        words = question(turn)
        count = max(1, math.floor(len(words) * min(1.0, elapsed / SPEECH_SECONDS)))
        if self._version == "v1":
            self._send(self._results(words[:count], is_final=False))
        else:
            if not self._has_words:
                self._send(self._turn_info("StartOfTurn", words[:count]))
            self._send(self._turn_info("Update", words[:count]))
        self._has_words = True
        turn.word_at = turn.word_at or clock()

    def _hint(self, turn: Turn) -> None:
        if turn is self._turn and self._quiet >= EAGER_PIECES:
            self._is_hinted = True
            turn.eager_at = clock()
            self._send(self._turn_info("EagerEndOfTurn", question(turn)))

    def _finalise(self, is_asked: bool = False) -> None:  # noqa: FBT001, FBT002
        turn, self._turn = self._turn, None
        if turn is None:
            if is_asked:
                self._send(self._results([], is_final=True, is_asked=True))
            return
        turn.final_at = clock()
        if self._version == "v1":
            self._send(self._results(question(turn), is_final=True, is_asked=is_asked))
        else:
            self._send(self._turn_info("EndOfTurn", question(turn)))
            self._turns += 1

    def _results(
        self, words: list[str], *, is_final: bool, is_asked: bool = False
    ) -> dict[str, Any]:
        best = {"transcript": " ".join(words), "confidence": 0.99, "words": self._timed(words)}
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": self._now() - self._began * PIECE,
            "start": self._began * PIECE,
            "is_final": is_final,
            "speech_final": is_final and not is_asked,
            "channel": {"alternatives": [best]},
            "metadata": {
                "request_id": "bench",
                "model_info": {"name": "bench", "version": "1", "arch": "nova-3"},
                "model_uuid": "bench",
            },
            "from_finalize": is_asked,
        }

    def _turn_info(self, event: str, words: list[str]) -> dict[str, Any]:
        message = {
            "type": "TurnInfo",
            "request_id": "bench",
            "sequence_id": self._position,
            "event": event,
            "turn_index": self._turns,
            "audio_window_start": self._began * PIECE,
            "audio_window_end": self._now(),
            "transcript": " ".join(words),
            "words": self._timed(words),
            "end_of_turn_confidence": 0.9 if event == "EndOfTurn" else 0.5,
        }
        return message | ({"trigger": "model"} if event == "EndOfTurn" else {})

    def _timed(self, words: list[str]) -> list[dict[str, Any]]:
        """Return the words with times, the last of which ends with the last sound."""
        start, end = self._began * PIECE, self._last_loud * PIECE
        step = (end - start) / max(1, len(words))
        return [
            {
                "word": word,
                "punctuated_word": word,
                "start": start + step * number,
                "end": start + step * (number + 1),
                "confidence": 0.99,
            }
            for number, word in enumerate(words)
        ]

    def _now(self) -> float:
        return self._position * PIECE

    def _later(self, message: dict[str, Any]) -> None:
        self._loop.call_later(DELAY, self._send, message)

    def _send(self, message: dict[str, Any]) -> None:
        self._transport.send(WSMsgType.TEXT, msgspec.json.encode(message))


def ear(book: Book, request: WSUpgradeRequest) -> Ear:
    """Take a connection in."""
    return Ear(book, request.path.decode())
