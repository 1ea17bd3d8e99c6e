"""Why a number is not verified, one class a reason; a page has plain words for each."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from shared.errors import DomainError


class CountryNotServed(DomainError):
    """Numbers of this country can't be verified here."""

    code = "country_not_served"

    def __init__(self, country: str | None = None) -> None:
        super().__init__("numbers of this country can't be verified")
        self.country = country


class LineNotServed(DomainError):
    """Lines of this kind are nobody's own: premium, toll-free, or by the operator's policy."""

    code = "line_not_served"

    def __init__(self) -> None:
        super().__init__("lines of this kind can't be verified")


class TextsNotReceived(DomainError):
    """No text message reaches this line; a call does."""

    code = "texts_not_received"

    def __init__(self) -> None:
        super().__init__("this line receives no text messages")


class NumberBlocked(DomainError):
    """The vendor takes this number or its neighbours for a fraud's."""

    code = "number_blocked"

    def __init__(self) -> None:
        super().__init__("no codes are sent to this number")


class _Until(DomainError):
    """A refusal that holds until an instant."""

    code: ClassVar[str]

    def __init__(self, until: datetime, message: str) -> None:
        super().__init__(message)
        self.until = until


class TooManyCodes(_Until):
    """One of the counted scopes is used up."""

    code = "too_many_codes"

    def __init__(self, scope: str, until: datetime) -> None:
        super().__init__(until, f"too many codes by {scope}")
        self.scope = scope


class ResendTooEarly(_Until):
    """A code is on its way: another one has to wait."""

    code = "resend_too_early"

    def __init__(self, until: datetime) -> None:
        super().__init__(until, "a code was sent a moment ago")


class TooManyNumbers(DomainError):
    """The account has as many numbers as it may have."""

    code = "too_many_numbers"

    def __init__(self) -> None:
        super().__init__("this account has as many numbers as it may have")


class NumberAlreadyYours(DomainError):
    """The account has proved this number before."""

    code = "number_already_yours"

    def __init__(self) -> None:
        super().__init__("this number is yours already")


class NoVerification(DomainError):
    """Nothing is being verified."""

    code = "no_verification"

    def __init__(self) -> None:
        super().__init__("no code was asked for")


class CodeMalformed(DomainError):
    """What was typed is not six digits."""

    code = "code_malformed"

    def __init__(self) -> None:
        super().__init__("a code has six digits")


class CodeWrong(DomainError):
    """The code is another one."""

    code = "code_wrong"

    def __init__(self, tries_left: int) -> None:
        super().__init__("the code is wrong")
        self.tries_left = tries_left


class CodeExpired(DomainError):
    """The code was right once, or never; it is no longer."""

    code = "code_expired"

    def __init__(self) -> None:
        super().__init__("the code is no longer good")


class TooManyChecks(DomainError):
    """So many wrong codes were tried that the right one is void."""

    code = "too_many_checks"

    def __init__(self) -> None:
        super().__init__("too many wrong codes")
