"""Figures of one process, as Prometheus collects them; no label says who called or what was said.

https://prometheus.io/docs/practices/naming/ has the rules for names: base units, and `_total`
for what only grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.domain.spending import Component
from shared.domain.timings import waterfall
from shared.errors import ProviderError
from voice.conversation.commands import EndReason
from voice.timing import TurnTimes

MICROS: Final = 1_000_000
NO_BUDDY: Final = "none"

# In seconds. People notice a second; what is above 4 is dead air.
GAP_BUCKETS: Final = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3, 4, 6, 10)
STAGE_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10)


class Metrics:
    """Counts what the calls of this process come to."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.ended = self._counter("calls_ended", "Calls that ended, by why", "reason")
        self.talked = self._counter("talk_seconds", "Metered seconds of ended calls")
        self.answer = self._histogram(
            "answer_seconds", "From the stream's start to the first audible frame", GAP_BUCKETS
        )
        self.gap = self._histogram(
            "turn_gap_seconds",
            "From the end of the caller's speech to the first audible frame",
            GAP_BUCKETS,
            "buddy",
            "speculated",
            "filler",
        )
        self.stage = self._histogram(
            "turn_stage_seconds", "What each stage of a turn took", STAGE_BUCKETS, "stage"
        )
        self.unanswered = self._counter(
            "turns_unanswered", "Turns whose reply was never heard", "buddy"
        )
        self.interruptions = self._counter("interruptions", "Buddies cut off by callers", "buddy")
        self.underruns = self._counter("underruns", "Silences within a segment")
        self.speculations = self._counter(
            "speculations", "Replies made before a turn had ended", "outcome"
        )
        self.failed = self._counter(
            "vendor_failures", "Requests that failed whatever was tried again", "vendor"
        )
        self.reworded = self._counter(
            "readings_reworded", "Segments that a voice model did not read as they were written"
        )

    def call(self) -> MeteredCall:
        """Return the watch of one call."""
        return MeteredCall(self)

    @contextmanager
    def failures(self, vendor: str) -> Iterator[None]:
        """Count the vendor's failure that leaves the block."""
        try:
            yield
        except ProviderError:
            self.failed.labels(vendor).inc()
            raise

    def follow(
        self,
        *,
        calls: Callable[[], int],
        tasks: Callable[[], int],
        rows_waiting: Callable[[], int],
        spent_micros: Mapping[Component, int],
    ) -> None:
        """Read these whenever somebody collects."""
        self._gauge("calls_in_progress", "Calls on the line", calls)
        self._gauge("tasks", "Tasks of the event loop", tasks)
        self._gauge("transcript_rows_waiting", "Rows that are not written yet", rows_waiting)
        self.registry.register(_Spent(spent_micros))

    def _gauge(self, name: str, about: str, read: Callable[[], int]) -> None:
        gauge = Gauge(f"gotobuddy_{name}", about, registry=self.registry)
        gauge.set_function(read)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"gotobuddy_{name}_total", about, labels, registry=self.registry)

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"gotobuddy_{name}", about, labels, buckets=buckets, registry=self.registry
        )


class MeteredCall:
    """Adds one call to its process's figures."""

    def __init__(self, metrics: Metrics) -> None:
        self._to = metrics
        self._buddy = NO_BUDDY
        self._prepared = 0

    def answered(self, after_ms: float) -> None:
        self._to.answer.observe(after_ms / 1000)

    def put_through(self, buddy: str) -> None:
        self._buddy = buddy

    def turn(self, times: TurnTimes) -> None:
        for step in waterfall(times.stages_ms):
            self._to.stage.labels(step.stage.value).observe(step.took_ms / 1000)
        if times.gap_ms is None:
            self._to.unanswered.labels(self._buddy).inc()
            return
        self._to.gap.labels(
            self._buddy, _yes_or_no(times.was_speculated), _yes_or_no(times.had_filler)
        ).observe(times.gap_ms / 1000)

    def interrupted(self) -> None:
        self._to.interruptions.labels(self._buddy).inc()

    def underrun(self) -> None:
        self._to.underruns.inc()

    def reply_prepared(self) -> None:
        self._prepared += 1

    def reply_committed(self) -> None:
        self._prepared -= 1
        self._to.speculations.labels("committed").inc()

    def ended(self, reason: EndReason, used_seconds: int) -> None:
        self._to.speculations.labels("discarded").inc(max(0, self._prepared))
        self._to.ended.labels(reason.value).inc()
        self._to.talked.inc(used_seconds)


@dataclass(frozen=True, slots=True, eq=False)
class _Spent(Collector):
    """What this process has spent since it began, by what for."""

    micros: Mapping[Component, int]

    def collect(self) -> Iterable[Metric]:
        spent = CounterMetricFamily(
            "gotobuddy_spend_dollars", "Estimated cost, by component", labels=["component"]
        )
        for component in Component:
            spent.add_metric([component.value], self.micros.get(component, 0) / MICROS)
        yield spent


def _yes_or_no(value: bool) -> str:  # noqa: FBT001 - a label
    return "yes" if value else "no"
