"""`buddy migrate`: the database's schema, brought up to date."""

from __future__ import annotations

import argparse

from buddy.commands.subcommands import Subcommands
from shared import migrations
from shared.database import database_urls
from shared.settings import Settings


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser("migrate", help="bring the database up to date")
    parser.set_defaults(carry_out=carry_out)


def carry_out(_arguments: argparse.Namespace) -> int:
    migrations.upgrade(database_urls(Settings()).direct)
    print(f"The database is at {migrations.expected_revision()}.")
    return 0
