"""The tape's ports: a model and a voice that say again what they said, when they said it.

What was never said, because a prompt, a model or a rule is another now, comes from a writer that
is asked outside of time; its pace is the recording's own.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from statistics import median
from typing import Final, Generic, TypeVar

from shared.errors import ProviderError
from voice.conversation.prompts import ModelMessage
from voice.ports import BYTES_A_SECOND, Voice
from voice.replay.tape import Spoken, Tape, Written, model_key, voice_key
from voice.waiting import until

RECORDING: Final = "recording"
FIRST_TOKEN_SECONDS: Final = 0.3  # where a recording has no reply at all to learn a pace from
TOKEN_SECONDS: Final = 0.01
FIRST_BYTE_SECONDS: Final = 0.2
BYTES_A_CHARACTER: Final = BYTES_A_SECOND / 15  # speech runs at some 15 characters a second
CUT_SECONDS: Final = 0.1  # what was cut off then is not cut off now, if this late it goes on
QUIET: Final = b"\xff"  # μ-law's silence: a tape knows how long a sound was, not how it sounded

Writer = Callable[[Sequence[ModelMessage], str], str]
Take = TypeVar("Take", Written, Spoken)


class NoWriter(ProviderError):
    """A reply is needed that was never recorded, and nobody is there to write it."""

    def __init__(self) -> None:
        super().__init__(RECORDING, "holds no such reply", retryable=False)


class _Takes(Generic[Take]):
    """Recorded takes by key, each handed out once and the last of a key again and again."""

    def __init__(self, takes: Iterable[Take]) -> None:
        self._by_key: defaultdict[str, deque[Take]] = defaultdict(deque)
        for take in takes:
            self._by_key[take.key].append(take)

    def take(self, key: str) -> Take | None:
        found = self._by_key.get(key)
        if not found:
            return None
        return found.popleft() if len(found) > 1 else found[0]


class TapedModel:
    """Writes what it wrote."""

    def __init__(self, tape: Tape, clock: Callable[[], float], writer: Writer | None) -> None:
        self._takes: _Takes[Written] = _Takes(tape.written)
        self._clock = clock
        self._writer = writer
        self._rewritten: dict[str, str] = {}
        self._first, self._next = _pace(tape.written)
        self.asked_anew = 0  # replies that the recording did not hold

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        asked_at = self._clock()
        key = model_key(messages, model)
        take = self._takes.take(key)
        if take is None:
            take = self._write(key, messages, model)
        for after, token in take.tokens:
            await until(asked_at + after)
            yield token
        await until(asked_at + take.ended_after + (CUT_SECONDS if take.is_cut else 0.0))
        if take.failure is not None:
            raise ProviderError(RECORDING, "the model failed", retryable=take.failure)

    def _write(self, key: str, messages: Sequence[ModelMessage], model: str) -> Written:
        if self._writer is None:
            raise NoWriter
        if key not in self._rewritten:
            self.asked_anew += 1
            self._rewritten[key] = self._writer(messages, model)
        words = self._rewritten[key].split(" ")
        tokens = [
            (self._first + number * self._next, word if number == 0 else f" {word}")
            for number, word in enumerate(words)
        ]
        return Written(key, tokens, tokens[-1][0])


class TapedVoice:
    """Speaks for as long as it spoke; words it never said take as long as others of their length."""

    def __init__(self, tape: Tape, clock: Callable[[], float]) -> None:
        self._takes: _Takes[Spoken] = _Takes(tape.spoken)
        self._clock = clock
        whole = [take for take in tape.spoken if not take.is_cut and take.chunks]
        self._first = median(take.chunks[0][0] for take in whole) if whole else FIRST_BYTE_SECONDS
        self._rate = (
            sum(size for take in whole for _, size in take.chunks)
            / sum(take.characters for take in whole)
            if whole
            else BYTES_A_CHARACTER
        )

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        asked_at = self._clock()
        take = self._takes.take(voice_key(text, voice))
        if take is None or take.is_cut:
            take = self._speak(text, voice, take)
        for after, size in take.chunks:
            await until(asked_at + after)
            yield QUIET * size
        await until(asked_at + take.ended_after)
        if take.failure is not None:
            raise ProviderError(RECORDING, "the voice failed", retryable=take.failure)

    def _speak(self, text: str, voice: Voice, begun: Spoken | None) -> Spoken:
        """Return speech as long as it would have been, with the chunks that are known of it."""
        size = max(1, round(len(text) * self._rate))
        chunks = list(begun.chunks) if begun is not None else []
        rest = size - sum(known for _, known in chunks)
        at = begun.ended_after + CUT_SECONDS if begun is not None else self._first
        if rest > 0:
            chunks.append((at, rest))
        return Spoken(voice_key(text, voice), len(text), chunks, at)


def _pace(replies: Sequence[Written]) -> tuple[float, float]:
    """Return the seconds to a first token, and from one to the next, as they usually were."""
    firsts = [reply.tokens[0][0] for reply in replies if reply.tokens]
    spans = [
        (reply.tokens[-1][0] - reply.tokens[0][0]) / (len(reply.tokens) - 1)
        for reply in replies
        if len(reply.tokens) > 1
    ]
    return (
        median(firsts) if firsts else FIRST_TOKEN_SECONDS,
        median(spans) if spans else TOKEN_SECONDS,
    )
