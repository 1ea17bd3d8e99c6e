"""The script recogniser: it hears tones, and their times are exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sandbox.engines.mulaw import samples_from_mulaw
from sandbox.engines.roles import LINE_RATE, HeardWord, Span
from sandbox.engines.tones import HeardCharacter, ToneListener

_QUIET = 1e-4  # mean square of a chunk without voice


class ScriptEar:
    """Reads one stream's tones."""

    chunk_bytes = 160
    onset_chunks = 1
    first_interim = LINE_RATE * 3 // 10
    interim_every = LINE_RATE // 2

    def __init__(self) -> None:
        self._listener = ToneListener()
        self._characters: list[HeardCharacter] = []  # not yet part of a final result

    def notices(self, chunk: bytes) -> bool:
        self._characters += self._listener.feed(chunk)
        samples = samples_from_mulaw(chunk)
        return bool(np.mean(samples * samples) > _QUIET)

    async def words(self, span: Span) -> Sequence[HeardWord]:
        characters = self._characters
        if span.is_final:
            # Of what came while this waited, the first letter of the next word may be here already.
            heard = sum(character.started_at < span.ended_at for character in characters)
            spaces = [i for i in range(heard) if characters[i].character == " "]
            whole = heard if span.is_utterance_end else (spaces or [-1])[-1] + 1
            characters, self._characters = characters[:whole], characters[whole:]
        else:  # what came while this waited is for the next result
            characters = [heard for heard in characters if heard.started_at < span.ended_at]
        return _words_of(characters)


class ScriptRecogniser:
    """Hears whatever the sandbox's script voices say."""

    def listen(self) -> ScriptEar:
        return ScriptEar()


def _words_of(characters: Sequence[HeardCharacter]) -> tuple[HeardWord, ...]:
    words: list[HeardWord] = []
    letters: list[HeardCharacter] = []
    for heard in (*characters, None):
        if heard is not None and heard.character != " ":
            letters.append(heard)
        elif letters:
            text = "".join(letter.character for letter in letters)
            words.append(HeardWord(text, letters[0].started_at, letters[-1].ended_at))
            letters = []
    return tuple(words)
