"""`buddy db stop|url`: the embedded database server, by hand."""

from __future__ import annotations

import argparse

from buddy.commands.subcommands import Subcommands
from shared import embedded
from shared.database import database_urls
from shared.settings import Settings


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser("db", help="the embedded database server")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    stop = actions.add_parser("stop", help="stop it, if it runs")
    stop.set_defaults(carry_out=stop_server)
    url = actions.add_parser("url", help="print the database's address, for psql; start if need be")
    url.set_defaults(carry_out=print_url)


def stop_server(_arguments: argparse.Namespace) -> int:
    settings = Settings()
    if settings.database_url is not None:
        print("DATABASE_URL is set: there is no embedded server to stop.")
        return 1
    embedded.server(settings).stop()
    print("The database server is stopped.")
    return 0


def print_url(_arguments: argparse.Namespace) -> int:
    print(database_urls(Settings()).direct)
    return 0
