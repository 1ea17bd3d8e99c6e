"""`python -m buddy COMMAND`: the installation's command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from buddy.commands import audit, db, doctor, keys, migrate, operator, replay, run
from buddy.programs import ROOT
from shared.errors import BuddyError

COMMANDS = (run, migrate, db, operator, keys, audit, doctor, replay)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m buddy", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)  # .env and the data folder are named relative to it
    try:
        status: int = chosen.carry_out(chosen)
    except BuddyError as error:
        print(error, file=sys.stderr)
        return 1
    except ValidationError as error:
        print(_said_plainly(error), file=sys.stderr)
        return 1
    return status


def _said_plainly(error: ValidationError) -> str:
    # Without the values: a mistyped secret is still one.
    lines = [
        f"  - {'.'.join(map(str, flaw['loc'])).upper()}: {flaw['msg']}"
        for flaw in error.errors(include_input=False, include_url=False)
    ]
    return "\n".join(["these settings can't be used (see .env.example):", *lines])


if __name__ == "__main__":
    sys.exit(main())
