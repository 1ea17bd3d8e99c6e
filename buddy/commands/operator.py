"""`buddy operator add EMAIL`: who runs this installation."""

from __future__ import annotations

import argparse
import re

from buddy.commands.subcommands import Subcommands
from shared.clock import SystemClock
from shared.database import open_database
from shared.services import accounts
from shared.settings import Settings

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser("operator", help="who runs this installation")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make whoever signs in with this address an operator")
    add.add_argument("email")
    add.set_defaults(carry_out=add_operator)


def add_operator(arguments: argparse.Namespace) -> int:
    email: str = arguments.email.strip()
    if not ADDRESS.fullmatch(email):
        print(f"{email!r} is no e-mail address; give the one they sign in with.")
        return 2
    database = open_database(Settings(), application_name="gotobuddy-operator")
    try:
        database.transact_now(accounts.add_operator, email=email, now=SystemClock().now())
    finally:
        database.close_now()
    print(f"Whoever signs in as {email} is an operator from the next page on.")
    return 0
