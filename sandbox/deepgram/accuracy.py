"""Measures the recogniser: `python -m sandbox.deepgram.accuracy FOLDER [--write TABLE.md]`.

Every recording of a folder (`manifest.json`: file, text; 8 kHz μ-law WAV) goes through `/v1/listen`,
and with `--flux` through `/v2/listen`, as a call would send it. The folder may also stand in
BUDDY_RECORDINGS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from sandbox.deepgram.word_errors import plain_words, word_errors
from sandbox.engines.mulaw import SILENCE
from sandbox.engines.supervision import EngineRoom
from sandbox.serving import serving

MESSAGE_BYTES = 640  # 80 ms, as Flux likes it
OPTIONS = (
    "model=nova-3&language=en-US&encoding=mulaw&sample_rate=8000&interim_results=true"
    "&endpointing=300&utterance_end_ms=1000&vad_events=true&smart_format=true"
)
FLUX_OPTIONS = (
    "model=flux-general-en&encoding=mulaw&sample_rate=8000&eager_eot_threshold=0.4"
    "&eot_threshold=0.7&eot_timeout_ms=5000"
)
LEAD, TAIL = 0.5, 1.5  # seconds of silence around a recording, as on a line
FLUX_TAIL = 6.0  # a turn that sounds unfinished is over after five


@dataclass(frozen=True, slots=True)
class Reading:
    """What was heard of one recording."""

    name: str
    seconds: float
    words: int
    errors: int
    interims: int
    turns: int
    delay: float  # seconds from the voice's end, as the recogniser saw it, to the final words
    text: str


class Notes:
    """What a server's messages say, put together."""

    def __init__(self) -> None:
        self.finals: list[str] = []
        self.interims = 0
        self.turns = 0
        self.voice_end = 0.0  # seconds of the stream
        self.heard_at = 0.0  # when its final words came
        self._turn = ""

    def take(self, message: dict[str, Any], now: float) -> None:
        """Take the next message of either endpoint."""
        if message["type"] == "Results":
            self._take_results(message, now)
        elif message["type"] == "TurnInfo":
            self._take_turn(message, now)

    def _take_results(self, message: dict[str, Any], now: float) -> None:
        alternative = message["channel"]["alternatives"][0]
        self.turns += message["speech_final"]
        if not message["is_final"]:
            self.interims += 1
        elif alternative["words"]:
            self.finals.append(alternative["transcript"])
            self._note_end(alternative, now)

    def _take_turn(self, message: dict[str, Any], now: float) -> None:
        """Take Flux's words for final where the product does: at a likely end."""
        match message["event"]:
            case "EndOfTurn":
                self.finals.append(message["transcript"])
                self.turns += 1
                self._turn = ""
            case "EagerEndOfTurn":
                self._note_end(message, now)
            case "Update" | "StartOfTurn" if message["transcript"] != self._turn:
                self.interims += 1
                self._turn = message["transcript"]

    def _note_end(self, words: dict[str, Any], now: float) -> None:
        self.voice_end, self.heard_at = words["words"][-1]["end"], now


async def read(url: str, name: str, audio: bytes, text: str, pace: float) -> Reading:
    """Send one recording at so many times real time and collect what comes back."""
    silence = bytes([SILENCE])
    tail = FLUX_TAIL if "/v2/" in url else TAIL
    line = silence * int(8000 * LEAD) + audio + silence * int(8000 * tail)
    notes = Notes()
    loop = asyncio.get_running_loop()
    async with connect(url, additional_headers={"Authorization": "Token sandbox"}) as socket:
        began = loop.time()

        async def listen() -> None:
            async for message in socket:
                notes.take(json.loads(message), loop.time() - began)

        listening = asyncio.create_task(listen())
        step = MESSAGE_BYTES / 8000
        for place, at in enumerate(range(0, len(line), MESSAGE_BYTES)):
            await socket.send(line[at : at + MESSAGE_BYTES])
            await asyncio.sleep(max(0.0, began + (place + 1) * step / pace - loop.time()))
        await socket.send('{"type":"CloseStream"}')
        await listening
    heard = " ".join(notes.finals)
    wanted = plain_words(text)
    errors = word_errors(wanted, plain_words(heard))
    delay = notes.heard_at - notes.voice_end / pace
    return Reading(
        name, len(audio) / 8000, len(wanted), errors, notes.interims, notes.turns, delay, heard
    )


def table(readings: list[Reading], pace: float) -> str:
    """Write the readings as Markdown."""
    words = sum(r.words for r in readings)
    errors = sum(r.errors for r in readings)
    seconds = sum(r.seconds for r in readings)
    interims = sum(r.interims for r in readings)
    rows = [
        f"| {r.name} | {r.seconds:.1f} | {r.words} | {r.errors} | {r.interims} | {r.turns} "
        f"| {r.delay:.2f} s |"
        for r in readings
    ]
    turns = sum(r.turns for r in readings)
    total = (
        f"| **all, at {pace:g} times real time** "
        f"| {seconds:.1f} | {words} | {errors} | {interims} | {turns} | |"
    )
    lines = [
        "| recording | seconds | words | errors | interim results | ends | last words after |",
        "|---|---|---|---|---|---|---|",
        *rows,
        total,
        "",
        f"Word error rate: **{100 * errors / max(1, words):.1f} %**",
        "",
    ]
    return "\n".join(lines)


def audio_of(path: Path) -> bytes:
    """Return a μ-law WAV's samples."""
    content = path.read_bytes()
    start = content.index(b"data") + 8
    size = int.from_bytes(content[start - 4 : start], "little")
    return content[start : start + size]


async def measure(
    folder: Path, pace: float, url: str | None, path: str = f"/v1/listen?{OPTIONS}"
) -> list[Reading]:
    """Read every recording of a folder, one after the other."""
    entries = json.loads((folder / "manifest.json").read_text("utf-8"))
    if url is not None:
        return [await _read_entry(url, folder, entry, pace) for entry in entries]
    room = EngineRoom(SandboxConfig(), parts=("recogniser",))
    async with room, serving(create_app(SandboxConfig(), room.engines)) as base:
        await room.until_ready()
        url = f"{base.replace('http', 'ws')}{path}"
        return [await _read_entry(url, folder, entry, pace) for entry in entries]


async def _read_entry(url: str, folder: Path, entry: dict[str, Any], pace: float) -> Reading:
    audio = audio_of(folder / entry["file"])
    reading = await read(url, entry["file"], audio, entry["text"], pace)
    sys.stderr.write(f"{reading.name}: {reading.errors}/{reading.words} {reading.text}\n")
    return reading


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.deepgram.accuracy")
    parser.add_argument("folder", nargs="?", default=os.environ.get("BUDDY_RECORDINGS"))
    parser.add_argument("--pace", type=float, default=1.25, help="times real time (at most 1.25)")
    parser.add_argument("--flux", action="store_true", help="through /v2/listen")
    parser.add_argument("--url", help="a running server's ws://…/listen with its options")
    parser.add_argument("--write", type=Path, help="put the table between a file's markers")
    options = parser.parse_args()
    if options.folder is None:
        parser.error("name a folder of recordings, or set BUDDY_RECORDINGS")
    path = f"/v2/listen?{FLUX_OPTIONS}" if options.flux else f"/v1/listen?{OPTIONS}"
    readings = asyncio.run(measure(Path(options.folder), options.pace, options.url, path))
    report = table(readings, options.pace)
    if options.write:
        put_between("recordings-flux" if options.flux else "recordings", options.write, report)
    else:
        sys.stdout.write(report)


def put_between(marker: str, path: Path, report: str) -> None:
    """Replace what stands between a file's markers."""
    begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    before, _, rest = path.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    path.write_text(f"{before}{begin}{report}{end}{after}", "utf-8")


if __name__ == "__main__":
    main()
