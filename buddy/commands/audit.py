"""`buddy audit`: a dated report on what tests don't see; fails if something has to be done."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator

from sqlmodel import Session

from buddy.audit import advisories, data, dependencies, lint, secrets
from buddy.audit.findings import Finding, Section, is_wrong, report, section, unknown
from buddy.commands.subcommands import Subcommands
from buddy.programs import ROOT
from shared.clock import SystemClock
from shared.database import open_database
from shared.settings import Settings


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser("audit", help="report on dependencies, secrets and what is kept")
    parser.add_argument("--advisories", default=advisories.URL, help="where known holes are asked")
    parser.set_defaults(carry_out=carry_out)


def carry_out(arguments: argparse.Namespace) -> int:
    sections = [
        section(
            "Dependencies",
            [
                *dependencies.hashes(ROOT),
                *advisories.front_end_is_pinned(ROOT),
                *dependencies.licences(ROOT),
                *advisories.known_holes(ROOT, arguments.advisories),
            ],
        ),
        section("Secrets in the repository", _in_repository()),
        section("Security lint", lint.security_lint(ROOT)),
        *_about_data(Settings()),
    ]
    print(report(sections, commit=_commit(), now=SystemClock().now()))
    return 1 if is_wrong(sections) else 0


def _in_repository() -> Iterator[Finding]:
    try:
        yield from secrets.in_files(ROOT)
        yield from secrets.in_history(ROOT)
    except (OSError, subprocess.CalledProcessError):
        yield unknown("git is not here, or this is no clone")


def _about_data(settings: Settings) -> list[Section]:
    if settings.database_url is None and not settings.keys_path.exists():
        nothing = unknown("there is no database here yet: make run makes one")
        return [section("What is kept", [nothing]), section("Consents", [nothing])]
    now = SystemClock().now()

    def look(session: Session) -> tuple[list[Finding], list[Finding]]:
        return data.kept(session, now=now), data.agreed_to(session)

    database = open_database(settings, application_name="gotobuddy-audit")
    try:
        kept, agreed_to = database.transact_now(look)
    finally:
        database.close_now()
    return [section("What is kept", kept), section("Consents", agreed_to)]


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - wherever git is
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"
