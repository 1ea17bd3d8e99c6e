"""What a client of `/v1/listen` may ask for, and how Deepgram refuses the rest.

Per developers.deepgram.com/reference/speech-to-text/listen-streaming. What Deepgram takes and the
sandbox has not built is refused with 501, so that nobody relies on it by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from sandbox.engines.roles import LINE_RATE

ENCODINGS = (
    (
        "linear16 linear32 flac alaw mulaw amr-nb amr-wb opus ogg-opus speex g729"  # Deepgram's own list
    ).split()
)
MODELS = re.compile(r"(nova-[23](-[a-z]+)*|nova(-[a-z]+)*|enhanced(-[a-z]+)*|base(-[a-z]+)*)$")
NOT_BUILT = ("diarize", "redact", "multichannel", "detect_entities", "dictation", "callback")
MOST_KEY_TERMS = 500  # tokens, counted as words


class RefusedOptions(Exception):
    """The handshake fails with this status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """A stream's options; times in samples."""

    model: str
    endpointing: int | None
    utterance_end: int | None
    has_interims: bool
    has_voice_events: bool
    is_formatted: bool
    key_terms: tuple[str, ...]


def parse_options(query: MultiDict[str, str]) -> ListenOptions:
    """Read a handshake's query; raise `RefusedOptions` where Deepgram would answer 400."""
    check_audio(query, ENCODINGS)
    _check_built(query)
    model = query.get("model", "base-general")
    if not MODELS.match(model):
        raise RefusedOptions(
            400, f"No such model/language/tier combination found: {model}, on /v1/listen."
        )
    has_interims = _flag(query, "interim_results", default=False)
    return ListenOptions(
        model=model,
        endpointing=_endpointing(query.get("endpointing", "10")),
        utterance_end=_utterance_end(query.get("utterance_end_ms"), has_interims=has_interims),
        has_interims=has_interims,
        has_voice_events=_flag(query, "vad_events", default=False),
        is_formatted=_flag(query, "smart_format", default=False)
        or _flag(query, "punctuate", default=False),
        key_terms=_key_terms(query.getlist("keyterm"), model),
    )


def check_audio(query: MultiDict[str, str], encodings: Sequence[str]) -> None:
    """Refuse all audio but the line's: what the vendor refuses, too, and what is not built."""
    encoding = query.get("encoding")
    if encoding is None:
        raise RefusedOptions(501, "The sandbox wants encoding=mulaw: it reads no containers.")
    if encoding not in encodings:
        raise RefusedOptions(400, f"Invalid query parameter: unknown encoding {encoding}.")
    rate = query.get("sample_rate")
    if rate is None:
        raise RefusedOptions(400, "sample_rate is required when encoding is specified.")
    if not rate.isdecimal():
        raise RefusedOptions(400, f"Invalid query parameter: sample_rate {rate}.")
    if encoding != "mulaw" or int(rate) != LINE_RATE:
        raise RefusedOptions(501, "The sandbox hears mulaw at 8000 only.")
    channels = query.get("channels", "1")
    if not channels.isdecimal() or int(channels) < 1:
        raise RefusedOptions(400, f"Invalid query parameter: channels {channels}.")
    if int(channels) != 1:
        raise RefusedOptions(501, "The sandbox hears one channel only.")


def _check_built(query: MultiDict[str, str]) -> None:
    for name in NOT_BUILT:
        if query.get(name, "false") != "false":
            raise RefusedOptions(501, f"The sandbox has not built {name}.")
    language = query.get("language", "en")
    if not re.fullmatch(r"(en(-[A-Z]{2})?|multi)", language):
        raise RefusedOptions(501, f"The sandbox understands English only, not {language}.")


def _flag(query: MultiDict[str, str], name: str, *, default: bool) -> bool:
    value = query.get(name)
    if value is None:
        return default
    if value not in ("true", "false"):
        raise RefusedOptions(400, f"Invalid query parameter: {name} must be true or false.")
    return value == "true"


def _endpointing(value: str) -> int | None:
    if value == "false":
        return None
    if value == "true":
        value = "10"
    if not value.isdecimal():
        raise RefusedOptions(400, "Invalid query parameter: endpointing must be milliseconds.")
    return int(value) * LINE_RATE // 1000


def _utterance_end(value: str | None, *, has_interims: bool) -> int | None:
    if value is None or value == "false":
        return None
    if not value.isdecimal() or int(value) < 1000:  # noqa: PLR2004 - Deepgram's lower limit, in ms
        raise RefusedOptions(400, "Invalid query parameter: utterance_end_ms is at least 1000.")
    if not has_interims:
        raise RefusedOptions(400, "utterance_end_ms requires interim_results=true.")
    return int(value) * LINE_RATE // 1000


def _key_terms(terms: list[str], model: str) -> tuple[str, ...]:
    if terms and not model.startswith("nova-3"):
        raise RefusedOptions(400, "Keyterms are only supported for Nova-3 models.")
    if sum(len(term.split()) for term in terms) > MOST_KEY_TERMS:
        raise RefusedOptions(400, "Keyterm limit exceeded: the maximum is 500 tokens.")
    return tuple(terms)
