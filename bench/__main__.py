"""`make bench`: measures every figure of docs/benchmarks.md and writes it there.

Figures of one run are comparable with each other, and with those of another machine only as
ratios.
"""

from __future__ import annotations

import importlib
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
FIGURES = ("config_lookup", "transcript_writer", "phone_call", "live_page")
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def main(names: list[str]) -> None:
    sections = []
    for name in names or FIGURES:
        print(f"{name} …", flush=True)
        figure = importlib.import_module(f"bench.{name}")
        section = figure.measure()
        print(section, flush=True)
        sections.append(section)
    if not names:
        _write("\n".join(sections))


def _write(figures: str) -> None:
    text = REPORT.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    when = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}"
    REPORT.write_text(f"{head}{BEGIN}\nMeasured on {when}.\n\n{figures}\n{END}{tail}")
    print(f"written to {REPORT.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
