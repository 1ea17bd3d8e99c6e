"""Writes the computed facts of the daily facts' file anew and keeps the cited ones.

`python -m shared.seed.fill_daily_facts` after a cited fact was added, changed or taken out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shared.seed.computed_facts import filled
from shared.seed.daily_facts import FILE, DailyFact, dates, named


def filled_file(text: str) -> str:
    """Return the file's text with the computed facts that its cited ones leave room for."""
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = json.loads(text)
    cited = {
        on: [DailyFact(**row) for row in rows.get(named(*on), ()) if row["kind"] != "computed"]
        for on in dates()
    }
    return "{\n" + ",\n".join(_day(*on, facts) for on, facts in filled(cited).items()) + "\n}\n"


def _day(month: int, day: int, facts: Sequence[DailyFact]) -> str:
    rows = ",\n".join(f"    {json.dumps(asdict(fact), ensure_ascii=False)}" for fact in facts)
    return f'  "{named(month, day)}": [\n{rows}\n  ]'


def refill(path: Path) -> None:
    """Rewrite the file in place."""
    path.write_text(filled_file(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    refill(FILE)
