"""What is kept of an account, for how long, who looked, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, words
from buddy_site.state.private import to_sign_in
from buddy_site.state.saved import SavedState
from shared.database import StoreUnavailable
from shared.domain.retention import CHOICES_DAYS, RetentionRules
from shared.errors import DomainError
from shared.ids import AccountId
from shared.services import consents, erasure, oversight, personas, retention
from shared.services.consents import ConsentView
from shared.services.oversight import LookView
from shared.wordings import SITE_TRANSCRIPTION, WORDINGS, ConsentKind

USUAL = ""  # as the installation has it
CONSENTS_SHOWN = 100


@dataclass
class ConsentRow:
    """Something that was agreed to, in the page's words."""

    kind: str
    title: str
    wording: str
    given: str
    state: str
    may_be_withdrawn: bool


@dataclass
class LookRow:
    """One reading of a call by an operator."""

    when: str
    reason: str
    path: str


class YourDataState(SavedState, rx.State):
    """The page about an account's data."""

    consents: list[ConsentRow] = []
    has_agreed_to_transcripts: bool = False
    looks: list[LookRow] = []
    keep_days: str = USUAL
    usual_days: int = 0
    _path: str = paths.PRIVACY

    @rx.event
    async def keep_calls(self, value: Any) -> Any:
        """Keep calls for so many days from now on, or for the usual time."""
        allowed = {USUAL: None, **{str(days): days for days in CHOICES_DAYS}}
        if not isinstance(value, str) or value not in allowed:
            return None
        return await self._save("keep", retention.choose, days=allowed[value])

    @rx.event
    async def agree_to_transcripts(self, value: Any) -> Any:
        """Agree once for all calls, or take that back."""
        kind = ConsentKind.TRANSCRIPTION
        if value is not True:
            return await self._withdraw(kind, "transcripts")
        return await self._save(
            "transcripts",
            consents.give,
            kind=kind,
            wording_version=SITE_TRANSCRIPTION.version,
            now=runtime.current().clock.now(),
        )

    @rx.event
    async def withdraw(self, kind: Any) -> Any:
        """Take a consent back."""
        if not isinstance(kind, str) or kind not in set(ConsentKind):
            return None
        return await self._withdraw(ConsentKind(kind), "consent")

    @rx.event
    async def delete_account(self) -> Any:
        """Delete the account with everything it owns; the browser is nobody's afterwards."""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.PRIVACY)
            site = runtime.current()
            await site.database.transact(
                erasure.delete_account, account_id=someone.account_id, now=site.clock.now()
            )
        except StoreUnavailable:
            self.trouble = words.TROUBLE
            return None
        except DomainError as refusal:
            self.refusal = words.refusal(refusal)
            return None
        self._forget()
        # Loaded from the server: whatever this tab still shows is gone with its page.
        return rx.call_script(f"window.location.assign('{paths.DELETED}')")

    async def _withdraw(self, kind: ConsentKind, saved: str) -> Any:
        now = runtime.current().clock.now()
        return await self._save(saved, consents.withdraw, kind=kind, now=now)

    async def _read(self, account_id: AccountId) -> None:
        database, where = runtime.current().database, words.zone(self._zone())
        now = runtime.current().clock.now()
        given = await database.transact(consents.overview, account_id=account_id)
        looks = await database.transact(oversight.looks, account_id=account_id)
        chosen = await database.transact(retention.chosen, account_id=account_id)
        constants = await database.transact(personas.constants)
        self.consents = [consent_row(one, now, where) for one in given[:CONSENTS_SHOWN]]
        self.has_agreed_to_transcripts = any(
            one.kind is ConsentKind.TRANSCRIPTION and one.call_id is None and not one.withdrawn_at
            for one in given
        )
        self.looks = [look_row(look, now, where) for look in looks]
        self.keep_days = USUAL if chosen is None else str(chosen)
        self.usual_days = RetentionRules.configured(constants.get).calls_days


def consent_row(given: ConsentView, now: datetime, where: tzinfo) -> ConsentRow:
    """Put a consent into words."""
    texts = {wording.version: wording.text for wording in WORDINGS[given.kind]}
    if given.withdrawn_at is not None:
        state = f"Taken back {words.moment(given.withdrawn_at, now, where)}"
    else:
        state = "For that call" if given.call_id is not None else "In force"
    return ConsentRow(
        kind=given.kind.value,
        title=words.CONSENTS[given.kind.value],
        wording=texts.get(given.wording_version, given.wording_version),
        given=words.moment(given.given_at, now, where),
        state=state,
        may_be_withdrawn=given.withdrawn_at is None
        and given.call_id is None
        and given.kind in MAY_BE_WITHDRAWN,
    )


# Being an adult can't be taken back, and a renewal is canceled, under Billing.
MAY_BE_WITHDRAWN = frozenset(
    {ConsentKind.TRANSCRIPTION, ConsentKind.OTP_SMS, ConsentKind.SERVICE_SMS}
)


def look_row(look: LookView, now: datetime, where: tzinfo) -> LookRow:
    """Put a look into words."""
    return LookRow(
        when=words.moment(look.at, now, where), reason=look.reason, path=paths.call(look.call_id)
    )
