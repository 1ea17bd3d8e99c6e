"""Collects everything an account has, a transaction for each call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from buddy_site.transactions import Transactions
from shared.ids import AccountId, CallId
from shared.services import export
from shared.services.calls import CallNotFound


@dataclass(frozen=True, slots=True)
class Collected:
    """An account's values and those of its calls, the oldest first."""

    account: dict[str, Any]
    calls: tuple[dict[str, Any], ...]


async def collect(database: Transactions, account_id: AccountId, now: datetime) -> Collected:
    """Return all that is kept of an account."""
    account = await database.transact(export.account, account_id=account_id, now=now)
    found = []
    for call_id in account["calls"]:
        try:
            found.append(
                await database.transact(export.call, account_id=account_id, call_id=CallId(call_id))
            )
        except CallNotFound:  # deleted meanwhile
            continue
    return Collected(account, tuple(found))
