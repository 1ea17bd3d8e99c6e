"""When Flux says what, in the audio's own time."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.deepgram.flux_turns import (
    UPDATE_EVERY,
    FluxRules,
    FluxTurns,
    Read,
    TurnEvent,
    TurnInfo,
)
from sandbox.engines.roles import HeardWord

CHUNK = 160
SECOND = 8000


@dataclass
class Line:
    """A stream on which words are said, each as long as it is spoken."""

    turns: FluxTurns
    reads: list[Read] = field(default_factory=list)
    told: list[TurnInfo] = field(default_factory=list)
    said: list[HeardWord] = field(default_factory=list)

    def say(self, text: str, seconds: float = 0.6) -> None:
        begin = self.turns.position
        each = round(seconds * SECOND / len(text.split()))
        self.said += [
            HeardWord(word, begin + each * place, begin + each * (place + 1))
            for place, word in enumerate(text.split())
        ]
        self._hear(seconds, has_voice=True)

    def make_noise(self, seconds: float) -> None:
        self._hear(seconds, has_voice=True)

    def pause(self, seconds: float) -> None:
        self._hear(seconds, has_voice=False)

    def read(self, read: Read) -> None:
        self.reads.append(read)
        words = [word for word in self.said if read.begin <= word.started_at < read.end]
        self.turns.take(read, [word for word in words if word.ended_at <= self.turns.position])

    @property
    def events(self) -> list[tuple[str, str]]:
        return [
            (info.event.value, " ".join(word.text for word in info.words))
            for info in self.told
            if info.event is not TurnEvent.UPDATE
        ]

    def _hear(self, seconds: float, *, has_voice: bool) -> None:
        for _ in range(round(seconds * SECOND / CHUNK)):
            if (read := self.turns.hear(CHUNK, has_voice=has_voice)) is not None:
                self.read(read)
            self.told += self.turns.news()


def line(*, eager: float | None = 0.4, threshold: float = 0.7, timeout: float = 5.0) -> Line:
    rules = FluxRules(eager, threshold, round(timeout * SECOND))
    return Line(FluxTurns(rules, onset_chunks=1, first_interim=2400, interim_every=4000))


def test_a_turn_begins_with_words_may_have_ended_and_ends() -> None:
    phone = line()

    phone.pause(0.5)
    phone.say("tell me a story")
    phone.pause(1)

    assert phone.events == [
        ("StartOfTurn", "tell me"),
        ("EagerEndOfTurn", "tell me a story"),
        ("EndOfTurn", "tell me a story"),
    ]
    assert phone.told[-1].turn_index == 1
    assert [info.trigger for info in phone.told if info.event is TurnEvent.ENDED] == ["model"]


def test_without_a_threshold_for_it_nothing_is_eager() -> None:
    phone = line(eager=None)

    phone.say("tell me a story")
    phone.pause(0.3)
    phone.say("about the sea")
    phone.pause(1)

    assert [event for event, _ in phone.events] == ["StartOfTurn", "EndOfTurn"]
    assert phone.events[-1][1] == "tell me a story about the sea"


def test_who_goes_on_resumes_the_turn_and_no_word_is_lost() -> None:
    phone = line()

    phone.say("tell me a story")
    phone.pause(0.3)
    phone.say("about the sea")
    phone.pause(1)

    assert [event for event, _ in phone.events] == [
        "StartOfTurn",
        "EagerEndOfTurn",
        "TurnResumed",
        "EagerEndOfTurn",
        "EndOfTurn",
    ]
    assert phone.events[-1][1] == "tell me a story about the sea"


def test_what_nobody_ends_with_is_waited_for_until_the_timeout() -> None:
    phone = line(timeout=3)

    phone.say("i would like to")
    phone.pause(2.9)
    assert [event for event, _ in phone.events] == ["StartOfTurn", "EagerEndOfTurn"]
    phone.pause(0.2)

    ended = [info for info in phone.told if info.event is TurnEvent.ENDED]
    assert [info.trigger for info in ended] == ["timeout"]


def test_at_a_threshold_of_one_confidence_ends_no_turn() -> None:
    phone = line(threshold=1.0)

    phone.say("good night")
    phone.pause(4.5)

    assert [event for event, _ in phone.events] == ["StartOfTurn", "EagerEndOfTurn"]


def test_noise_without_words_begins_no_turn() -> None:
    phone = line()

    phone.make_noise(2)
    phone.pause(2)

    assert phone.events == []


def test_updates_come_every_quarter_of_a_second_in_silence_as_well() -> None:
    phone = line()

    phone.pause(1)
    phone.say("one two three four five six", 2)
    phone.pause(1)

    gaps = [after.end - before.end for before, after in pairwise(phone.told)]
    assert max(gaps) <= UPDATE_EVERY + CHUNK


def test_a_turn_can_be_ended_by_hand_and_what_is_being_said_begins_the_next() -> None:
    phone = line()
    phone.say("seven eight nine")

    ended = phone.turns.force_end()
    phone.say("ten")
    phone.pause(1)

    assert ended is not None
    assert (ended.trigger, [word.text for word in ended.words]) == ("manual", ["seven"])
    assert phone.events[-1] == ("EndOfTurn", "ten")


def test_without_a_turn_there_is_none_to_end() -> None:
    phone = line()
    phone.pause(1)

    assert phone.turns.force_end() is None


def test_a_stream_that_is_closed_tells_its_last_words_and_ends_no_turn() -> None:
    phone = line()
    phone.say("hold on")
    rest = phone.turns.rest()
    assert rest is not None
    phone.read(rest)

    told = phone.turns.last_update()

    assert [(info.event.value, len(info.words)) for info in told] == [("Update", 2)]


def test_long_speech_is_read_in_pieces_and_told_whole() -> None:
    phone = line()

    phone.say(" ".join(f"w{number}" for number in range(45)), 45)
    phone.pause(1)

    assert max(read.end - read.begin for read in phone.reads) <= 20 * SECOND
    assert len(phone.events[-1][1].split()) >= 43  # a word may be torn where pieces meet


spoken = st.lists(
    st.tuples(
        st.sampled_from(["", "", "noise", "yes", "tell me more", "i would like to", "so and"]),
        st.integers(1, 150),
    ),
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(spoken, st.sampled_from([None, 0.3, 0.5, 0.7]))
def test_every_stream_keeps_the_documented_order(
    script: list[tuple[str, int]], eager: float | None
) -> None:
    phone = line(eager=eager)

    for text, length in script:
        if not text:
            phone.pause(length / 50)
        elif text == "noise":
            phone.make_noise(length / 50)
        else:
            phone.say(text, max(0.2, length / 100))
    phone.pause(7)

    state, last_eager = "ready", ""
    for info in phone.told:
        text = " ".join(word.text for word in info.words)
        match info.event:
            case TurnEvent.STARTED:
                assert (state, bool(text)) == ("ready", True)
                state = "ongoing"
            case TurnEvent.MAY_HAVE_ENDED:
                assert (state, bool(text)) == ("ongoing", True)
                assert eager is not None
                state, last_eager = "awaiting", text
            case TurnEvent.RESUMED:
                assert state == "awaiting"
                state = "ongoing"
            case TurnEvent.ENDED:
                assert state in ("ongoing", "awaiting")
                assert state == "ongoing" or text == last_eager
                assert info.trigger is not None
                state = "ready"
            case TurnEvent.UPDATE:
                assert (state == "ready") == (not text)
    assert state == "ready"
    assert [info.turn_index for info in phone.told] == sorted(i.turn_index for i in phone.told)


@pytest.mark.parametrize("text", ["well, or", "I'd like the.", "um"])
def test_some_words_end_nothing(text: str) -> None:
    phone = line()
    phone.say(text)
    phone.pause(0.8)

    assert phone.turns.confidence < 0.4
