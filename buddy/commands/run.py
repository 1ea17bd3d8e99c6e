"""`buddy run`: the whole product, until Ctrl-C."""

from __future__ import annotations

import argparse

from buddy.commands.subcommands import Subcommands
from buddy.console import Console
from buddy.run import run
from shared.settings import Settings


def add_to(commands: Subcommands) -> None:
    commands.add_parser("run", help="run the whole product").set_defaults(carry_out=carry_out)


def carry_out(_arguments: argparse.Namespace) -> int:
    return run(Settings(), Console())
