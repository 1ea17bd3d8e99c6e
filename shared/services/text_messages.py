"""Texts to callers: who may get one, what became of it, and who wants none any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from shared import wordings
from shared.database import key_ring, lock
from shared.domain.spending import Component
from shared.ids import AccountId, CallId, TextMessageId, new_id
from shared.phone import PhoneNumber
from shared.services import consents, phone_lines, spending
from shared.tables.account import Consent
from shared.tables.call import Call
from shared.tables.guarding import TextMessage
from shared.tables.phone_line import PhoneLine
from shared.tables.verification import Verification
from shared.wordings import ConsentKind

ONE_EVERY = timedelta(days=1)
HOW_TO_GO_ON = "how_to_go_on"

PLANNED = "planned"  # about to be handed to Twilio
REFUSED = "refused"  # Twilio did not take it
UNDELIVERED = ("undelivered", "failed")
# Twilio's own statuses in their order; what comes late or twice changes nothing.
ORDER = (PLANNED, "accepted", "queued", "sending", "sent", *UNDELIVERED, "delivered", REFUSED)


class OptOut(StrEnum):
    """What a caller wrote to us; other texts mean nothing."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


# What carriers take for it, where the Messaging Service has no opt-out words of its own:
# https://help.twilio.com/articles/223134027
WORDS = {
    **dict.fromkeys("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split(), OptOut.STOP),
    **dict.fromkeys("START YES UNSTOP".split(), OptOut.START),
    **dict.fromkeys("HELP INFO".split(), OptOut.HELP),
}


@dataclass(frozen=True, slots=True)
class PlannedText:
    """A text that may be sent now, and to whom."""

    text_id: TextMessageId
    number: PhoneNumber


def keyword(*, opt_out_type: str, body: str) -> OptOut | None:
    """Return what a caller's text asks for: as Twilio says, or by the word it is."""
    told = next((one for one in OptOut if one == opt_out_type), None)
    return told or WORDS.get(body.strip().upper())


def may_text(session: Session, *, call_id: CallId, now: datetime) -> bool:
    """Say whether the caller would get a text about how to go on."""
    return _line(session, call_id, now=now) is not None


def plan(session: Session, *, call_id: CallId, now: datetime) -> PlannedText | None:
    """Decide to send one, at most one a day; book its price. None where it may not be sent."""
    call = session.get(Call, call_id)
    if call is None:
        return None
    lock(session, "text_message", call.account_id)
    line = _line(session, call_id, now=now)
    if line is None:
        return None
    text = TextMessage(
        id=new_id("txt"),
        account_id=call.account_id,
        call_id=call_id,
        kind=HOW_TO_GO_ON,
        status=PLANNED,
        created_at=now,
    )
    session.add(text)
    session.flush()
    spending.book_pieces(session, component=Component.SMS, pieces=1, now=now)
    return PlannedText(TextMessageId(text.id), _number(session, line))


def taken(session: Session, *, text_id: TextMessageId, message_sid: str, status: str) -> None:
    """Keep what the vendor calls it."""
    text = _locked(session, text_id)
    if text is not None:
        text.message_sid = message_sid
        _advance(text, status)


def refused(session: Session, *, text_id: TextMessageId, opted_out: bool, now: datetime) -> None:
    """Keep that it was not sent; who opted out has taken back the consent."""
    text = _locked(session, text_id)
    if text is None:
        return
    _advance(text, REFUSED)
    if opted_out:
        consents.withdraw(
            session,
            account_id=AccountId(text.account_id),
            kind=ConsentKind.SERVICE_SMS,
            now=now,
        )


def update_status(session: Session, *, text_id: TextMessageId, status: str) -> None:
    """Take in what became of it; repeated, late and unknown news do no harm."""
    text = _locked(session, text_id)
    if text is not None:
        _advance(text, status)


def answer(session: Session, *, number: PhoneNumber, keyword: OptOut, now: datetime) -> None:
    """Do as a caller wrote: STOP takes the consent back, START renews one that was taken back."""
    holder = phone_lines.holder_if_known(session, number)
    if holder is None:
        return
    account_id, kind = holder.account_id, ConsentKind.SERVICE_SMS
    if keyword is OptOut.STOP:
        consents.withdraw(session, account_id=account_id, kind=kind, now=now)
    elif keyword is OptOut.START and _has_ever_agreed(session, account_id, kind):
        version = wordings.current(kind).version
        consents.give(session, account_id=account_id, kind=kind, wording_version=version, now=now)


def _line(session: Session, call_id: CallId, *, now: datetime) -> PhoneLine | None:
    """Return the line that called, if a text may go there now."""
    call = session.get(Call, call_id)
    if call is None or call.number_index is None:
        return None
    account_id = AccountId(call.account_id)
    line = session.exec(
        select(PhoneLine).where(
            PhoneLine.account_id == account_id,
            PhoneLine.number_index == call.number_index,
            col(PhoneLine.verified_at).is_not(None),
        )
    ).one_or_none()
    if line is None or not consents.has(
        session, account_id=account_id, kind=ConsentKind.SERVICE_SMS
    ):
        return None
    limits = spending.limits(session)
    has_budget = spending.spent(session, now=now) < limits.daily_budget_micros
    if limits.is_paused or not has_budget or not _takes_texts(session, line, now=now):
        return None
    return line


def _takes_texts(session: Session, line: PhoneLine, *, now: datetime) -> bool:
    """Say whether the line had no text today, and can get any.

    A line that was proved by a spoken code, or whose last text never arrived, is taken for one
    that can not.
    """
    last = session.exec(
        select(TextMessage)
        .where(TextMessage.account_id == line.account_id)
        .order_by(col(TextMessage.created_at).desc())
        .limit(1)
    ).first()
    if last is not None and (last.created_at > now - ONE_EVERY or last.status in UNDELIVERED):
        return False
    channel = session.exec(
        select(Verification.channel)
        .where(
            Verification.number_index == line.number_index,
            Verification.account_id == line.account_id,
            Verification.status == "approved",
        )
        .order_by(col(Verification.created_at).desc())
        .limit(1)
    ).first()
    return channel != "call"


def _number(session: Session, line: PhoneLine) -> PhoneNumber:
    return PhoneNumber(key_ring(session).open(line.sealed_number, "phone_number", line.id))


def _has_ever_agreed(session: Session, account_id: AccountId, kind: ConsentKind) -> bool:
    query = select(Consent.id).where(Consent.account_id == account_id, Consent.kind == kind.value)
    return session.exec(query).first() is not None


def _locked(session: Session, text_id: TextMessageId) -> TextMessage | None:
    query = select(TextMessage).where(TextMessage.id == text_id).with_for_update()
    return session.exec(query).one_or_none()


def _advance(text: TextMessage, status: str) -> None:
    if status in ORDER and ORDER.index(status) > ORDER.index(text.status):
        text.status = status
