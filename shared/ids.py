"""Ids of ours: each names its kind, and each kind is its own type."""

from __future__ import annotations

import re
import secrets
from typing import NewType

AccountId = NewType("AccountId", str)
CallId = NewType("CallId", str)
PersonaId = NewType("PersonaId", str)
PersonaVersionId = NewType("PersonaVersionId", str)
PhoneLineId = NewType("PhoneLineId", str)
VerificationId = NewType("VerificationId", str)
CheckoutId = NewType("CheckoutId", str)
NoticeId = NewType("NoticeId", str)
TextMessageId = NewType("TextMessageId", str)
SignInSessionId = NewType("SignInSessionId", str)


def new_id(prefix: str) -> str:
    """Return an id that names its kind: `call_9f2c…`."""
    return f"{prefix}_{secrets.token_hex(12)}"


def is_id(value: object, prefix: str) -> bool:
    """Return whether something from outside could be an id of this kind."""
    return isinstance(value, str) and re.fullmatch(rf"{prefix}_[0-9a-f]{{24}}", value) is not None
