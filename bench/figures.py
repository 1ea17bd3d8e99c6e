"""How figures are summed up and shown."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of all lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def table(title: str, method: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a section of the report."""
    lines = [
        f"## {title}\n",
        f"{method}\n",
        f"| {' | '.join(header)} |",
        f"|{'|'.join(' --- ' for _ in header)}|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"
