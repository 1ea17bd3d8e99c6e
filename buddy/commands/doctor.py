"""`buddy doctor`: what is set up, what runs, what is in the way, and what is about to end."""

from __future__ import annotations

import argparse
import asyncio
import platform
from collections.abc import Mapping
from datetime import date

from buddy.commands.subcommands import Subcommands
from buddy.ports import holder_of
from buddy.programs import programs, wanted_ports
from buddy.readiness import Answers
from shared.clock import SystemClock
from shared.domain.sunsets import ModelOutlook, Outlook, outlooks
from shared.errors import ProviderError
from shared.seed.model_ends import announced_ends
from shared.services.sunsets import configured
from shared.settings import Settings
from voice.jobs.sunsets import models_of

NAME_WIDTH = 28
LIST_SECONDS = 3.0  # somebody waits for the answer


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
    say_models(settings, today=SystemClock().now().date())
    return 0


def say_models(settings: Settings, *, today: date) -> None:
    """Say which of the models that the settings name are about to end."""
    told: Mapping[str, date | None] = {}
    try:
        told = asyncio.run(_told(settings))
    except (ProviderError, TimeoutError):
        _say("models", "the vendor's list does not answer; this is what its pages say")
    for one in outlooks(configured(settings), told=told, announced=announced_ends(), today=today):
        is_missing = bool(told) and one.model not in told
        words = "not on the vendor's list" if is_missing else _until(one)
        _say(f"model {one.model}", f"for {' and '.join(one.uses)}: {words}")


async def _told(settings: Settings) -> Mapping[str, date | None]:
    models = models_of(settings)
    try:
        async with asyncio.timeout(LIST_SECONDS):
            return await models.listed()
    finally:
        await models.close()


def _until(one: ModelOutlook) -> str:
    follow = f"; its vendor names {one.successor}" if one.successor is not None else ""
    match one.outlook:
        case Outlook.OPEN:
            return f"until {one.ends_on}" if one.ends_on is not None else "no end announced"
        case Outlook.ENDING:
            return f"WARNING: ends on {one.ends_on}, in {one.days_left} days{follow}"
        case Outlook.ENDED:
            return f"ENDED on {one.ends_on}{follow}"


def _say(name: str, text: str) -> None:
    print(f"  {name.ljust(NAME_WIDTH)} {text}")
