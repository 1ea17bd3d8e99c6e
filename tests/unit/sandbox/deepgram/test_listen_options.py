"""What `/v1/listen` takes and refuses."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from sandbox.deepgram.options import ListenOptions, RefusedOptions, parse_options

GOOD = {"encoding": "mulaw", "sample_rate": "8000"}


def test_all_that_a_phone_call_asks_for_is_understood() -> None:
    query = MultiDict(
        [
            *GOOD.items(),
            ("model", "nova-3"),
            ("endpointing", "300"),
            ("interim_results", "true"),
            ("utterance_end_ms", "1000"),
            ("vad_events", "true"),
            ("smart_format", "true"),
            ("keyterm", "Lisa"),
            ("keyterm", "Go To Buddy"),
        ]
    )

    assert parse_options(query) == ListenOptions(
        model="nova-3",
        endpointing=2400,
        utterance_end=8000,
        has_interims=True,
        has_voice_events=True,
        is_formatted=True,
        key_terms=("Lisa", "Go To Buddy"),
    )


def test_defaults_are_those_of_deepgram() -> None:
    options = parse_options(MultiDict(GOOD))

    assert (options.endpointing, options.utterance_end, options.has_interims) == (80, None, False)


def test_endpointing_can_be_switched_off() -> None:
    assert parse_options(MultiDict({**GOOD, "endpointing": "false"})).endpointing is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"encoding": "mulow"}, 400),
        ({"sample_rate": "fast"}, 400),
        ({"channels": "0"}, 400),
        ({"model": "whisperer"}, 400),
        ({"interim_results": "yes"}, 400),
        ({"endpointing": "soon"}, 400),
        ({"utterance_end_ms": "1000"}, 400),  # wants interim results
        ({"utterance_end_ms": "999", "interim_results": "true"}, 400),
        ({"keyterm": "Lisa", "model": "nova-2"}, 400),
        ({"keyterm": "word " * 501, "model": "nova-3"}, 400),
        ({"encoding": "linear16"}, 501),
        ({"sample_rate": "16000"}, 501),
        ({"channels": "2"}, 501),
        ({"language": "de"}, 501),
        ({"diarize": "true"}, 501),
    ],
)
def test_what_is_wrong_or_not_built_is_refused(change: dict[str, str], status: int) -> None:
    with pytest.raises(RefusedOptions) as refused:
        parse_options(MultiDict({**GOOD, **change}))

    assert refused.value.status == status


@pytest.mark.parametrize(("missing", "status"), [("encoding", 501), ("sample_rate", 400)])
def test_the_encoding_must_be_said(missing: str, status: int) -> None:
    with pytest.raises(RefusedOptions) as refused:
        parse_options(MultiDict({k: v for k, v in GOOD.items() if k != missing}))

    assert refused.value.status == status
