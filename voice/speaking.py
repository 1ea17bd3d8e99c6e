"""The way from words to the caller's ear: synthesise ahead, send as it comes, prove by marks.

One writer a leg: whatever is sent goes through here, and the reply's id is checked at the
moment of sending, so nothing of a retired reply follows its `clear`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import structlog

from shared.errors import ProviderError
from voice.conversation.events import (
    Event,
    ReplyId,
    SegmentPlayed,
    SegmentStarted,
    SynthesisFailed,
)
from voice.ports import BYTES_A_SECOND, FRAME_BYTES, CallLeg, TextToSpeech, Voice

log = structlog.get_logger()

MESSAGE_BYTES = 1600  # 200 ms: few messages, and the line still plays smoothly
MARK_BYTES = BYTES_A_SECOND  # a mark at least every second tells what was heard
CHARACTERS_A_SECOND = 15  # of speech, until the voice has shown how fast it speaks
TELLING = 20  # characters: shorter ones tell nothing of how fast a voice speaks
LATE_SECONDS = 0.02  # a frame: a line that is silent for less is not heard to be
AHEAD = 2  # segments synthesised at once: the one that plays and the next
# A segment that breaks off is spoken once more, from its start, if a voice begins within this:
# with the time that it takes to notice a voice that stalls it is no silence a caller hangs up on.
AGAIN_SECONDS = 1.2
RETURN_SECONDS = 0.3  # for a mark to come back, at most: who waits longer leaves the line dead


@dataclass(slots=True, eq=False)
class _Item:
    """One segment on its way."""

    reply: ReplyId
    number: int
    text: str
    voice: Voice | None = None  # None: the audio was made ahead
    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    total_bytes: int | None = None  # known once the voice has said its last word
    sent_bytes: int = 0
    broken_bytes: int = 0  # of those, the ones of a take that broke off
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    item: _Item
    heard_bytes: int
    is_last: bool


class Speaker:
    """Speaks and plays on one leg, in the order it is told."""

    def __init__(
        self,
        leg: CallLeg,
        text_to_speech: TextToSpeech,
        post: Callable[[Event], None],
        start_task: Callable[..., asyncio.Task[None]],
    ) -> None:
        self._leg = leg
        self._text_to_speech = text_to_speech
        self._post = post
        self._start_task = start_task
        self._queue: deque[_Item] = deque()
        self._queued = asyncio.Event()
        self._retired: set[ReplyId] = set()
        self._marks: dict[str, _Mark] = {}
        self._items: dict[ReplyId, list[_Item]] = {}
        self._synthesis: dict[ReplyId, list[asyncio.Task[None]]] = {}
        self._prepared: dict[ReplyId, _Item] = {}  # first segments that nobody may hear yet
        self._ahead = asyncio.Semaphore(AHEAD)
        self._line = asyncio.Lock()  # one segment at a time has the line
        self._clock = asyncio.get_running_loop().time
        self._pace = BYTES_A_SECOND / CHARACTERS_A_SECOND  # bytes a character, as last heard
        self._plays_until = 0.0  # what was sent, as the line plays it without a pause
        self.on_first_byte: Callable[[ReplyId], None] = lambda _reply: None
        self.on_underrun: Callable[[], None] = lambda: None

    def speak(self, reply: ReplyId, number: int, text: str, voice: Voice) -> None:
        """Say `text` after what is queued."""
        prepared = self._prepared.pop(reply, None)
        if prepared is not None and (prepared.text, prepared.voice) == (text, voice):
            prepared.number = number
            self._enqueue(prepared)
        else:
            self._enqueue(self._make(reply, number, text, voice))

    def prepare(self, reply: ReplyId, text: str, voice: Voice) -> None:
        """Have `text` ready, for when the reply begins to speak with just this."""
        self._prepared[reply] = self._make(reply, 0, text, voice)

    def discard(self, reply: ReplyId) -> None:
        """Forget what was prepared; nothing of it is on the line."""
        self._prepared.pop(reply, None)
        self._retire(reply)

    def play(
        self, reply: ReplyId, number: int, text: str, audio: bytes, *, is_cover: bool = False
    ) -> None:
        """Play audio made ahead, after what is queued or, as a cover, before what is not ready."""
        item = self._item(reply, number, text)
        item.total_bytes = len(audio)
        item.chunks.put_nowait(audio)
        item.chunks.put_nowait(None)
        if is_cover:
            self._start_task(self._send(item))
        else:
            self._enqueue(item)

    async def interrupt(self, reply: ReplyId) -> None:
        """Retire the reply, drop its playback, cancel its synthesis: in this order."""
        self._retired.add(reply)
        await self._leg.clear()
        self._plays_until = 0.0
        self._retire(reply)

    def _retire(self, reply: ReplyId) -> None:
        self._retired.add(reply)
        for task in self._synthesis.pop(reply, ()):
            task.cancel()
        for item in self._items.pop(reply, ()):
            item.chunks.put_nowait(None)  # whoever waits for more of it waits in vain
        self._queue = deque(item for item in self._queue if item.reply != reply)
        self._marks = {name: mark for name, mark in self._marks.items() if mark.item.reply != reply}

    def mark_returned(self, name: str) -> None:
        """Tell the machine how much of a segment has been heard."""
        mark = self._marks.pop(name, None)
        if mark is None or mark.item.reply in self._retired:
            return
        if mark.is_last and mark.item.has_failed:
            mark.item.chunks.put_nowait(None)
            return
        if mark.is_last:
            self._forget(mark.item)
        share = 1.0 if mark.is_last else _share(mark.heard_bytes, self._bytes_of(mark.item))
        self._post(SegmentPlayed(mark.item.reply, mark.item.number, share))

    def _forget(self, item: _Item) -> None:
        """Keep nothing of what was heard: a call has hundreds of replies."""
        items = self._items.get(item.reply, [])
        if item in items:
            items.remove(item)
        if not items:
            self._items.pop(item.reply, None)
            self._synthesis.pop(item.reply, None)

    def _bytes_of(self, item: _Item) -> float:
        """Return how long a segment is or, while it is being made, will be."""
        sent_bytes = item.sent_bytes - item.broken_bytes
        return item.total_bytes or max(len(item.text) * self._pace, sent_bytes)

    async def run(self) -> None:
        """Send what is queued until cancelled."""
        while True:
            while not self._queue:
                self._queued.clear()
                await self._queued.wait()
            await self._send(self._queue.popleft())

    def _make(self, reply: ReplyId, number: int, text: str, voice: Voice) -> _Item:
        item = self._item(reply, number, text, voice)
        task = self._start_task(self._synthesise(item, voice))
        self._synthesis.setdefault(reply, []).append(task)
        return item

    def _item(self, reply: ReplyId, number: int, text: str, voice: Voice | None = None) -> _Item:
        item = _Item(reply, number, text, voice)
        self._items.setdefault(reply, []).append(item)
        return item

    def _enqueue(self, item: _Item) -> None:
        self._queue.append(item)
        self._queued.set()

    async def _synthesise(self, item: _Item, voice: Voice) -> None:
        size = 0
        try:
            async with self._ahead:
                size, failure = await self._take(item, voice)
                if failure is not None and size:
                    self._begin_again(item)
                    size, failure = await self._take(item, voice, within=AGAIN_SECONDS)
        except Exception:
            log.exception("synthesis_broke", reply=item.reply)
            item.has_failed = True
        else:
            item.has_failed = failure is not None or size == 0
            if not item.has_failed and len(item.text) >= TELLING:
                self._pace = size / len(item.text)
        finally:
            item.total_bytes = size
            item.chunks.put_nowait(None)

    async def _take(
        self, item: _Item, voice: Voice, *, within: float | None = None
    ) -> tuple[int, ProviderError | None]:
        """Have a voice speak; return how many bytes came, and why no more did."""
        size = 0
        audio = self._text_to_speech.synthesise(item.text, voice)
        try:
            async with asyncio.timeout(within) as limit, aclosing(audio):
                async for chunk in audio:
                    if size == 0:
                        limit.reschedule(None)
                    if size == 0 and within is None:
                        self.on_first_byte(item.reply)
                    size += len(chunk)
                    item.chunks.put_nowait(chunk)
        except TimeoutError:
            failure = ProviderError("voice", f"no sound within {within:g} s", retryable=True)
        except ProviderError as error:
            failure = error
        else:
            return size, None
        log.warning("synthesis_failed", reply=item.reply, error=str(failure))
        return size, failure

    @staticmethod
    def _begin_again(item: _Item) -> None:
        """Drop what nobody has heard of a take that broke off; the next one starts anew."""
        while not item.chunks.empty():
            item.chunks.get_nowait()
        item.chunks.put_nowait(b"")

    async def _send(self, item: _Item) -> None:
        """Send one segment, with its marks, as its audio comes."""
        chunk = await self._next_chunk(item)
        async with self._line:
            while chunk is not None:
                if not chunk:  # what was sent until now is said again
                    item.broken_bytes = item.sent_bytes
                for message in _messages(chunk, is_first=item.sent_bytes == 0):
                    if item.reply in self._retired:
                        return
                    await self._send_message(item, message)
                chunk = await self._next_chunk(item)
            if item.reply in self._retired:
                return
            await self._mark(item, is_last=True)
        if item.has_failed:
            await self._fail(item)

    async def _fail(self, item: _Item) -> None:
        """Tell of a segment that no voice can say, once all that was sent before was heard.

        An apology cuts off what still plays: a sentence would end in mid-word.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._plays_until + RETURN_SECONDS):
                await item.chunks.get()  # its mark, or the end of the reply
        if item.reply in self._retired:
            return
        self._retire(item.reply)
        furthest = max(item.broken_bytes, item.sent_bytes - item.broken_bytes)
        spoken = _share(furthest, len(item.text) * self._pace)
        if furthest:
            self._post(SegmentPlayed(item.reply, item.number, spoken))
        self._post(SynthesisFailed(item.reply, item.number, spoken))

    async def _next_chunk(self, item: _Item) -> bytes | None:
        return None if item.reply in self._retired else await item.chunks.get()

    async def _send_message(self, item: _Item, message: bytes) -> None:
        await self._leg.send_audio(message)
        if item.sent_bytes == 0:
            self._post(SegmentStarted(item.reply, item.number))
        self._follow_line(item, len(message))
        before = item.sent_bytes // MARK_BYTES
        item.sent_bytes += len(message)
        if item.sent_bytes // MARK_BYTES > before:
            await self._mark(item, is_last=False)

    def _follow_line(self, item: _Item, size: int) -> None:
        now = self._clock()
        if item.sent_bytes and now > self._plays_until + LATE_SECONDS:
            self.on_underrun()
        self._plays_until = max(now, self._plays_until) + size / BYTES_A_SECOND

    async def _mark(self, item: _Item, *, is_last: bool) -> None:
        name = f"{item.reply}:{item.number}:{'end' if is_last else item.sent_bytes}"
        self._marks[name] = _Mark(item, item.sent_bytes - item.broken_bytes, is_last)
        await self._leg.send_mark(name)


def _share(size: float, of: float) -> float:
    """Return the part that `size` is, from 0 to below 1."""
    return min(size / max(of, 1), 0.99)


def _messages(chunk: bytes, *, is_first: bool) -> list[bytes]:
    """Cut a chunk into messages; the very first frame goes alone, at once."""
    head = [chunk[:FRAME_BYTES]] if is_first and chunk else []
    rest = chunk[FRAME_BYTES:] if is_first else chunk
    return head + [
        rest[start : start + MESSAGE_BYTES] for start in range(0, len(rest), MESSAGE_BYTES)
    ]
