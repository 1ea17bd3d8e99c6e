"""The steps of a set-up, in order; each is skipped when its stamp fits."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from buddy.setup import browser, clean, front_end, models, packages
from buddy.setup.place import Place
from buddy.setup.progress import Line, StepFailed
from buddy.setup.stamps import alone

ROOT = Path(__file__).resolve().parents[2]
PURPOSES = ("tools", "run", "test")


@dataclass(frozen=True)
class Step:
    """One thing that must be there, for whom, and how it comes about."""

    name: str
    purposes: tuple[str, ...]
    expectation: str
    is_done: Callable[[Place], bool]
    carry_out: Callable[[Place, Line], None]


STEPS = (
    Step("Python environment", PURPOSES, "a few seconds", packages.has_venv, packages.make_venv),
    Step(
        "Python packages",
        ("run",),
        "a minute the first time",
        packages.has_product,
        packages.install_product,
    ),
    Step(
        "Packages and tools",
        ("tools", "test"),
        "a minute the first time",
        packages.has_tools,
        packages.install_tools,
    ),
    Step(
        "Web site",
        ("run", "test"),
        "half a minute the first time",
        front_end.is_built,
        front_end.build,
    ),
    Step(
        "Models and voices",
        ("run", "test"),
        "a download the first time",
        models.are_there,
        models.fetch,
    ),
    Step(
        "Browser for tests",
        ("test",),
        "a download where none is installed",
        browser.is_there,
        browser.install,
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Set up for a purpose, or clean; return the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m buddy.setup", description=__doc__)
    parser.add_argument("purpose", nargs="?", default="test", choices=(*PURPOSES, "clean"))
    purpose: str = parser.parse_args(arguments).purpose
    place = Place(ROOT)
    try:
        if purpose == "clean":
            return clean.clean(place)
        return set_up(place, purpose)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where this one stopped.", file=sys.stderr)
        return 130


def set_up(place: Place, purpose: str, steps: Sequence[Step] = STEPS) -> int:
    """Carry out what `purpose` still lacks; the first failure ends it."""
    wanted = [step for step in steps if purpose in step.purposes]
    if all(step.is_done(place) for step in wanted):
        return 0
    with alone(place.setup / "lock"):
        started = time.monotonic()
        print(f"Setting up (everything stays in this folder; logs in {place.shown(place.logs)})")
        for step in wanted:
            if step.is_done(place):
                continue
            line = Line(step.name, step.expectation)
            try:
                step.carry_out(place, line)
            except browser.BrowserMissing as missing:
                line.end("missing")
                print(f"{missing}\n  All other tests run; those in a browser will fail.")
            except StepFailed as failure:
                line.end("failed")
                print(failure, file=sys.stderr)
                return 1
            except OSError as error:
                line.end("failed")
                print(f"    {error}\n  {_advice_on(error)}", file=sys.stderr)
                return 1
            else:
                line.end("done")
        print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


def _advice_on(error: OSError) -> str:
    free = os.statvfs(ROOT)
    if free.f_bavail * free.f_frsize < 3 << 30:
        return "The disk is nearly full: about 3 GB are needed, half of them for models."
    return (
        f"Check that this folder is yours to write in ({error.filename or ROOT}); then try again."
    )
