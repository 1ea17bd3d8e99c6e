"""When Deepgram says what, in the audio's own time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.deepgram.turns import (
    LEAD_IN,
    LONGEST_SEGMENT,
    TAIL,
    Order,
    Recognise,
    ReportSilence,
    TurnRules,
    Turns,
    VoiceBegan,
    VoiceLongGone,
)

CHUNK = 160
RULES = TurnRules(
    endpointing=2400, utterance_end=8000, has_interims=True, first_interim=4000, interim_every=8000
)


def hear(turns: Turns, seconds: float, *, voice: bool) -> list[Order]:
    return [
        order
        for _ in range(round(seconds * 8000 / CHUNK))
        for order in turns.hear(CHUNK, has_voice=voice)
    ]


def test_an_utterance_has_its_events_in_order() -> None:
    turns = Turns(RULES)

    orders = (
        hear(turns, 1, voice=False) + hear(turns, 2, voice=True) + hear(turns, 1.5, voice=False)
    )

    assert orders == [
        VoiceBegan(8000),
        Recognise(8000 - LEAD_IN, 12_000, is_final=False),
        Recognise(8000 - LEAD_IN, 20_000, is_final=False),
        Recognise(8000 - LEAD_IN, 24_000 + TAIL, is_final=True, is_utterance_end=True),
        VoiceLongGone(24_000),
    ]


def test_a_pause_shorter_than_endpointing_ends_nothing() -> None:
    turns = Turns(RULES)

    orders = hear(turns, 0.4, voice=True) + hear(turns, 0.28, voice=False)

    assert orders == [VoiceBegan(0)]


def test_without_endpointing_words_become_final_but_no_speech_does() -> None:
    turns = Turns(TurnRules(endpointing=None, utterance_end=None, has_interims=False))

    orders = hear(turns, 2, voice=True) + hear(turns, 3, voice=False)

    assert orders == [VoiceBegan(0), Recognise(0, 16_000 + TAIL, is_final=True)]


def test_a_long_monologue_becomes_final_in_pieces() -> None:
    turns = Turns(TurnRules(endpointing=2400, utterance_end=None, has_interims=False))

    orders = hear(turns, 45, voice=True)

    assert orders == [
        VoiceBegan(0),
        Recognise(0, LONGEST_SEGMENT, is_final=True),
        Recognise(LONGEST_SEGMENT, 2 * LONGEST_SEGMENT, is_final=True),
    ]


def test_finalize_answers_in_silence_and_in_speech() -> None:
    turns = Turns(RULES)
    hear(turns, 0.1, voice=False)

    in_silence = turns.finalize()
    hear(turns, 0.3, voice=True)
    in_speech = turns.finalize()

    assert in_silence == [Recognise(0, 800, is_final=True, is_finalized=True)]
    assert in_speech == [Recognise(800, 3200, is_final=True, is_finalized=True)]
    assert hear(turns, 0.5, voice=False) == []


def test_long_silence_is_reported_as_an_empty_result() -> None:
    turns = Turns(RULES)

    assert hear(turns, 11, voice=False) == [ReportSilence(0, 40_000), ReportSilence(40_000, 80_000)]


def test_a_click_is_no_voice_where_more_is_wanted() -> None:
    turns = Turns(TurnRules(2400, 8000, has_interims=True, onset_chunks=3))

    orders = hear(turns, 0.04, voice=True) + hear(turns, 2, voice=False)

    assert orders == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=30))
def test_no_voice_is_left_without_words_and_no_audio_is_read_twice(
    line: list[tuple[int, bool]],
) -> None:
    turns = Turns(RULES)
    voiced: list[int] = []
    orders: list[Order] = []

    for chunks, voice in line:
        for _ in range(chunks):
            voiced += [turns.position] * voice
            needed = turns.oldest_needed
            new = turns.hear(CHUNK, has_voice=voice)
            assert all(order.begin >= needed for order in new if isinstance(order, Recognise))
            orders += new
    orders += turns.close()

    finals = [order for order in orders if isinstance(order, Recognise) and order.is_final]
    assert all(any(f.begin <= at < f.end for f in finals) for at in voiced)
    assert all(a.end <= b.begin for a, b in pairwise(finals))
