"""Calls and turns as OpenTelemetry spans: times and ids, never words or numbers.

Imported only where a collector is set; the packages are the extra `tracing`. Spans are made from
times that were taken anyway, after the turn, so that nothing is added to a caller's wait.
https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Tracer, set_span_in_context

from shared.clock import Clock
from shared.domain.timings import waterfall
from shared.ids import CallId
from voice.conversation.commands import EndReason
from voice.timing import TurnTimes

SERVICE = "gotobuddy-voice"
NANOSECONDS = 1_000_000_000
FLUSH_MS = 3000  # a process that ends waits no longer for its collector


class Tracing:
    """Hands spans to a collector, in batches, from a thread of its own."""

    def __init__(self, exporter: SpanExporter, clock: Clock) -> None:
        self._clock = clock
        self._provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
        self._processor = BatchSpanProcessor(exporter)
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer("gotobuddy")

    @classmethod
    def to(cls, url: str, clock: Clock) -> Tracing:
        """Send spans to the collector at `url`; OTEL_EXPORTER_OTLP_HEADERS may hold its key."""
        return cls(OTLPSpanExporter(endpoint=url), clock)

    def call(self, call_id: CallId) -> TracedCall:
        """Return the watch of one call; its span has begun."""
        return TracedCall(self._tracer, self._clock, call_id)

    async def close(self) -> None:
        """Send what is left, if the collector takes it in time."""
        await asyncio.to_thread(self._processor.force_flush, FLUSH_MS)
        await asyncio.to_thread(self._provider.shutdown)


class TracedCall:
    """One call's span, with its turns and their stages below it."""

    def __init__(self, tracer: Tracer, clock: Clock, call_id: CallId) -> None:
        self._tracer = tracer
        self._clock = clock
        self._call = tracer.start_span(
            "call", start_time=_nanoseconds(clock.now()), attributes={"call.id": call_id}
        )
        self._within = set_span_in_context(self._call)

    def answered(self, after_ms: float) -> None:
        self._happened("answered")

    def put_through(self, buddy: str) -> None:
        self._call.set_attribute("buddy", buddy)
        self._happened("put through")

    def turn(self, times: TurnTimes) -> None:
        now = _nanoseconds(self._clock.now())
        speech_ended = now - round(times.told_after_ms * 1_000_000)
        steps = waterfall(times.stages_ms)

        def at(after_ms: float) -> int:
            return speech_ended + round(after_ms * 1_000_000)

        began = at(steps[0].began_ms) if steps else speech_ended
        turn = self._tracer.start_span(
            "turn",
            self._within,
            start_time=began,
            attributes={
                "turn": times.turn,
                "speculated": times.was_speculated,
                "filler": times.had_filler,
                **({} if times.gap_ms is None else {"gap.ms": times.gap_ms}),
            },
        )
        within = set_span_in_context(turn)
        for step in steps:
            stage = self._tracer.start_span(step.stage.value, within, start_time=at(step.began_ms))
            stage.end(at(step.ended_ms))
        turn.end(at(steps[-1].ended_ms) if steps else now)

    def interrupted(self) -> None:
        self._happened("interrupted")

    def underrun(self) -> None:
        self._happened("underrun")

    def reply_prepared(self) -> None:
        self._happened("reply prepared")

    def reply_committed(self) -> None:
        self._happened("reply committed")

    def ended(self, reason: EndReason, used_seconds: int) -> None:
        self._call.set_attributes({"end.reason": reason.value, "talk.seconds": used_seconds})
        self._call.end(_nanoseconds(self._clock.now()))

    def _happened(self, name: str) -> None:
        self._call.add_event(name, timestamp=_nanoseconds(self._clock.now()))


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * NANOSECONDS)
