"""What is kept: whether the retention job keeps up, and which words people agreed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from buddy.audit.findings import Finding, fine, note, wrong
from shared.domain.retention import RetentionRules
from shared.services import personas, retention
from shared.tables.account import Consent
from shared.wordings import WORDINGS, ConsentKind

SLACK = timedelta(days=1)  # the job runs several times a day


def kept(session: Session, *, now: datetime) -> list[Finding]:
    """Say what the settings allow and what is older."""
    rules = RetentionRules.configured(personas.constants(session).get)
    late = retention.overdue(session, rules=rules, now=now, slack=SLACK)
    findings = [
        wrong(f"{number} {what} are kept longer than the settings allow: does the job run?")
        for what, number in sorted(late.items())
    ]
    days = f"calls {rules.calls_days} days, numbers nobody claimed {rules.temporary_days}"
    return findings or [fine(f"nothing is kept longer than the settings allow ({days})")]


def agreed_to(session: Session) -> list[Finding]:
    """Say whether every consent names words that we have, and whose words are old ones."""
    given = session.exec(
        select(
            Consent.kind, Consent.wording_version, func.count(col(Consent.account_id).distinct())
        )
        .where(col(Consent.withdrawn_at).is_(None))
        .group_by(col(Consent.kind), col(Consent.wording_version))
    ).all()
    counts = {(kind, version): accounts for kind, version, accounts in given}
    return [*_unknown_words(counts), *_old_words(counts)]


def newest(kind: ConsentKind) -> Mapping[str, str]:
    """Return the newest version of each wording of a kind: one for the site, one for the line."""
    return {wording.version.rpartition("-")[0]: wording.version for wording in WORDINGS[kind]}


def _unknown_words(counts: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    known = {(kind.value, word.version) for kind, words in WORDINGS.items() for word in words}
    for (kind, version), accounts in sorted(counts.items()):
        if (kind, version) not in known:
            yield wrong(
                f"{accounts} accounts agreed to {kind} in words {version!r}, which nobody has"
            )


def _old_words(counts: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    outdated: dict[str, int] = defaultdict(int)
    for kind in ConsentKind:
        words = newest(kind)
        for (found, version), accounts in counts.items():
            latest = words.get(version.rpartition("-")[0])
            if found == kind.value and latest is not None and version != latest:
                outdated[kind.value] += accounts
    in_use = ", ".join(version for kind in ConsentKind for version in newest(kind).values())
    yield fine(f"wordings in use: {in_use}")
    for kind_name, accounts in outdated.items():
        yield note(f"{accounts} accounts agreed to {kind_name} in former words: they still hold")
