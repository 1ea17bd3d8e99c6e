"""`make bench-peers`: this service beside others, on the same vendors, with the same callers.

`ARGS="--only ours-lean,pipecat-lean --calls 10"` measures part of it and writes no report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench.peers import environments, report
from bench.peers.cells import World, measure, running_world
from bench.peers.contestants import CONTESTANTS
from tests.support.database import DatabaseServer, database_server

LOADS: Final = (1, 10, 25, 50, 100)
MINUTES: Final = 24.0  # after which no further cell begins
RESULTS: Final = environments.HERE / "results"
DOCS: Final = environments.ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- peers -->\n", "<!-- end of peers -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="names, with commas")
    parser.add_argument("--calls", default=",".join(map(str, LOADS)), help="loads, with commas")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--report", type=Path, help="only write the tables of this run's rows")
    arguments = parser.parse_args()
    if arguments.report is not None:
        _write(arguments.report)
        return
    environments.set_up()
    names, loads = arguments.only.split(","), [int(load) for load in arguments.calls.split(",")]
    is_whole = set(names) == set(CONTESTANTS) and set(loads) == set(LOADS)
    RESULTS.mkdir(exist_ok=True)
    whole = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
    path = whole if is_whole else environments.FOLDER / "part.jsonl"
    with path.open("w") as file:

        def keep(row: dict[str, Any]) -> None:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
            file.flush()
            print(" | ".join(map(str, report.line(row))), flush=True)

        asyncio.run(run(names, loads, time.monotonic() + arguments.minutes * 60, keep))
    if is_whole:
        _write(path)


async def run(
    names: list[str], loads: list[int], until: float, keep: Callable[[dict[str, Any]], None]
) -> None:
    """Measure every cell, light loads first; a broken contestant is spared the heavier ones."""
    print(" | ".join(report.COLUMNS), flush=True)
    broken: dict[str, int] = {}
    with database_server() as server:
        async with running_world() as world:
            for calls in loads:
                for name in names:
                    row: dict[str, Any] = {"contestant": name, "calls": calls}
                    if name in broken:
                        row["skipped"] = f"not run: broken at {broken[name]}"
                    elif time.monotonic() > until:
                        row["skipped"] = "not run: no time left"
                    else:
                        row = await _measure(name, calls, world, server)
                        if "skipped" in row or report.is_broken(row):
                            broken[name] = calls
                    keep(row)


async def _measure(name: str, calls: int, world: World, server: DatabaseServer) -> dict[str, Any]:
    """Measure a cell; one that fails does not take the others along."""
    try:
        return await measure(CONTESTANTS[name], calls, world, server)
    except (OSError, RuntimeError, AssertionError) as error:  # a TimeoutError is an OSError
        skipped = f"failed: {type(error).__name__}"
        print(f"{name} with {calls} calls: {error}", file=sys.stderr)
        return {"contestant": name, "calls": calls, "skipped": skipped}


def _write(path: Path) -> None:
    text = DOCS.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    when = f"Measured on {path.stem}, Python {platform.python_version()}; raw rows in"
    where = path.relative_to(environments.ROOT)
    tables = report.table(report.read(path))
    DOCS.write_text(f"{head}{BEGIN}\n{when} `{where}`.\n\n{tables}\n{END}{tail}")
    print(f"written to {DOCS.name}")


if __name__ == "__main__":
    main()
