"""Calls and turns as spans, and what they reach a collector as."""

from __future__ import annotations

import ast
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.ids import CallId
from shared.migrations import ROOT
from shared.settings import Settings
from voice import app
from voice.conversation.commands import EndReason
from voice.timing import Stage, TurnTimes
from voice.tracing import Tracing

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class SetClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = BEGAN

    def now(self) -> datetime:
        return self.at


def ms_after_start(nanoseconds: int | None) -> float:
    assert nanoseconds is not None
    return nanoseconds / 1_000_000 - BEGAN.timestamp() * 1000


def trace_call(tracing: Tracing, clock: SetClock) -> None:
    call = tracing.call(CallId("call_1"))
    call.answered(300.0)
    call.put_through("maya")
    call.reply_prepared()
    call.reply_committed()
    clock.at = BEGAN + timedelta(seconds=10)
    call.turn(
        TurnTimes(
            1,
            {Stage.REQUEST: 500.0, Stage.TURN_ENDED: 800.0, Stage.FIRST_FRAME: 1000.0},
            told_after_ms=2000.0,
            was_speculated=True,
        )
    )
    call.interrupted()
    call.underrun()
    clock.at = BEGAN + timedelta(seconds=20)
    call.ended(EndReason.CALLER_HUNG_UP, 15)


async def test_a_call_has_its_turns_and_those_their_stages_below_them() -> None:
    exporter, clock = InMemorySpanExporter(), SetClock()
    tracing = Tracing(exporter, clock)
    trace_call(tracing, clock)
    await tracing.close()

    spans: dict[str, ReadableSpan] = {span.name: span for span in exporter.get_finished_spans()}
    call, turn = spans["call"], spans["turn"]
    times = {
        name: (ms_after_start(span.start_time), ms_after_start(span.end_time))
        for name, span in spans.items()
    }
    assert {name: pytest.approx(when, abs=0.01) for name, when in times.items()} == {
        "call": (0, 20_000),
        "turn": (8000, 9000),
        "request": (8000, 8500),
        "turn_ended": (8500, 8800),
        "first_frame": (8800, 9000),
    }
    assert turn.parent is not None
    assert turn.parent.span_id == call.context.span_id
    assert spans["first_frame"].parent == turn.context
    assert dict(call.attributes or {}) == {
        "call.id": "call_1",
        "buddy": "maya",
        "end.reason": "caller_hung_up",
        "talk.seconds": 15,
    }
    assert dict(turn.attributes or {}) == {
        "turn": 1,
        "speculated": True,
        "filler": False,
        "gap.ms": 1000.0,
    }
    assert [event.name for event in call.events] == [
        "answered",
        "put through",
        "reply prepared",
        "reply committed",
        "interrupted",
        "underrun",
    ]


async def test_a_turn_that_got_nowhere_is_traced_as_well() -> None:
    exporter, clock = InMemorySpanExporter(), SetClock()
    tracing = Tracing(exporter, clock)
    tracing.call(CallId("call_1")).turn(TurnTimes(1, {}, told_after_ms=500.0))
    await tracing.close()

    (turn,) = exporter.get_finished_spans()
    assert ms_after_start(turn.start_time) == pytest.approx(-500.0, abs=0.01)
    assert "gap.ms" not in (turn.attributes or {})


async def test_spans_reach_a_collector_over_http() -> None:
    taken: asyncio.Queue[bytes] = asyncio.Queue()

    async def collect(request: web.Request) -> web.Response:
        taken.put_nowait(await request.read())
        return web.Response()

    collector = web.Application()
    collector.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(collector)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    clock = SetClock()
    settings = Settings.model_construct(tracing_url=f"http://127.0.0.1:{port}/v1/traces")

    tracing = app.tracing(settings, clock)
    assert isinstance(tracing, Tracing)
    trace_call(tracing, clock)
    await tracing.close()
    async with asyncio.timeout(5):
        request = ExportTraceServiceRequest.FromString(await taken.get())
    await runner.cleanup()

    (resource,) = request.resource_spans
    names = {span.name for scope in resource.scope_spans for span in scope.spans}
    assert names == {"call", "turn", "request", "turn_ended", "first_frame"}


def imported_at_once(path: Path) -> set[str]:
    """Return what a module imports as soon as it is imported itself."""
    names: set[str] = set()
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        match statement:
            case ast.Import(aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module)):
                names.add(module)
            case _:
                pass
    return names


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    importers = {
        path.name
        for path in (ROOT / "voice").rglob("*.py")
        for name in imported_at_once(path)
        if name == "voice.tracing" or name.startswith("opentelemetry")
    }

    assert importers == {"tracing.py"}
    assert app.tracing(Settings.model_construct(), SetClock()) is None


def test_without_the_packages_it_is_said_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "voice.tracing", None)

    with pytest.raises(app.TracingMissing, match="tracing"):
        app.tracing(Settings.model_construct(tracing_url="http://127.0.0.1:1"), SetClock())
