"""What an audit finds, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding means for the audit as a whole."""

    FINE = "ok"
    UNKNOWN = "??"  # could not be looked at
    NOTE = "--"  # somebody should know
    WRONG = "!!"  # something has to be done


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence."""

    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What was found about one subject."""

    title: str
    findings: tuple[Finding, ...]


def section(title: str, findings: Iterable[Finding]) -> Section:
    return Section(title, tuple(findings))


def fine(text: str) -> Finding:
    return Finding(Verdict.FINE, text)


def unknown(text: str) -> Finding:
    return Finding(Verdict.UNKNOWN, text)


def note(text: str) -> Finding:
    return Finding(Verdict.NOTE, text)


def wrong(text: str) -> Finding:
    return Finding(Verdict.WRONG, text)


def is_wrong(sections: Iterable[Section]) -> bool:
    """Return whether anything has to be done."""
    return any(found.verdict is Verdict.WRONG for part in sections for found in part.findings)


def report(sections: Iterable[Section], *, commit: str, now: datetime) -> str:
    """Write the whole down, for people and with its date."""
    parts = tuple(sections)
    lines = [f"Audit of {now:%Y-%m-%d %H:%M} UTC, commit {commit}"]
    for part in parts:
        lines += ["", part.title, *(f"  {found.verdict} {found.text}" for found in part.findings)]
    counted = [found.verdict for part in parts for found in part.findings]
    wrongs, unknowns = counted.count(Verdict.WRONG), counted.count(Verdict.UNKNOWN)
    lines += ["", f"{wrongs} to be put right, {unknowns} not looked at."]
    return "\n".join(lines)
