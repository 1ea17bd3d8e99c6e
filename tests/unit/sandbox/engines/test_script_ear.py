"""The script recogniser gives each stretch of audio its own words."""

from __future__ import annotations

from sandbox.engines.roles import Span
from sandbox.engines.script_ear import ScriptEar
from sandbox.engines.tones import tones_from_text

SILENCE = b"\xff" * 2400  # 0.3 s, which ends an utterance


def chunks(audio: bytes, size: int = ScriptEar.chunk_bytes) -> list[bytes]:
    return [audio[start : start + size] for start in range(0, len(audio), size)]


async def words(ear: ScriptEar, begin: int, end: int) -> list[str]:
    span = Span(b"", begin, end, is_final=True, is_utterance_end=True)
    return [word.text for word in await ear.words(span)]


async def test_an_utterance_takes_no_letter_of_the_next_one() -> None:
    ear = ScriptEar()
    menu, hello = tones_from_text("press a key."), tones_from_text("hello.")
    for chunk in chunks(menu + SILENCE + hello[:900]):  # the h is heard before the menu is read
        ear.notices(chunk)

    first = await words(ear, 0, len(menu + SILENCE))
    for chunk in chunks(hello[900:] + SILENCE):
        ear.notices(chunk)
    second = await words(ear, len(menu + SILENCE), len(menu + SILENCE + hello + SILENCE))

    assert (first, second) == (["press", "a", "key."], ["hello."])
