"""`buddy doctor`: what is set up, what runs, and what is in the way."""

from __future__ import annotations

import argparse
import asyncio
import platform

from buddy.commands.subcommands import Subcommands
from buddy.ports import holder_of
from buddy.programs import programs, wanted_ports
from buddy.readiness import Answers
from shared.settings import Settings

NAME_WIDTH = 18


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser("doctor", help="what is set up, what runs, what is in the way")
    parser.set_defaults(carry_out=carry_out)


def carry_out(_arguments: argparse.Namespace) -> int:
    settings = Settings()
    _say("Python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    _say("environment", settings.environment)
    _say("data", str(settings.data_dir.absolute()))
    _say("key file", "there" if settings.keys_path.exists() else "not made yet: `make run` does")
    _say("database", "DATABASE_URL" if settings.database_url is not None else "embedded")
    for port, (purpose, setting) in wanted_ports(settings).items():
        holder = holder_of(port)
        _say(f"{purpose} :{port}", f"{holder or 'free'}  ({setting})")
    for program in programs(settings):
        if isinstance(program.readiness, Answers):
            is_ready = asyncio.run(program.readiness.holds(settings.data_dir / "logs"))
            _say(program.name, "ready" if is_ready else "does not answer")
    return 0


def _say(name: str, text: str) -> None:
    print(f"  {name.ljust(NAME_WIDTH)} {text}")
