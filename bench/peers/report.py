"""From raw rows to the tables of docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from bench.figures import percentile
from bench.peers.contestants import CONTESTANTS

PARTS: Final = ("end_to_request", "sentence_to_voice", "byte_to_line")
COLUMNS: Final = (
    "who",
    "calls",
    "gap p50 / p95 ms",
    "added p50 / p95 ms",
    "of it: end to request / sentence to voice / byte to line",
    "underruns a reply",
    "word to clear p50 / p95 ms",
    "onset to clear p50 ms",
    "CPU s a call-minute",
    "MB a call",
    "unanswered",
    "stolen / late ms",
)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a run."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def added(turn: dict[str, Any]) -> float | None:
    """Return what the bot added to what the vendors took, where it did not speculate."""
    parts = [float(turn[part]) for part in PARTS if part in turn]
    return None if len(parts) < len(PARTS) or parts[0] < 0 else sum(parts)


def line(row: dict[str, Any]) -> list[object]:
    """Return a row of the table."""
    name, calls = row["contestant"], row["calls"]
    if "skipped" in row:
        return [name, calls, row["skipped"], *([""] * (len(COLUMNS) - 3))]
    turns = row["turns"]
    answered = [turn for turn in turns if "gap" in turn]
    speculates = CONTESTANTS[name].speculates
    sums = [] if speculates else [value for turn in answered if (value := added(turn)) is not None]
    parts = [
        f"{percentile(values, 0.5):.0f}" if values and not speculates else "–"
        for values in (_values(answered, part) for part in PARTS)
    ]
    minutes = row["call_seconds"] / 60
    memory = (row["memory_most_mb"] - row["memory_before_mb"]) / calls
    return [
        name,
        calls,
        _pair(_values(answered, "gap")),
        _pair(sums, digits=1),
        " / ".join(parts),
        f"{sum(turn['underruns'] for turn in answered) / max(1, len(answered)):.2f}",
        _pair(_values(turns, "word_to_clear")),
        _pair(_values(turns, "onset_to_clear")).split(" / ")[0],
        f"{row['cpu_seconds'] / minutes:.2f}" if minutes else "–",
        f"{memory:.2f}",
        row["turns_asked"] - len(answered),
        f"{row['stolen']:.2f} / {row['caller_late_p99_ms']:.0f}",
    ]


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Return all rows, contestant by contestant."""
    order = list(CONTESTANTS)
    sorted_rows = sorted(rows, key=lambda row: (order.index(row["contestant"]), row["calls"]))
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        f"|{'|'.join(' --- ' for _ in COLUMNS)}|",
        *(f"| {' | '.join(map(str, line(row)))} |" for row in sorted_rows),
    ]
    settings = [f"- `{name}`: {one.settings}." for name, one in CONTESTANTS.items()]
    return "\n".join([*lines, "", *settings]) + "\n"


def is_broken(row: dict[str, Any]) -> bool:
    """Tell whether callers would have hung up, so that a heavier load is no use."""
    answered = [turn for turn in row["turns"] if "gap" in turn]
    dry: int = sum(turn["underruns"] for turn in answered)
    return bool(len(answered) < 0.75 * row["turns_asked"] or dry > 10 * max(1, len(answered)))


def _values(turns: Sequence[dict[str, Any]], name: str) -> list[float]:
    return [turn[name] for turn in turns if name in turn]


def _pair(values: Sequence[float], *, digits: int = 0) -> str:
    if not values:
        return "–"
    return f"{percentile(values, 0.5):.{digits}f} / {percentile(values, 0.95):.{digits}f}"
