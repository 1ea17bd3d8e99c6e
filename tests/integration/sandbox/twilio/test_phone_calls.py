"""The test phone calls a product that talks in tones, through the whole scripted sandbox."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from quart import websocket

from sandbox.phone.caller import dial, hang_up, play, press, say
from sandbox.phone.line import NoExchange
from sandbox.sound import UnreadableSound, read_wave
from tests.integration.sandbox.twilio.talking import MENU, NOTICE, Buddy, sandbox_with

PATIENCE = 0.4


async def test_a_whole_conversation_is_reported_turn_by_turn(tmp_path: Path) -> None:
    keys: list[str] = []
    heard: list[str] = []

    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.begin(MENU + " Two is Ben. Three is Ethan. Four is Jack.")
        keys.append(await buddy.until_key())
        await buddy.clear()
        await buddy.say("Hi Sam. How are you?")
        for _ in range(2):
            words = await buddy.listen()
            heard.append(words)
            await buddy.say(f"You said {words}.")
        await buddy.until_voice()

    recording = tmp_path / "heard.wav"
    progress: list[str] = []
    async with sandbox_with(product) as url:
        report = await dial(
            url,
            press("1"),
            say("good day"),
            say("and you"),
            patience=PATIENCE,
            record=recording,
            progress=progress.append,
        )

    assert (keys, heard) == (["1"], ["good day", "and you"])
    assert [(turn.said, turn.heard) for turn in report.turns] == [
        (None, "hi sam. how are you?"),
        ("good day", "you said good day."),
        ("and you", "you said and you."),
    ]
    assert report.problems(4) == []
    assert report.end_reason == "caller"
    assert [turn.interrupted for turn in report.turns] == [False, False, False]
    assert [[mark["name"] for mark in turn.marks] for turn in report.turns] == [
        ["m3"],
        ["m4"],
        ["m5"],
    ]
    for turn in report.turns[1:]:
        assert turn.gap_ms is not None
        assert 280 <= turn.gap_ms <= 1500  # the product waits for 0.3 s of silence
    assert abs(len(read_wave(recording.read_bytes())) / 8000 - report.seconds) < 0.5
    assert "answered" in progress


async def test_without_a_menu_the_key_is_pressed_after_the_notice() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.until_key()
        await buddy.say("Hello.")

    async with sandbox_with(product) as url:
        report = await dial(url, press("1"), patience=PATIENCE)

    assert [turn.heard for turn in report.turns] == ["hello."]
    assert (report.end_reason, report.problems(4)) == ("closing", [])


async def test_a_greeting_that_follows_the_menu_without_a_break_is_heard() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.begin(f"{NOTICE} {MENU}")
        await buddy.until_key()
        await buddy.begin(" Hello.")
        await buddy.say(f"You said {await buddy.listen()}.")
        await buddy.until_voice()

    async with sandbox_with(product) as url:
        report = await dial(url, press("1"), say("good day"), patience=PATIENCE)

    assert report.turns[0].heard.endswith("hello.")
    assert report.turns[1].heard == "you said good day."
    assert report.problems(4) == []


async def test_the_caller_speaks_over_the_buddy_once_it_has_said_the_words() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.listen()
        await buddy.begin("Once upon a time there was a king who had three very lazy sons.")
        await buddy.until_voice()
        await buddy.clear()
        words = await buddy.listen()
        await buddy.say(f"Well, {words} then.")
        await buddy.until_voice()

    async with sandbox_with(product) as url:
        report = await dial(
            url, say("a story"), say("no wait", over="upon a time"), patience=PATIENCE
        )

    story, after = report.turns[1:]
    assert story.interrupted
    assert story.heard.startswith("once upon a time")
    assert "lazy sons" not in story.heard
    assert (after.heard, after.interrupted) == ("well, no wait then.", False)
    assert report.problems(4) == []


async def test_a_key_is_pressed_over_the_buddy_once_it_has_said_the_words() -> None:
    keys: list[str] = []

    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.listen()
        await buddy.begin("Once upon a time there was a king who had three very lazy sons.")
        keys.append(await buddy.until_key())
        await buddy.clear()
        await buddy.say("That was a key.")
        await buddy.until_voice()

    async with sandbox_with(product) as url:
        report = await dial(url, say("a story"), press("#", over="upon a time"), patience=PATIENCE)

    story, after = report.turns[1:]
    assert story.heard.startswith("once upon a time")
    assert "lazy sons" not in story.heard
    assert (keys, after.heard) == (["#"], "that was a key.")
    assert report.problems(4) == []


async def test_a_buddy_that_is_slow_to_stop_has_not_answered_yet() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.begin("Well, ")
        await buddy.stream.play(b"\xff" * 1600)
        await buddy.begin("once upon a time there was a king who had a very big house and a dog.")
        words = await buddy.listen()
        await buddy.clear()
        await buddy.say(f"You said {words}.")
        await buddy.until_voice()

    async with sandbox_with(product) as url:
        report = await dial(url, say("wait", over="well"), patience=PATIENCE)

    greeting, answer = report.turns
    assert greeting.interrupted
    assert (answer.heard, answer.interrupted) == ("you said wait.", False)
    assert answer.gap_ms is not None
    assert answer.gap_ms >= 280


async def test_a_buddy_that_does_not_answer_makes_a_bad_call() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.listen()
        await buddy.until_key()

    async with sandbox_with(product) as url:
        report = await dial(url, say("hello"), patience=PATIENCE, max_gap=0.1, hang_up_after=None)

    assert report.turns[-1].gap_ms is None
    assert report.problems(0.1)[-1] == "the answer to 'hello' did not come"


async def test_a_long_gap_and_a_missing_notice_are_named() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.say("Hello.")
        await buddy.listen()
        await buddy.say("Yes?")

    async with sandbox_with(product) as url:
        report = await dial(url, say("hello"), patience=PATIENCE)

    notice, gap = report.problems(0.2)
    assert "notice was not heard" in notice
    assert "took" in gap


async def test_a_product_that_breaks_is_reported() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await websocket.close(1011, "broken")

    async with sandbox_with(product) as url:
        report = await dial(url, say("hello"), patience=PATIENCE)

    assert report.end_reason == "stream_failed"
    assert any("31921" in error for error in report.errors)
    assert report.unsaid == ["hello"]


async def test_the_caller_can_hang_up_in_the_middle() -> None:
    async def product(buddy: Buddy) -> None:
        await buddy.begin(NOTICE + " And so on and on and on, for a long long time to come.")
        await buddy.until_key()

    async with sandbox_with(product) as url:
        by_step = await dial(url, hang_up(after=1.2), patience=PATIENCE)
        by_clock = await dial(url, say("never said"), patience=PATIENCE, hang_up_after=1.2)

    for report in (by_step, by_clock):
        assert (report.end_reason, report.problems(4)) == ("caller", [])
        assert 1.1 < report.seconds < 2.5
        assert not report.turns[0].heard.endswith("to come.")


async def test_a_recording_is_played(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x00\x20\x00\xe0" * 4000)

    async def product(buddy: Buddy) -> None:
        await buddy.say(NOTICE)
        await buddy.until_voice()
        await buddy.say("I hear you.")

    async with sandbox_with(product) as url:
        report = await dial(url, play(path), patience=PATIENCE)
        with pytest.raises(UnreadableSound, match="missing"):
            await dial(url, play(tmp_path / "missing.wav"))

    assert (report.turns[1].said, report.turns[1].heard) == ("tone.wav", "i hear you.")


async def test_without_a_sandbox_the_caller_is_told_what_to_do() -> None:
    with pytest.raises(NoExchange, match="make run"):
        await dial("http://127.0.0.1:1", say("hello"))
