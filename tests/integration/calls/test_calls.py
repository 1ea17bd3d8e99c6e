"""Whole phone calls over real sockets: sandbox Twilio, the voice service, PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
import psycopg

from sandbox.phone.caller import dial
from sandbox.phone.report import PhoneReport
from sandbox.phone.steps import press, say
from shared.domain.spending import Component
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.seed.vendor_prices import vendor_prices
from shared.services import personas, phone_lines, spending, talk_time
from shared.services.calls import CallDetail
from tests.integration.calls.conftest import recorded_call
from tests.support.builders import subscribe
from tests.support.voice_service import RunningVoice

STORY = "once upon a time there was a bear who sang all day and danced all night in the rain"


def database_dsn(voice: RunningVoice) -> str:
    assert voice.settings.database_url is not None
    return voice.settings.database_url.get_secret_value()


async def collected(voice: RunningVoice) -> str:
    """Return the figures, as Prometheus gets them."""
    url = f"http://127.0.0.1:{voice.settings.voice_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_call_is_answered_written_down_and_settled(voice: RunningVoice) -> None:
    report = await dial(
        voice.vendors["twilio"],
        press("1"),
        say("tell me the news"),
        say("and the weather"),
        caller="+14155550199",
    )

    assert report.problems(max_gap=4) == []
    assert [turn.said for turn in report.turns] == [None, "tell me the news", "and the weather"]
    assert "lisa" in report.turns[0].heard
    assert report.turns[1].heard == "you said tell me the news."
    call = await settled(voice, report)
    assert call.card.persona_name == "Lisa"
    assert call.card.end_reason == "caller_hung_up"
    said = [(entry.side, entry.text) for entry in call.entries]
    assert said[1:] == [
        ("caller", "tell me the news"),
        ("buddy", "You said tell me the news."),
        ("caller", "and the weather"),
        ("buddy", "You said and the weather."),
    ]
    assert [entry.sequence for entry in call.entries] == [1, 2, 3, 4, 5]
    # Metered from the greeting's first frame to the stream's end.
    notice_and_menu = 2.5
    assert report.seconds - notice_and_menu - 1.5 <= call.card.seconds <= report.seconds
    with psycopg.connect(database_dsn(voice)) as connection:
        gaps = connection.execute("SELECT gap_ms FROM turn_timing ORDER BY turn").fetchall()
        (committed,) = connection.execute("SELECT speculations_committed FROM call").fetchall()[-1]
        (left,) = connection.execute("SELECT seconds_left FROM talk_time").fetchall()[-1]
        (booked,) = connection.execute(
            "SELECT sum(l.seconds) FROM ledger_entry l JOIN call c ON c.account_id = l.account_id"
        ).fetchone() or (None,)
    assert len(gaps) == committed == 2  # both replies were ready when the pause was over
    # The phone measures a little more than the service: the line's own way both times.
    for turn, (gap,) in zip(report.turns[1:], gaps, strict=True):
        assert turn.gap_ms is not None
        assert turn.gap_ms - 250 < gap < turn.gap_ms + 100
    assert left == booked == 300 - call.card.seconds
    figures = await collected(voice)
    assert 'gotobuddy_turn_gap_seconds_count{buddy="lisa",filler="no",' in figures
    assert 'gotobuddy_calls_ended_total{reason="caller_hung_up"} 1.0' in figures
    assert "gotobuddy_answer_seconds_count 1.0" in figures
    assert "gotobuddy_calls_in_progress 0.0" in figures
    assert 'gotobuddy_spend_dollars_total{component="line"}' in figures


async def test_known_caller_is_greeted_by_name(voice: RunningVoice) -> None:
    report = await dial(voice.vendors["twilio"], press("6"), caller="+14155550123")

    assert "sam" in report.turns[0].heard
    assert "maya" in report.turns[0].heard


async def test_buddy_is_chosen_by_name(voice: RunningVoice) -> None:
    report = await dial(
        voice.vendors["twilio"], say("ben please"), say("hello ben"), caller="+14155550198"
    )

    assert "ben" in report.turns[1].heard
    call = await settled(voice, report)
    assert call.card.persona_name == "Ben"


async def test_interruption_keeps_what_was_heard_and_strikes_out_the_rest(
    voice: RunningVoice,
) -> None:
    await voice.control(
        "openai", "script", replies=[{"match": "story", "text": f"{STORY}. {STORY}."}]
    )

    report = await dial(
        voice.vendors["twilio"],
        press("2"),
        say("tell me a story"),
        say("please stop it now", over="there was a bear"),
        caller="+14155550197",
    )

    story = report.turns[1]
    assert story.interrupted
    assert story.heard.startswith("once upon a time there was a bear")
    assert "in the rain" not in story.heard
    call = await settled(voice, report)
    cut = next(entry for entry in call.entries if entry.was_interrupted)
    assert cut.text.lower() in f"{story.heard} "
    assert len(story.heard) - len(cut.text) < 30  # to the second: 25 characters
    assert f"{cut.text} {cut.unheard}".lower() == f"{STORY}. {STORY}."
    assert report.turns[2].heard == "you said please stop it now."


# What fails while these words are said, and what the caller then hears.
FAILURES: dict[str, tuple[str, dict[str, object], str]] = {
    # The reply that was prepared fails too, and nobody hears of that.
    "tell me one": ("openai", {"route": "chat", "times": 2, "status": 500}, "reply failed."),
    "tell me two": ("openai", {"route": "speech", "stall": True}, "you said tell me two."),
    "tell me three": (
        "openai",
        {"route": "chat:chunk", "times": 2, "after": 3, "disconnect": True},
        "reply failed.",
    ),
    "tell me four": (
        "deepgram",
        {"route": "listen:v2:audio", "disconnect": True},  # v1 is where the test phone listens
        "you said tell me four.",
    ),
    "tell me five": (
        "openai",
        # It speaks since the first voice stalled; the third one takes over.
        {"route": "realtime:response", "times": 3, "disconnect": True},
        "you said tell me five.",
    ),
    "tell me six": (
        "openai",
        {"route": "chat", "delay_seconds": 3.4},
        "still working. you said tell me six.",
    ),
}


async def test_failures_in_mid_call_cost_no_silence_and_not_the_call(voice: RunningVoice) -> None:
    async with asyncio.TaskGroup() as injections:

        def inject(progress: str) -> None:
            if (failing := FAILURES.get(progress.removeprefix("you: "))) is not None:
                vendor, failure, _ = failing
                injections.create_task(voice.control(vendor, "fail_next", **failure))

        report = await dial(
            voice.vendors["twilio"],
            press("1"),
            *map(say, FAILURES),
            say("good bye"),
            caller="+14155550196",
            progress=inject,
        )

    assert report.problems(max_gap=4) == []
    for turn, (_, _, heard) in zip(report.turns[1:], FAILURES.values(), strict=False):
        assert turn.heard.endswith(heard), turn
    assert report.turns[-1].heard == "you said good bye."


async def test_end_of_talk_time_is_warned_of_and_closes_the_call(voice: RunningVoice) -> None:
    await spend(voice, "+14155550195", leaving=7)

    report = await dial(
        voice.vendors["twilio"],
        press("1"),
        say("tell me more"),
        say("and more"),
        say("and still more"),
        caller="+14155550195",
    )

    assert "talk time low." in report.heard
    assert report.heard.endswith("talk time over.")
    assert report.end_reason == "closing"
    call = await settled(voice, report)
    assert (call.card.seconds, call.card.end_reason) == (7, "talk_time_over")

    again = await dial(voice.vendors["twilio"], press("1"), caller="+14155550195")

    assert again.heard == "no talk time."
    assert again.end_reason == "closing"


async def test_who_subscribes_in_the_last_minute_talks_on(voice: RunningVoice) -> None:
    number = "+14155550194"
    await spend(voice, number, leaving=12)
    account_id = await account_of(voice, number)
    async with asyncio.TaskGroup() as group:

        def buy(progress: str) -> None:
            if progress.endswith("and more"):
                until = voice.service.clock.now() + timedelta(days=30)
                group.create_task(
                    asyncio.to_thread(subscribe, voice.database, account_id, until=until)
                )

        report = await dial(
            voice.vendors["twilio"],
            press("1"),
            *map(say, ("tell me more", "and more", "and a lot more", "more please", "good bye")),
            caller=number,
            progress=buy,
        )

    call = await settled(voice, report)
    assert "talk time low." in report.heard
    assert "talk time over" not in report.heard
    assert report.heard.endswith("you said good bye.")
    assert call.card.end_reason == "caller_hung_up"
    assert call.card.seconds > 12
    left = await voice.database.transact(
        talk_time.overview, account_id=account_id, now=voice.service.clock.now()
    )
    assert (left.is_unlimited, left.seconds_left > 0) == (True, True)


async def test_kill_switch_ends_a_call_kindly_and_keeps_others_out(voice: RunningVoice) -> None:
    async with asyncio.TaskGroup() as group:

        def throw(progress: str) -> None:
            if progress.endswith("tell me more"):
                group.create_task(
                    voice.database.transact(
                        personas.set_constant,
                        name="spending_is_paused",
                        value=1,
                        now=voice.service.clock.now(),
                    )
                )

        report = await dial(
            voice.vendors["twilio"],
            press("1"),
            say("tell me more"),
            say("are you there"),
            say("hello"),
            caller="+14155550193",
            progress=throw,
        )
    again = await dial(voice.vendors["twilio"], press("1"), caller="+14155550192")

    assert report.heard.endswith("service paused.")
    assert (report.end_reason, again.heard) == ("closing", "service paused.")
    call = await settled(voice, report)
    assert call.card.end_reason == "service_paused"
    line, heard = (vendor_prices()[part] for part in (Component.LINE, Component.RECOGNITION))
    async with asyncio.timeout(20):
        while await spent(voice) <= 2 * line.of(1) + heard.of(1):  # and some words
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.2)


async def spent(voice: RunningVoice) -> int:
    """Return what the day has cost, as far as it is booked."""
    return await voice.database.transact(spending.spent, now=voice.service.clock.now())


async def settled(voice: RunningVoice, report: PhoneReport) -> CallDetail:
    """Return the call once it has been ended and all of it is written."""
    async with asyncio.timeout(10):
        while (call := recorded_call(voice.database, report.call_sid)).card.is_live:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)
    return call


async def spend(voice: RunningVoice, number: str, *, leaving: int) -> None:
    """Give a number its free minutes and take most of them away."""
    await dial(voice.vendors["twilio"], press("9"), caller=number)
    account_id = await account_of(voice, number)
    await voice.database.transact(
        talk_time.grant,
        account_id=account_id,
        seconds=leaving - 300,
        cause="test",
        now=voice.service.clock.now(),
    )


async def account_of(voice: RunningVoice, number: str) -> AccountId:
    """Return the account that the number has."""
    holder = await voice.database.transact(
        phone_lines.holder, PhoneNumber(number), now=voice.service.clock.now()
    )
    return holder.account_id
