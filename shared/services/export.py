"""Export: everything an account has here, as plain values that JSON can hold.

One call at a time, because each brings all its words; `account` lists them. What only guards the
installation (hashes of tokens, blind indexes) tells nobody anything and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, SQLModel, col, select

from shared.database import key_ring
from shared.ids import AccountId, CallId
from shared.services import (
    accounts,
    calls,
    consents,
    oversight,
    profiles,
    recordings,
    talk_time,
)
from shared.tables.account import GoogleIdentity, Notice, SignInSession
from shared.tables.billing import Checkout, Payment, Subscription
from shared.tables.call import Call
from shared.tables.guarding import TextMessage
from shared.tables.talk_time import LedgerEntry
from shared.wordings import WORDINGS

FORMAT: Final = "gotobuddy-export-1"

Values = dict[str, Any]


def account(session: Session, *, account_id: AccountId, now: datetime) -> Values:
    """Return all that is kept of an account but the words of its calls."""
    profile = profiles.profile(session, account_id=account_id)
    owned = accounts.profile(session, account_id=account_id, now=now)
    left = talk_time.overview(session, account_id=account_id, now=now)
    return {
        "format": FORMAT,
        "exported_at": _instant(now),
        "account_id": account_id,
        "profile": {
            "spoken_name": profile.spoken_name,
            "time_zone": profile.time_zone,
            "favourite_menu_key": profile.favourite_menu_key,
            "pace": profile.pace,
            "pause_seconds": profile.pause_seconds,
            "keeps_memory": profile.keeps_memory,
            "has_pin": profile.has_pin,
        },
        "sign_in": [
            {
                "provider": row.issuer,
                "subject": row.subject,
                "email": key_ring(session).open(row.sealed_email, "email", row.issuer, row.subject),
                "since": _instant(row.created_at),
            }
            for row in _of(session, GoogleIdentity, account_id)
        ],
        "numbers": [line.number for line in owned.lines],
        "talk_time": {
            "seconds_left": left.seconds_left,
            "is_unlimited": left.is_unlimited,
            "ledger": _plain(
                _of(session, LedgerEntry, account_id),
                "booked_at",
                "cause",
                "seconds",
                "used_seconds",
            ),
        },
        "consents": [
            _consent(given) for given in consents.overview(session, account_id=account_id)
        ],
        "subscriptions": _plain(
            _of(session, Subscription, account_id),
            *("id", "status", "lookup_key", "started_at", "current_period_start"),
            *("current_period_end", "cancel_at_period_end", "past_due_since", "ended_at"),
        ),
        "payments": _plain(
            _of(session, Payment, account_id),
            *("invoice_id", "status", "currency", "due_minor", "paid_minor", "refunded_minor"),
            *("created_at", "paid_at"),
        ),
        "checkouts": _plain(
            _of(session, Checkout, account_id),
            "id",
            "lookup_key",
            "status",
            "created_at",
            "ended_at",
        ),
        "sign_in_sessions": [
            {
                "device": key_ring(session).open(row.sealed_user_agent, "user_agent", row.id),
                "created_at": _instant(row.created_at),
                "last_seen_at": _instant(row.last_seen_at),
                "ended_at": _instant(row.ended_at),
            }
            for row in _of(session, SignInSession, account_id)
        ],
        "messages": _plain(
            _of(session, TextMessage, account_id), "kind", "status", "call_id", "created_at"
        ),
        "notices": [
            {
                "kind": row.kind,
                "detail": key_ring(session).open(row.sealed_detail, "notice", row.id)
                if row.sealed_detail is not None
                else None,
                "created_at": _instant(row.created_at),
            }
            for row in _of(session, Notice, account_id)
        ],
        "read_by_operators": [
            {"at": _instant(look.at), "call_id": look.call_id, "reason": look.reason}
            for look in oversight.looks(session, account_id=account_id)
        ],
        "calls": list(
            session.exec(
                select(Call.id).where(Call.account_id == account_id).order_by(col(Call.started_at))
            )
        ),
    }


def call(session: Session, *, account_id: AccountId, call_id: CallId) -> Values:
    """Return one of the account's calls with every word; raise `CallNotFound` for another's."""
    found = calls.detail(session, account_id=account_id, call_id=call_id)
    return {
        "call_id": call_id,
        "buddy": found.card.persona_name,
        "started_at": _instant(found.card.started_at),
        "talk_seconds": found.card.seconds,
        "status": found.card.status,
        "end_reason": found.card.end_reason,
        "entries": [
            {
                "sequence": entry.sequence,
                "kind": entry.kind.value,
                "side": entry.side.value,
                "buddy": entry.buddy,
                "offset_seconds": entry.offset_seconds,
                "said_at": _instant(entry.said_at),
                "text": entry.text,
                "unheard": entry.unheard,
                "was_interrupted": entry.was_interrupted,
            }
            for entry in found.entries
        ],
        "recording": recordings.plain(session, call_id=call_id),
    }


def _consent(given: consents.ConsentView) -> Values:
    words = {wording.version: wording.text for wording in WORDINGS[given.kind]}
    return {
        "kind": given.kind.value,
        "wording_version": given.wording_version,
        "wording": words.get(given.wording_version),
        "call_id": given.call_id,
        "given_at": _instant(given.given_at),
        "withdrawn_at": _instant(given.withdrawn_at),
    }


def _of(session: Session, model: Any, account_id: AccountId) -> Iterable[Any]:
    return session.exec(
        select(model).where(model.account_id == account_id).order_by(*model.__table__.primary_key)
    )


def _plain(rows: Iterable[SQLModel], *names: str) -> list[Values]:
    return [{name: _value(getattr(row, name)) for name in names} for row in rows]


def _value(value: object) -> object:
    return _instant(value) if isinstance(value, datetime) else value


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
