"""Proving a number, from the ask to the claim: a transaction, the vendor, another transaction.

Whatever is lost between the steps, the verification's row tells the next one where to go on: a
code whose sending was never confirmed can be typed in all the same, and asked for again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from buddy_site.gateways.twilio_verify import Busy, Checked, CodeVendor, Unanswered
from buddy_site.transactions import Transactions
from shared.clock import Clock
from shared.domain import verification as rules
from shared.domain.verification import Channel, Limits, Status
from shared.domain.verification_refusals import (
    CodeExpired,
    CodeWrong,
    TextsNotReceived,
    TooManyChecks,
)
from shared.errors import BuddyError, DomainError, ProviderError
from shared.ids import AccountId, VerificationId
from shared.phone import PhoneNumber
from shared.services import accounts, consents, verifications
from shared.services.verifications import Begun, Proved, StepView
from shared.wordings import ConsentKind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asks for who wants to prove a number."""

    account_id: AccountId
    number: PhoneNumber
    channel: Channel
    address: str  # of the client, as far as our own proxies vouch for it
    otp_wording: str | None = None  # the version that the page showed; None: agreed before
    service_wording: str | None = None  # the same of service messages; None: not ticked


class PhoneVerification:
    """Proves numbers."""

    def __init__(
        self,
        database: Transactions,
        clock: Clock,
        vendor: CodeVendor,
        *,
        countries: tuple[str, ...],
        constant: Callable[[str, float], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._vendor = vendor
        self._countries = countries
        self._constant = constant

    async def step(self, account_id: AccountId) -> StepView | None:
        """Return how far the account is with proving a number."""
        return await self._database.transact(
            verifications.step, account_id=account_id, limits=self._limits(), now=self._clock.now()
        )

    async def send(self, ask: Ask) -> None:
        """Send a code, or raise why not; `Unanswered` where it may have been sent."""
        rules.want_served(ask.number, self._countries)
        limits = self._limits()
        begun = await self._database.transact(_begin, ask, limits=limits, now=self._clock.now())
        if begun.abandoned_sid is not None:
            await self._cancel(begun.abandoned_sid)
        try:
            if begun.is_first:
                await self._want_provable(ask, refuses_voip=bool(limits.refuses_voip))
            sid = await self._vendor.start(ask.number, ask.channel)
        except Unanswered as error:
            log.warning("code_unconfirmed", reason=str(error))
            raise
        except (DomainError, ProviderError) as refusal:
            await self._refused(begun, refusal)
            raise
        is_wanted = await self._database.transact(
            verifications.sent,
            verification_id=begun.verification_id,
            verification_sid=sid,
        )
        log.info("code_sent", channel=ask.channel.value, is_wanted=is_wanted)
        if not is_wanted:  # the number was changed meanwhile, in another tab
            await self._cancel(sid)

    async def check(self, account_id: AccountId, text: str) -> Proved:
        """Check a code; prove the number, or raise why not."""
        code = rules.read_code(text)
        limits = self._limits()
        checking = await self._database.transact(
            verifications.checking, account_id=account_id, limits=limits, now=self._clock.now()
        )
        which = checking.verification_id
        checked = await self._vendor.check(checking.number, checking.verification_sid, code)
        match checked:
            case Checked.RIGHT:
                return await self._approve(which)
            case Checked.WRONG:
                left = await self._database.transact(
                    verifications.wrong,
                    verification_id=which,
                    limits=limits,
                    now=self._clock.now(),
                )
                if left:
                    raise CodeWrong(left)
                if checking.verification_sid is not None:
                    # Verify would send no other code until this one's ten minutes are over.
                    await self._cancel(checking.verification_sid)
                raise TooManyChecks
            case Checked.GONE:
                await self._gone(which, Status.EXPIRED)
                raise CodeExpired
            case Checked.TOO_MANY:
                await self._gone(which, Status.TOO_MANY_CHECKS)
                raise TooManyChecks

    async def change(self, account_id: AccountId) -> None:
        """Drop the number that is being proved, and the code that is on its way to it."""
        sid = await self._database.transact(
            verifications.cancel, account_id=account_id, now=self._clock.now()
        )
        if sid is not None:
            await self._cancel(sid)

    async def _want_provable(self, ask: Ask, *, refuses_voip: bool) -> None:
        """Look at the line before anything is sent to it.

        Where that can't be looked up the code goes out all the same: Verify refuses most of what
        we would. Only a policy that needs the answer waits for it.
        """
        try:
            kind = await self._vendor.line_type(ask.number)
        except ProviderError as error:
            log.warning("line_not_looked_up", reason=str(error))
            if refuses_voip:
                raise Busy(str(error)) from error
            return
        rules.want_provable(kind, ask.channel, refuses_voip=refuses_voip)

    async def _approve(self, which: VerificationId) -> Proved:
        proved = await self._database.transact(
            verifications.approve, verification_id=which, now=self._clock.now()
        )
        log.info(
            "number_proved",
            line_id=proved.line.line_id,
            granted_seconds=proved.granted_seconds,
            is_claim_offered=proved.offer is not None,
        )
        return proved

    async def _gone(self, which: VerificationId, status: Status) -> None:
        await self._database.transact(
            verifications.gone, verification_id=which, status=status, now=self._clock.now()
        )

    async def _refused(self, begun: Begun, refusal: BuddyError) -> None:
        # A line without texts takes a call: the offer stays until it is answered.
        is_final = not isinstance(refusal, TextsNotReceived)
        await self._database.transact(
            verifications.refused,
            verification_id=begun.verification_id,
            is_final=is_final,
            now=self._clock.now(),
        )
        reason = refusal.code if isinstance(refusal, DomainError) else str(refusal)
        log.warning("code_not_sent", reason=reason)

    async def _cancel(self, sid: str) -> None:
        """Make a code void; what can't be made void now runs out by itself in ten minutes."""
        try:
            await self._vendor.cancel(sid)
        except (ProviderError, DomainError) as error:
            log.warning("code_not_canceled", reason=str(error))

    def _limits(self) -> Limits:
        return Limits.from_constants(self._constant)


def _begin(session: Session, ask: Ask, *, limits: Limits, now: datetime) -> Begun:
    """Keep what was agreed to, and the ask; only adults may."""
    accounts.require_adult(session, account_id=ask.account_id)
    for kind, version in (
        (ConsentKind.OTP_SMS, ask.otp_wording),
        (ConsentKind.SERVICE_SMS, ask.service_wording),
    ):
        if version is not None:
            consents.give(
                session, account_id=ask.account_id, kind=kind, wording_version=version, now=now
            )
    return verifications.begin(
        session,
        account_id=ask.account_id,
        number=ask.number,
        channel=ask.channel,
        address=ask.address,
        limits=limits,
        now=now,
    )
