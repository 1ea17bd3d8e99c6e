"""What a running call may know of its caller: what they set, and what they have proved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from shared.ids import AccountId, CallId
from shared.services import entitlements, profiles, talk_time
from shared.services.call_record import history
from shared.services.new_accounts import AccountKind
from shared.services.profiles import Profile
from shared.services.talk_time import CallNotFound
from shared.tables.account import Account
from shared.tables.call import Call

LAST_TALKS = 3  # told to whom has proved who they are
LOOKED_AT = 10  # calls among which they are found: not every call came to a buddy


@dataclass(frozen=True, slots=True)
class LastTalk:
    """An earlier call: with whom, when, and for how many seconds; nothing of what was said."""

    buddy: str
    at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What may be told of the account to whom has proved to be its owner."""

    seconds_left: int
    is_unlimited: bool
    unlimited_until: datetime | None
    last_talks: tuple[LastTalk, ...]  # the newest first; none without memory


@dataclass(frozen=True, slots=True)
class CallerProfile:
    """Who is on the line, as far as that is known."""

    kind: AccountKind
    settings: Profile
    last_talk: LastTalk | None = None  # None too where nothing may be remembered
    facts: AccountFacts | None = None  # None until the caller has proved who they are


def of(session: Session, *, call_id: CallId, now: datetime) -> CallerProfile:
    """Return what the call may know now."""
    call = session.get(Call, call_id)
    if call is None:
        raise CallNotFound
    account_id = AccountId(call.account_id)
    kind = AccountKind(session.get_one(Account, account_id).kind)
    settings = profiles.profile(session, account_id=account_id)
    talks: tuple[LastTalk, ...] = ()
    if settings.keeps_memory and kind is not AccountKind.WITHHELD:
        talks = _last_talks(session, account_id, before=call.started_at)
    return CallerProfile(
        kind=kind,
        settings=settings,
        last_talk=talks[0] if talks else None,
        facts=_facts(session, account_id, talks, now=now) if call.proved_at is not None else None,
    )


def _last_talks(
    session: Session, account_id: AccountId, *, before: datetime
) -> tuple[LastTalk, ...]:
    cards = history(session, account_id=account_id, before=before, limit=LOOKED_AT)
    talks = [
        LastTalk(card.persona_name, card.started_at, card.seconds)
        for card in cards
        if card.persona_name is not None and not card.is_live
    ]
    return tuple(talks[:LAST_TALKS])


def _facts(
    session: Session, account_id: AccountId, talks: tuple[LastTalk, ...], *, now: datetime
) -> AccountFacts:
    left = talk_time.overview(session, account_id=account_id, now=now)
    entitled = entitlements.of(session, account_id, now=now)
    return AccountFacts(left.seconds_left, entitled.is_unlimited, entitled.until, talks)
