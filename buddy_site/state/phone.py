"""Proving numbers, step by step; which step it is, the server knows and not the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from buddy_site import countries, paths, runtime, verification_words, words
from buddy_site.countries import CountryChoice
from buddy_site.flows.phone_verification import Ask
from buddy_site.gateways.twilio_verify import Unanswered
from buddy_site.state.notices import NoticesState
from buddy_site.state.private import PrivateState, to_sign_in
from buddy_site.verification_words import CODE, NUMBER
from shared.database import StoreUnavailable
from shared.domain.verification import Channel
from shared.domain.verification_refusals import (
    NoVerification,
    ResendTooEarly,
    TextsNotReceived,
)
from shared.errors import BuddyError, DomainError, ProviderError
from shared.ids import AccountId, PhoneLineId, is_id
from shared.phone import InvalidPhoneNumber, PhoneNumber
from shared.services import consents, phone_lines
from shared.services.verifications import StepView
from shared.wordings import ConsentKind

NO_TEXTS = "no_texts"  # the step between NUMBER and CODE where a line can only be called
LONGEST_NUMBER = 40
SELECT_CODE = "document.getElementById('code')?.select()"  # to type over what was wrong


@dataclass
class LineRow:
    """A number of the account."""

    line_id: str
    number: str


class PhoneState(PrivateState, rx.State):
    """The account's numbers, and the one that is being proved."""

    is_loaded: bool = False
    is_busy: bool = False
    lines: list[LineRow] = []
    done: str = ""  # what was achieved last

    step: str = NUMBER
    served: list[CountryChoice] = []
    country: str = ""
    number: str = ""  # as it was typed
    refused: str = ""  # the field that was not taken
    refusal: str = ""

    sent_to: str = ""
    was_called: bool = False
    unconfirmed: str = ""
    is_expired: bool = False
    may_resend: bool = False
    now_ms: int = 0  # by the server's clock; the page counts down from here to `resend_ms`
    resend_ms: int = 0
    tries_left: int = 0

    agreed_to_service: bool = False

    _asked: str = ""  # the number (E.164) that is being proved

    @rx.event
    async def load(self) -> Any:
        """Show the account's numbers and how far it is with another one."""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.PHONE)
            self.refused = self.refusal = self.done = ""
            self.is_busy = False
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    @rx.event
    async def tidy(self, text: Any) -> Any:
        """Write the number as its country does, once it is complete."""
        if not await self._is_admitted():
            return None
        self.number = words.plain(text)[:LONGEST_NUMBER]
        number = _parsed(self.number, self.country)
        if number is None or number.country not in self._served():
            return None
        self.country, self.number = number.country or "", number.national
        return rx.call_script(f"buddyNumber({json.dumps(self.number)})")

    @rx.event
    async def choose_country(self, code: Any) -> None:
        """Read the number as one of this country."""
        if code in self._served() and await self._is_admitted():
            self.country = str(code)

    @rx.event
    async def send(self, form: Any) -> AsyncIterator[Any]:
        """Send a code to the number in the form."""
        text = words.typed(form, "number")[:LONGEST_NUMBER]
        chosen = words.typed(form, "country")
        self.number = text
        if chosen in self._served():
            self.country = chosen
        number = _parsed(text, self.country)
        if number is None:
            self._refuse(InvalidPhoneNumber())
            return
        if number.country in self._served():  # pasted with another country's code
            self.country = number.country or ""
        otp = words.typed(form, "otp_wording") or None
        ticked = words.ticked(form, "service_sms")
        service = words.typed(form, "service_wording") if ticked else None
        async for update in self._send(number, Channel.SMS, otp=otp, service=service):
            yield update

    @rx.event
    async def resend(self) -> AsyncIterator[Any]:
        """Send the code again."""
        async for update in self._again(Channel.SMS):
            yield update

    @rx.event
    async def call_instead(self) -> AsyncIterator[Any]:
        """Call the number and say the code."""
        async for update in self._again(Channel.CALL):
            yield update

    @rx.event
    async def check(self, form: Any) -> AsyncIterator[Any]:
        """Check the code in the form."""
        someone, elsewhere = await self._begin()
        code = words.typed(form, "code")
        if someone is None or self.step != CODE:  # submitted twice, and the first was right
            self.is_busy = False
            yield elsewhere
            return
        yield
        proved = await self._attempt(runtime.current().proving.check(someone, code), someone)
        if proved is None:
            yield rx.call_script(SELECT_CODE)
            return
        number = words.international(proved.line.number)
        self.done = verification_words.proved(number, proved.granted_seconds)
        self.number = ""
        yield NoticesState.load

    @rx.event
    async def change(self) -> Any:
        """Go back to the number; the code that was sent no longer counts."""
        someone, elsewhere = await self._begin()
        if someone is not None:
            await self._attempt(runtime.current().proving.change(someone), someone)
        return elsewhere

    @rx.event
    async def remove(self, line_id: Any) -> Any:
        """Take a number off the account."""
        someone, elsewhere = await self._begin()
        if someone is not None and is_id(line_id, "line"):
            removal = runtime.current().database.transact(
                phone_lines.remove, account_id=someone, line_id=PhoneLineId(line_id)
            )
            removed = await self._attempt(removal, someone)
            if removed is not None:
                number = words.international(removed.number)
                self.done = f"{number} is off your account. Its calls are still under Calls."
        self.is_busy = False
        return elsewhere

    async def _is_admitted(self) -> bool:
        try:
            return await self._admitted() is not None
        except StoreUnavailable:
            return False  # what was typed stays in its field

    async def _again(self, channel: Channel) -> AsyncIterator[Any]:
        """Send to the number that is being proved."""
        if not self._asked:
            self._refuse(NoVerification())
            return
        async for update in self._send(PhoneNumber(self._asked), channel):
            yield update

    async def _send(
        self,
        number: PhoneNumber,
        channel: Channel,
        *,
        otp: str | None = None,
        service: str | None = None,
    ) -> AsyncIterator[Any]:
        someone, elsewhere = await self._begin()
        if someone is None:
            yield elsewhere
            return
        yield
        address = str(self.router.session.client_ip)
        ask = Ask(someone, number, channel, address, otp_wording=otp, service_wording=service)
        await self._attempt(runtime.current().proving.send(ask), someone, is_sending=True)

    async def _begin(self) -> tuple[AccountId | None, EventSpec | None]:
        """Admit the visitor and show that something is being done; or say where to go instead."""
        try:
            someone = await self._admitted()
        except StoreUnavailable as error:
            self._refuse(error)
            return None, None
        if someone is None:
            return None, to_sign_in(paths.PHONE)
        self.refused = self.refusal = self.unconfirmed = self.done = ""
        self.is_busy = True
        return someone.account_id, None

    async def _attempt(
        self, doing: Awaitable[Any], account_id: AccountId, *, is_sending: bool = False
    ) -> Any:
        """Do it; say why not where it fails, and show the step that it led to."""
        outcome, failure = None, None
        try:
            outcome = await doing
        except (DomainError, ProviderError) as error:
            failure = error
        try:
            await self._read(account_id)
        except StoreUnavailable as error:
            failure = failure or error
        if failure is not None and not (is_sending and self._is_shown(failure)):
            self._refuse(failure)
        self.is_busy = False
        return outcome

    def _is_shown(self, failure: BuddyError) -> bool:
        """Return whether the step that it led to says it by itself."""
        match failure:
            case Unanswered() | ResendTooEarly():
                return self.step == CODE
            case TextsNotReceived():
                return self.step == NO_TEXTS
            case _:
                return False

    def _refuse(self, error: BuddyError) -> None:
        site = runtime.current()
        self.refused = verification_words.field_of(error)
        self.refusal = verification_words.refusal(
            error, now=site.clock.now(), served=site.settings.countries
        )
        self.is_busy = False

    async def _read(self, account_id: AccountId) -> None:
        site = runtime.current()
        lines = await site.database.transact(phone_lines.lines, account_id=account_id)
        has_service = await site.database.transact(
            consents.has, account_id=account_id, kind=ConsentKind.SERVICE_SMS
        )
        step = await site.proving.step(account_id)
        self.lines = [LineRow(line.line_id, words.international(line.number)) for line in lines]
        self.agreed_to_service = has_service
        self.served = countries.choices(self._served())
        if self.country not in self._served():
            languages = str(self.router.headers.accept_language or "")
            self.country = countries.preferred(languages, self._served())
        self._show(step, site.clock.now())
        self.trouble = ""

    def _show(self, step: StepView | None, now: datetime) -> None:
        if step is None:
            if self._asked:  # what was typed stays, to be put right or tried again
                self.number = PhoneNumber(self._asked).national
            self.step, self._asked, self.sent_to, self.unconfirmed = NUMBER, "", "", ""
            return
        self.step = CODE if step.was_sent else NO_TEXTS
        self._asked, self.sent_to = step.number.e164, step.number.international
        self.was_called = step.channel is Channel.CALL
        is_sure = step.is_certain or step.is_expired
        self.unconfirmed = "" if is_sure else verification_words.UNCONFIRMED
        self.is_expired = step.is_expired
        self.may_resend = step.sends_left > 0 or step.is_expired
        self.now_ms = int(now.timestamp() * 1000)
        due = now if step.resend_at is None or step.is_expired else step.resend_at
        self.resend_ms = max(self.now_ms, int(due.timestamp() * 1000))
        self.tries_left = step.tries_left

    def _served(self) -> tuple[str, ...]:
        return runtime.current().settings.countries


def _parsed(text: str, country: str) -> PhoneNumber | None:
    try:
        return PhoneNumber.parse(text, region=country or None)
    except InvalidPhoneNumber:
        return None
