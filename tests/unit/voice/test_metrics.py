"""What a process's figures say after its calls."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shared.domain.spending import Component
from shared.errors import ProviderError
from shared.migrations import ROOT
from tests.support.fakes import FakeLanguageModel, FakeTextToSpeech, ScriptedReply
from voice.conversation.commands import EndReason
from voice.conversation.prompts import ModelMessage
from voice.counted import CountedLanguageModel, CountedTextToSpeech
from voice.metrics import Metrics
from voice.ports import Voice
from voice.replay.virtual_time import run_in_virtual_time
from voice.timing import Stage, TurnTimes
from voice.watching import Watches

WHOLE_TURN = TurnTimes(
    1,
    {
        Stage.FINAL_WORDS: 250.0,
        Stage.REQUEST: 800.0,
        Stage.FIRST_TOKEN: 1100.0,
        Stage.FIRST_FRAME: 1300.0,
    },
    was_speculated=True,
)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"gotobuddy_{name}", labels)


def test_a_turn_is_counted_by_its_buddy_and_by_what_each_stage_took() -> None:
    metrics = Metrics()
    call = metrics.call()
    call.put_through("maya")
    call.turn(WHOLE_TURN)
    call.turn(TurnTimes(2, {Stage.REQUEST: 700.0}))

    labels = {"buddy": "maya", "speculated": "yes", "filler": "no"}
    assert value(metrics, "turn_gap_seconds_count", **labels) == 1
    assert value(metrics, "turn_gap_seconds_sum", **labels) == pytest.approx(1.3)
    assert value(metrics, "turn_gap_seconds_bucket", le="1.25", **labels) == 0
    assert value(metrics, "turn_gap_seconds_bucket", le="1.5", **labels) == 1
    assert value(metrics, "turn_stage_seconds_sum", stage="first_token") == pytest.approx(0.3)
    assert value(metrics, "turns_unanswered_total", buddy="maya") == 1


def test_a_call_is_counted_once_it_is_over() -> None:
    metrics = Metrics()
    call = metrics.call()
    call.answered(450.0)
    call.put_through("ben")
    for _ in range(3):
        call.reply_prepared()
    call.reply_committed()
    call.interrupted()
    call.underrun()
    call.ended(EndReason.CALLER_HUNG_UP, 61)

    assert value(metrics, "answer_seconds_sum") == pytest.approx(0.45)
    assert value(metrics, "speculations_total", outcome="committed") == 1
    assert value(metrics, "speculations_total", outcome="discarded") == 2
    assert value(metrics, "interruptions_total", buddy="ben") == 1
    assert value(metrics, "underruns_total") == 1
    assert value(metrics, "calls_ended_total", reason="caller_hung_up") == 1
    assert value(metrics, "talk_seconds_total") == 61


def test_what_others_know_is_read_when_somebody_collects() -> None:
    metrics, calls, spent = Metrics(), [1, 2, 3], {Component.SPEECH: 2_500_000}
    metrics.follow(
        calls=lambda: len(calls), tasks=lambda: 12, rows_waiting=lambda: 7, spent_micros=spent
    )
    calls.pop()
    spent[Component.SPEECH] += 500_000

    assert value(metrics, "calls_in_progress") == 2
    assert value(metrics, "tasks") == 12
    assert value(metrics, "transcript_rows_waiting") == 7
    assert value(metrics, "spend_dollars_total", component="speech") == 3.0
    assert value(metrics, "spend_dollars_total", component="sms") == 0.0


def test_a_vendors_failures_are_counted_and_passed_on() -> None:
    metrics = Metrics()
    lost = ProviderError("openai", "gone", retryable=True)
    model = CountedLanguageModel(FakeLanguageModel(ScriptedReply("Well", error=lost)), metrics, "m")

    async def ask() -> list[str]:
        return [word async for word in model.reply([ModelMessage("user", "hello")], model="m")]

    with pytest.raises(ProviderError, match="gone"):
        run_in_virtual_time(ask())

    assert value(metrics, "vendor_failures_total", vendor="m") == 1


def test_a_voice_that_is_not_needed_any_more_has_not_failed() -> None:
    metrics = Metrics()
    voice = CountedTextToSpeech(FakeTextToSpeech(), metrics, "v")

    async def cut_off() -> None:
        audio = voice.synthesise("a long story", Voice("nova"))
        await anext(audio)
        await audio.aclose()

    run_in_virtual_time(cut_off())

    assert value(metrics, "vendor_failures_total", vendor="v") is None


class BrokenWatch:
    """Breaks whatever it is told."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_a_watch_that_breaks_harms_no_other() -> None:
    metrics = Metrics()
    watches = Watches((BrokenWatch(), metrics.call()))

    watches.answered(100.0)
    watches.put_through("lisa")
    watches.turn(WHOLE_TURN)
    watches.interrupted()
    watches.underrun()
    watches.reply_prepared()
    watches.reply_committed()
    watches.ended(EndReason.FAILED, 1)

    assert value(metrics, "answer_seconds_count") == 1
    assert value(metrics, "interruptions_total", buddy="lisa") == 1
    assert value(metrics, "calls_ended_total", reason="failed") == 1


def test_no_label_says_who_called() -> None:
    metrics = Metrics()
    call = metrics.call()
    call.put_through("maya")
    call.turn(WHOLE_TURN)
    call.ended(EndReason.CALLER_HUNG_UP, 61)

    names = {
        label
        for family in metrics.registry.collect()
        for sample in family.samples
        for label in sample.labels
    }
    assert names <= {"le", "buddy", "speculated", "filler", "stage", "reason", "outcome"}


def test_every_figure_is_explained() -> None:
    metrics = Metrics()
    metrics.follow(calls=lambda: 0, tasks=lambda: 0, rows_waiting=lambda: 0, spent_micros={})
    explained = (ROOT / "docs/observability.md").read_text(encoding="utf-8")

    names = {
        family.name if family.type != "counter" else f"{family.name}_total"
        for family in metrics.registry.collect()
        if family.name.startswith("gotobuddy_")
    }
    written = set(re.findall(r"`(gotobuddy_[a-z_]+)", explained))
    assert written == names
