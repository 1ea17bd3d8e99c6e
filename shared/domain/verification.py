"""Proving a number by a code: how long and how often, and who may ask for how many.

A code costs money and somebody's attention, so every ask is counted for the number, the account,
the network, the number's block, its country and the whole installation, each in a window of its
own. The numbers here are defaults; an operator's constants of the same names go before them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from shared.domain.verification_refusals import (
    CodeMalformed,
    CountryNotServed,
    LineNotServed,
    TextsNotReceived,
)
from shared.phone import PhoneNumber

CODE_DIGITS = 6
CONSTANT_PREFIX = "verification_"
UNKNOWN_NETWORK = "unknown"
IPV6_NETWORK_BITS = 64  # what one household or one phone is given
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Channel(StrEnum):
    """How a code travels, as Verify has it."""

    SMS = "sms"
    CALL = "call"


class LineType(StrEnum):
    """What is behind a number, as Twilio's Lookup has it."""

    LANDLINE = "landline"
    MOBILE = "mobile"
    FIXED_VOIP = "fixedVoip"
    NON_FIXED_VOIP = "nonFixedVoip"
    PERSONAL = "personal"
    TOLL_FREE = "tollFree"
    PREMIUM = "premium"
    SHARED_COST = "sharedCost"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    PAGER = "pager"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Where a verification stands."""

    STARTING = "starting"  # asked for; the vendor has not answered, or has not yet sent anything
    PENDING = "pending"
    APPROVED = "approved"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"
    TOO_MANY_CHECKS = "too_many_checks"


OPEN = frozenset({Status.STARTING, Status.PENDING})


class Scope(StrEnum):
    """By what asks are counted, the narrowest first: this is also the order they are locked in."""

    NUMBER = "number"
    NUMBER_DAY = "number_day"  # the same by day, so that nobody guesses for weeks
    ACCOUNT = "account"
    ADDRESS = "address"
    PREFIX = "prefix"
    COUNTRY = "country"
    ALL = "all"


WINDOW_SECONDS = {
    Scope.NUMBER: 10 * MINUTE,
    Scope.NUMBER_DAY: DAY,
    Scope.ACCOUNT: HOUR,
    Scope.ADDRESS: HOUR,
    Scope.PREFIX: HOUR,
    Scope.COUNTRY: HOUR,
    Scope.ALL: HOUR,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit; the field's name with `verification_` before it is the constant's."""

    code_seconds: int = 600  # Verify's own; a shorter one holds, a longer one can't
    first_resend_seconds: int = 30
    second_resend_seconds: int = 60
    later_resend_seconds: int = 120
    sends: int = 5  # of one code: Verify's own
    checks: int = 5  # the same
    lines: int = 5  # numbers of one account
    refuses_voip: int = 0  # 1: numbers of internet telephony that move with their owner are none
    number: int = 3  # in ten minutes
    number_day: int = 10
    account: int = 10  # in an hour, as are all that follow
    address: int = 20  # a family, an office, a hotel
    prefix: int = 30  # ten thousand neighbours
    country: int = 200
    all: int = 300  # at 5 to 10 cents a code

    @classmethod
    def from_constants(cls, constant: Callable[[str, float], float]) -> Self:
        """Return the limits as the operator set them; what is no sensible number counts as 0."""
        return cls(
            **{
                field.name: _whole(constant(CONSTANT_PREFIX + field.name, float(field.default)))
                for field in fields(cls)
                if isinstance(field.default, int)
            }
        )

    @property
    def code_lifetime(self) -> timedelta:
        return timedelta(seconds=min(self.code_seconds, Limits().code_seconds))


@dataclass(frozen=True, slots=True)
class Counted:
    """One use of a scope: by whom or what, in which window, of how many."""

    scope: Scope
    key: str
    started_at: datetime
    ends_at: datetime
    limit: int


def counted(
    *, number: PhoneNumber, account_id: str, address: str, limits: Limits, now: datetime
) -> tuple[Counted, ...]:
    """Return all that one ask for a code uses up, in the order to lock it in."""
    keys = {
        Scope.NUMBER: (number.e164, limits.number),
        Scope.NUMBER_DAY: (number.e164, limits.number_day),
        Scope.ACCOUNT: (account_id, limits.account),
        Scope.ADDRESS: (network(address), limits.address),
        Scope.PREFIX: (number.e164[:-4], limits.prefix),
        Scope.COUNTRY: (number.country or "", limits.country),
        Scope.ALL: ("", limits.all),
    }
    return tuple(_counted(scope, *keys[scope], now=now) for scope in Scope)


def network(address: str) -> str:
    """Return the network a client is counted by: an IPv4 address, or the first half of an IPv6."""
    try:
        parsed = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return UNKNOWN_NETWORK  # all of them together
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_NETWORK_BITS), strict=False))
    return str(parsed)


def resend_at(sends: int, last_sent_at: datetime | None, limits: Limits) -> datetime | None:
    """Return when a code that was sent so often may be sent again; None: now."""
    if sends <= 0 or last_sent_at is None:
        return None
    waits = (limits.first_resend_seconds, limits.second_resend_seconds)
    seconds = waits[sends - 1] if sends <= len(waits) else limits.later_resend_seconds
    return last_sent_at + timedelta(seconds=seconds)


def read_code(text: str) -> str:
    """Return the digits of a code as people type and paste it: "123-456", " 123 456 "."""
    digits = "".join(
        character for character in text if not character.isspace() and character != "-"
    )
    if len(digits) != CODE_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise CodeMalformed
    return digits


def want_served(number: PhoneNumber, countries: tuple[str, ...]) -> None:
    """Refuse numbers of countries we don't serve, and those that charge whoever reaches them."""
    if number.country not in countries:
        raise CountryNotServed(number.country)
    if number.is_special:
        raise LineNotServed


def want_provable(kind: LineType, channel: Channel, *, refuses_voip: bool) -> None:
    """Refuse lines that nobody can prove to own, or not by this channel."""
    match kind:
        case (
            LineType.TOLL_FREE
            | LineType.PREMIUM
            | LineType.SHARED_COST
            | LineType.UAN
            | LineType.VOICEMAIL
            | LineType.PAGER
        ):
            raise LineNotServed
        case LineType.NON_FIXED_VOIP if refuses_voip:
            raise LineNotServed
        case LineType.LANDLINE if channel is Channel.SMS:
            raise TextsNotReceived
        case _:
            return


def _counted(scope: Scope, key: str, limit: int, *, now: datetime) -> Counted:
    length = WINDOW_SECONDS[scope]
    start = int(now.timestamp()) // length * length
    started_at = datetime.fromtimestamp(start, UTC)
    return Counted(scope, key, started_at, started_at + timedelta(seconds=length), limit)


def _whole(value: float) -> int:
    return int(value) if 0 <= value < DAY * 1000 else 0
